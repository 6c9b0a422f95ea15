//! Runs the cases of the step on fakes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use lockstep_cases::Case;
use lockstep_sdk::Reporter;
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::types::{Failure, FailureKind};
use plan_gate::{Inputs, Outputs, PlanResult, Reaction, Verdict};
use serde_json::{Value, json};

#[test]
fn every_case_holds() {
    lockstep_cases::every(&Path::new(env!("CARGO_MANIFEST_DIR")).join("cases"), 37, check);
}

fn check(case: &mut Case) {
    let inputs = inputs_of(case);
    let before = FakeWorkspace { files: case.files(), ..FakeWorkspace::default() };
    let (mut host, mut reporter) = (before.clone(), FakeReporter::default());
    match plan_gate::run(&mut host, &mut reporter, &inputs) {
        Ok(outputs) => check_verdict(case, &inputs, &outputs, &mut reporter, &host),
        Err(failure) => {
            assert_eq!(failure.kind, FailureKind::Invalid, "{}", case.name);
            case.assert_refused(false, &failure.code, &failure.message, &failure);
            assert_eq!(host, before, "{}: a run that fails writes nothing", case.name);
        }
    }
}

fn check_verdict(
    case: &mut Case,
    inputs: &Inputs,
    outputs: &Outputs,
    reporter: &mut FakeReporter,
    host: &FakeWorkspace,
) {
    match reporter.rejection.clone() {
        Some(Failure { kind, code, message, .. }) => {
            assert_eq!(kind, FailureKind::Rejected, "{}", case.name);
            case.assert_ended(1, &code, &message, outputs);
        }
        None => case.assert_ended(0, "done", "", outputs),
    }
    for (output, expected) in case.take_outputs() {
        assert_eq!(output_of(outputs, &output), expected, "{}: {output}", case.name);
    }
    let mut after = host.files.clone();
    if let Some(path) = &inputs.summary_file {
        // The host renders the summary, so the text differs from that of the finished program.
        let mut expected = case.take_out().unwrap();
        assert!(expected.remove(path).is_some_and(|summary| !summary.is_empty()), "{}", case.name);
        assert_eq!(after.remove(path), Some(reporter.summary_markdown().into_bytes()), "{}", case.name);
        lockstep_cases::assert_same(&case.name, &after, &expected);
    } else {
        let expected = case.expected();
        lockstep_cases::assert_same(&case.name, &after, &expected);
    }
}

fn inputs_of(case: &Case) -> Inputs {
    let reaction = |name: &str, default| match case.one(name).as_deref() {
        Some("ignore") => Reaction::Ignore,
        Some("warn") => Reaction::Warn,
        Some("fail") => Reaction::Fail,
        _ => default,
    };
    Inputs {
        plan: case.list("--plan"),
        allow: case.list("--allow"),
        deny: case.list("--deny"),
        max: case.list("--max"),
        require: case.list("--require"),
        on_unknown: reaction("--on-unknown", Reaction::Warn),
        on_drift: reaction("--on-drift", Reaction::Warn),
        on_checks: reaction("--on-checks", Reaction::Fail),
        summary_file: case.one("--summary-file"),
        gitlab_report: case.one("--gitlab-report"),
    }
}

fn output_of(outputs: &Outputs, output: &str) -> Value {
    match output {
        "changes" => outputs.changes.into(),
        "create" => outputs.create.into(),
        "update" => outputs.update.into(),
        "replace" => outputs.replace.into(),
        "delete" => outputs.delete.into(),
        "forget" => outputs.forget.into(),
        "import" => outputs.import.into(),
        "move" => outputs.move_.into(),
        "read" => outputs.read.into(),
        "invoke" => outputs.invoke.into(),
        "drift" => outputs.drift.into(),
        "failed-checks" => outputs.failed_checks.into(),
        "verdict" => if outputs.verdict == Verdict::Pass { "pass" } else { "fail" }.into(),
        "plans" => outputs.plans.iter().map(plan_of).collect::<Vec<_>>().into(),
        "summary-file" => outputs.summary_file.as_str().into(),
        other => panic!("there is no output {other}"),
    }
}

/// The result for one plan as the host prints it.
fn plan_of(plan: &PlanResult) -> Value {
    json!({
        "path": plan.path, "changes": plan.changes, "create": plan.create, "update": plan.update,
        "replace": plan.replace, "delete": plan.delete, "forget": plan.forget, "import": plan.import,
        "move": plan.move_, "read": plan.read, "invoke": plan.invoke, "drift": plan.drift,
        "failed-checks": plan.failed_checks, "violations": plan.violations,
    })
}
