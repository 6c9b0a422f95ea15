//! What a run is asked to do, read from its inputs. Never looks at a document.

use lockstep_path::clip;

use crate::contract::Expected;
use crate::names;
use crate::problem::{Code, Problem};
use crate::select::Select;

/// What a run is asked to do.
#[derive(Debug)]
pub struct Request {
    /// The outputs there must be; empty for whatever there is.
    pub expected: Vec<Expected>,
    /// Step outputs from inside of values.
    pub select: Vec<Select>,
    /// What stands before the name of each step output.
    pub prefix: String,
    /// What becomes of sensitive outputs.
    pub sensitive: Treatment,
}

/// What becomes of sensitive outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// `***` stands for them where people look.
    Mask,
    /// They are left out.
    Omit,
    /// There must be none.
    Refuse,
}

/// The inputs as they were given.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Where the document is.
    pub source: &'a str,
    /// `NAME[:TYPE][?][=DEFAULT]`.
    pub outputs: &'a [String],
    /// `NAME=PATH`.
    pub select: &'a [String],
    /// What stands before each name.
    pub prefix: &'a str,
    /// What becomes of sensitive outputs.
    pub sensitive: Treatment,
    /// Where to write the values.
    pub file: Option<&'a str>,
}

impl Request {
    /// Reads the inputs.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(inputs: &Inputs<'_>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let contract = ("outputs", "write NAME[:TYPE][?][=DEFAULT], with TYPE as in Terraform");
        let expected = each(contract, inputs.outputs, Expected::parse, &mut problems);
        let paths = ("select", "write NAME=PATH, such as `host=db.hosts[0]`");
        let select = each(paths, inputs.select, Select::parse, &mut problems);
        if inputs.file == Some(inputs.source) {
            let message = "`file` is `source`: the values would replace the document";
            problems.push(Problem::new(Code::BadInput, message).hint("name another file"));
        }
        let given =
            expected.iter().map(|one| one.name.as_str()).chain(select.iter().map(|one| one.name.as_str()));
        problems.extend(names::problems(inputs.prefix, given));
        if problems.is_empty() {
            Ok(Self { expected, select, prefix: inputs.prefix.into(), sensitive: inputs.sensitive })
        } else {
            Err(problems)
        }
    }
}

/// Reads each line of an input; what cannot be read becomes a problem.
fn each<T>(
    (input, hint): (&str, &str),
    lines: &[String],
    parse: impl Fn(&str) -> Result<T, String>,
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    let mut read = Vec::new();
    for line in lines {
        match parse(line) {
            Ok(one) => read.push(one),
            Err(what) => {
                let message = format!("{input} `{}`: {what}", clip(line, 80));
                problems.push(Problem::new(Code::BadInput, message).hint(hint));
            }
        }
    }
    read
}
