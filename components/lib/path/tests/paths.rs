//! Paths: their segments, and that a printed path parses as the same path.

use lockstep_path::{Path, Segment};
use proptest::collection::vec;
use proptest::prelude::*;

fn key(text: &str) -> Segment {
    Segment::Key(text.into())
}

fn matching(key: &str, value: &str) -> Segment {
    Segment::Match { key: key.into(), value: value.into() }
}

fn parse(text: &str) -> Vec<Segment> {
    Path::parse(text).unwrap_or_else(|error| panic!("{error}")).segments().to_vec()
}

#[test]
fn parses_both_notations() {
    let containers = [key("spec"), key("containers"), matching("name", "app"), key("image")];
    assert_eq!(parse(".spec.containers[name=app].image"), containers);
    assert_eq!(parse("spec.containers[name=app].image"), containers);
    assert_eq!(parse("/spec/containers/[name=app]/image"), containers);
    assert_eq!(parse("a[\"b.c/d\"][0]['e']"), [key("a"), key("b.c/d"), Segment::Index(0), key("e")]);
    assert_eq!(parse("a.\"b.c\".d"), [key("a"), key("b.c"), key("d")]);
    assert_eq!(parse("/a~1b/m~0n/0/00"), [key("a/b"), key("m~n"), Segment::KeyOrIndex(0), key("00")]);
    assert_eq!(parse("[0].a"), [Segment::Index(0), key("a")]);
    assert_eq!(parse("a[\"k\"=\"v]\"]"), [key("a"), matching("k", "v]")]);
    assert_eq!(parse("a[k='it''s']"), [key("a"), matching("k", "it's")]);
    assert_eq!(parse("/"), [key("")]);
    assert_eq!(parse("/[\"a=b\"]/c"), [key("a=b"), key("c")]);
    assert_eq!(parse("example.com/app"), [key("example"), key("com/app")]);
}

#[test]
fn rejects_unknown_notations() {
    for text in [
        "", ".", "a.", "a..b", "a.[0]", "a[", "a[x]", "a[-1]", "a[-]", "a[0", "a[0]b", "a]", "a[=b]",
        "a[\"b]", "/a~2", "/a~", "a b.", "a[01]", "/[0]x", "a=b", "a'b", " a",
    ] {
        assert!(Path::parse(text).is_err(), "{text:?} is not a path");
    }
}

#[test]
fn parses_select_of_yq() {
    let image = [key("spec"), key("containers"), matching("name", "app"), key("image")];
    for text in [
        ".spec.containers[] | select(.name == \"app\") | .image",
        ".spec.containers[]|select(.name==\"app\")|.image",
        "spec.containers[*] | select( .name == 'app' ) | .image",
        ".spec.containers[] | select(.name == app).image",
    ] {
        assert_eq!(parse(text), image, "{text}");
    }
    assert_eq!(parse("a[] | select(.\"b.c\" == \"d e\")"), [key("a"), matching("b.c", "d e")]);
    assert_eq!(parse("a[][*].b"), [key("a"), Segment::Wildcard, Segment::Wildcard, key("b")]);
    assert_eq!(parse("/a/[]/b"), [key("a"), Segment::Wildcard, key("b")]);
    let (path, rest) =
        Path::parse_assignment("a[] | select(.k == \"=\") | .b=c=d").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((path.segments(), rest), (&[key("a"), matching("k", "="), key("b")][..], "c=d"));
}

#[test]
fn errors_show_the_notation_for_expressions_of_other_tools() {
    for (text, hint) in [
        ("$.a", "begins with `.`"),
        ("$[0]", "begins with `.`"),
        ("..image", "name each key"),
        ("a[?(@.name==\"b\")]", "`[KEY=VALUE]`"),
        ("a[-1]", "counts from 0"),
        ("a[x]", "nothing for every item"),
        ("a | select(.b == 1)", "`[KEY=VALUE]`"),
        ("a[] | map(.b)", "`[KEY=VALUE]`"),
        ("a[] | select(.b.c == 1)", "`[KEY=VALUE]`"),
        ("a[] | select(.b > 1)", "`[KEY=VALUE]`"),
        ("a[0] | select(.b == 1)", "`[KEY=VALUE]`"),
    ] {
        let error = Path::parse(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn splits_at_the_first_equals_sign_outside_brackets_and_quotes() {
    let split = |text: &'static str| {
        let (path, rest) = Path::parse_assignment(text).unwrap_or_else(|error| panic!("{error}"));
        (path.segments().to_vec(), rest)
    };
    assert_eq!(split("a=b=c"), (vec![key("a")], "b=c"));
    assert_eq!(split("a[k=v].b=c"), (vec![key("a"), matching("k", "v"), key("b")], "c"));
    assert_eq!(split("a[\"x=y\"]=\n z\n"), (vec![key("a"), key("x=y")], "\n z\n"));
    assert_eq!(split("/a/[k=v]/b="), (vec![key("a"), matching("k", "v"), key("b")], ""));
    assert!(Path::parse_assignment("a.b").is_err());
    assert!(Path::parse_assignment("=b").is_err());
}

fn segment() -> impl Strategy<Value = Segment> {
    let text = "[a-z0-9./~=\\[\\]\"'\\\\ \n*é|?@$-]{0,6}";
    prop_oneof![
        text.prop_map(Segment::Key),
        (0..1000_usize).prop_map(Segment::Index),
        (text, text).prop_map(|(key, value)| Segment::Match { key, value }),
        Just(Segment::Wildcard),
    ]
}

/// A path of these segments with every key in brackets and quotes.
fn spell(segments: &[Segment], pointer: bool) -> String {
    let quote = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let spelled = segments.iter().map(|segment| match segment {
        Segment::Key(key) => format!("[{}]", quote(key)),
        Segment::Index(index) | Segment::KeyOrIndex(index) => format!("[{index}]"),
        Segment::Match { key, value } => format!("[{}={}]", quote(key), quote(value)),
        Segment::Wildcard => "[]".into(),
    });
    spelled.map(|part| if pointer { format!("/{part}") } else { part }).collect()
}

proptest! {
    #[test]
    fn a_printed_path_parses_as_the_same_path(segments in vec(segment(), 1..5), pointer in any::<bool>()) {
        let path = Path::parse(&spell(&segments, pointer)).expect("a path");
        prop_assert_eq!(path.segments(), &segments);
        let printed = path.to_string();
        let again = Path::parse(&printed).unwrap_or_else(|error| panic!("{error}"));
        prop_assert_eq!(again.segments(), &segments, "{}", printed);
        let assignment = format!("{printed}=x=y");
        let (path, rest) = Path::parse_assignment(&assignment).expect("an assignment");
        prop_assert_eq!((path.segments(), rest), (&segments[..], "x=y"));
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,20}") {
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(&Path::parse(&path.to_string()), &Ok(path));
        }
        let _ = Path::parse_assignment(&text);
    }
}
