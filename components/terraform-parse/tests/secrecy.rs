//! Secrecy: the step masks every leaf of a sensitive value, and people see none of them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Run, document as outputs_json};
use proptest::collection::vec;
use proptest::prelude::*;
use terraform_parse::SensitiveMode;
use terraform_parse::document;
use terraform_parse::messages;
use terraform_parse::secrets::Secrets;

#[test]
fn every_string_and_number_is_masked_once() {
    let text = outputs_json(&[
        ("open", "\"visible\""),
        (
            "!a",
            r#"{"password": "hunter2!", "port": 5432, "on": true, "no": null, "list": ["hunter2!", "x", "", 80, "a\nb"]}"#,
        ),
        ("!pin", "\"q7!\""),
    ]);
    let outputs = document::parse(text.as_bytes()).unwrap();
    let secrets = Secrets::collect(&outputs);
    assert_eq!(secrets.texts, ["hunter2!", "5432"]);
    assert_eq!((secrets.short, secrets.short_in.clone()), (4, vec!["a".to_owned(), "pin".to_owned()]));
    assert_eq!(
        messages::unmasked(&secrets).unwrap(),
        "4 sensitive values are shorter than 4 bytes and cannot be masked in the log, in the outputs a, pin"
    );
    assert_eq!(messages::unmasked(&Secrets::default()), None);
}

#[test]
fn outputs_that_are_not_declared_are_masked_too() {
    let text = outputs_json(&[("a", "1"), ("!b", "\"secret\"")]);
    assert_eq!(Run { outputs: &["a"], ..Run::default() }.done(&text).masked, ["secret"]);
}

#[test]
fn the_displayed_object_is_redacted() {
    let text = outputs_json(&[("a", "\"open\""), ("!b", r#"{"k": "secret"}"#), ("!c", "null")]);
    let done = Run::default().done(&text);
    assert_eq!(done.json, r#"{"a":"open","b":{"k":"secret"},"c":null}"#);
    assert_eq!(done.display.unwrap(), r#"{"a":"open","b":"***","c":"***"}"#);
    let display = |name: &str| done.values.iter().find(|(other, ..)| other == name).unwrap().2.clone();
    assert_eq!((display("a"), display("b")), (None, Some("***".into())));
    assert_eq!(Run::default().done(&outputs_json(&[("a", "1")])).display, None);
}

/// A value whose leaves and keys occur in no message.
fn secret() -> impl Strategy<Value = String> {
    let leaf = prop_oneof!["\"Ω[ -!#-\\[\\]-~Ωß]{3,12}\"", "-?7[0-9]{9,20}7\\.[0-9]{3}"];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..3).prop_map(|items| format!("[{}]", items.join(","))),
            ("Ωk[a-z]{3}", inner).prop_map(|(key, value)| format!("{{\"{key}\": {value}}}")),
        ]
    })
}

fn leaves(text: &str) -> Vec<String> {
    let mut leaves = Vec::new();
    let mut open: Vec<serde_json::Value> = vec![serde_json::from_str(text).unwrap()];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Array(items) => open.extend(items),
            serde_json::Value::Object(members) => open.extend(members.into_iter().map(|(_, value)| value)),
            serde_json::Value::String(text) => leaves.push(text),
            other => leaves.push(other.to_string()),
        }
    }
    leaves
}

fn contract() -> impl Strategy<Value = String> {
    let ty = prop_oneof![
        Just("string"),
        Just("number"),
        Just("bool"),
        Just("list(string)"),
        Just("map(number)"),
        Just("map(map(bool))"),
        Just("list(object({id=string}))"),
        Just("tuple([string, bool])"),
        Just("any"),
    ];
    ("[abx]", ty).prop_map(|(name, ty)| format!("{name}:{ty}"))
}

proptest! {
    #[test]
    fn no_message_shows_a_sensitive_leaf(
        (a, b) in (secret(), secret()),
        contract in vec(contract(), 0..3),
        select in vec("v=[abx](\\.q|\\[0\\]|\\[0\\]\\.q|\\[k=v\\])?", 0..2),
        sensitive in prop_oneof![Just(SensitiveMode::Mask), Just(SensitiveMode::Omit), Just(SensitiveMode::Refuse)],
        cut in any::<prop::sample::Index>(),
        noise in prop_oneof![Just(""), Just(" "), Just("}"), Just("{}"), Just("::debug::x"), Just("\r")],
    ) {
        let mut text = outputs_json(&[("!a", &a), ("!b", &b), ("c", "\"open\"")]);
        let secrets: Vec<String> = leaves(&a).into_iter().chain(leaves(&b)).collect();
        let contract: Vec<&str> = contract.iter().map(String::as_str).collect();
        let select: Vec<&str> = select.iter().map(String::as_str).collect();
        let run = Run { outputs: &contract, select: &select, prefix: "p_", sensitive };
        text.push_str(noise);
        let broken: String = text.chars().take(cut.index(text.chars().count())).collect();
        for text in [&text, &broken, &a] {
            let texts = match run.over(text.as_bytes()) {
                Ok(done) => {
                    for secret in &secrets {
                        prop_assert!(done.masked.contains(secret));
                    }
                    let displayed = done.values.into_iter().map(|(_, value, display)| display.unwrap_or(value));
                    displayed.chain(done.visible).collect::<Vec<_>>()
                }
                Err(rejected) => rejected.texts(),
            };
            for text in texts {
                prop_assert!(!text.contains('Ω'), "{}", text);
                prop_assert!(!secrets.iter().any(|secret| text.contains(secret.as_str())), "{}", text);
            }
        }
    }
}
