//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::Model;
use env_promote::problem::Kind;
use env_promote::settings::Inputs;
use lockstep_cases::Case;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 3, check);
}

/// No case gets as far as a repository.
fn check(case: &mut Case) {
    assert_eq!(case.files().len(), 1, "no file decides anything here");
    let inputs = Inputs {
        from: case.one("--from").unwrap(),
        to: case.list("--to"),
        pick: case.list("--pick"),
        keep: case.list("--keep"),
        base: "main".to_owned(),
        wait: "0s".to_owned(),
        timeout: case.one("--timeout").unwrap_or_else(|| "5m".to_owned()),
        ..Inputs::default()
    };
    let problems = Model::default().run(&inputs).unwrap_err();
    let rejected = problems[0].code.kind() == Kind::Rejected;
    let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
    case.assert_refused(rejected, problems[0].code.name(), &messages.join("; "), &problems);
}
