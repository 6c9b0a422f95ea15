//! What the tests share: files in memory, and what a run makes of them.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use config_render::problem::Problem;
use config_render::render::{Done, Inputs, Source, Stop, render};
use fast_glob::glob_match;
pub(crate) use lockstep_cases::Files;

/// Files in memory, and which of them were read.
pub(crate) struct Memory<'a> {
    pub(crate) files: &'a Files,
    pub(crate) reads: Vec<String>,
}

impl Source for Memory<'_> {
    type Error = String;

    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, String> {
        let found = self.files.keys().filter(|path| *path == pattern || glob_match(pattern, path));
        Ok(found.cloned().collect())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        self.reads.push(path.to_owned());
        self.files.get(path).cloned().ok_or_else(|| format!("{path} is not there"))
    }
}

/// A run, and what it makes of the files.
pub(crate) fn run(inputs: &Inputs, files: &Files) -> Result<(Done, Files), Vec<Problem>> {
    let done = match render(inputs, &mut Memory { files, reads: Vec::new() }) {
        Ok(done) => done,
        Err(Stop::Problems(problems)) => return Err(problems),
        Err(Stop::Source(error)) => panic!("{error}"),
    };
    let mut after = files.clone();
    for write in &done.plan.writes {
        let old = after.insert(write.path.clone(), write.text.clone().into_bytes());
        assert_ne!(old.as_deref(), Some(write.text.as_bytes()), "{} is written for nothing", write.path);
    }
    for path in &done.plan.removes {
        after.remove(path).unwrap();
    }
    if let Some(text) = &done.new_list {
        after.insert(done.list.clone(), text.clone().into_bytes());
    }
    Ok((done, after))
}
