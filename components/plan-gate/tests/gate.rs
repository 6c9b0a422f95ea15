//! The rules one by one: policies, globs, the structure of a plan, and the limits of messages.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{inputs, open, owned};
use lockstep_sdk::text::first_of;
use lockstep_terraform::DocumentKind;
use plan_gate::Inputs;
use plan_gate::action::Action;
use plan_gate::document::PlanError;
use plan_gate::evaluate::Evaluation;
use plan_gate::failure::Code;
use plan_gate::glob::matches;
use plan_gate::inputs::parse_policy;
use plan_gate::messages;
use plan_gate::plan::Plan;
use plan_gate::policy::Policy;
use serde_json::{Value, json};

/// Evaluates a plan, without a look at the patterns of the policy.
fn evaluate<'a>(plan: &'a Plan, policy: &'a Policy) -> Evaluation<'a> {
    plan_gate::evaluate::evaluate(std::slice::from_ref(plan), policy, Box::leak(Box::default()))
}

fn plan(resources: Value) -> Plan {
    open(&json!({"format_version": "1.2", "planned_values": {}, "resource_changes": resources})).unwrap()
}

fn resource(address: &str, actions: &[&str]) -> Value {
    json!({"address": address, "type": address.split('.').next(), "change": {"actions": actions}})
}

fn policy(allow: &[&str], deny: &[&str], max: &[&str]) -> Result<Policy, String> {
    let inputs = Inputs { allow: owned(allow), deny: owned(deny), max: owned(max), ..inputs() };
    parse_policy(&inputs).map_err(|errors| {
        assert!(errors.iter().all(|error| error.code == Code::BadInput));
        first_of(errors.iter().map(|error| &error.message), "problem")
    })
}

#[test]
fn the_summary_never_replaces_the_plan() {
    let inputs = |file: &str| Inputs {
        plan: owned(&["out/plan.json"]),
        summary_file: Some(file.to_owned()),
        ..inputs()
    };
    for file in ["out/plan.json", "./out/plan.json"] {
        assert!(parse_policy(&inputs(file)).is_err_and(|errors| errors[0].code == Code::BadInput), "{file}");
    }
    assert!(parse_policy(&inputs("out/plan.md")).is_ok());
}

#[test]
fn brackets_in_a_glob_have_no_meaning() {
    let address = r#"module.net["a"].aws_instance.web[0]"#;
    for pattern in [
        "*",
        address,
        r#"module.net["a"].*"#,
        "*.aws_instance.*",
        r#"module.net["?"].aws_instance.web[*]"#,
        "**0]",
    ] {
        assert!(matches(pattern, address), "{pattern}");
    }
    for pattern in ["", "aws_instance", "module.net[a].*", "*web", "module.net[?]*", "?"] {
        assert!(!matches(pattern, address), "{pattern}");
    }
    let many = "*a".repeat(50);
    assert!(!matches(&many, &"a".repeat(49)), "in linear time");
}

#[test]
fn every_invalid_entry_is_reported() {
    let problem = policy(&["destroy"], &["delete:", ""], &["delete", "delete=x"]).unwrap_err();
    assert!(
        problem.starts_with("allow `destroy`: invalid action `destroy`: did you mean `delete`? "),
        "{problem}"
    );
    assert!(problem.ends_with("(and 4 more problems, noted above)"), "{problem}");
    assert!(
        policy(&[], &[], &["delete=0", "delete=1"])
            .unwrap_err()
            .contains("there are two entries for `delete`")
    );
    let problem = policy(&["delet"], &[], &[]).unwrap_err();
    assert_eq!(problem, "allow `delet`: invalid action `delet`: did you mean `delete`?");
    assert!(policy(&[], &[], &["delete=+1"]).is_err());
    assert!(policy(&[" delete : aws_* "], &[], &[" delete = 1 "]).is_ok());
}

