//! All files of a run together: gathers what changes and what is wrong. Never writes a file.

use lockstep_glue::words::plural;
use lockstep_yaml::{Change, MAX_BYTES, Reason};

use crate::apply::{Applied, apply};
use crate::needles::Needles;
use crate::problem::{Code, Problem};
use crate::request::{Action, Request};

/// A run over many files.
#[derive(Debug)]
pub struct Batch {
    request: Request,
    needles: Needles,
    problems: Vec<Problem>,
    matches: Vec<u32>,
    acts: Vec<bool>,
    documents: u32,
    /// The files that were found, each once.
    seen: Vec<String>,
    done: Done,
}

/// What becomes of one file. It does not depend on the other files, so it can be found out anywhere.
#[derive(Debug)]
pub struct Looked {
    /// The new content, if it differs.
    pub text: Option<String>,
    /// The values that change.
    pub changes: Vec<Change>,
    /// How many places each edit matches.
    pub matches: Vec<u32>,
    /// Whether each edit wants something to change.
    pub acts: Vec<bool>,
    /// How many documents fulfil all conditions.
    pub documents: u32,
    /// Why it cannot be changed. Empty if all is well.
    pub problems: Vec<Problem>,
}

impl Looked {
    /// Looks into a file and makes the edits.
    pub fn into(request: &Request, path: &str, content: &[u8]) -> Self {
        let Applied { text, changes, matches, acts, documents, refusals } = apply(request, path, content);
        let problems = refusals.iter().map(|refusal| Problem::refused(path, refusal)).collect();
        Self { text, changes, matches, acts, documents, problems }
    }
}

/// What a run without problems comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// The files that change, with their new content, in the order they were added.
    pub files: Vec<(String, String)>,
    /// The values that change, with their file.
    pub changes: Vec<(String, Change)>,
    /// What was to be deleted and is nowhere.
    pub gone: Vec<String>,
}

impl Batch {
    /// A run of this request, with the problems its inputs already have.
    pub fn new(request: Request, problems: Vec<Problem>) -> Self {
        Self {
            needles: Needles::of(&request),
            matches: vec![0; request.edits.len()],
            acts: vec![false; request.edits.len()],
            request,
            problems,
            documents: 0,
            seen: Vec::new(),
            done: Done::default(),
        }
    }

    /// Notes that a pattern found no file.
    pub fn no_files(&mut self, pattern: &str) {
        let message = format!("no file matches `{pattern}`");
        let hint = "paths are relative to the workspace; `**` crosses folders";
        self.problems.push(Problem::new(Code::NoFiles, message).hint(hint));
    }

    /// Whether this file holds patches and is left alone: a strategic merge patch names itself.
    pub fn is_patch(patch_files: &[String], path: &str) -> bool {
        patch_files.iter().any(|file| file.trim_start_matches("./") == path)
    }

    /// Whether a file of this size is refused unread. Notes it if so.
    pub fn is_too_large(&mut self, path: &str, size: u64) -> bool {
        let limit = MAX_BYTES as u64;
        let too_large = size > limit;
        if too_large {
            self.seen.push(path.to_owned());
            let refusal = Reason::TooLarge { size, limit }.into();
            self.problems.push(Problem::refused(path, &refusal));
        }
        too_large
    }

    /// Whether an edit could match in this file. Notes that it was found.
    pub fn is_concerned(&mut self, path: &str, content: &[u8]) -> bool {
        self.seen.push(path.to_owned());
        self.needles.may_be_in(path, content)
    }

    /// Makes the edits in a file.
    pub fn add(&mut self, path: &str, content: &[u8]) {
        self.take(path, Looked::into(&self.request, path, content));
    }

    /// Adds what became of a file.
    pub fn take(&mut self, path: &str, looked: Looked) {
        self.documents += looked.documents;
        for (total, matches) in self.matches.iter_mut().zip(&looked.matches) {
            *total += matches;
        }
        for (total, acts) in self.acts.iter_mut().zip(&looked.acts) {
            *total |= acts;
        }
        self.problems.extend(looked.problems);
        self.done.files.extend(looked.text.map(|text| (path.to_owned(), text)));
        let changes = looked.changes.into_iter().map(|change| (path.to_owned(), change));
        self.done.changes.extend(changes);
    }

    /// The result, or everything that is wrong: inputs first, then patterns, then files.
    ///
    /// # Errors
    /// If anything is wrong: then no file may be written.
    pub fn finish(mut self) -> Result<Done, Vec<Problem>> {
        self.find_named();
        // What an edit matches says nothing as long as some files could not be looked into.
        if self.problems.is_empty() {
            self.count();
        }
        if self.problems.is_empty() {
            self.done.gone = self.gone();
            return Ok(self.done);
        }
        Err(self.problems)
    }

    /// The paths of the deletions that found nothing to do anywhere.
    fn gone(&self) -> Vec<String> {
        let idle = self.request.edits.iter().zip(&self.acts).filter(|(_, acts)| !**acts);
        let paths = idle.filter_map(|(edit, _)| match &edit.action {
            Action::Delete(path) => Some(path.to_string()),
            _ => None,
        });
        paths.collect()
    }

    /// Notes each file that an edit is for and no pattern found.
    fn find_named(&mut self) {
        let mut named: Vec<&String> =
            self.request.edits.iter().filter_map(|edit| edit.file.as_ref()).collect();
        // The edits of a file stand together.
        named.dedup();
        for file in named.into_iter().filter(|file| !self.seen.contains(file)) {
            let message =
                format!("`changes` names `{file}`, which is not among the files that `files` finds");
            let hint = format!("name `{file}` in `files`; paths are relative to the workspace");
            self.problems.push(Problem::new(Code::BadInput, message).hint(hint));
        }
    }

    fn count(&mut self) {
        let expect = self.request.expect;
        let found = self.seen.len();
        for (edit, &matches) in self.request.edits.iter().zip(&self.matches) {
            if expect.allows(matches) {
                continue;
            }
            let places = plural(matches as usize, "place");
            let files = edit.file.as_ref().map_or_else(|| plural(found, "file"), |file| format!("`{file}`"));
            let label = &edit.label;
            let message = format!("`{label}` matches {places} in {files}, expected {expect}");
            let hint = if matches > 0 {
                "narrow it with `where`, or say the number in `expect`"
            } else if self.documents == 0 && !self.request.conditions.is_empty() {
                "no document that fulfils all of `where` has such a place"
            } else {
                "check the path; `create` makes missing keys, `expect` `any` allows none"
            };
            self.problems.push(Problem::new(Code::NoMatch, message).hint(hint));
        }
    }
}
