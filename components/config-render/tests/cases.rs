//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::path::Path;

use common::run;
use config_render::render::{Done, Inputs};
use config_render::words;
use lockstep_cases::{Case, assert_same};
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
        Ok((done, after)) => {
            case.assert_ended(0, "done", "", &done);
            assert_same(&name, &after, &case.expected());
            for (output, expected) in case.take_outputs() {
                assert_eq!(output_of(&done, &output), expected, "{name}: {output}");
            }
            let (again, _) = run(&inputs, &after).unwrap_or_else(|found| panic!("{name}, again: {found:?}"));
            assert_eq!((again.plan.counts(), again.new_list), ([0, 0, 0], None), "{name}, again");
        }
        Err(problems) => {
            let code = problems[0].code;
            case.assert_refused(code.is_rejection(), code.name(), &words::problems(&problems), &problems);
        }
    }
}

fn output_of(done: &Done, output: &str) -> Value {
    let [created, updated, deleted] = done.plan.counts();
    match output {
        "changed" => (!words::files(done).is_empty()).into(),
        "files" => words::files(done).into(),
        "created" => created.into(),
        "updated" => updated.into(),
        "deleted" => deleted.into(),
        "unchanged" => done.plan.unchanged.into(),
        other => panic!("no output {other}"),
    }
}