#[test]
fn deny_delete_covers_replacements_and_allow_delete_does_not() {
    let plan = plan(json!([resource("aws_db_instance.a", &["delete", "create"])]));
    let count = |policy: Result<Policy, String>| evaluate(&plan, &policy.unwrap()).violations.len();
    assert_eq!(count(policy(&[], &["delete"], &[])), 1);
    assert_eq!(count(policy(&[], &["delete:aws_db_*"], &[])), 1);
    assert_eq!(count(policy(&[], &["create"], &[])), 0);
    assert_eq!(count(policy(&["delete", "create"], &[], &[])), 1);
    assert_eq!(count(policy(&["replace"], &[], &[])), 0);
    assert_eq!(count(policy(&[], &[], &["delete=0", "create=0"])), 1);
    assert_eq!(count(policy(&[], &[], &["delete=0", "create=0", "replace=1"])), 0);
    assert_eq!(count(policy(&[], &[], &["replace=0"])), 1);
}

#[test]
fn a_deletion_after_a_move_must_be_allowed_under_both_addresses() {
    let mut moved = resource("module.new.aws_db_instance.a", &["delete"]);
    moved["type"] = json!("aws_db_instance");
    moved["previous_address"] = json!("module.old.aws_db_instance.a");
    let plan = plan(json!([moved]));
    let count = |policy: Result<Policy, String>| evaluate(&plan, &policy.unwrap()).violations.len();
    assert_eq!(count(policy(&["move", "delete:module.new.*"], &[], &[])), 1);
    assert_eq!(count(policy(&["move", "delete:module.*"], &[], &[])), 0);
    assert_eq!(count(policy(&["move:module.new.*", "delete:aws_db_instance"], &[], &[])), 0);
    assert_eq!(count(policy(&[], &["delete:module.old.*"], &[])), 1);
}

