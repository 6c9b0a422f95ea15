//! Whole documents from a source: which ones are accepted, and the error of each other.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::marker::PhantomData;

use lockstep_terraform::{DocumentKind, JsonPosition, ReadError, Source, from_source, is_known_version};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

fn chunks(bytes: &[u8], size: usize) -> impl FnMut(u64, u32) -> Result<Vec<u8>, String> {
    move |offset, _| {
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes[offset..bytes.len().min(offset + size)].to_vec())
    }
}

fn parse(bytes: &[u8], size: usize) -> Result<Value, ReadError<String>> {
    from_source(&mut Source::new(chunks(bytes, size)), PhantomData)
}

fn rejected(text: &str) -> ReadError<String> {
    parse(text.as_bytes(), 1 << 20).unwrap_err()
}

#[test]
fn one_document_with_blanks_around_it_is_accepted() {
    for size in [1, 2, 7, 1 << 20] {
        assert_eq!(parse(b" \n{\"a\": [1, \"x\"]}\n\n ", size), Ok(json!({"a": [1, "x"]})));
    }
}

#[test]
fn chunks_are_fetched_in_order() {
    let mut offsets = Vec::new();
    let text = b"{\"a\": 1}";
    let fetch = |offset: u64, _: u32| {
        offsets.push(offset);
        let from = usize::try_from(offset).unwrap();
        Ok::<_, String>(text[from..text.len().min(from + 3)].to_vec())
    };
    let _: Value = from_source(&mut Source::new(fetch), PhantomData).unwrap();
    assert_eq!(offsets, [0, 3, 6, 8]);
}

#[test]
fn wrong_first_bytes_and_encodings_have_errors() {
    assert_eq!(rejected(""), ReadError::Empty);
    assert_eq!(rejected(" \n\n"), ReadError::Empty);
    assert_eq!(rejected("\u{feff}{}"), ReadError::ByteOrderMark);
    assert_eq!(parse(b"\xFF\xFE{\0}\0", 99), Err(ReadError::Utf16));
    assert_eq!(parse(b"\xFE\xFF\0{\0}", 99), Err(ReadError::Utf16));
    assert_eq!(rejected("{\r\n}"), ReadError::CarriageReturn);
    assert_eq!(rejected("{}\r\n"), ReadError::CarriageReturn);
    assert_eq!(parse(b"PK\x03\x04\x14\0", 99), Err(ReadError::SavedPlan));
    assert_eq!(rejected("[command]/usr/bin/terraform-bin show -json\n{}"), ReadError::WrapperLine(None));
    assert_eq!(rejected("::debug::x\n{}"), ReadError::WrapperLine(None));
    assert_eq!(rejected("Error: no\n{}"), ReadError::TextBefore);
    assert_eq!(rejected("[1]"), ReadError::TextBefore);
}

#[test]
fn trailing_content_has_an_error_with_its_position() {
    let at = |line, column| JsonPosition { line, column };
    assert_eq!(rejected("{}\n{}"), ReadError::SecondDocument(at(2, 1)));
    assert_eq!(rejected("{}{}"), ReadError::SecondDocument(at(1, 3)));
    assert_eq!(rejected("{}\n::debug::exit 0"), ReadError::WrapperLine(Some(at(2, 1))));
    assert_eq!(rejected("{}\n[command]terraform"), ReadError::WrapperLine(Some(at(2, 1))));
    assert_eq!(rejected("{}\n\nWarning"), ReadError::TextAfter(at(3, 1)));
    assert_eq!(rejected("{}\0"), ReadError::TextAfter(at(1, 3)));
}

#[test]
fn invalid_json_and_cut_off_json_are_different_errors() {
    assert!(matches!(rejected("{\"a\": [1,"), ReadError::CutOff(_)));
    assert!(matches!(rejected("{\"a\": \"x"), ReadError::CutOff(_)));
    let ReadError::Syntax(at, problem) = rejected("{\"a\": 1,\n}") else { panic!("not a syntax error") };
    assert_eq!((at.line, problem.as_str()), (2, "trailing comma"));
}

#[test]
fn an_error_of_the_caller_is_returned() {
    let fetch = |offset: u64, _: u32| if offset == 0 { Ok(b"{\"a\":".to_vec()) } else { Err(42) };
    let result: Result<Value, _> = from_source(&mut Source::new(fetch), PhantomData);
    assert_eq!(result, Err(ReadError::Fetch(42)));
    let fetch = |offset: u64, _: u32| if offset == 0 { Ok(b"{}".to_vec()) } else { Err(42) };
    let result: Result<Value, _> = from_source(&mut Source::new(fetch), PhantomData);
    assert_eq!(result, Err(ReadError::Fetch(42)), "after the document");
}

#[derive(Debug, Deserialize)]
struct Strict {
    #[expect(dead_code, reason = "only its type counts")]
    actions: Vec<String>,
}

