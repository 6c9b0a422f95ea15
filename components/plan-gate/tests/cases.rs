//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use plan_gate::action::Action;
use plan_gate::gate::{self, Refusal};
use plan_gate::judge::judge;
use plan_gate::plan::Plan;
use plan_gate::policy::{Inputs, Policy, Reaction};
use plan_gate::words;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Case {
    args: Vec<String>,
    exit: u8,
    code: Option<String>,
    message_contains: Option<String>,
    #[serde(default)]
    outputs: BTreeMap<String, toml::Value>,
}

struct Ended {
    exit: u8,
    code: String,
    message: String,
    plan: Option<Plan>,
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        check(&entry.unwrap().path());
        count += 1;
    }
    assert!(count >= 30);
}

fn check(folder: &Path) {
    let name = folder.display();
    let case: Case = toml::from_str(&fs::read_to_string(folder.join("case.toml")).unwrap())
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let ended = run(&case.args, &folder.join("in"));
    assert_eq!(
        (ended.exit, ended.code.as_str()),
        (case.exit, case.code.as_deref().unwrap_or("done")),
        "{name}"
    );
    let message = case.message_contains.unwrap_or_default();
    assert!(ended.message.contains(&message), "{name}: {}", ended.message);
    for (output, expected) in case.outputs {
        let found = output_of(ended.plan.as_ref().unwrap(), &output, ended.exit);
        assert!(found.is_none_or(|found| found == expected), "{name}: {output}");
    }
}

fn output_of(plan: &Plan, output: &str, exit: u8) -> Option<toml::Value> {
    let count = |count: usize| toml::Value::from(i64::try_from(count).unwrap());
    Some(match output {
        "changes" => plan.has_changes().into(),
        "drift" => count(plan.drift.len()),
        "failed-checks" => count(plan.failed_checks.len()),
        "verdict" => if exit == 0 { "pass" } else { "fail" }.into(),
        "summary-file" => return None,
        action => plan.counts.of(Action::parse(action).unwrap()).into(),
    })
}

fn run(args: &[String], folder: &Path) -> Ended {
    let mut given: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for pair in args.chunks(2) {
        given.entry(pair[0].trim_start_matches("--")).or_default().push(pair[1].clone());
    }
    let list = |name: &str| given.get(name).cloned().unwrap_or_default();
    let reaction = |name: &str, default| match list(name).first().map(String::as_str) {
        Some("ignore") => Reaction::Ignore,
        Some("warn") => Reaction::Warn,
        Some("fail") => Reaction::Fail,
        _ => default,
    };
    let policy = Policy::read(&Inputs {
        allow: &list("allow"),
        deny: &list("deny"),
        max: &list("max"),
        on_drift: reaction("on-drift", Reaction::Warn),
        on_checks: reaction("on-checks", Reaction::Fail),
    });
    let policy = match policy {
        Ok(policy) => policy,
        Err(problems) => {
            let message = words::bad_inputs(&problems);
            return Ended { exit: 2, code: "bad-input".into(), message, plan: None };
        }
    };
    let bytes = fs::read(folder.join(&list("plan")[0])).unwrap();
    match open(&bytes) {
        Err(refusal) => {
            Ended { exit: 2, code: refusal.code().into(), message: refusal.message(), plan: None }
        }
        Ok(plan) => {
            let violations = judge(&plan, &policy).violations;
            let (exit, code) = violations.first().map_or((0, "done"), |first| (1, first.code()));
            let message = words::failure(&violations);
            Ended { exit, code: code.into(), message, plan: Some(plan) }
        }
    }
}

fn open(bytes: &[u8]) -> Result<Plan, Refusal<String>> {
    gate::open(|offset, length| {
        let from = usize::try_from(offset).unwrap();
        Ok(bytes[from..bytes.len().min(from + length as usize)].to_vec())
    })
}
