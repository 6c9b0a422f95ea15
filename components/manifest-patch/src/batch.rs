//! All files of a run: collects their changes and errors. Writes no file.

use lockstep_sdk::text::plural;
use lockstep_yaml::{MAX_BYTES, RefusalReason};

use crate::apply::{apply, refusal};
use crate::edit::Action;
use crate::failure::{Code, Error, refused};
use crate::inputs::Request;
use crate::prefilter::Prefilter;
use crate::{Change, FilePatch};

/// The files of a run and their results so far.
#[derive(Debug)]
pub(crate) struct Batch {
    request: Request,
    prefilter: Prefilter,
    errors: Vec<Error>,
    matches: Vec<u32>,
    effective: Vec<bool>,
    documents: u32,
    /// The paths of the files, each once.
    paths: Vec<String>,
    changes: Changes,
}

/// The changes of a run without errors.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// The files that change, with their new content, in the order of the calls.
    pub(crate) files: Vec<(String, String)>,
    /// The values that change, with their file.
    pub(crate) values: Vec<(String, Change)>,
    /// The paths of the deletions that found nothing to delete.
    pub(crate) already_deleted: Vec<String>,
}

impl Batch {
    /// The run of a request, with the errors of its inputs.
    pub(crate) fn new(request: Request, errors: Vec<Error>) -> Self {
        Self {
            prefilter: Prefilter::new(&request),
            matches: vec![0; request.edits.len()],
            effective: vec![false; request.edits.len()],
            request,
            errors,
            documents: 0,
            paths: Vec::new(),
            changes: Changes::default(),
        }
    }

    /// Records that a pattern matches no file.
    pub(crate) fn add_unmatched_pattern(&mut self, pattern: &str) {
        let message = format!("no file matches `{pattern}`");
        let hint = "paths are relative to the workspace; `**` crosses folders";
        self.errors.push(Error::new(Code::NoFiles, message).hint(hint));
    }

    /// Whether a file is too large to read. Records the error if so.
    pub(crate) fn is_too_large(&mut self, path: &str, size: u64) -> bool {
        let limit = MAX_BYTES as u64;
        let too_large = size > limit;
        if too_large {
            self.paths.push(path.to_owned());
            let reason = RefusalReason::TooLarge { size, limit };
            self.errors.push(refused(path, refusal(&reason.into())));
        }
        too_large
    }

    /// Whether an edit could match in this file. Records its path.
    pub(crate) fn may_match(&mut self, path: &str, content: &[u8]) -> bool {
        self.paths.push(path.to_owned());
        self.prefilter.may_match(path, content)
    }

    /// Applies the edits to a file.
    pub(crate) fn patch(&mut self, path: &str, content: &[u8]) {
        self.add(path, apply(&self.request, path, content));
    }

    /// Adds the result of a file.
    pub(crate) fn add(&mut self, path: &str, patch: FilePatch) {
        self.documents += patch.documents;
        for (total, matches) in self.matches.iter_mut().zip(&patch.matches) {
            *total += matches;
        }
        for (total, effective) in self.effective.iter_mut().zip(&patch.effective) {
            *total |= effective;
        }
        self.errors.extend(patch.refusals.into_iter().map(|refusal| refused(path, refusal)));
        self.changes.files.extend(patch.text.map(|text| (path.to_owned(), text)));
        self.changes.values.extend(patch.changes.into_iter().map(|change| (path.to_owned(), change)));
    }

    /// The changes of all files.
    ///
    /// # Errors
    /// All errors of the run, those of the inputs first, then those of patterns, then those of files. The step must not
    /// write any file then.
    pub(crate) fn finish(mut self) -> Result<Changes, Vec<Error>> {
        self.check_named_files();
        // Matches mean nothing while the matches of some files are unknown.
        if self.errors.is_empty() {
            self.check_matches();
        }
        if self.errors.is_empty() {
            self.changes.already_deleted = self.already_deleted();
            return Ok(self.changes);
        }
        Err(self.errors)
    }

    fn already_deleted(&self) -> Vec<String> {
        let idle = self.request.edits.iter().zip(&self.effective).filter(|(_, effective)| !**effective);
        let paths = idle.filter_map(|(edit, _)| match &edit.action {
            Action::Delete(path) => Some(path.to_string()),
            _ => None,
        });
        paths.collect()
    }

    /// Records an error for each file that `changes` names and `files` does not match.
    fn check_named_files(&mut self) {
        let mut named: Vec<&String> =
            self.request.edits.iter().filter_map(|edit| edit.file.as_ref()).collect();
        // The edits of a file are adjacent.
        named.dedup();
        for file in named.into_iter().filter(|file| !self.paths.contains(file)) {
            let message =
                format!("`changes` names `{file}`, which is not among the files that `files` finds");
            let hint = format!("name `{file}` in `files`; paths are relative to the workspace");
            self.errors.push(Error::new(Code::BadInput, message).hint(hint));
        }
    }

    fn check_matches(&mut self) {
        let expect = self.request.expect;
        let files = self.paths.len();
        for (edit, &matches) in self.request.edits.iter().zip(&self.matches) {
            if expect.allows(matches) {
                continue;
            }
            let places = plural(matches as usize, "place");
            let files = edit.file.as_ref().map_or_else(|| plural(files, "file"), |file| format!("`{file}`"));
            let label = &edit.label;
            let message = format!("`{label}` matches {places} in {files}, expected {expect}");
            let hint = if matches > 0 {
                "narrow it with `where`, or write the number into `expect`"
            } else if self.documents == 0 && !self.request.conditions.is_empty() {
                "no document meets all conditions of `where`"
            } else {
                "check the path; `create` adds missing keys, `expect` `any` allows no match"
            };
            self.errors.push(Error::new(Code::NoMatch, message).hint(hint));
        }
    }
}
