//! The generated wrappers on the programs that other people run workflows with: equal inputs give an equal
//! result everywhere, and nothing hostile in them is obeyed.

use lockstep_tests::platforms::{Scratch, act, gitlab_ci_local, lockstep, need, pipeline, run};
use lockstep_tests::services;
use lockstep_tests::shim::root;
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// The document that the step changes.
const MANIFEST: &str = "# a comment that stays\nkind: ConfigMap\nmetadata:\n  annotations:\n    shell: old\n    quotes: old\n    \
                        github: old\n    gitlab: old\n    commands: old\n    text: old\n";

/// What each annotation is set to.
const HOSTILE: [(&str, &str); 6] = [
    (
        "shell",
        "$(touch pwned) `touch pwned` ${HOME} $HOME $$ ; touch pwned & touch pwned | touch pwned > pwned",
    ),
    ("quotes", r#"'"' "x" '\'' \" \n \\ '''"""EOF"#),
    ("github", "${{ github.token }} ${{ toJSON(github) }}"),
    ("gitlab", "$[[ inputs.files ]] $CI_PROJECT_DIR ${CI_JOB_NAME} %CI_JOB_NAME%"),
    ("commands", "::error::a %0A::error::b ##[error]c ::add-mask::d"),
    ("text", "größe 東京 = : # - [x] {y} <<EOF"),
];

/// A run of the step.
#[derive(Clone, Copy)]
struct Case {
    /// How many places each edit must match. There is one.
    expect: &'static str,
    /// Whether it ends well.
    succeeds: bool,
}

impl Case {
    fn inputs(self) -> Value {
        let set: Vec<String> =
            HOSTILE.iter().map(|(name, value)| format!("metadata.annotations.{name}={value}")).collect();
        json!({ "files": ["deploy/web.yaml"], "set": set, "expect": self.expect })
    }

    /// An input as the wrappers that have only texts take it: a line for each item.
    fn lines(self, name: &str) -> String {
        match &self.inputs()[name] {
            Value::Array(items) => {
                items.iter().filter_map(Value::as_str).map(|item| format!("{item}\n")).collect()
            }
            other => other.as_str().unwrap_or_default().to_owned(),
        }
    }

    /// Runs a program that must end as the step does, and returns what it printed.
    fn run(self, command: &mut Command) -> String {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.success(), self.succeeds, "{command:?}: {}\n{out}\n{err}", output.status);
        out
    }
}

/// A folder whose workspace has the manifest.
fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.put("work/deploy/web.yaml", MANIFEST);
    scratch
}

/// What a run on one platform left behind.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Value,
    manifest: String,
}

impl Outcome {
    fn new(result: &str, manifest: String) -> Self {
        let result = serde_json::from_str(result).unwrap_or_else(|error| panic!("{error}: {result}"));
        Self { result, manifest }
    }
}

fn plain(case: Case) -> Outcome {
    let scratch = scratch();
    scratch.put("inputs.json", &case.inputs().to_string());
    let mut command = scratch.command(lockstep());
    command.args(["run", "manifest-patch", "--format", "json", "--inputs"]).arg(scratch.path("inputs.json"));
    let result = case.run(command.env("LOCKSTEP_PLATFORM", "plain"));
    Outcome::new(&result, scratch.read("work/deploy/web.yaml"))
}

fn github(case: Case) -> Outcome {
    let scratch = scratch();
    scratch.copy(&["action.yml", "actions", "ci"]);
    let workflow = fs::read_to_string(root().join("tests/live/workflow.yml")).expect("the workflow");
    scratch.put("work/.github/workflows/live.yml", &workflow);
    // The list that has several items comes from the event as a JSON list: lines that came with one value are refused.
    let event = json!({ "inputs": {
        "files": case.lines("files"), "set": case.inputs()["set"].to_string(), "expect": case.lines("expect"),
        "document": case.inputs().to_string(),
    }});
    scratch.commit();
    let mut act = act(&scratch, "workflow_dispatch", &event);
    act.arg("--env").arg(format!("OUT={}", scratch.path("out").display()));
    let log = case.run(&mut act);
    assert!(!scratch.path("out/pwned").exists(), "{log}");
    if case.succeeds {
        assert_eq!(scratch.read("out/changed"), "true");
        let again: Value = serde_json::from_str(&scratch.read("out/generic.json")).expect("a result");
        assert_eq!((&again["outcome"], &again["outputs"]["changed"]), (&json!("done"), &json!(false)));
    }
    Outcome::new(&scratch.read("out/typed.json"), scratch.read("out/web.yaml"))
}