#[test]
fn other_documents_have_errors_that_name_them() {
    let kind = |document: Value| match open(&document) {
        Err(PlanError::NotAPlan(kind)) => kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(kind(json!({"format_version": "1.0"})), DocumentKind::State);
    assert_eq!(kind(json!({"a": {"value": 1}})), DocumentKind::Outputs);
    assert_eq!(kind(json!({})), DocumentKind::Outputs);
    assert_eq!(kind(json!({"resource_changes": []})), DocumentKind::UnversionedPlan, "without a version");
    assert_eq!(
        kind(json!({"format_version": {"value": "1.0"}})),
        DocumentKind::Outputs,
        "an output of this name"
    );
    assert_eq!(
        kind(json!({"version": 4, "terraform_version": "1.9.0", "lineage": "x"})),
        DocumentKind::StateFile
    );
    assert_eq!(kind(json!({"@level": "info", "@message": "x"})), DocumentKind::Log);
    assert!(matches!(open(&json!({"format_version": "2.0", "x": []})), Err(PlanError::UnknownVersion(_))));
    assert!(open(&json!({"format_version": "1.99", "planned_values": {}})).is_ok());
    assert!(open(&json!({"format_version": "0.1", "planned_values": {}})).is_ok());
}

#[test]
fn a_plan_with_an_unexpected_structure_is_an_error() {
    for (key, value) in [
        ("resource_changes", json!({"a": 1})),
        ("resource_changes", json!([{"address": "a.b"}])),
        ("resource_changes", json!([{"change": {"actions": ["create"]}}])),
        ("resource_changes", json!([{"address": "a.b", "change": {"actions": "create"}}])),
        ("resource_changes", json!(["create"])),
        ("output_changes", json!([])),
        ("errored", json!("true")),
        ("complete", json!(0)),
        ("checks", json!([{"status": "fail"}])),
    ] {
        let mut document = json!({"format_version": "1.2", "planned_values": {}});
        document[key] = value;
        assert!(matches!(open(&document), Err(PlanError::Read(_))), "{document}");
    }
}

#[test]
fn unknown_actions_never_pass() {
    for actions in [&[][..], &["delete", "delete"], &["create", "update"], &["no-op", "delete"], &["CREATE"]]
    {
        let plan = plan(json!([resource("a.b", actions)]));
        let verdict = evaluate(&plan, &Policy::default()).violations.len();
        assert_eq!((verdict, plan.has_changes()), (1, true), "{actions:?}");
    }
    let document =
        json!({"format_version": "1.2", "planned_values": {}, "output_changes": {"a": {"actions": ["?"]}}});
    assert_eq!(evaluate(&open(&document).unwrap(), &Policy::default()).violations.len(), 1);
}

#[test]
fn errored_incomplete_and_deferred_plans_are_violations() {
    let with = |key: &str, value: Value| {
        let mut document = json!({"format_version": "1.2", "planned_values": {}});
        document[key] = value;
        open(&document).unwrap()
    };
    let codes = |plan: &Plan| {
        evaluate(plan, &Policy::default()).violations.iter().map(|one| one.code()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&with("errored", json!(true))), [Code::Incomplete]);
    assert_eq!(codes(&with("complete", json!(false))), [Code::Incomplete]);
    assert_eq!(
        codes(&with("deferred_changes", json!([{}, {"resource_change": {"address": "a.b"}}]))).len(),
        2
    );
    assert_eq!(codes(&with("deferred_action_invocations", json!([{"reason": "x"}]))), [Code::Incomplete]);
    assert!(codes(&with("complete", json!(null))).is_empty());
    assert!(with("applyable", json!(true)).has_changes(), "a plan that only refreshes");
    assert!(!with("applyable", json!(false)).has_changes());
}

#[test]
fn failed_instances_of_checks_are_counted() {
    let check = |name: &str, status: &str, instances: &[&str]| {
        let instances: Vec<Value> = (0..)
            .zip(instances)
            .map(|(at, status)| json!({"address": {"to_display": format!("{name}[{at}]")}, "status": status}))
            .collect();
        json!({"address": {"to_display": name}, "status": status, "instances": instances})
    };
    let document = json!({"format_version": "1.2", "planned_values": {}, "checks": [
        check("a", "fail", &["pass", "fail", "error"]),
        check("b", "unknown", &["unknown", "pass"]),
        check("c", "error", &[]),
        check("d", "pass", &["pass"]),
    ]});
    let plan = open(&document).unwrap();
    let addresses: Vec<&str> = plan.failed_checks.iter().map(|check| check.address.as_str()).collect();
    assert_eq!(addresses, ["a[1]", "a[2]", "c"]);
}

#[test]
fn tables_and_names_have_limits() {
    let before: serde_json::Map<_, _> = (0..50).map(|at| (format!("attribute_{at:02}"), json!(1))).collect();
    let mut one = resource("a.b", &["update"]);
    one["change"]["before"] = Value::Object(before);
    one["change"]["after"] = json!({"x": 1});
    one["address"] = json!("a.".to_owned() + &"b".repeat(5000));
    let plan = plan(Value::from(vec![one; 150]));
    let table = messages::changes(std::slice::from_ref(&plan)).unwrap();
    assert_eq!((table.rows.len(), table.rows[100][0].as_str()), (101, "… and 50 more"));
    assert!(table.rows[0][3].ends_with("attribute_19, and 31 more"), "{}", table.rows[0][3]);
    assert_eq!(table.rows[0][0].chars().count(), 301);
}

#[test]
fn the_most_dangerous_change_comes_first() {
    let lists = [&["read"][..], &["create"], &["update"], &["forget"], &["create", "delete"], &["delete"]];
    let plan = plan(lists.iter().map(|actions| resource("a.b", actions)).collect());
    let rows = messages::changes(std::slice::from_ref(&plan)).unwrap().rows;
    let order: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(order, ["delete", "replace", "forget", "update", "create", "read"]);
    assert_eq!(
        messages::heading(std::slice::from_ref(&plan)),
        "Plan: 1 to create, 1 to update, 1 to replace, 1 to delete, 1 to forget, 1 to read"
    );
    assert_eq!(plan.counts.of(Action::Delete), 1);
}

#[test]
fn a_change_of_sensitive_or_unknown_attributes_is_a_change() {
    let mut one = resource("a.b", &["update"]);
    one["change"]["before"] =
        json!({"a": 1, "b": 1, "f": {}, "c": {"d": 1}, "e": 12345678901234567890123456789_u128.to_string()});
    one["change"]["after"] = json!({"a": 1, "f": {}, "c": {"d": 1}, "e": "12345678901234567890123456789"});
    one["change"]["after_unknown"] = json!({"b": true, "c": {"d": false}, "f": {"x": true}});
    one["change"]["before_sensitive"] = json!({"c": {}});
    one["change"]["after_sensitive"] = json!({"a": true, "c": {}});
    let plan = plan(json!([one]));
    let names: Vec<&str> = plan.changes[0].attributes.first.iter().map(|name| &**name).collect();
    assert_eq!(names, ["a", "b", "f"]);
}
