//! The keys of Kargo: their meaning, and that every key has a spelling; and that no text of an input that is a document makes
//! the step panic.

mod common;

use common::inputs;
use lockstep_yaml::Segment;
use manifest_patch::Inputs;
use manifest_patch::forms::updates::key;
use manifest_patch::inputs::Request;
use proptest::prelude::*;

fn keys(text: &str) -> Vec<Segment> {
    key(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).segments().to_vec()
}

fn name(text: &str) -> Segment {
    Segment::Key(text.into())
}

#[test]
fn reads_keys_as_kargo_does() {
    let number = Segment::KeyOrIndex;
    let table = [
        ("image.tag", vec![name("image"), name("tag")]),
        (r"example\.com/version", vec![name("example.com/version")]),
        (r"configs.example\.com/version.enabled", {
            vec![name("configs"), name("example.com/version"), name("enabled")]
        }),
        ("containers.0.image", vec![name("containers"), number(0), name("image")]),
        (r"path\\to.file", vec![name(r"path\to"), name("file")]),
        ("a.:0.b", vec![name("a"), name("0"), name("b")]),
        ("a.:0.1", vec![name("a"), name("0"), number(1)]),
        ("a.:b", vec![name("a"), name(":b")]),
        (r"\:0", vec![name(":0")]),
        ("a:b", vec![name("a:b")]),
        ("00.-1.1_0", vec![name("00"), name("-1"), name("1_0")]),
        ("a[0].b", vec![name("a[0]"), name("b")]),
        ("12345678901234567890", vec![name("12345678901234567890")]),
    ];
    for (text, expected) in table {
        assert_eq!(keys(text), expected, "{text}");
    }
}

#[test]
fn empty_keys_are_rejected() {
    for text in ["", ".", "a.", ".a", "a..b", r"a\"] {
        assert!(key(text).is_err(), "{text:?}");
    }
}

fn escape(key: &str) -> String {
    let number = key.bytes().all(|byte| byte.is_ascii_digit());
    let escaped = key.replace('\\', r"\\").replace('.', r"\.");
    match escaped.strip_prefix(':') {
        Some(rest) => format!(r"\:{rest}"),
        None if number => format!(":{escaped}"),
        None => escaped,
    }
}

proptest! {
    #[test]
    fn any_keys_can_be_written(names in prop::collection::vec(r"[a-c0-2.:\\é ]{1,4}", 1..4)) {
        let text = names.iter().map(|name| escape(name)).collect::<Vec<_>>().join(".");
        let expected: Vec<_> = names.iter().map(|text| name(text)).collect();
        prop_assert_eq!(keys(&text), expected, "{}", text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,20}", more in r"[0:.\\a]{0,8}") {
        let _ = (key(&text), key(&more));
    }

    #[test]
    fn arbitrary_documents_never_panic(text in "[-\\[\\]{}:,.$@()a0'\"&* \n]{0,30}", key in "\\PC{0,8}", value in "\\PC{0,8}") {
        let entry = format!("[{{key: {key:?}, value: {value}}}]");
        let change = format!("{{{key:?}: {{{key:?}: {value}}}, {text:?}: {value:?}}}");
        for (updates, changes) in [(&text, &text), (&entry, &change)] {
            let inputs = Inputs { updates: updates.clone(), changes: changes.clone(), ..inputs() };
            let (request, errors) = Request::read(&inputs, &[]);
            // An input is an edit or an error.
            prop_assert!(!request.edits.is_empty() || !errors.is_empty());
        }
    }
}
