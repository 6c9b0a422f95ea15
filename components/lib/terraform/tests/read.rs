//! Whole documents through the reader: what it takes, what it refuses and by which name.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::marker::PhantomData;

use lockstep_terraform::{Kind, Place, Source, Trouble, is_known_version, read};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

fn pieces(bytes: &[u8], size: usize) -> impl FnMut(u64, u32) -> Result<Vec<u8>, String> {
    move |offset, _| {
        let offset = usize::try_from(offset).unwrap();
        Ok(bytes[offset..bytes.len().min(offset + size)].to_vec())
    }
}

fn parse(bytes: &[u8], size: usize) -> Result<Value, Trouble<String>> {
    read(&mut Source::new(pieces(bytes, size)), PhantomData)
}

fn refused(text: &str) -> Trouble<String> {
    parse(text.as_bytes(), 1 << 20).unwrap_err()
}

#[test]
fn one_document_with_blanks_around_it_is_read() {
    for size in [1, 2, 7, 1 << 20] {
        assert_eq!(parse(b" \n{\"a\": [1, \"x\"]}\n\n ", size), Ok(json!({"a": [1, "x"]})));
    }
}

#[test]
fn pieces_are_asked_for_one_after_the_other() {
    let mut asked = Vec::new();
    let text = b"{\"a\": 1}";
    let fetch = |offset: u64, _: u32| {
        asked.push(offset);
        let from = usize::try_from(offset).unwrap();
        Ok::<_, String>(text[from..text.len().min(from + 3)].to_vec())
    };
    let _: Value = read(&mut Source::new(fetch), PhantomData).unwrap();
    assert_eq!(asked, [0, 3, 6, 8]);
}

#[test]
fn what_the_bytes_say_is_named() {
    assert_eq!(refused(""), Trouble::Empty);
    assert_eq!(refused(" \n\n"), Trouble::Empty);
    assert_eq!(refused("\u{feff}{}"), Trouble::ByteOrderMark);
    assert_eq!(parse(b"\xFF\xFE{\0}\0", 99), Err(Trouble::Utf16));
    assert_eq!(parse(b"\xFE\xFF\0{\0}", 99), Err(Trouble::Utf16));
    assert_eq!(refused("{\r\n}"), Trouble::CarriageReturn);
    assert_eq!(refused("{}\r\n"), Trouble::CarriageReturn);
    assert_eq!(parse(b"PK\x03\x04\x14\0", 99), Err(Trouble::SavedPlan));
    assert_eq!(refused("[command]/usr/bin/terraform-bin show -json\n{}"), Trouble::Wrapper(None));
    assert_eq!(refused("::debug::x\n{}"), Trouble::Wrapper(None));
    assert_eq!(refused("Error: no\n{}"), Trouble::TextBefore);
    assert_eq!(refused("[1]"), Trouble::TextBefore);
}

#[test]
fn what_comes_after_is_named() {
    let at = |line, column| Place { line, column };
    assert_eq!(refused("{}\n{}"), Trouble::SecondDocument(at(2, 1)));
    assert_eq!(refused("{}{}"), Trouble::SecondDocument(at(1, 3)));
    assert_eq!(refused("{}\n::debug::exit 0"), Trouble::Wrapper(Some(at(2, 1))));
    assert_eq!(refused("{}\n[command]terraform"), Trouble::Wrapper(Some(at(2, 1))));
    assert_eq!(refused("{}\n\nWarning"), Trouble::TextAfter(at(3, 1)));
    assert_eq!(refused("{}\0"), Trouble::TextAfter(at(1, 3)));
}

#[test]
fn broken_json_is_told_from_cut_off_json() {
    assert!(matches!(refused("{\"a\": [1,"), Trouble::CutOff(_)));
    assert!(matches!(refused("{\"a\": \"x"), Trouble::CutOff(_)));
    let Trouble::Syntax(at, problem) = refused("{\"a\": 1,\n}") else { panic!("not a syntax error") };
    assert_eq!((at.line, problem.as_str()), (2, "trailing comma"));
}

#[test]
fn the_callers_error_comes_back_as_it_is() {
    let fetch = |offset: u64, _: u32| if offset == 0 { Ok(b"{\"a\":".to_vec()) } else { Err(42) };
    let result: Result<Value, _> = read(&mut Source::new(fetch), PhantomData);
    assert_eq!(result, Err(Trouble::Unread(42)));
    let fetch = |offset: u64, _: u32| if offset == 0 { Ok(b"{}".to_vec()) } else { Err(42) };
    let result: Result<Value, _> = read(&mut Source::new(fetch), PhantomData);
    assert_eq!(result, Err(Trouble::Unread(42)), "after the document");
}

#[derive(Debug, Deserialize)]
struct Strict {
    #[expect(dead_code, reason = "only its form counts")]
    actions: Vec<String>,
}

#[test]
fn no_message_holds_a_text_of_the_document() {
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
        let result: Result<Strict, _> = read(&mut Source::new(pieces(text.as_bytes(), 99)), PhantomData);
        let trouble = result.unwrap_err();
        assert!(!format!("{trouble} {trouble:?}").contains("canary"), "{text}: {trouble:?}");
    }
    let text = r#"{"actions": "canary"}"#;
    let result: Result<Strict, _> = read(&mut Source::new(pieces(text.as_bytes(), 99)), PhantomData);
    assert_eq!(result.unwrap_err().to_string(), "unexpected form: expected a sequence");
    let result: Result<Strict, _> = read(&mut Source::new(pieces(b"{}", 99)), PhantomData);
    assert_eq!(result.unwrap_err().to_string(), "unexpected form: missing field `actions`");
}

#[test]
fn kinds_are_told_by_their_keys() {
    assert_eq!(Kind::of(true, ["terraform_version", "planned_values"]), Kind::Plan);
    assert_eq!(Kind::of(true, ["values"]), Kind::State);
    assert_eq!(Kind::of(true, []), Kind::State, "an empty state");
    assert_eq!(Kind::of(false, ["planned_values", "values"]), Kind::Outputs, "names of outputs");
    assert_eq!(Kind::of(false, []), Kind::Outputs);
    assert_eq!(Kind::of(false, ["@level", "type", "terraform"]), Kind::Log);
    assert_eq!(Kind::of(false, ["version", "terraform_version", "serial", "lineage"]), Kind::StateFile);
}

#[test]
fn major_versions_are_known_or_not() {
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
    fn the_size_of_pieces_does_not_matter(text in "[ \n]{0,3}(\\{\"a\":( ?[0-9]{1,3}|\"[a-z]{0,9}\")\\}|x)?[ \n\r]{0,3}[{x]?", size in 1usize..9) {
        let whole = parse(text.as_bytes(), 1 << 20);
        let parts = parse(text.as_bytes(), size);
        prop_assert_eq!(whole.is_ok(), parts.is_ok());
        if let (Ok(whole), Ok(parts)) = (whole, parts) {
            prop_assert_eq!(whole, parts);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..99), size in 1usize..99) {
        let _ = parse(&bytes, size);
        let mut object = b"{".to_vec();
        object.extend(&bytes);
        let _ = parse(&object, size);
    }
}
