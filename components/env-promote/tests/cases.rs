//! Runs the cases of this step on the fakes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::{Model, default_inputs};
use env_promote::Inputs;
use lockstep_cases::Case;
use lockstep_sdk::types::FailureKind;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 3, check);
}

/// No case calls the repository.
fn check(case: &mut Case) {
    assert_eq!(case.files().len(), 1, "no file decides anything here");
    let defaults = default_inputs();
    let inputs = Inputs {
        from: case.one("--from").unwrap(),
        to: case.list("--to"),
        pick: case.list("--pick"),
        keep: case.list("--keep"),
        timeout: case.one("--timeout").unwrap_or(defaults.timeout),
        ..default_inputs()
    };
    let failed = Model::default().run(&inputs).unwrap_err();
    let rejected = failed.failure.kind == FailureKind::Rejected;
    case.assert_refused(rejected, &failed.failure.code, &failed.failure.message, &failed);
}
