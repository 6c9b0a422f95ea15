//! The values of a file are what all readers see, and what they do not agree about is refused.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use lockstep_yaml::{Op, ScalarStyle, Stream, Value};

fn value(text: &str) -> Result<Value, String> {
    let stream = Stream::open(text.as_bytes()).unwrap();
    stream.value(stream.documents()[0]).map_err(|refusal| refusal.to_string())
}

#[test]
fn a_scalar_that_all_readers_resolve_alike_has_its_type() {
    let json = r#"{"a": "x", "v": 1.10, "t": true, "z": null, "l": ["1", -2, {}], "h": 31, "b": "a\nb\n"}"#;
    let text = "a: x\nv: 1.10\nt: true\nz:\nl: ['1', -2, {}]\nh: 0x1F\nb: |\n  a\n  b\n";
    assert_eq!(value(text).unwrap(), Value::from_json(json).unwrap());
}

#[test]
fn a_scalar_that_readers_resolve_differently_is_refused() {
    for text in [
        "yes",
        "012",
        "1_000",
        "2024-01-31",
        "1e5",
        ".inf",
        "!!str a",
        "<<",
        "a: &x 1\nb: *x",
        "1: a",
        "a: &x {b: 1}\nc:\n  <<: *x",
        "[a: b]",
        "a: |\n  b",
    ] {
        assert!(value(text).is_err(), "{text} passed");
    }
}

#[test]
fn scalars_have_a_style_and_are_marked_as_keys() {
    let stream = Stream::open(b"a: 'b'\n\"c\": [d]\ne: |\n  f\n? g\n").unwrap();
    let seen: Vec<_> = stream.scalars().map(|s| (s.text, s.style, s.is_key, s.at.line)).collect();
    let expected = [
        ("a", ScalarStyle::Plain, true, 1),
        ("b", ScalarStyle::SingleQuoted, false, 1),
        ("c", ScalarStyle::DoubleQuoted, true, 2),
        ("d", ScalarStyle::Plain, false, 2),
        ("e", ScalarStyle::Plain, true, 3),
        ("f\n", ScalarStyle::Literal, false, 3),
        ("g", ScalarStyle::Plain, true, 5),
        ("", ScalarStyle::Plain, false, 5),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn anchors_and_tags_are_listed() {
    let stream = Stream::open(b"a: &x 1\nb: !t 2\nc: *x\n").unwrap();
    let names: Vec<_> = stream.anchors_and_tags().map(|(name, at)| (name, at.line)).collect();
    assert_eq!(names, [("x", 1), ("!t", 2)]);
}

#[test]
fn edit_unverified_returns_the_text_of_edit() {
    let stream = Stream::open(b"a: x # y\nb: |\n  z\n").unwrap();
    let node = stream.get(stream.documents()[0], "a").unwrap();
    for value in ["x", "yes", "a\nb"] {
        let ops = [Op::Set { node, value: Value::String(value.into()) }];
        let edited = stream.edit(&ops).unwrap().text.unwrap_or_else(|| "a: x # y\nb: |\n  z\n".into());
        assert_eq!(stream.edit_unverified(&ops).unwrap(), edited);
    }
}
