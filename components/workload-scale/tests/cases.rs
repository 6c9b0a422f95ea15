//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::Model;
use lockstep_cases::Case;
use workload_scale::problem::Kind;
use workload_scale::settings::Inputs;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 4, check);
}

/// No case gets as far as a cluster.
fn check(case: &mut Case) {
    assert_eq!(case.files().len(), 1, "no file decides anything here");
    let inputs = Inputs {
        targets: case.list("--targets"),
        namespace: vec![".".to_owned()],
        to: case.one("--to").unwrap(),
        timeout: case.one("--timeout").unwrap_or_else(|| "10m".to_owned()),
    };
    let problems = Model::default().run_with(&inputs).unwrap_err();
    let rejected = problems[0].code.kind() == Kind::Rejected;
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    case.assert_refused(rejected, problems[0].code.name(), &messages.join("; "), &problems);
}
