//! Random plans: the counts are those of a naive reader, and no message contains a value.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{inputs, violations};
use plan_gate::Inputs;
use plan_gate::Reaction;
use plan_gate::action::Action;
use plan_gate::document::PlanError;
use plan_gate::evaluate::evaluate;
use plan_gate::failure::Code;
use plan_gate::glob;
use plan_gate::inputs::parse_policy;
use plan_gate::inspection::Inspection;
use plan_gate::messages;
use plan_gate::plan::Plan;
use plan_gate::policy::Policy;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

fn open(bytes: &[u8], size: usize) -> Result<Plan, PlanError<String>> {
    common::read(bytes, size, &mut Inspection::default())
}

const LISTS: [&[&str]; 10] = [
    &["no-op"],
    &["create"],
    &["read"],
    &["update"],
    &["delete"],
    &["forget"],
    &["delete", "create"],
    &["create", "delete"],
    &["create", "forget"],
    &["forget", "create"],
];

/// Values of attributes: each text and each key below the top level contains the canary.
fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3u32).prop_map(|number| json!(f64::from(number) + 4711.5)),
        (0..3u32).prop_map(|number| json!(format!("canary-{number}\n\"x\""))),
        (0..3u32).prop_map(|number| json!({"canary-key": [format!("canary-{number}"), {}], "n": number})),
    ]
}

fn attributes() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        4 => proptest::collection::btree_map("[a-f]", values(), 0..6)
            .prop_map(|map| Value::Object(map.into_iter().collect())),
    ]
}

fn marks() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(false)),
        Just(json!(true)),
        Just(json!({})),
        Just(json!({"a": true, "b": [{"canary-key": false}]})),
        Just(json!({"c": {"canary-key": [false, true]}})),
    ]
}

prop_compose! {
    fn change()(
        list in select(&LISTS[..]), before in attributes(), after in attributes(), unknown in marks(),
        sensitive in [marks(), marks()], importing in proptest::option::of(Just(json!({"id": "canary-id"}))),
        paths in proptest::option::of(Just(json!([["a"], ["b", 0, "c"]]))),
    ) -> Value {
        let [was, is] = sensitive;
        json!({
            "actions": list, "before": before, "after": after, "after_unknown": unknown, "before_sensitive": was,
            "after_sensitive": is, "importing": importing, "replace_paths": paths, "generated_config": "canary",
            "before_identity": {"id": "canary"},
        })
    }
}

prop_compose! {
    fn resource()(
        change in change(), number in 0..9u32, from in proptest::option::of(0..9u32), kind in "[xy]",
        deposed in proptest::option::of("[0-9a-f]{8}"), reason in proptest::option::of("[a-z_]{1,20}"),
    ) -> Value {
        json!({
            "address": format!("{kind}.r[{number}]"), "type": kind, "deposed": deposed, "action_reason": reason,
            "previous_address": from.map(|from| format!("{kind}.r[{from}]")), "change": change, "index": "canary",
        })
    }
}

prop_compose! {
    fn plans()(
        resources in proptest::collection::vec(resource(), 0..8),
        drift in proptest::collection::vec(resource(), 0..3),
        outputs in proptest::collection::btree_map("[a-z]{1,3}", change(), 0..3),
        invoked in 0..3usize, turn in 0..9usize,
    ) -> Value {
        let parts = [
            ("format_version", json!("1.2")),
            ("variables", json!({"secret": {"value": "canary"}})),
            ("planned_values", json!({"root_module": {"resources": [{"values": {"a": "canary"}}]}})),
            ("resource_drift", json!(drift)),
            ("resource_changes", json!(resources)),
            ("output_changes", json!(outputs)),
            ("prior_state", json!({"values": "canary"})),
            ("action_invocations", json!(vec![json!({"address": "action.z.z", "config_values": "canary"}); invoked])),
            ("checks", json!([{"address": {"to_display": "check.c"}, "status": "fail", "instances": [
                {"address": {"to_display": "check.c"}, "status": "fail", "problems": [{"message": "canary"}]}]}])),
        ];
        let mut keys: Vec<_> = parts.into_iter().map(|(key, part)| (key.to_owned(), part)).collect();
        keys.rotate_left(turn);
        Value::Object(keys.into_iter().collect())
    }
}

