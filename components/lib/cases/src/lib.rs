//! Reads the cases of a step, for its tests and those of the finished program. It never ships, and it runs no step.
//!
//! A case is a folder with `case.toml`, the files of the workspace in `in/`, and in `out/` what they must be afterwards
//! if they change. What a test does not look at fails it: a promise that nobody checks is none.
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

/// What `case.toml` holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
    stdin: Option<String>,
    /// Outputs, each exactly so. Others are not looked at.
    #[serde(default)]
    outputs: BTreeMap<String, Value>,
}

/// A case that is being checked. What was taken has been looked at.
#[derive(Debug)]
pub struct Case {
    /// What a failed test calls it: its folder.
    pub name: String,
    /// The arguments of the run.
    pub args: Vec<String>,
    ended: Option<(u8, String, String)>,
    stdin: Option<String>,
    outputs: BTreeMap<String, Value>,
    files: Files,
    unread: bool,
    out: Option<Files>,
}

/// Checks every case below a folder.
///
/// # Panics
/// A case cannot be read, or holds something that the check does not look at; or there are fewer than `at_least`.
#[track_caller]
pub fn every(folder: &Path, at_least: usize, mut check: impl FnMut(&mut Case)) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for entry in entries.flatten() {
        let mut case = Case::read(&entry.path()).unwrap_or_else(|problem| panic!("{problem}"));
        check(&mut case);
        assert_eq!(case.leftover(), None, "{}: the test does not look at it", case.name);
        count += 1;
    }
    assert!(count >= at_least, "{}: {count} cases, fewer than {at_least}", folder.display());
}

impl Case {
    /// The case in a folder.
    ///
    /// # Errors
    /// What is wrong with it, with its name.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let name = folder.display().to_string();
        let wrong = |problem: &dyn std::fmt::Display| format!("{name}: {problem}");
        for entry in fs::read_dir(folder).map_err(|error| wrong(&error))?.flatten() {
            let entry = entry.file_name();
            if !["case.toml", "in", "out"].iter().any(|known| entry == *known) {
                return Err(wrong(&format!("nobody reads {}", entry.display())));
            }
        }
        let text = fs::read_to_string(folder.join("case.toml")).map_err(|error| wrong(&error))?;
        let written: Written = toml::from_str(&text).map_err(|error| wrong(&error))?;
        let code = written.code.unwrap_or_else(|| "done".into());
        if (written.exit == 0) != (code == "done") {
            return Err(wrong(&"a case ends with exit 0, or it has a code"));
        }
        let out = folder.join("out");
        Ok(Self {
            args: written.args,
            ended: Some((written.exit, code, written.message_contains.unwrap_or_default())),
            stdin: written.stdin,
            outputs: written.outputs,
            files: read(&folder.join("in")),
            unread: true,
            out: out.exists().then(|| read(&out)),
            name,
        })
    }

    /// Every value of a flag.
    #[must_use]
    pub fn list(&self, flag: &str) -> Vec<String> {
        self.args.windows(2).filter(|pair| pair[0] == flag).map(|pair| pair[1].clone()).collect()
    }

    /// The value of a flag that is given once.
    #[must_use]
    pub fn one(&self, flag: &str) -> Option<String> {
        self.list(flag).pop()
    }

    /// Whether a flag without value is given.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.args.iter().any(|arg| arg == flag)
    }

    /// The files of the workspace before the run.
    pub fn files(&mut self) -> Files {
        self.unread = false;
        self.files.clone()
    }

    /// The one file of the workspace, if it has this path.
    ///
    /// # Panics
    /// The workspace has other files beside it.
    pub fn file(&mut self, path: &str) -> Option<Vec<u8>> {
        let mut files = self.files();
        let file = files.remove(path);
        assert!(file.is_none() || files.is_empty(), "{}: nobody reads {:?}", self.name, files.keys());
        file
    }

    /// The files of the workspace as the run must leave them, if it changes any.
    pub fn take_out(&mut self) -> Option<Files> {
        self.out.take()
    }

    /// The files of the workspace as the run must leave them.
    pub fn expected(&mut self) -> Files {
        self.take_out().unwrap_or_else(|| self.files())
    }

    /// What standard input holds, if anything.
    pub fn take_stdin(&mut self) -> Option<String> {
        self.stdin.take()
    }

    /// The outputs that the run must give, by name.
    pub fn take_outputs(&mut self) -> BTreeMap<String, Value> {
        std::mem::take(&mut self.outputs)
    }

    /// Exit code, code and a part of the message.
    pub fn take_end(&mut self) -> (u8, String, String) {
        self.ended.take().unwrap_or_default()
    }

    /// Fails unless the run must end so: with this exit code, this code, and a part of this message.
    #[track_caller]
    pub fn assert_ended(&mut self, exit: u8, code: &str, message: &str, details: &dyn Debug) {
        let (wanted_exit, wanted_code, part) = self.take_end();
        assert_eq!((exit, code), (wanted_exit, wanted_code.as_str()), "{}: {details:#?}", self.name);
        assert!(message.contains(&part), "{}: {message:?} lacks {part:?}", self.name);
    }

    /// Fails unless the run must be refused so. The code is a rejection, or something cannot be used.
    #[track_caller]
    pub fn assert_refused(&mut self, rejected: bool, code: &str, message: &str, details: &dyn Debug) {
        self.assert_ended(if rejected { 1 } else { 2 }, code, message, details);
        assert_eq!(self.out, None, "{}: a refused case has no out/", self.name);
    }

    /// What nobody took.
    fn leftover(&self) -> Option<&str> {
        let what = [
            (self.ended.is_some(), "how it ends"),
            (self.stdin.is_some(), "stdin"),
            (!self.outputs.is_empty(), "outputs"),
            (self.unread && !self.files.is_empty(), "in/"),
            (self.out.is_some(), "out/"),
        ];
        what.into_iter().find_map(|(left, what)| left.then_some(what))
    }
}
