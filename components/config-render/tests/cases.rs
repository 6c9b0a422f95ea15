//! The cases of this step: whole runs over files in memory.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::run;
use config_render::{Inputs, Outputs};
use lockstep_cases::{Case, assert_same};
use lockstep_sdk::types::FailureKind;
use serde_json::Value;

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 49, check);
}

fn check(case: &mut Case) {
    let name = case.name.clone();
    let inputs = Inputs {
        template: case.list("--template"),
        rows: case.one("--rows").unwrap(),
        to: case.one("--to").unwrap(),
        prune: case.has("--prune"),
        adopt: case.has("--adopt"),
    };
    match run(&inputs, &case.files()) {
        Ok((outputs, after)) => {
            case.assert_ended(0, "done", "", &outputs);
            assert_same(&name, &after, &case.expected());
            for (output, expected) in case.take_outputs() {
                assert_eq!(output_of(&outputs, &output), expected, "{name}: {output}");
            }
            let (again, _) = run(&inputs, &after).unwrap_or_else(|found| panic!("{name}, again: {found:?}"));
            assert_eq!(
                (again.changed, again.created, again.updated, again.deleted),
                (false, 0, 0, 0),
                "{name}, again"
            );
        }
        Err(error) => {
            let (failure, reporter) = *error;
            let rejected = failure.kind == FailureKind::Rejected;
            case.assert_refused(rejected, &failure.code, &failure.message, &reporter.notes);
        }
    }
}

fn output_of(outputs: &Outputs, output: &str) -> Value {
    match output {
        "changed" => outputs.changed.into(),
        "files" => outputs.files.clone().into(),
        "created" => outputs.created.into(),
        "updated" => outputs.updated.into(),
        "deleted" => outputs.deleted.into(),
        "unchanged" => outputs.unchanged.into(),
        other => panic!("no output {other}"),
    }
}
