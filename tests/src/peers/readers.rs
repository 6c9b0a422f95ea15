//! Real readers of YAML: those of Kubernetes, of newer Go programs, and of Python for YAML 1.1 and 1.2. None of them is
//! code of this project.

use super::folder;
use crate::services::{self, Result};
use std::path::PathBuf;
use std::process::Command;

/// A reader: its program and how it is called.
#[derive(Debug)]
pub struct Reader {
    program: PathBuf,
    args: Vec<PathBuf>,
}

impl Reader {
    /// The readers, installed on first use.
    ///
    /// # Errors
    /// The installation of one fails.
    pub fn all() -> Result<Vec<Self>> {
        let (go, python) = (services::yaml_readers(&folder().join("go"))?, services::yaml_python()?);
        let script = folder().join("python/read.py");
        let in_go = |version: &str| Self { program: go.clone(), args: vec![version.into()] };
        let in_python =
            |library: &str| Self { program: python.clone(), args: vec![script.clone(), library.into()] };
        Ok(vec![in_go("v2"), in_go("v3"), in_python("pyyaml"), in_python("ruamel")])
    }

    /// A normal form of the values of each text; none if the reader rejects the text.
    ///
    /// # Errors
    /// The reader fails as a program.
    pub fn read(&self, texts: &[&str]) -> Result<Vec<Option<String>>> {
        let input: String = texts.iter().map(|text| format!("{}\n", serde_json::json!(text))).collect();
        let output = services::output_of(Command::new(&self.program).args(&self.args), &input)?;
        let read: Vec<Option<String>> = output
            .lines()
            .map(|line| serde_json::from_str(line).map_err(|error| format!("{error} in {line}")))
            .collect::<Result<_>>()?;
        if read.len() == texts.len() {
            return Ok(read);
        }
        Err(format!("{self:?} answered {} of {} texts", read.len(), texts.len()))
    }
}
