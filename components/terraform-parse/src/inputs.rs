//! Parses the inputs. It does not look at a document.

use lockstep_path::clip;

use crate::contract::Declaration;
use crate::failure::{Code, Error};
use crate::names;
use crate::select::Select;
use crate::{Inputs, SensitiveMode};

/// The parsed inputs of a run.
#[derive(Debug)]
pub struct Request {
    /// The outputs that must exist; empty for all outputs of the document.
    pub declarations: Vec<Declaration>,
    /// The step outputs from inside a value.
    pub select: Vec<Select>,
    /// The prefix of the name of each step output.
    pub prefix: String,
    /// How to treat sensitive outputs.
    pub sensitive: SensitiveMode,
}

impl Request {
    /// Parses the inputs.
    ///
    /// # Errors
    /// Returns every mistake in them.
    pub fn parse(inputs: &Inputs) -> Result<Self, Vec<Error>> {
        let mut errors = Vec::new();
        let outputs = ("outputs", "write NAME[:TYPE][?][=DEFAULT], with TYPE as in Terraform");
        let declarations = parse_lines(outputs, &inputs.outputs, Declaration::parse, &mut errors);
        let paths = ("select", "write NAME=PATH, such as `host=db.hosts[0]`");
        let select = parse_lines(paths, &inputs.select, Select::parse, &mut errors);
        let plain = |path: &str| path.trim_start_matches("./").to_owned();
        if target(inputs).is_some_and(|file| plain(file) == plain(&inputs.source)) {
            let message = "`file` is `source`: the values would replace the document";
            errors.push(Error::new(Code::BadInput, message).hint("name another file"));
        }
        let declared = declarations.iter().map(|declaration| declaration.name.as_str());
        let selected = select.iter().map(|select| select.name.as_str());
        errors.extend(names::check(&inputs.prefix, declared.chain(selected)));
        if errors.is_empty() {
            Ok(Self { declarations, select, prefix: inputs.prefix.clone(), sensitive: inputs.sensitive })
        } else {
            Err(errors)
        }
    }
}

/// The path of the file for all values, if the run writes one.
pub fn target(inputs: &Inputs) -> Option<&str> {
    inputs.file.as_deref().filter(|path| !path.is_empty())
}

/// Parses each line of an input; a line that cannot be parsed becomes an error.
fn parse_lines<T>(
    (input, hint): (&str, &str),
    lines: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
    errors: &mut Vec<Error>,
) -> Vec<T> {
    let mut parsed = Vec::new();
    for line in lines {
        match parse(line) {
            Ok(value) => parsed.push(value),
            Err(reason) => {
                let message = format!("{input} `{}`: {reason}", clip(line, 80));
                errors.push(Error::new(Code::BadInput, message).hint(hint));
            }
        }
    }
    parsed
}
