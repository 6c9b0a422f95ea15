//! Drafts of the files: one for each row and template, each with its path.

use std::collections::HashMap;

use crate::Inputs;
use crate::failure::{Code, Error, at};
use crate::format::Format;
use crate::rows::Row;
use crate::target::Target;
use crate::template::Template;

/// A file that is not verified yet.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    /// Its path.
    pub(crate) path: String,
    /// Its content, not verified: good enough to see that the file has this content already.
    pub(crate) text: String,
    /// The row of the file.
    pub(crate) row: &'a Row,
    /// The template of the file.
    pub(crate) template: &'a Template<'a>,
}

/// Drafts a file for each row and template.
///
/// # Errors
/// Every value that a path or a placeholder cannot take, and every path that two files would have.
pub(crate) fn drafts<'a>(
    inputs: &Inputs,
    target: &Target,
    templates: &'a [Template<'a>],
    rows: &'a [Row],
) -> Result<Vec<Draft<'a>>, Vec<Error>> {
    let mut errors = Vec::new();
    let mut drafts = Vec::with_capacity(rows.len() * templates.len());
    let mut paths = Paths { inputs, templates, used: HashMap::new() };
    for row in rows {
        for template in templates {
            match paths.path(target, row, template) {
                Err(error) => errors.push(at(error, &inputs.rows, row.at)),
                Ok(path) => match template.draft(row) {
                    Err(error) => errors.push(error),
                    Ok(text) => drafts.push(Draft { path, text, row, template }),
                },
            }
        }
    }
    if errors.is_empty() { Ok(drafts) } else { Err(errors) }
}

/// The paths of the drafts so far.
struct Paths<'a> {
    inputs: &'a Inputs,
    templates: &'a [Template<'a>],
    /// By the path in lower case: the row and the path itself.
    used: HashMap<String, (u32, String)>,
}

impl Paths<'_> {
    /// The path of a file.
    fn path(&mut self, target: &Target, row: &Row, template: &Template<'_>) -> Result<String, Error> {
        let number = row.number;
        let path = target.path(row, template.path()).map_err(|(message, hint)| {
            Error::new(Code::BadValue, format!("row {number}: {message}")).hint(hint)
        })?;
        if Format::of(&path) != Some(template.format()) {
            let (format, from) = (template.format().name(), template.path());
            let message =
                format!("row {number}: `{path}` is not named like the {format} that `{from}` renders");
            return Err(Error::new(Code::BadInput, message).hint("end `to` like the template"));
        }
        if path == self.inputs.rows || self.templates.iter().any(|template| template.path() == path) {
            let message = format!("row {number}: `{path}` is an input of this run");
            return Err(Error::new(Code::SamePath, message).hint("write to another folder"));
        }
        let Some((first, other)) = self.used.insert(path.to_lowercase(), (number, path.clone())) else {
            return Ok(path);
        };
        let (message, hint) = if other != path {
            let message = format!("rows {first} and {number}: `{other}` and `{path}` differ only in case");
            (message, "some file systems treat them as one file; give one another name")
        } else if first == number {
            let message = format!("row {number}: two templates would both be `{path}`");
            (message, "add `{template}` to `to`, the file name of the template")
        } else {
            let message = format!("rows {first} and {number} would both be `{path}`");
            (message, "add a value to `to` that differs between the rows")
        };
        Err(Error::new(Code::SamePath, message).hint(hint))
    }
}
