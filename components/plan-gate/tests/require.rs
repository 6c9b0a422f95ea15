//! Requirements on attributes: what holds, what does not, and what the step does not compare.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{findings, inputs, owned};
use plan_gate::inputs::parse_policy;
use plan_gate::messages::finding;
use plan_gate::policy::Policy;
use plan_gate::require::Requirement;
use plan_gate::{Inputs, Reaction};
use serde_json::{Value, json};

fn policy(require: &[&str], on_unknown: Reaction) -> Policy {
    let inputs = Inputs { require: owned(require), on_unknown, ..inputs() };
    parse_policy(&inputs).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// A plan that creates `x.a` with these values and marks.
fn plan(after: &Value, unknown: &Value, sensitive: &Value) -> Value {
    let change = json!({"actions": ["create"], "before": null, "after": after, "after_unknown": unknown, "after_sensitive": sensitive});
    json!({"format_version": "1.2", "planned_values": {}, "resource_changes": [{"address": "x.a", "type": "x", "change": change}]})
}

/// The violations, or else the warnings, for the values of a resource.
#[track_caller]
fn check(require: &[&str], after: &Value, unknown: &Value, sensitive: &Value) -> Vec<String> {
    findings(&plan(after, unknown, sensitive), &policy(require, Reaction::Warn), |violations, warnings| {
        violations.iter().chain(warnings).map(finding).collect()
    })
}

fn known() -> Value {
    json!({
        "acl": "public-read", "port": 8080, "open": false, "none": null, "empty": "", "policy": "{\"a\":1}",
        "tags": {"owner": "shop", "cost-center": "7"},
        "ingress": [{"cidr": ["10.0.0.0/8", "0.0.0.0/0"], "port": 22}, {"cidr": [], "port": 443}],
        "nodes": [{"name": "a", "size": 1}, {"name": "b", "size": 2}],
    })
}

#[test]
fn a_requirement_holds_or_says_what_is_wrong() {
    for (entry, expected) in [
        ("x:acl", None),
        ("x.a:acl", None),
        ("x:acl!=private", None),
        ("x:acl!=public-*", Some("its `acl` has this value")),
        ("x:acl=private", Some("its `acl` has another value")),
        ("x:acl=public-????", None),
        ("x:port=8080", None),
        ("x:port!=80*", Some("its `port` has this value")),
        ("x:open=false", None),
        ("x:none", Some("it has no `none`")),
        ("x:none!=a", None),
        ("x:none=a", Some("it has no `none`")),
        ("x:empty", Some("it has no `empty`")),
        ("x:empty!=", Some("its `empty` has this value")),
        ("x:tags.owner", None),
        ("x:tags[\"cost-center\"]=7", None),
        ("x:/tags/owner", None),
        ("x:tags.team", Some("it has no `tags.team`")),
        ("x:tags!=a", Some("`tags` does not lead to a text, a number or a bool")),
        ("x:policy.a", Some("`policy.a` does not lead to a text, a number or a bool")),
        ("x:ingress[].cidr[]!=0.0.0.0/0", Some("its `ingress[].cidr[]` has this value")),
        ("x:ingress.cidr!=0.0.0.0/0", Some("its `ingress.cidr` has this value")),
        ("x:ingress[1].cidr!=0.0.0.0/0", None),
        ("x:ingress[1].cidr", Some("it has no `ingress[1].cidr`")),
        ("x:ingress.port=22", Some("its `ingress.port` has another value")),
        ("x:nodes[name=b].size=2", None),
        ("x:nodes[name=c].size", Some("it has no `nodes[name=c].size`")),
    ] {
        let found = check(&[entry], &known(), &json!({}), &json!({}));
        let expected = expected.map(|reason| format!("x.a violates `{entry}`: {reason}"));
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{entry}");
    }
}

#[test]
fn values_for_one_path_are_alternatives() {
    let none = json!({});
    assert_eq!(check(&["x:acl=private", "x:acl=public-*"], &known(), &none, &none), [] as [String; 0]);
    assert_eq!(
        check(&["x:acl=private", "x:acl", "x:acl=log-*"], &known(), &none, &none),
        ["x.a violates `x:acl=private or log-*`: its `acl` has another value"]
    );
}

#[test]
fn unknown_values_are_named_and_never_hold() {
    let (after, unknown) = (json!({"tags": {}}), json!({"acl": true, "tags": {"owner": true}}));
    for entry in ["x:acl!=public-read", "x:acl=a", "x:acl", "x:tags.owner"] {
        let found = check(&[entry], &after, &unknown, &json!({}));
        let path = &entry[2..].split(['!', '=']).next().unwrap();
        assert_eq!(found, [format!("`{entry}` is not checked for x.a: `{path}` is not known before apply")]);
    }
    let count = |reaction| {
        let document = plan(&after, &unknown, &json!({}));
        findings(&document, &policy(&["x:acl!=a"], reaction), |violations, warnings| {
            (violations.len(), warnings.len())
        })
    };
    assert_eq!(count(Reaction::Fail), (1, 0));
    assert_eq!(count(Reaction::Warn), (0, 1));
    assert_eq!(count(Reaction::Ignore), (0, 0));
}

#[test]
fn sensitive_values_are_never_compared() {
    let (after, none) = (json!({"password": "hunter2", "tags": {"owner": "hunter2"}}), json!({}));
    for sensitive in [json!({"password": true, "tags": {"owner": true}}), json!(true)] {
        for entry in ["x:password=hunter2", "x:password!=hunter2", "x:tags.owner!=x"] {
            let found = check(&[entry], &after, &none, &sensitive);
            assert_eq!(found.len(), 1, "{entry}: {found:?}");
            assert!(found[0].ends_with("is sensitive, and the step compares no secrets"), "{found:?}");
        }
        assert_eq!(check(&["x:password", "x:tags.owner"], &after, &none, &sensitive), [] as [String; 0]);
    }
}

#[test]
fn a_type_without_the_attribute_is_not_checked() {
    let none = json!({});
    assert_eq!(
        check(&["x:tag.owner"], &known(), &none, &none),
        [
            "`x:tag.owner` of `require` checks nothing: there is 1 changed resource of a matching type, and none has the attribute"
        ]
    );
    let mut both = plan(&known(), &none, &none);
    let mut other = both["resource_changes"][0].clone();
    other["change"]["after"] = json!({"id": 1});
    both["resource_changes"].as_array_mut().unwrap().push(other);
    let found = findings(&both, &policy(&["*:tags.owner"], Reaction::Warn), |violations, warnings| {
        violations.len() + warnings.len()
    });
    assert_eq!(found, 0);
}

#[test]
fn resources_that_do_not_change_or_go_away_are_not_checked() {
    for (actions, count) in [
        ("[\"no-op\"]", 0),
        ("[\"delete\"]", 0),
        ("[\"read\"]", 0),
        ("[\"create\",\"delete\"]", 1),
        ("[\"update\"]", 1),
    ] {
        let mut document = plan(&known(), &json!({}), &json!({}));
        document["resource_changes"][0]["change"]["actions"] = serde_json::from_str(actions).unwrap();
        let found = findings(&document, &policy(&["x:acl=private"], Reaction::Warn), |violations, _| {
            violations.len()
        });
        assert_eq!(found, count, "{actions}");
    }
}

#[test]
fn an_invalid_entry_names_the_form() {
    for (entry, part) in [
        ("aws_s3_bucket.acl != public-read", "write GLOB:PATH, GLOB:PATH=VALUE or GLOB:PATH!=VALUE"),
        ("create:x.y", "write GLOB:PATH without the action `create`"),
        (":acl", "a type or an address is missing"),
        ("x:", "a key is empty"),
        ("x:[0]", "the path begins with the name of an attribute"),
        ("x:acl==private", "write one `=`, not `==`"),
        (".*:acl", "not a regular expression"),
    ] {
        let error = Requirement::parse(entry).unwrap_err();
        assert!(error.contains(part), "{entry}: {error}");
    }
    for (entry, printed) in [
        (" x : acl != \"public-read\" ", "x:acl!=public-read"),
        ("m[\"a:b\"].x.y:tags[\"a=b\"]=c=d", "m[\"a:b\"].x.y:tags[\"a=b\"]=c=d"),
        ("x:tags.owner", "x:tags.owner"),
    ] {
        assert_eq!(Requirement::parse(entry).unwrap().to_string(), printed);
    }
}