fn naive(plan: &Value, wanted: Action) -> usize {
    let happens = |resource: &&Value| {
        let change = &resource["change"];
        let words: Vec<&str> =
            change["actions"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        let has = |word| words.contains(&word);
        let replaced = has("create") && has("delete");
        match wanted {
            Action::Create => has("create") && !replaced,
            Action::Delete => has("delete") && !replaced,
            Action::Replace => replaced,
            Action::Update => has("update"),
            Action::Forget => has("forget"),
            Action::Read => has("read"),
            Action::Import => !change["importing"].is_null(),
            Action::Move => {
                !resource["previous_address"].is_null() && resource["previous_address"] != resource["address"]
            }
            Action::Invoke => false,
        }
    };
    if wanted == Action::Invoke {
        return plan["action_invocations"].as_array().unwrap().len();
    }
    plan["resource_changes"].as_array().unwrap().iter().filter(happens).count()
}

fn policy(allow: &[String], deny: &[String]) -> Policy {
    let inputs = Inputs {
        allow: allow.to_vec(),
        deny: deny.to_vec(),
        max: Action::ALL.map(|action| format!("{action}=0")).to_vec(),
        require: ["x:a=b", "y:b", "*:c.canary-key!=x", "*:a!=canary-*", "*:b[]=z"]
            .map(str::to_owned)
            .to_vec(),
        on_unknown: Reaction::Fail,
        on_drift: Reaction::Fail,
        ..inputs()
    };
    parse_policy(&inputs).unwrap()
}

/// Every message of a run about a plan, and the plan.
fn all_messages(bytes: &[u8], size: usize, policy: &Policy) -> String {
    let mut inspection = Inspection::new(policy);
    let plans = match common::read(bytes, size, &mut inspection) {
        Ok(plan) => [plan],
        Err(error) => return format!("{} {:?} {error:?}", error.message(), error.hint()),
    };
    let evaluation = evaluate(&plans, policy, &inspection);
    let mut text = format!("{}\n{}\n", messages::heading(&plans), messages::verdict(&evaluation, policy));
    for finding in evaluation.violations.iter().chain(&evaluation.warnings) {
        text += &format!("{} {:?}\n", messages::finding(finding), messages::hint(finding));
    }
    let violations = messages::findings("Reason", &evaluation.violations, &plans, messages::finding);
    let tables = [violations, messages::changes(&plans)];
    text + &format!("{:?} {tables:?} {plans:?}", messages::rejection(&evaluation.violations, &plans))
}

fn naive_match(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], rest) => rest.is_empty(),
        (['*', pattern @ ..], _) => (0..=text.len()).any(|skip| naive_match(pattern, &text[skip..])),
        (['?', pattern @ ..], [_, text @ ..]) => naive_match(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && naive_match(pattern, text),
        _ => false,
    }
}