#[test]
fn no_message_contains_text_of_the_document() {
    for text in [
        r#"{"actions": "canary"}"#,
        r#"{"actions": "canary, expected canary"}"#,
        r#"{"actions": ["a", {"canary": 1}]}"#,
        r#"{"actions": canary}"#,
        r#"{"canary": 1}"#,
        r#"{"actions": [], "canary" 1}"#,
        r#"{"actions": []} canary"#,
        r#"{"actions": ["canary"#,
    ] {
        let result: Result<Strict, _> =
            from_source(&mut Source::new(chunks(text.as_bytes(), 99)), PhantomData);
        let error = result.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{text}: {error:?}");
    }
    let text = r#"{"actions": "canary"}"#;
    let result: Result<Strict, _> = from_source(&mut Source::new(chunks(text.as_bytes(), 99)), PhantomData);
    assert_eq!(result.unwrap_err().to_string(), "unexpected structure: expected a sequence");
    let result: Result<Strict, _> = from_source(&mut Source::new(chunks(b"{}", 99)), PhantomData);
    assert_eq!(result.unwrap_err().to_string(), "unexpected structure: missing field `actions`");
}

#[test]
fn keys_decide_the_kind() {
    assert_eq!(DocumentKind::from_keys(true, ["terraform_version", "planned_values"]), DocumentKind::Plan);
    assert_eq!(DocumentKind::from_keys(true, ["values"]), DocumentKind::State);
    assert_eq!(DocumentKind::from_keys(true, []), DocumentKind::State, "an empty state");
    assert_eq!(
        DocumentKind::from_keys(false, ["planned_values", "values"]),
        DocumentKind::Outputs,
        "names of outputs"
    );
    assert_eq!(DocumentKind::from_keys(false, []), DocumentKind::Outputs);
    assert_eq!(DocumentKind::from_keys(false, ["@level", "type", "terraform"]), DocumentKind::Log);
    assert_eq!(
        DocumentKind::from_keys(false, ["version", "terraform_version", "serial", "lineage"]),
        DocumentKind::StateFile
    );
}

#[test]
fn documents_of_other_commands_are_no_states_and_no_outputs() {
    for (key, kind) in [
        ("provider_schemas", DocumentKind::ProviderSchemas),
        ("function_signatures", DocumentKind::Functions),
        ("workspaces", DocumentKind::Workspaces),
        ("modules", DocumentKind::Modules),
        ("root_module", DocumentKind::Configuration),
        ("diagnostics", DocumentKind::Diagnostics),
        ("anything_else", DocumentKind::Unknown),
        ("checks", DocumentKind::State),
    ] {
        assert_eq!(DocumentKind::from_keys(true, ["format_version", key]), kind, "{key}");
    }
    for (keys, kind) in [
        (&["format_version", "valid", "diagnostics"][..], DocumentKind::Validation),
        (&["format_version", "workspaces", "diagnostics"], DocumentKind::Workspaces),
        (&["format_version", "values", "a_new_key"], DocumentKind::State),
    ] {
        assert_eq!(DocumentKind::from_keys(true, keys.iter().copied()), kind, "{keys:?}");
    }
    for (keys, kind) in [
        (&["valid", "error_count", "warning_count"][..], DocumentKind::Validation),
        (&["terraform_version", "platform", "provider_selections"], DocumentKind::Version),
        (&["terraform_version", "resource_changes", "planned_values"], DocumentKind::UnversionedPlan),
        (&["terraform_version", "planned_values"], DocumentKind::UnversionedPlan),
        (&["resource_changes"], DocumentKind::UnversionedPlan),
        (&["version", "serial", "lineage", "modules"], DocumentKind::StateFile),
        (&["version", "serial", "modules"], DocumentKind::StateFile),
        (&["version", "serial", "lineage", "backend", "modules"], DocumentKind::BackendSettings),
        (&["version", "deployment"], DocumentKind::PulumiStack),
        (&["config", "steps", "changeSummary"], DocumentKind::PulumiPreview),
        (&["config", "diagnostics"], DocumentKind::PulumiPreview),
        (&["steps", "vpc_id"], DocumentKind::Outputs),
        (&["version", "vpc_id"], DocumentKind::Outputs),
    ] {
        assert_eq!(DocumentKind::from_keys(false, keys.iter().copied()), kind, "{keys:?}");
    }
}

#[test]
fn only_major_versions_0_and_1_are_known() {
    for (version, known) in [
        ("1.2", true),
        ("0.1", true),
        ("1.99", true),
        ("1", true),
        ("2.0", false),
        ("10.0", false),
        ("", false),
    ] {
        assert_eq!(is_known_version(version), known, "{version}");
    }
}

proptest! {
    #[test]
    fn the_chunk_size_does_not_matter(text in "[ \n]{0,3}(\\{\"a\":( ?[0-9]{1,3}|\"[a-z]{0,9}\")\\}|x)?[ \n\r]{0,3}[{x]?", size in 1usize..9) {
        let whole = parse(text.as_bytes(), 1 << 20);
        let parts = parse(text.as_bytes(), size);
        prop_assert_eq!(whole.is_ok(), parts.is_ok());
        if let (Ok(whole), Ok(parts)) = (whole, parts) {
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..99), size in 1usize..99) {
        let _ = parse(&bytes, size);
        let mut object = b"{".to_vec();
        object.extend(&bytes);
        let _ = parse(&object, size);
    }
}
