//! Previews of Pulumi: what their operations count as, and which previews never pass.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{findings, inputs, open, owned};
use plan_gate::Inputs;
use plan_gate::action::Action;
use plan_gate::document::PlanError;
use plan_gate::failure::Code;
use plan_gate::inputs::parse_policy;
use plan_gate::inspection::Inspection;
use plan_gate::policy::Policy;
use serde_json::{Value, json};

fn preview(operations: &[(&str, &str)]) -> Value {
    let step = |(op, name): &(&str, &str)| {
        json!({"op": op, "urn": format!("urn:pulumi:dev::shop::a:b:C$aws:s3/bucket:Bucket::{name}"),
            "newState": {"inputs": {"key": "canary"}}})
    };
    json!({"config": {}, "steps": operations.iter().map(step).collect::<Vec<_>>(), "duration": 1})
}

#[test]
fn every_operation_is_counted() {
    for (operations, expected) in [
        (&[("create", "a"), ("create", "b")][..], &[(Action::Create, 2)][..]),
        (&[("update", "a"), ("same", "b"), ("refresh", "c")], &[(Action::Update, 1)]),
        (&[("delete", "a")], &[(Action::Delete, 1)]),
        (&[("create-replacement", "a"), ("replace", "a"), ("delete-replaced", "a")], &[(Action::Replace, 1)]),
        (&[("delete-replaced", "a"), ("replace", "a"), ("create-replacement", "a")], &[(Action::Replace, 1)]),
        (&[("delete-replaced", "a")], &[(Action::Delete, 1)]),
        (&[("read", "a"), ("import", "b")], &[(Action::Import, 1), (Action::Read, 1)]),
        (&[("import-replacement", "a")], &[(Action::Replace, 1), (Action::Import, 1)]),
    ] {
        let plan = open(&preview(operations)).unwrap();
        let counts: Vec<(Action, u32)> = Action::ALL
            .into_iter()
            .map(|action| (action, plan.counts.of(action)))
            .filter(|(_, n)| *n > 0)
            .collect();
        assert_eq!(counts, expected, "{operations:?}");
        assert!(plan.has_changes(), "{operations:?}");
        assert!(!format!("{plan:?}").contains("canary"));
    }
    assert!(!open(&preview(&[("same", "a")])).unwrap().has_changes());
}

#[test]
fn a_pattern_matches_the_type_or_the_urn() {
    let document = preview(&[("delete", "logs")]);
    let count = |rule: &str| {
        let policy = parse_policy(&Inputs { deny: owned(&[rule]), ..inputs() }).unwrap();
        findings(&document, &policy, |violations, warnings| (violations.len(), warnings.len()))
    };
    for rule in
        ["delete:aws:s3/*", "delete:*::logs", "delete:urn:pulumi:dev::shop::a:b:C$aws:s3/bucket:Bucket::logs"]
    {
        assert_eq!(count(rule), (1, 0), "{rule}");
    }
    assert_eq!(count("delete:aws:rds*"), (0, 1));
}

#[test]
fn a_preview_that_is_not_whole_never_passes() {
    let code = |document: &Value| {
        findings(document, &Policy::default(), |violations, _| {
            violations.first().map(plan_gate::evaluate::Finding::code)
        })
    };
    let with = |key: &str, value: Value| {
        let mut document = preview(&[("create", "a")]);
        document[key] = value;
        document
    };
    assert_eq!(code(&preview(&[("create", "a")])), None);
    assert_eq!(code(&preview(&[("explode", "a")])), Some(Code::Incomplete));
    assert_eq!(code(&with("maybeCorrupt", json!(true))), Some(Code::Incomplete));
    assert_eq!(code(&with("diagnostics", json!([{"severity": "error"}]))), Some(Code::Incomplete));
    assert_eq!(code(&with("diagnostics", json!([{"severity": "warning"}]))), None);
    assert_eq!(code(&with("changeSummary", json!({"create": 1, "same": 9}))), None);
    assert_eq!(code(&with("changeSummary", json!({"create": 1, "delete": 1}))), Some(Code::Incomplete));
}

#[test]
fn a_requirement_is_refused_and_not_skipped() {
    let policy = parse_policy(&Inputs { require: owned(&["*:tags"]), ..inputs() }).unwrap();
    let text = preview(&[("create", "a")]).to_string();
    let read = common::read(text.as_bytes(), 1 << 20, &mut Inspection::new(&policy));
    assert!(matches!(read, Err(PlanError::NoValues)), "{read:?}");
}
