//! The cases of this step, run with fakes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::Model;
use lockstep_cases::Case;
use lockstep_sdk::types::FailureKind;
use workload_scale::Inputs;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 4, check);
}

/// No case reaches a cluster.
fn check(case: &mut Case) {
    assert_eq!(case.files().len(), 1, "no file decides anything here");
    let inputs = Inputs {
        targets: case.list("--targets"),
        namespace: vec![".".to_owned()],
        context: None,
        to: case.one("--to").unwrap(),
        timeout: case.one("--timeout").unwrap_or_else(|| "10m".to_owned()),
    };
    let mut model = Model::default();
    let failure = model.run_with(&inputs).unwrap_err();
    let messages = format!("{}; {}", failure.message, model.notes.join("; "));
    case.assert_refused(failure.kind == FailureKind::Rejected, &failure.code, &messages, &failure);
}
