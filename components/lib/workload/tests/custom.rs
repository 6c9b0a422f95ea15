//! How custom resources and their definitions stand. Never takes a condition that is not known for a good one.

mod common;
use common::*;
use lockstep_workload::State::{Progressing, Ready, Unknown};
use lockstep_workload::{Kind, Rules};
use serde_json::{Value, json};

fn widget(status: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": merge(meta("web", "w1", None),
        &json!({"generation": 3})),
        "spec": {"size": 3}, "status": status})
}

fn conditions_of(pairs: &[(&str, &str)]) -> Value {
    let conditions: Vec<Value> = pairs
        .iter()
        .map(|(of, status)| {
            json!({"type": of, "status": status, "reason": format!("{of}Word"),
            "message": "why"})
        })
        .collect();
    json!({"observedGeneration": 3, "conditions": conditions})
}

#[test]
fn custom_resources_are_ready_only_by_known_conditions() {
    for (pairs, state, reason) in [
        (&[("Ready", "True")][..], Ready, "Ready"),
        (&[("Ready", "False")], Progressing, "ReadyWord"),
        (&[("Ready", "Unknown")], Progressing, "ReadyWord"),
        (&[("Ready", "True"), ("Reconciling", "True")], Progressing, "ReconcilingWord"),
        (&[("Ready", "True"), ("Reconciling", "False")], Ready, "Ready"),
        (&[("Available", "True")], Ready, "Available"),
        (&[("Available", "True"), ("Progressing", "True")], Progressing, "ProgressingWord"),
        (&[("Available", "True"), ("Degraded", "True")], Progressing, "DegradedWord"),
        (&[("Available", "True"), ("Ready", "False")], Progressing, "ReadyWord"),
        (&[("Ready", "True"), ("Progressing", "True")], Ready, "Ready"),
        (&[("Synced", "True"), ("Healthy", "True")], Unknown, "NoKnownStatus"),
        (&[], Unknown, "NoKnownStatus"),
    ] {
        let (found, word, _) = status(&widget(&conditions_of(pairs)));
        assert_eq!((found, word.as_str()), (state, reason), "{pairs:?}");
    }
    for (observed, state) in [
        (json!(3), Ready),
        (json!("3"), Ready),
        (json!(2), Progressing),
        (json!("2"), Progressing),
        (json!("7f9c"), Unknown),
        (Value::Null, Ready),
        (json!({}), Unknown),
    ] {
        let object =
            widget(&merge(conditions_of(&[("Ready", "True")]), &json!({"observedGeneration": observed})));
        assert_eq!(status(&object).0, state, "{observed}");
    }
    // The condition itself may say of which generation it is.
    let status_of = json!({"conditions": [{"type": "Ready", "status": "True", "observedGeneration": 2}]});
    assert_eq!(status(&widget(&status_of)).1, "NotObserved");
    let (state, _, message) = status(&widget(&Value::Null));
    assert_eq!(state, Unknown);
    assert!(message.contains("`ready Widget.example.com=PATH=VALUE`"), "{message}");
}

#[test]
fn an_input_defines_when_custom_resources_are_ready() {
    let rules = |list: &[&str]| {
        Rules::parse(None, &list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>()).unwrap()
    };
    let phase = |phase: &str| widget(&json!({"phase": phase, "parts": [{"n": 2}]}));
    let one = rules(&["ready widgets.example.com=.status.phase=Running"]);
    assert!(one.has_ready_rule(&Kind::of("Widget.example.com")));
    assert_eq!(status_by(one.clone(), &phase("Running")).0, Ready);
    let not = (Progressing, "NotReady".to_owned(), ".status.phase is Creating".to_owned());
    assert_eq!(status_by(one.clone(), &phase("Creating")), not);
    assert_eq!(status_by(one.clone(), &widget(&json!({}))).2, ".status.phase is not there");
    // Of an older generation it says nothing.
    let old = merge(phase("Running"), &json!({"status": {"observedGeneration": 2}}));
    assert_eq!(status_by(one, &old).1, "NotObserved");
    let two = rules(&[
        "ready Widget.example.com=.status.phase=Running",
        "ready Widget.example.com=status.parts[0].n=3",
    ]);
    assert_eq!(status_by(two, &phase("Running")).2, ".status.parts[0].n is 2");
}

#[test]
fn definitions_are_ready_when_established() {
    let object = |status: &Value| {
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "web", "uid": "x1", "namespace": "shop", "generation": 1},
            "spec": {"group": "example.com"}, "status": status})
    };
    assert_eq!(status(&object(&json!({}))).1, "NotEstablished");
    let conditions = json!({"conditions": [{"type": "Established", "status": "True"}]});
    assert_eq!(status(&object(&conditions)).0, Ready);
}