fn gitlab(case: Case) -> Outcome {
    let scratch = scratch();
    scratch.copy(&["templates"]);
    let commit = scratch.commit();
    let pipeline = json!({
        "include": [{
            "component": format!("gitlab.example.com/group/project/manifest-patch@{commit}"),
            "inputs": { "files": case.lines("files"), "set": case.lines("set"), "expect": case.lines("expect") },
        }],
        "after": {
            "stage": "deploy",
            "script": ["printf '%s' \"$LOCKSTEP_MANIFEST_PATCH_CHANGED\" >changed"],
            "artifacts": { "paths": ["changed"] },
        },
    });
    scratch.put("work/.gitlab-ci.yml", &pipeline.to_string());
    let log = case.run(&mut gitlab_ci_local(&scratch));
    assert!(!scratch.path("work/pwned").exists(), "{log}");
    if case.succeeds {
        assert_eq!(scratch.read("work/.gitlab-ci-local/artifacts/after/changed"), "true", "{log}");
    }
    let artifacts = "work/.gitlab-ci-local/artifacts/manifest-patch";
    scratch.read(&format!("{artifacts}/lockstep-manifest-patch-receipt.json"));
    Outcome::new(
        &scratch.read(&format!("{artifacts}/lockstep-manifest-patch.json")),
        scratch.read("work/deploy/web.yaml"),
    )
}

fn jenkins(case: Case) -> Outcome {
    let scratch = scratch();
    let mut arguments = case.inputs();
    case.run(&mut pipeline(&scratch, "manifestPatch", &arguments));
    if !case.succeeds {
        arguments["failBuild"] = json!(false);
        run(&mut pipeline(&scratch, "manifestPatch", &arguments));
    }
    assert!(!scratch.path("work/pwned").exists());
    let left: Vec<_> = fs::read_dir(scratch.path("work@tmp")).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    Outcome::new(&scratch.read("out/result.json"), scratch.read("work/deploy/web.yaml"))
}

/// The annotations of a manifest, read by a YAML parser that is not ours.
fn annotations(manifest: &str) -> Value {
    let scratch = scratch();
    scratch.put("work/m.yaml", manifest);
    let program = "import json, yaml; print(json.dumps(yaml.safe_load(open('m.yaml', encoding='utf-8'))['metadata']['annotations']))";
    let printed = run(scratch.command(need(services::linters()).join("python")).args(["-c", program]));
    serde_json::from_str(&printed).expect("JSON")
}

#[test]
fn four_platforms_give_one_result() {
    let case = Case { expect: "1", succeeds: true };
    let plain = plain(case);
    assert_eq!(plain.result["outcome"], "done", "{plain:#?}");
    assert_eq!(plain.result["changed"], json!(["deploy/web.yaml"]));
    assert!(plain.result["receipt"].as_str().is_some_and(|digest| digest.starts_with("sha256:")));
    let expected: serde_json::Map<String, Value> =
        HOSTILE.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    assert_eq!(annotations(&plain.manifest), Value::Object(expected));
    assert!(plain.manifest.starts_with("# a comment that stays\n"));
    assert_eq!(jenkins(case), plain);
    assert_eq!(gitlab(case), plain);
    assert_eq!(github(case), plain);
}

#[test]
fn a_rejection_fails_the_job_with_the_same_message_on_each_ci_system() {
    let case = Case { expect: "5", succeeds: false };
    let plain = plain(case);
    assert_eq!((&plain.result["outcome"], &plain.result["code"]), (&json!("rejected"), &json!("no-match")));
    assert_eq!((&*plain.manifest, &plain.result["changed"]), (MANIFEST, &json!([])));
    assert_eq!(jenkins(case), plain);
    assert_eq!(gitlab(case), plain);
    assert_eq!(github(case), plain);
}
