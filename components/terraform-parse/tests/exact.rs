//! Exactness: every value leaves the step exactly as the document has it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fmt::Write;

use common::{Run, document};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn numbers_keep_their_text() {
    for number in [
        "9007199254740993",
        "123456789012345678901234567890",
        "1.50",
        "-0",
        "0.000000015",
        "1e400",
        "1E+2",
        "1e-7",
    ] {
        let text = document(&[("a", number), ("b", &format!("[{number}, {{\"c\": {number}}}]"))]);
        let done = Run::default().done(&text);
        assert_eq!(done.value("a"), number);
        assert_eq!(done.value("b"), format!("[{number},{{\"c\":{number}}}]"));
        assert!(done.file.starts_with(&format!("{{\n  \"a\": {number},\n")), "{}", done.file);
    }
}

#[test]
fn strings_keep_their_bytes() {
    let strings = [
        "",
        "\n",
        "x\n\n",
        "a\r\nb\r\n",
        "\u{0}\u{1b}[31m",
        "größe 東京 🛒 e\u{301}",
        "[\"not\", \"a list\"]",
        "{\"$serde_json::private::Number\": \"1\"}",
    ];
    for string in strings {
        let json = serde_json::to_string(string).unwrap();
        assert_eq!(Run::default().done(&document(&[("a", &json)])).value("a"), string);
    }
    let escaped = document(&[("a", r#""\u003cb\u003e \ud83d\uded2 \/""#)]);
    assert_eq!(Run::default().done(&escaped).value("a"), "<b> 🛒 /");
}

#[test]
fn no_key_is_special() {
    let value = r#"{"$serde_json::private::Number":"1","$serde_json::private::RawValue":"[]"}"#;
    assert_eq!(Run::default().done(&document(&[("a", value)])).value("a"), value);
}

#[test]
fn large_documents_are_accepted() {
    let large = "x\n".repeat(3 << 19);
    let json = serde_json::to_string(&large).unwrap();
    assert_eq!(Run::default().done(&document(&[("a", &json)])).value("a"), large);
    let mut text = String::from("{");
    for index in 0..5_000 {
        let comma = if index > 0 { "," } else { "" };
        write!(text, r#"{comma}"o{index}":{{"sensitive":{},"value":{{"k":["v{index}"]}}}}"#, index % 2 == 0)
            .unwrap();
    }
    let done = Run::default().done(&(text + "}"));
    assert_eq!((done.values.len(), done.value("o4999")), (5_000, r#"{"k":["v4999"]}"#));
    assert_eq!(done.masked.len(), 2_500 - 50, "texts of fewer than 4 bytes are not masked");
}

/// JSON as a text, with blanks, escapes and numbers of any length.
fn any_json() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?";
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        number,
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = any::<String>().prop_map(|key| serde_json::to_string(&key).unwrap());
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" ,\n"))),
            proptest::collection::hash_map(key, inner, 0..4).prop_map(|members| {
                let members: Vec<_> =
                    members.into_iter().map(|(key, value)| format!("{key} : {value}")).collect();
                format!("{{ {} }}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_is_unchanged(json in any_json()) {
        let done = Run::default().done(&document(&[("a", &json)]));
        let reference: Value = serde_json::from_str(&json).unwrap();
        match &reference {
            Value::String(text) => prop_assert_eq!(done.value("a"), text),
            Value::Null => prop_assert_eq!(done.value("a"), ""),
            // The reference parser drops only the `+` of an exponent, so both sides go through it.
            other => prop_assert_eq!(&serde_json::from_str::<Value>(done.value("a")).unwrap(), other),
        }
        if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            prop_assert_eq!(done.value("a"), &json);
        }
        let whole = serde_json::json!({"a": reference});
        prop_assert_eq!(&serde_json::from_str::<Value>(&done.json).unwrap(), &whole);
        prop_assert_eq!(&serde_json::from_str::<Value>(&done.file).unwrap(), &whole);
    }
}
