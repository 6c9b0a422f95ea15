//! Slips in a policy: what the step refuses, what it warns of, and the next act that it names.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{findings, inputs, owned};
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use lockstep_sdk::report::Level;
use plan_gate::inputs::parse_policy;
use plan_gate::messages::{finding, hint, warning};
use plan_gate::policy::Policy;
use plan_gate::{Inputs, slip};
use serde_json::{Value, json};

fn policy(inputs: &Inputs) -> Policy {
    parse_policy(inputs).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn deny(rules: &[&str]) -> Policy {
    policy(&Inputs { deny: owned(rules), ..inputs() })
}

fn max(limits: &[&str]) -> Policy {
    policy(&Inputs { max: owned(limits), ..inputs() })
}

fn refused(inputs: &Inputs) -> Vec<String> {
    parse_policy(inputs).unwrap_err().into_iter().map(|error| error.message).collect()
}

fn resource(address: &str, actions: &[&str]) -> Value {
    json!({"address": address, "type": address.split('.').next(), "change": {"actions": actions}})
}

fn document(resources: Value) -> Value {
    json!({"format_version": "1.2", "planned_values": {}, "resource_changes": resources})
}

/// A plan with a database that stays, and one that is replaced.
fn plan() -> Value {
    document(json!([
        resource("aws_db_instance.keep", &["no-op"]),
        resource("aws_db_instance.shop", &["delete", "create"]),
        resource("terraform_data.web[\"us\"]", &["delete"]),
    ]))
}

fn warnings(policy: &Policy) -> Vec<String> {
    findings(&plan(), policy, |_, warnings| warnings.iter().map(warning).collect())
}

fn violations(document: &Value, policy: &Policy) -> Vec<String> {
    findings(document, policy, |violations, _| violations.iter().map(finding).collect())
}

#[test]
fn a_pattern_that_can_match_nothing_is_refused() {
    for (text, part) in [
        (".*db.*", "a pattern is a glob, not a regular expression; write `*db*`"),
        (
            "^aws_db_.*$",
            "`^` occurs in no type or address: a pattern is a glob, not a regular expression; write `aws_db_*`",
        ),
        ("aws_(db|rds)_.*", "each alternative is an entry"),
        ("aws_{db,rds}_instance", "each alternative is an entry"),
        ("terraform_data.web[us]", "`[us]` is no index and no key: a key has quotes, as in `[\"us\"]`"),
        ("terraform_data.web['us']", "as in `[\"us\"]`"),
        ("web[]", "`[]` is no index"),
    ] {
        let error = slip::check(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
    for text in [
        "*",
        "aws_instance",
        "module.net[\"a\"].*",
        "module.net[*].x.y[0]",
        "web[?]",
        "web[\"a (b) {c} \\\"d\\\" $\"].x",
        "web[\"a*",
        "größe.x-y",
        "urn:pulumi:dev::shop::aws:s3/bucket:Bucket$x::{a}",
    ] {
        assert_eq!(slip::check(text), Ok(()), "{text}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_a_warning_with_the_next_act() {
    for (rule, hint) in [
        ("delete:db", "a pattern matches the whole type or address: write `*db*`"),
        ("delete:Terraform_Data*", "case counts: there is `terraform_data`"),
        ("delete:aws_.*", "a pattern is a glob, not a regular expression: write `aws_*`"),
        ("delete:gcp_*", "check its spelling, unless it is for resources to come"),
    ] {
        let expected =
            format!("`{rule}` of `deny` matches no type and no address of the plan (hint: {hint})");
        assert_eq!(warnings(&deny(&[rule])), [expected]);
    }
    let output = warnings(&deny(&["delete:output.*"]));
    assert_eq!(output.len(), 1, "a resource is no output: {output:?}");
    assert!(output[0].contains("matches no output of the plan"), "{output:?}");
}

#[test]
fn a_pattern_that_matches_a_resource_without_a_change_is_no_warning() {
    for rule in
        ["update:aws_db_instance", "forget:aws_db_instance.keep", "read:*", "create", "delete:*\"us\"]"]
    {
        assert_eq!(warnings(&deny(&[rule])), [] as [String; 0], "{rule}");
    }
}

#[test]
fn destroy_counts_deletions_and_replacements() {
    assert_eq!(
        violations(&plan(), &max(&["destroy=1"])),
        ["`destroy` occurs 2 times and `max` allows 1: aws_db_instance.shop, terraform_data.web[\"us\"]"]
    );
    assert_eq!(violations(&plan(), &max(&["destroy=2"])), [] as [String; 0]);
    let many = document((0..5).map(|at| resource(&format!("a.b[{at}]"), &["delete"])).collect());
    assert_eq!(
        violations(&many, &max(&["destroy=0"])),
        ["`destroy` occurs 5 times and `max` allows 0: a.b[0], a.b[1], a.b[2], and 2 more"]
    );
}

#[test]
fn a_limit_on_deletions_counts_replacements_unless_another_limit_does() {
    assert_eq!(
        violations(&plan(), &max(&["delete=1"])),
        [
            "`delete` (with replacements) occurs 2 times and `max` allows 1: aws_db_instance.shop, terraform_data.web[\"us\"]"
        ]
    );
    for limits in [&["delete=2"][..], &["delete=1", "replace=1"], &["delete=1", "destroy=2"], &["create=0"]] {
        assert_eq!(violations(&plan(), &max(limits)), [] as [String; 0], "{limits:?}");
    }
}

#[test]
fn mistakes_name_the_entry_that_is_meant() {
    let one = |entry: &str| refused(&Inputs { deny: owned(&[entry]), ..inputs() }).remove(0);
    assert_eq!(one("destroy"), "deny `destroy`: invalid action `destroy`: did you mean `delete`?");
    assert_eq!(one("Delete:x"), "deny `Delete:x`: invalid action `Delete`: did you mean `delete`?");
    assert_eq!(one("aws_db:delete"), "deny `aws_db:delete`: the action comes first: write `delete:aws_db`");
    assert_eq!(
        one("replace:output.x"),
        "deny `replace:output.x`: a plan creates, updates or deletes an output"
    );
    let allow = refused(&Inputs { allow: owned(&["create:output.x"]), ..inputs() }).remove(0);
    assert!(allow.ends_with("write `deny` for outputs, such as `delete:output.*`"), "{allow}");
    let max = |entry: &str| refused(&Inputs { max: owned(&[entry]), ..inputs() }).remove(0);
    assert_eq!(max("delete=4294967296"), "max `delete=4294967296`: the number is larger than 4294967295");
    assert_eq!(max("delete=-1"), "max `delete=-1`: the text after `=` is not a number");
}

#[test]
fn a_rule_about_outputs_sees_no_resource_and_no_other_rule_sees_outputs() {
    let mut document = document(json!([resource("output.x", &["delete"])]));
    document["output_changes"] = json!({
        "url": {"actions": ["delete"]}, "id": {"actions": ["update"], "after_unknown": true},
        "same": {"actions": ["no-op"]},
    });
    assert_eq!(
        violations(&document, &deny(&["delete:output.*"])),
        ["delete of output.url is denied by `delete:output.*`"]
    );
    assert_eq!(
        violations(&document, &deny(&["update:output.i?"])),
        ["update of output.id (its value is not known before apply) is denied by `update:output.i?`"]
    );
    assert_eq!(violations(&document, &deny(&["delete:*"])), ["delete of output.x is denied by `delete:*`"]);
    assert!(findings(&document, &deny(&["delete:output.same"]), |_, warnings| warnings.is_empty()));
}

#[test]
fn every_violation_has_a_next_act() {
    let mut document = plan();
    document["errored"] = json!(true);
    document["complete"] = json!(false);
    document["deferred_changes"] = json!([{"reason": "unknown"}]);
    document["checks"] = json!([{"address": {"to_display": "check.a"}, "status": "fail"}]);
    document["resource_drift"] = json!([resource("a.b", &["update"])]);
    let strict = Policy {
        on_drift: plan_gate::Reaction::Fail,
        ..policy(&Inputs { allow: owned(&["replace"]), max: owned(&["destroy=0"]), ..inputs() })
    };
    let hints: Vec<String> = findings(&document, &strict, |violations, _| {
        violations.iter().map(|one| hint(one).unwrap()).collect()
    });
    assert_eq!(
        hints,
        [
            "fix the error that `plan` printed, and plan again",
            "run `plan` again without `-target` until the plan is complete",
            "apply what it waits for, and plan again",
            "to allow it, add `delete:terraform_data.web[\"us\"]` to `allow`",
            "if it is meant, set `destroy=2`",
            "fix what the check is about, or set `on-checks` to `warn`",
            "accept it with `apply -refresh-only`, undo it, or set `on-drift` to `warn`",
        ]
    );
}

#[test]
fn without_a_rule_the_step_says_so() {
    let run = |inputs: &Inputs| {
        let mut host = FakeWorkspace::default().with_file("plan.json", plan().to_string());
        let mut reporter = FakeReporter::default();
        plan_gate::run(&mut host, &mut reporter, inputs).unwrap();
        reporter
    };
    let mut reporter = run(&inputs());
    assert_eq!(reporter.notes[0].level, Level::Notice);
    assert!(reporter.notes[0].message.starts_with("no rule was given"), "{:?}", reporter.notes);
    let summary = lockstep_sdk::Reporter::summary_markdown(&mut reporter);
    assert!(summary.contains("Verdict: no rule was given"), "{summary}");
    let mut reporter = run(&Inputs { deny: owned(&["forget"]), ..inputs() });
    assert!(reporter.notes.is_empty(), "{:?}", reporter.notes);
    assert!(lockstep_sdk::Reporter::summary_markdown(&mut reporter).contains("Verdict: pass"));
}

#[test]
fn findings_of_several_plans_have_the_place_of_their_plan() {
    let deletion = |address| document(json!([resource(address, &["delete"])])).to_string();
    let mut host =
        FakeWorkspace::default().with_file("a.json", deletion("a.a")).with_file("b.json", deletion("b.b"));
    let mut reporter = FakeReporter::default();
    let inputs = Inputs { plan: owned(&["*.json"]), deny: owned(&["delete"]), ..inputs() };
    plan_gate::run(&mut host, &mut reporter, &inputs).unwrap();
    let places: Vec<_> =
        reporter.notes.iter().filter_map(|note| note.location.as_ref()).map(|at| &at.path).collect();
    assert_eq!(places, ["a.json", "b.json"]);
    assert_eq!(reporter.rejection.as_ref().unwrap().location.as_ref().unwrap().path, "a.json");
    let summary = lockstep_sdk::Reporter::summary_markdown(&mut reporter);
    assert!(summary.starts_with("### 2 plans: 2 to delete\n"), "{summary}");
    assert!(summary.contains("| a.json | 1 to delete | 1 |"), "{summary}");
    assert!(summary.contains("| b.json | b.b | delete |"), "{summary}");
}

#[test]
fn no_plan_is_replaced_by_a_file_that_the_step_writes() {
    let mut host = FakeWorkspace::default().with_file("out/plan.json", plan().to_string());
    let inputs =
        Inputs { plan: owned(&["out/*.json"]), gitlab_report: Some("./out/plan.json".into()), ..inputs() };
    let failure = plan_gate::run(&mut host, &mut FakeReporter::default(), &inputs).unwrap_err();
    assert_eq!(failure.code, "bad-input", "{failure:?}");
    let same = Inputs { summary_file: Some("a".into()), gitlab_report: Some("a".into()), ..common::inputs() };
    assert_eq!(refused(&same), ["`gitlab-report` and `summary-file` are the same file"]);
}
