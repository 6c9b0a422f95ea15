//! What the notes, the summary and the failure say about findings.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::inputs;
use lockstep_sdk::Reporter;
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use plan_gate::Inputs;
use serde_json::json;

/// A run over a plan that deletes objects with these addresses, which the policy denies: the summary file and the report.
fn run(addresses: &[&str], with_file: bool) -> (Option<String>, FakeReporter) {
    let change = |address: &&str| json!({"address": address, "type": "a", "change": {"actions": ["delete"]}});
    let changes: Vec<_> = addresses.iter().map(change).collect();
    let plan = json!({"format_version": "1.2", "planned_values": {}, "resource_changes": changes});
    let inputs =
        Inputs { deny: vec!["delete".into()], summary_file: with_file.then(|| "plan.md".into()), ..inputs() };
    let mut host = FakeWorkspace::default().with_file("plan.json", plan.to_string());
    let mut reporter = FakeReporter::default();
    plan_gate::run(&mut host, &mut reporter, &inputs).unwrap();
    (host.files.remove("plan.md").map(|file| String::from_utf8(file).unwrap()), reporter)
}

#[test]
fn only_the_failure_names_a_single_violation() {
    let (_, mut reporter) = run(&["a.b"], false);
    assert_eq!(reporter.rejection.as_ref().unwrap().message, "delete of a.b is denied by `delete`");
    assert_eq!(reporter.notes, []);
    let summary = reporter.summary_markdown();
    assert!(summary.contains("Verdict: fail, 1 violation\n"), "{summary}");
    assert!(!summary.contains("is denied by"), "{summary}");
}

#[test]
fn notes_and_summary_name_each_of_several_violations() {
    let (_, mut reporter) = run(&["a.b", "a.c"], false);
    assert_eq!(reporter.notes.len(), 2);
    let summary = reporter.summary_markdown();
    assert!(summary.contains("Verdict: fail, 2 violations\n"), "{summary}");
    assert_eq!(summary.matches("is denied by").count(), 2, "{summary}");
}

#[test]
fn a_summary_file_names_a_single_violation() {
    let (file, reporter) = run(&["a.b"], true);
    assert!(file.unwrap().contains("delete of a.b is denied by `delete`"));
    assert_eq!(reporter.notes, []);
}
