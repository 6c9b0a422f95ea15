//! Reads the files that the inputs name: templates and rows.

use std::collections::BTreeMap;

use lockstep_sdk::{Reporter, Workspace, skipped};

use crate::failure::{Code, Error, workspace};
use crate::rows::{self, Row};
use crate::template::Template;

/// Reads the files that match the patterns, by path, and notes what the searches skip. Adds an error for each pattern that
/// matches none.
///
/// # Errors
/// The host cannot read a file.
pub(crate) fn template_files(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    patterns: &[String],
    errors: &mut Vec<Error>,
) -> Result<BTreeMap<String, Vec<u8>>, Vec<Error>> {
    let mut files = BTreeMap::new();
    for pattern in patterns {
        let found = host.glob(pattern).map_err(workspace)?;
        skipped::note(reporter, &found.skipped);
        if found.files.is_empty() {
            let hint = "paths are relative to the workspace; `**` crosses folders";
            errors.push(Error::new(Code::NoFiles, format!("no file matches `{pattern}`")).hint(hint));
        }
        for entry in found.files {
            let bytes = host.read(&entry.path).map_err(workspace)?;
            files.insert(entry.path, bytes);
        }
    }
    if patterns.is_empty() {
        errors.push(Error::new(Code::BadInput, "`template` names no file"));
    }
    Ok(files)
}

/// Parses the templates. Adds every error in them.
pub(crate) fn templates<'a>(
    files: &'a BTreeMap<String, Vec<u8>>,
    errors: &mut Vec<Error>,
) -> Vec<Template<'a>> {
    let mut templates = Vec::new();
    for (path, bytes) in files {
        match Template::read(path, bytes) {
            Ok(template) => templates.push(template),
            Err(found) => errors.extend(found),
        }
    }
    templates
}

/// Reads the rows. Adds every error in them.
///
/// # Errors
/// The host cannot read the file.
pub(crate) fn rows(
    host: &mut impl Workspace,
    path: &str,
    errors: &mut Vec<Error>,
) -> Result<Vec<Row>, Vec<Error>> {
    let bytes = host.read(path).map_err(workspace)?;
    Ok(rows::read(path, &bytes).unwrap_or_else(|found| {
        errors.extend(found);
        Vec::new()
    }))
}
