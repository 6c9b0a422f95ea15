//! The cases of every step through the finished program: the files are as expected to the byte, a second run finds
//! nothing to do, and a run that does not end well changes nothing. `cargo xtask test STEP` names the step in
//! `LOCKSTEP_CASES_OF`; without it the cases of all steps run.

use lockstep_cases::{Case, assert_same};
use lockstep_tests::support::{self, ProgramOutput, Scene};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder(step: &str) -> PathBuf {
    support::checkout().join("components").join(step).join("cases")
}

#[test]
fn every_step_has_a_case_that_ends_well_and_one_that_does_not() {
    let steps = support::steps();
    assert!(!steps.is_empty());
    for step in steps {
        let cases = folder(&step).read_dir().unwrap().flatten();
        let exits: BTreeSet<u8> = cases.map(|case| Case::read(&case.path()).unwrap().take_end().0).collect();
        assert_eq!(exits.contains(&0), !support::needs_place(&step), "{step}: a case that ends well");
        assert!(exits.iter().any(|exit| *exit != 0), "{step} has no case that says no");
    }
}

#[test]
fn every_case_holds() {
    let only = std::env::var("LOCKSTEP_CASES_OF").ok();
    for step in support::steps().into_iter().filter(|step| only.as_ref().is_none_or(|only| only == step)) {
        lockstep_cases::every(&folder(&step), 2, |case| check(&step, case));
    }
}

fn check(step: &str, case: &mut Case) {
    let name = case.name.clone();
    let scene = Scene::of(&Path::new(&name).join("in"));
    let before = case.files();
    let expected = case.expected();
    let stdin = case.take_stdin().unwrap_or_default();
    let (exit, code, message) = case.take_end();
    let first = run(&scene, step, case, &stdin);
    let result = first.result();
    assert_eq!(
        (first.exit, result["code"].as_str()),
        (Some(exit.into()), Some(code.as_str())),
        "{name}: {first:#?}"
    );
    let said = result["message"].as_str().unwrap_or_default();
    assert!(said.contains(&message), "{name}: {said}");
    for (output, value) in case.take_outputs() {
        assert_eq!(result["outputs"][&output], value, "{name}: output {output}");
    }
    assert_same(&name, &scene.contents(), &expected);
    let all: BTreeSet<&String> = before.keys().chain(expected.keys()).collect();
    let changed: Vec<&String> =
        all.into_iter().filter(|path| before.get(*path) != expected.get(*path)).collect();
    assert_eq!(result["changed"], json!(changed), "{name}");

    let again = run(&scene, step, case, &stdin);
    let result = again.result();
    assert_eq!(
        (again.exit, &result["changed"]),
        (Some(exit.into()), &json!([])),
        "{name}, again: {again:#?}"
    );
    assert_same(&name, &scene.contents(), &expected);
}

fn run(scene: &Scene, step: &str, case: &Case, stdin: &str) -> ProgramOutput {
    scene.run(step).args(&case.args).stdin(stdin).end()
}
