//! The cursor: it accepts a document exactly if another parser does, for every chunk size.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use lockstep_terraform::{Cursor, JsonPosition, ReadError, Source};
use proptest::prelude::*;
use serde_json::{Value, json};

fn chunks(bytes: &[u8], size: usize) -> impl FnMut(u64, u32) -> Result<Vec<u8>, String> {
    move |offset, _| {
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes[offset..bytes.len().min(offset + size)].to_vec())
    }
}

fn skip(bytes: &[u8], size: usize) -> Result<(), ReadError<String>> {
    Cursor::document(Source::new(chunks(bytes, size)), |cursor| cursor.skip())
}

fn value(bytes: &[u8], size: usize) -> Result<Value, ReadError<String>> {
    Cursor::document(Source::new(chunks(bytes, size)), |cursor| cursor.read_value())
}

#[test]
fn entries_and_elements_are_visited_in_order() {
    let text = br#" {"a": [1, {"x": "]\"}"}], "b": {"k": 2, "l": 3}, "c": null, "d": [], "e": {}} "#;
    for size in [1, 3, 8, 1 << 20] {
        let mut values = Vec::new();
        Cursor::document(Source::new(chunks(text, size)), |cursor| {
            cursor.visit_entries(|cursor, key| match key {
                "a" => cursor.for_each_element(|element: Value| values.push(element)),
                "b" => cursor.for_each_entry(|key, element: Value| values.push(json!([key, element]))),
                _ => {
                    cursor.for_each_element(|element: Value| values.push(element)).or_else(|_| cursor.skip())
                }
            })
        })
        .unwrap();
        assert_eq!(values, [json!(1), json!({"x": "]\"}"}), json!(["k", 2]), json!(["l", 3])]);
    }
}

#[test]
fn skipped_values_must_be_json() {
    for text in [
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":[1,]}",
        "{\"a\":[,1]}",
        "{\"a\":[1}",
        "{\"a\":[1 2]}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":nul}",
        "{\"a\":NaN}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":tru e}",
        "{\"a\":]}",
        "{]",
    ] {
        assert!(
            matches!(skip(text.as_bytes(), 99), Err(ReadError::Syntax(..))),
            "{text}: {:?}",
            skip(text.as_bytes(), 99)
        );
    }
    for text in [
        "{",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":[",
        "{\"a\":\"\\",
        "{\"a\":\"\\u12",
        "{\"a\":1,",
    ] {
        assert!(matches!(skip(text.as_bytes(), 99), Err(ReadError::CutOff(_))), "{text}");
    }
    assert!(matches!(skip(b"{}{}", 99), Err(ReadError::SecondDocument(_))));
    assert_eq!(
        skip(b"{}\n\n::debug::", 99),
        Err(ReadError::WrapperLine(Some(JsonPosition { line: 3, column: 1 })))
    );
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(2000), "]".repeat(2000));
    assert!(matches!(skip(deep.as_bytes(), 99), Err(ReadError::Syntax(..))));
}

#[test]
fn an_error_inside_a_value_has_its_position_in_the_document() {
    let text = b"{\n  \"a\": [\n    1, true\n  ]}";
    let error = Cursor::document(Source::new(chunks(text, 4)), |cursor| {
        cursor.visit_entries(|cursor, _| cursor.for_each_element(|_: u32| ()))
    });
    assert_eq!(error.unwrap_err().position(), Some(JsonPosition { line: 3, column: 11 }));
}

#[test]
fn an_unexpected_structure_is_an_error_without_text_of_the_document() {
    let each = |text: &[u8]| {
        Cursor::document(Source::new(chunks(text, 99)), |cursor| {
            cursor.visit_entries(|cursor, _| cursor.for_each_element(|_: u32| ()))
        })
    };
    assert_eq!(each(b"{\"a\": {}}").unwrap_err().to_string(), "unexpected structure: expected a list");
    assert_eq!(each(b"{\"a\": [\"canary\"]}").unwrap_err().to_string(), "unexpected structure: expected u32");
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\PC\n\"\\\\]{0,6}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map("[a-z\"]{0,3}", inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-z]{0,3}", tree, 0..5)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #[test]
    fn every_document_is_read_with_any_chunk_size(document in documents(), size in 1usize..40, pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&document) } else { serde_json::to_vec(&document) }.unwrap();
        prop_assert_eq!(skip(&text, size), Ok(()));
        prop_assert_eq!(value(&text, size), Ok(document));
    }

    #[test]
    fn a_changed_document_is_accepted_exactly_if_another_parser_accepts_it(
        document in documents(), size in 1usize..40, at: prop::sample::Index, byte in "[\\[\\]{},:\"0-9a-z\\\\ \n-]",
    ) {
        let mut text = serde_json::to_vec(&document).unwrap();
        let at = at.index(text.len());
        text[at] = byte.as_bytes()[0];
        let other: Result<Value, _> = serde_json::from_slice(&text);
        let is_object = other.as_ref().is_ok_and(Value::is_object);
        let is_utf8 = std::str::from_utf8(&text).is_ok();
        prop_assume!(is_utf8);
        // The cursor skips lone surrogates like any escape, and a number may be too large to parse.
        prop_assume!(!text.windows(2).any(|pair| pair == b"\\u"));
        prop_assert_eq!(skip(&text, size).is_ok(), is_object, "{:?}", String::from_utf8_lossy(&text));
        prop_assert_eq!(value(&text, size).is_ok(), is_object);
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..99), size in 1usize..99) {
        let mut object = b"{".to_vec();
        object.extend(&bytes);
        let _ = skip(&object, size);
        let _ = value(&object, size);
    }
}
