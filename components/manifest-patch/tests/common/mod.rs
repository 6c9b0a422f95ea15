//! Shared by the tests: inputs, and whole runs over files in memory.
#![allow(dead_code, reason = "each test file uses its part")]

use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::types::Failure;
use manifest_patch::inputs::Request;
use manifest_patch::{Alias, FilePatch, Inputs, Job, Outputs, parallel};

/// The inputs of a run without edits.
pub(crate) fn inputs() -> Inputs {
    Inputs {
        files: vec!["*.yaml".to_owned()],
        set: Vec::new(),
        set_json: Vec::new(),
        append: Vec::new(),
        append_json: Vec::new(),
        delete: Vec::new(),
        image: Vec::new(),
        marker: Vec::new(),
        updates: String::new(),
        changes: String::new(),
        patch: String::new(),
        patch_file: Vec::new(),
        list_key: Vec::new(),
        where_: Vec::new(),
        create: false,
        alias: Alias::Refuse,
        expect: "1+".to_owned(),
    }
}

/// The request of valid inputs that allow any number of places.
pub(crate) fn request(inputs: &Inputs) -> Request {
    let (request, errors) = Request::read(&Inputs { expect: "any".to_owned(), ..inputs.clone() }, &[]);
    assert_eq!(errors, []);
    request
}

/// Processes jobs in this process.
pub(crate) fn patch_here(jobs: &[Job]) -> Vec<Vec<FilePatch>> {
    jobs.iter().map(parallel::patch_files).collect()
}

/// A whole run over files in memory, with its notes.
pub(crate) fn run(inputs: &Inputs, files: &mut FakeWorkspace) -> (Result<Outputs, Failure>, FakeReporter) {
    let mut reporter = FakeReporter::default();
    let outputs = manifest_patch::run(files, &mut reporter, patch_here, inputs);
    (outputs, reporter)
}

/// A run with these patches and list keys over one file.
pub(crate) struct Run<'a> {
    pub(crate) patches: &'a [&'a str],
    pub(crate) list_key: &'a [&'a str],
    pub(crate) alias: Alias,
    pub(crate) expect: &'a str,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Self { patches: &[], list_key: &[], alias: Alias::Refuse, expect: "1+" }
    }
}

impl Run<'_> {
    /// The text after the run; the first error in one line if there is one.
    pub(crate) fn text(&self, source: &str) -> Result<String, String> {
        let inputs = Inputs {
            patch: self.patches.join("\n---\n"),
            list_key: self.list_key.iter().map(|text| (*text).to_owned()).collect(),
            alias: self.alias,
            expect: self.expect.to_owned(),
            ..inputs()
        };
        let mut files = FakeWorkspace::default().with_file("file.yaml", source);
        match run(&inputs, &mut files) {
            (Ok(_), _) => Ok(files.text("file.yaml").unwrap_or_default().to_owned()),
            (Err(failure), reporter) => Err(match reporter.notes.first() {
                Some(first) => first.message.clone(),
                None => lockstep_sdk::text::with_hint(&failure.message, failure.hint.as_deref()),
            }),
        }
    }
}

/// The text that one patch makes of another text.
pub(crate) fn patched(source: &str, patch: &str) -> Result<String, String> {
    Run { patches: &[patch], ..Run::default() }.text(source)
}
