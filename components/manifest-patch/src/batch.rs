//! All files of a run together: gathers what changes and what is wrong. Never writes a file.

use lockstep_glue::words::plural;
use lockstep_yaml::{Change, MAX_BYTES, Reason};

use crate::patch::patch;
use crate::problem::{Code, Problem};
use crate::request::Request;

/// A run over many files.
#[derive(Debug)]
pub struct Batch {
    request: Request,
    problems: Vec<Problem>,
    matches: Vec<u32>,
    files: u32,
    documents: u32,
    done: Done,
}

/// What a run without problems comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// The files that change, with their new content, in the order they were added.
    pub files: Vec<(String, String)>,
    /// The values that change, with their file.
    pub changes: Vec<(String, Change)>,
}

impl Batch {
    /// A run of this request, with the problems its inputs already have.
    pub fn new(request: Request, problems: Vec<Problem>) -> Self {
        let matches = vec![0; request.edits.len()];
        Self { request, problems, matches, files: 0, documents: 0, done: Done::default() }
    }

    /// Notes that a pattern found no file.
    pub fn no_files(&mut self, pattern: &str) {
        let message = format!("no file matches `{pattern}`");
        let hint = "paths are relative to the workspace; `**` crosses folders";
        self.problems.push(Problem::new(Code::NoFiles, message).hint(hint));
    }

    /// Whether a file of this size is refused unread. Notes it if so.
    pub fn is_too_large(&mut self, path: &str, size: u64) -> bool {
        let limit = MAX_BYTES as u64;
        let too_large = size > limit;
        if too_large {
            let refusal = Reason::TooLarge { size, limit }.into();
            self.problems.push(Problem::refused(path, &refusal));
        }
        too_large
    }

    /// Makes the edits in a file.
    pub fn add(&mut self, path: &str, content: &[u8]) {
        let patched = patch(&self.request, path, content);
        self.files += 1;
        self.documents += patched.documents;
        for (total, matches) in self.matches.iter_mut().zip(&patched.matches) {
            *total += matches;
        }
        let refused = patched.refusals.iter().map(|refusal| Problem::refused(path, refusal));
        self.problems.extend(refused);
        self.done.files.extend(patched.text.map(|text| (path.to_owned(), text)));
        let changes = patched.changes.into_iter().map(|change| (path.to_owned(), change));
        self.done.changes.extend(changes);
    }

    /// The result, or everything that is wrong: inputs first, then patterns, then files.
    ///
    /// # Errors
    /// If anything is wrong: then no file may be written.
    pub fn finish(mut self) -> Result<Done, Vec<Problem>> {
        // What an edit matches says nothing as long as some files could not be looked into.
        if self.problems.is_empty() {
            self.count();
        }
        if self.problems.is_empty() {
            return Ok(self.done);
        }
        Err(self.problems)
    }

    fn count(&mut self) {
        let expect = self.request.expect;
        for (edit, &matches) in self.request.edits.iter().zip(&self.matches) {
            if expect.allows(matches) {
                continue;
            }
            let (places, files) = (plural(matches as usize, "place"), plural(self.files as usize, "file"));
            let label = &edit.label;
            let message = format!("`{label}` matches {places} in {files}, expected {expect}");
            let hint = if matches > 0 {
                "narrow it with `where`, or say the number in `expect`"
            } else if self.documents == 0 {
                "no document fulfils all of `where`"
            } else {
                "check the path; `create` makes missing keys, `expect` `any` allows none"
            };
            self.problems.push(Problem::new(Code::NoMatch, message).hint(hint));
        }
    }
}
