//! The cases of every step through the finished program: the files are as expected to the byte, a second run finds
//! nothing to do, and a run that does not end well changes nothing.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use lockstep_tests::support::{self, Ended, Scene, contents};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A case as `case.toml` has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    args: Vec<String>,
    exit: i32,
    code: Option<String>,
    message_contains: Option<String>,
    /// Outputs of the result, each exactly so. Others are not looked at.
    #[serde(default)]
    outputs: BTreeMap<String, Value>,
    /// What standard input holds.
    #[serde(default)]
    stdin: String,
}

fn cases(step: &str) -> Vec<(PathBuf, Case)> {
    let folder = support::checkout().join("components").join(step).join("cases");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let read = |path: PathBuf| {
        let text =
            fs::read_to_string(path.join("case.toml")).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, case)
    };
    folders.map(read).collect()
}

#[test]
fn every_step_has_a_case_that_ends_well_and_one_that_does_not() {
    let steps = support::steps();
    assert!(!steps.is_empty());
    for step in steps {
        let cases = cases(&step);
        assert!(cases.iter().any(|(_, case)| case.exit == 0), "{step} has no case that ends well");
        assert!(cases.iter().any(|(_, case)| case.exit != 0), "{step} has no case that says no");
    }
}

#[test]
fn every_case_holds() {
    for step in support::steps() {
        for (path, case) in cases(&step) {
            check(&step, &path, &case);
        }
    }
}

fn check(step: &str, path: &Path, case: &Case) {
    let name = path.display();
    let scene = Scene::of(&path.join("in"));
    let before = scene.contents();
    let out = path.join("out");
    let expected = if out.exists() { contents(&out) } else { before.clone() };
    let first = run(&scene, step, case);
    let result = first.result();
    let code = case.code.as_deref().unwrap_or("done");
    assert_eq!((first.exit, result["code"].as_str()), (Some(case.exit), Some(code)), "{name}: {first:#?}");
    let message = result["message"].as_str().unwrap_or_default();
    assert!(message.contains(case.message_contains.as_deref().unwrap_or_default()), "{name}: {message}");
    for (output, value) in &case.outputs {
        assert_eq!(&result["outputs"][output], value, "{name}: output {output}");
    }
    for (file, content) in &expected {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = scene.contents().get(file).map(|bytes| shown(bytes));
        assert_eq!(found, Some(shown(content)), "{name}: {file}");
    }
    assert_eq!(scene.contents(), expected, "{name}");
    let all: BTreeSet<&String> = before.keys().chain(expected.keys()).collect();
    let changed: Vec<&String> =
        all.into_iter().filter(|path| before.get(*path) != expected.get(*path)).collect();
    assert_eq!(result["changed"], json!(changed), "{name}");

    let again = run(&scene, step, case);
    let result = again.result();
    assert_eq!((again.exit, &result["changed"]), (Some(case.exit), &json!([])), "{name}, again: {again:#?}");
    assert_eq!(scene.contents(), expected, "{name}, again");
}

fn run(scene: &Scene, step: &str, case: &Case) -> Ended {
    scene.run(step).args(&case.args).stdin(&case.stdin).end()
}
