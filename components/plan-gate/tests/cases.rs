//! The cases of this step, run against the pure modules: what they promise is so before any host runs them.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::path::Path;

use lockstep_cases::Case;
use plan_gate::action::Action;
use plan_gate::gate::{self, Refusal};
use plan_gate::judge::judge;
use plan_gate::plan::Plan;
use plan_gate::policy::{Inputs, Policy, Reaction};
use plan_gate::words;
use serde_json::Value;

struct Ended {
    exit: u8,
    code: String,
    message: String,
    plan: Option<Plan>,
}

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 37, check);
}

fn check(case: &mut Case) {
    let bytes = case.file(&case.one("--plan").unwrap()).unwrap();
    let ended = run(case, &bytes);
    case.assert_ended(ended.exit, &ended.code, &ended.message, &());
    for (output, expected) in case.take_outputs() {
        let found = output_of(ended.plan.as_ref().unwrap(), &output, ended.exit);
        assert!(found.is_none_or(|found| found == expected), "{}: {output}", case.name);
    }
    // The host writes the summary, so that only the finished program has one to compare.
    if case.one("--summary-file").is_some() {
        assert!(case.take_out().is_some(), "{}", case.name);
    }
}

fn output_of(plan: &Plan, output: &str, exit: u8) -> Option<Value> {
    Some(match output {
        "changes" => plan.has_changes().into(),
        "drift" => plan.drift.len().into(),
        "failed-checks" => plan.failed_checks.len().into(),
        "verdict" => if exit == 0 { "pass" } else { "fail" }.into(),
        "summary-file" => return None,
        action => plan.counts.of(Action::parse(action).unwrap()).into(),
    })
}

fn run(case: &Case, plan: &[u8]) -> Ended {
    let reaction = |name: &str, default| match case.one(name).as_deref() {
        Some("ignore") => Reaction::Ignore,
        Some("warn") => Reaction::Warn,
        Some("fail") => Reaction::Fail,
        _ => default,
    };
    let policy = Policy::read(&Inputs {
        allow: &case.list("--allow"),
        deny: &case.list("--deny"),
        max: &case.list("--max"),
        on_drift: reaction("--on-drift", Reaction::Warn),
        on_checks: reaction("--on-checks", Reaction::Fail),
    });
    let policy = match policy {
        Ok(policy) => policy,
        Err(problems) => {
            let message = words::bad_inputs(&problems);
            return Ended { exit: 2, code: "bad-input".into(), message, plan: None };
        }
    };
    match open(plan) {
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
