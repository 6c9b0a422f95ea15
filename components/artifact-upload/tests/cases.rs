//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use artifact_upload::problem::Kind;
use common::{Data, Model, inputs};
use lockstep_cases::Case;
use serde_json::{Value, json};

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 7, check);
}

fn check(case: &mut Case) {
    let mut given = inputs(&[]);
    given.source = case.list("--source");
    given.to = case.one("--to").unwrap();
    given.immutable = case.has("--immutable");
    given.delete = case.has("--delete");
    given.allow_empty = case.has("--allow-empty");
    given.max_delete = case.one("--max-delete").unwrap_or(given.max_delete);
    given.headers = case.list("--headers");
    given.metadata = case.list("--metadata");
    given.tags = case.list("--tags");
    given.encryption = case.one("--encryption");
    given.lock = case.one("--lock");
    given.manifest = case.one("--manifest").unwrap_or_default();
    let files =
        case.files().into_iter().map(|(path, bytes)| (path, Data::new(0, bytes.len() as u64))).collect();
    let mut model = Model { files, ..Model::default() };
    match model.run(&given) {
        Ok(done) => {
            case.assert_ended(0, "done", "", &done);
            for (output, expected) in case.take_outputs() {
                let found: Value = match output.as_str() {
                    "changed" => done.has_changes().into(),
                    "uploaded" => done.uploaded.len().into(),
                    "skipped" => done.skipped.into(),
                    "deleted" => done.deleted.into(),
                    "bytes" => done.bytes.into(),
                    "manifest-key" => done.manifest.clone().unwrap_or_default().into(),
                    "objects" => json!(done.uploaded.iter().map(|one| &one.below).collect::<Vec<_>>()),
                    other => panic!("no output {other}"),
                };
                assert_eq!(found, expected, "{}: {output}", case.name);
            }
        }
        Err(stop) => {
            let rejected = stop.failure.code.kind() == Kind::Rejected;
            case.assert_refused(rejected, stop.failure.code.name(), &stop.failure.message, &stop);
            assert!(model.log.is_empty(), "{}: {:?}", case.name, model.log);
        }
    }
}
