//! Reads the cases of a step, for its own tests and those of the whole program. It runs no step and is part of no release.
//!
//! A case is a folder with `case.toml`, the files of the workspace before the run in `in/`, and those after the run in `out/` if
//! the run changes them. A test fails if it does not check everything that a case holds.
//!
//! ```no_run
//! lockstep_cases::every("cases".as_ref(), 1, |case| {
//!     let (path, files) = (case.one("--path").unwrap(), case.files());
//!     let lines = files[&path].iter().filter(|byte| **byte == b'\n').count();
//!     case.assert_ended(0, "done", "", &lines);
//!     assert_eq!(case.take_outputs()["lines"], lines);
//! });
//! ```
#![forbid(unsafe_code)]

mod files;
#[cfg(test)]
mod tests;

pub use files::{Files, assert_same, read};

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

/// The content of `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CaseFile {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
    stdin: Option<String>,
    /// The outputs that the case checks.
    #[serde(default)]
    outputs: BTreeMap<String, Value>,
}

/// A case during its check. The methods that begin with `take_` and `assert_` mark a part of it as checked.
#[derive(Debug)]
pub struct Case {
    /// Its folder, for messages.
    pub name: String,
    /// The arguments of the run.
    pub args: Vec<String>,
    end: Option<(u8, String, String)>,
    stdin: Option<String>,
    outputs: BTreeMap<String, Value>,
    files: Files,
    has_unchecked_files: bool,
    out: Option<Files>,
}

/// Checks every case below a folder.
///
/// # Panics
/// A case cannot be read, holds something that `check` does not check, or there are fewer cases than `at_least`.
#[track_caller]
pub fn every(folder: &Path, at_least: usize, mut check: impl FnMut(&mut Case)) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for entry in entries.flatten() {
        let mut case = Case::read(&entry.path()).unwrap_or_else(|error| panic!("{error}"));
        check(&mut case);
        assert_eq!(case.unchecked(), None, "{}: the test does not check it", case.name);
        count += 1;
    }
    assert!(count >= at_least, "{}: {count} cases, fewer than {at_least}", folder.display());
}

impl Case {
    /// Reads the case in a folder.
    ///
    /// # Errors
    /// What is wrong with the case, with its name.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let name = folder.display().to_string();
        let invalid = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        for entry in fs::read_dir(folder).map_err(|error| invalid(&error))?.flatten() {
            let entry = entry.file_name();
            if !["case.toml", "in", "out"].iter().any(|known| entry == *known) {
                return Err(invalid(&format!(
                    "unknown entry `{}`: expected one of `case.toml`, `in`, `out`",
                    entry.display()
                )));
            }
        }
        let text = fs::read_to_string(folder.join("case.toml")).map_err(|error| invalid(&error))?;
        let file: CaseFile = toml::from_str(&text).map_err(|error| invalid(&error))?;
        let code = file.code.unwrap_or_else(|| "done".into());
        if (file.exit == 0) != (code == "done") {
            return Err(invalid(&"a case has exit 0 or a code"));
        }
        let out = folder.join("out");
        Ok(Self {
            args: file.args,
            end: Some((file.exit, code, file.message_contains.unwrap_or_default())),
            stdin: file.stdin,
            outputs: file.outputs,
            files: read(&folder.join("in")),
            has_unchecked_files: true,
            out: out.exists().then(|| read(&out)),
            name,
        })
    }

    /// All values of a flag.
    #[must_use]
    pub fn list(&self, flag: &str) -> Vec<String> {
        self.args.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].clone()).collect()
    }

    /// The last value of a flag.
    #[must_use]
    pub fn one(&self, flag: &str) -> Option<String> {
        self.list(flag).pop()
    }

    /// Whether the arguments have a flag without value.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.args.iter().any(|arg| arg == flag)
    }

    /// The files of the workspace before the run.
    pub fn files(&mut self) -> Files {
        self.has_unchecked_files = false;
        self.files.clone()
    }

    /// The content of the only file of the workspace; none if the file does not exist.
    ///
    /// # Panics
    /// The workspace has this file and others.
    pub fn file(&mut self, path: &str) -> Option<Vec<u8>> {
        let mut files = self.files();
        let file = files.remove(path);
        assert!(
            file.is_none() || files.is_empty(),
            "{}: the test does not read {:?}",
            self.name,
            files.keys()
        );
        file
    }

    /// The files of the workspace after the run, if it changes any.
    pub fn take_out(&mut self) -> Option<Files> {
        self.out.take()
    }

    /// The files of the workspace after the run.
    pub fn expected(&mut self) -> Files {
        self.take_out().unwrap_or_else(|| self.files())
    }

    /// The standard input of the run, if it has any.
    pub fn take_stdin(&mut self) -> Option<String> {
        self.stdin.take()
    }

    /// The expected outputs, by name.
    pub fn take_outputs(&mut self) -> BTreeMap<String, Value> {
        std::mem::take(&mut self.outputs)
    }

    /// The expected exit code, code and part of the message.
    pub fn take_end(&mut self) -> (u8, String, String) {
        self.end.take().unwrap_or_default()
    }

    /// Asserts that the run must end with this exit code and this code, and that this message has the expected part.
    #[track_caller]
    pub fn assert_ended(&mut self, exit: u8, code: &str, message: &str, details: &dyn Debug) {
        let (expected_exit, expected_code, part) = self.take_end();
        assert_eq!((exit, code), (expected_exit, expected_code.as_str()), "{}: {details:#?}", self.name);
        assert!(message.contains(&part), "{}: {message:?} lacks {part:?}", self.name);
    }

    /// Asserts that the run must fail with exit code 1 (`rejected`) or 2, this code and this message, and changes no file.
    #[track_caller]
    pub fn assert_refused(&mut self, rejected: bool, code: &str, message: &str, details: &dyn Debug) {
        self.assert_ended(if rejected { 1 } else { 2 }, code, message, details);
        assert_eq!(self.out, None, "{}: a case that fails has no out/", self.name);
    }

    /// A part of the case that no test has checked.
    fn unchecked(&self) -> Option<&str> {
        let parts = [
            (self.end.is_some(), "the exit code"),
            (self.stdin.is_some(), "stdin"),
            (!self.outputs.is_empty(), "outputs"),
            (self.has_unchecked_files && !self.files.is_empty(), "in/"),
            (self.out.is_some(), "out/"),
        ];
        parts.into_iter().find_map(|(is_unchecked, part)| is_unchecked.then_some(part))
    }
}