proptest! {
    #[test]
    fn counts_equal_those_of_a_simple_reader(plan in plans(), size in 1usize..300) {
        let read = open(plan.to_string().as_bytes(), size).unwrap();
        for action in Action::ALL {
            prop_assert_eq!(read.counts.of(action) as usize, naive(&plan, action), "{}", action);
        }
        let is_no_op = |change: &Value| change["actions"] == json!(["no-op"]);
        let outputs = plan["output_changes"].as_object().unwrap().values().filter(|change| !is_no_op(change)).count();
        prop_assert_eq!(read.outputs.len(), outputs);
        let drift = plan["resource_drift"].as_array().unwrap().iter().filter(|one| !is_no_op(&one["change"])).count();
        prop_assert_eq!(read.drift.len(), drift);
        let changes = outputs > 0 || Action::ALL.iter().any(|action| naive(&plan, *action) > 0);
        prop_assert_eq!(read.has_changes(), changes);
    }

    #[test]
    fn no_message_contains_a_value(plan in plans()) {
        for policy in [policy(&[], &["delete".into(), "create:*".into()]), policy(&["read".into()], &[])] {
            // The rules of the policy contain this text too.
            let text = all_messages(plan.to_string().as_bytes(), 1 << 20, &policy);
            let text = text.replace("canary-key!=x", "").replace("a!=canary-*", "").replace("`c.canary-key`", "");
            prop_assert!(!text.contains("canary") && !text.contains("4711.5"), "{}", text);
        }
    }

    #[test]
    fn names_are_those_of_the_attributes_that_differ(change in change()) {
        let plan = json!({"format_version": "1.2", "planned_values": {}, "resource_changes": [
            {"address": "x.y", "change": change, "previous_address": "x.z"}]});
        let read = open(plan.to_string().as_bytes(), 1 << 20).unwrap();
        let found: Vec<&str> = read.changes[0].attributes.first.iter().map(|name| &**name).collect();
        let (before, after) = (&change["before"], &change["after"]);
        for name in ["a", "b", "c", "d", "e", "f"] {
            let both = before.as_object().is_some_and(|o| !o.is_empty())
                && after.as_object().is_some_and(|o| !o.is_empty());
            if both && before.get(name) != after.get(name) {
                prop_assert!(found.contains(&name), "{} of {}", name, change);
            }
            let quiet = [&change["after_unknown"], &change["before_sensitive"], &change["after_sensitive"]];
            if quiet.iter().all(|marks| marks.get(name).is_none()) && before.get(name) == after.get(name) {
                prop_assert!(!found.contains(&name), "{} of {}", name, change);
            }
        }
    }

    #[test]
    fn a_plan_with_a_changed_byte_causes_no_panic_and_no_message_with_a_value(
        plan in plans(), at: prop::sample::Index, byte: u8, cut: prop::sample::Index, size in 1usize..300,
    ) {
        let mut bytes = plan.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let policy = policy(&["read".into()], &[]);
        let text = all_messages(&bytes, size, &policy);
        let text = text.replace("canary-key!=x", "").replace("a!=canary-*", "").replace("`c.canary-key`", "");
        prop_assert!(!text.contains("canary"), "{}", text);
        let cut = cut.index(bytes.len());
        prop_assert!(open(&plan.to_string().as_bytes()[..cut], size).is_err());
    }

    #[test]
    fn globs_match_as_a_naive_matcher_does(pattern in "[ab*?\\[é]{0,8}", text in "[ab\\[é]{0,10}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        prop_assert_eq!(glob::matches(&pattern, &text), naive_match(&chars(&pattern), &chars(&text)));
    }

    #[test]
    fn every_denied_action_and_every_action_without_a_rule_is_a_violation(plan in plans(), wanted in select(&Action::ALL[..]), kind in "[xy]") {
        let read = open(plan.to_string().as_bytes(), 1 << 20).unwrap();
        let rule = [format!("{wanted}:{kind}")];
        let count = |allow: &[String], deny: &[String]| {
            let policy = policy(allow, deny);
            let read = open(plan.to_string().as_bytes(), 1 << 20).unwrap();
            let forbidden = |all: &[plan_gate::evaluate::Finding<'_>]| {
                all.iter().filter(|finding| finding.code() == Code::Forbidden).count()
            };
            violations(read, &policy, forbidden).0
        };
        let all: usize = read.changes.iter().map(|change| change.actions.iter().count()).sum();
        let matched = |wanted| {
            read.changes.iter().filter(|change| *change.kind == *kind && change.actions.contains(wanted)).count()
        };
        let also = if wanted == Action::Delete { matched(Action::Replace) } else { 0 };
        prop_assert_eq!(count(&[], &rule), matched(wanted) + also);
        prop_assert_eq!(count(&rule, &[]), all - matched(wanted));
        prop_assert_eq!(count(&[], &[]), 0);
    }
}
