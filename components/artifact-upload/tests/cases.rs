//! Runs the cases of this step on a store in memory.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use artifact_upload::{Outputs, run};
use common::inputs;
use lockstep_cases::Case;
use lockstep_sdk::fake::{FakeClock, FakeObjects, FakeReporter, FakeWorkspace};
use lockstep_sdk::types::FailureKind;
use serde_json::{Value, json};

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 10, check);
}

fn check(case: &mut Case) {
    let mut inputs = inputs(&[]);
    inputs.source = case.list("--source");
    inputs.to = case.one("--to").unwrap();
    inputs.include = case.list("--include");
    inputs.exclude = case.list("--exclude");
    inputs.dotfiles = case.has("--dotfiles");
    inputs.immutable = case.has("--immutable");
    inputs.delete = case.has("--delete");
    inputs.allow_empty = case.has("--allow-empty");
    inputs.max_delete = case.one("--max-delete").unwrap_or(inputs.max_delete);
    inputs.headers = case.list("--headers");
    inputs.metadata = case.list("--metadata");
    inputs.tags = case.list("--tags");
    inputs.encryption = case.one("--encryption");
    inputs.acl = case.one("--acl");
    inputs.storage_class = case.one("--storage-class");
    inputs.lock = case.one("--lock");
    inputs.manifest = case.one("--manifest").unwrap_or_default();
    let workspace = FakeWorkspace { files: case.files(), ..FakeWorkspace::default() };
    let (mut host, mut reporter) = (FakeObjects::new(workspace), FakeReporter::default());
    match run(&mut host, &mut reporter, &FakeClock::default(), &inputs) {
        Ok(outputs) => {
            case.assert_ended(0, "done", "", &outputs);
            assert_eq!(reporter.rejection, None, "{}", case.name);
            for (name, expected) in case.take_outputs() {
                assert_eq!(output(&outputs, &name), expected, "{}: {name}", case.name);
            }
        }
        Err(failure) => {
            let is_rejected = failure.kind == FailureKind::Rejected;
            case.assert_refused(is_rejected, &failure.code, &failure.message, &failure);
            assert!(host.changes().is_empty(), "{}: {:?}", case.name, host.changes());
        }
    }
}

fn output(outputs: &Outputs, name: &str) -> Value {
    match name {
        "changed" => outputs.changed.into(),
        "uploaded" => outputs.uploaded.into(),
        "unchanged" => outputs.unchanged.into(),
        "skipped-files" => json!(outputs.skipped_files.iter().map(|file| &file.path).collect::<Vec<_>>()),
        "deleted" => outputs.deleted.into(),
        "bytes" => outputs.bytes.into(),
        "manifest-key" => outputs.manifest_key.clone().into(),
        "objects" => json!(outputs.objects.iter().map(|object| &object.key).collect::<Vec<_>>()),
        other => panic!("no output {other}"),
    }
}
