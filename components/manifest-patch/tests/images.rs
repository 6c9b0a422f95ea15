//! Images: the syntax of references and of changes, and the effect of a change on a reference.

use manifest_patch::images::{ImageEdit, Part, Reference};
use proptest::prelude::*;

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn edit(text: &str) -> ImageEdit {
    ImageEdit::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap_or_else(|| panic!("{text} is no reference"))
}

/// The reference after a change; the same one if the change does not apply to it.
fn apply(change: &str, old: &str) -> String {
    let old = reference(old);
    edit(change).change(&old).unwrap_or(old).to_string()
}

#[test]
fn reads_references() {
    let parts = |text: &str| {
        let Reference { repository, tag, digest } = reference(text);
        (repository, tag.unwrap_or_default(), digest.unwrap_or_default())
    };
    let owned = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
    assert_eq!(parts("nginx"), owned("nginx", "", ""));
    assert_eq!(parts("nginx:1.27-Alpine"), owned("nginx", "1.27-Alpine", ""));
    assert_eq!(parts("host:5000/a/b"), owned("host:5000/a/b", "", ""));
    let full = format!("host:5000/a/b:v1@{DIGEST}");
    assert_eq!(parts(&full), owned("host:5000/a/b", "v1", DIGEST));
    assert_eq!(parts(&format!("a@{DIGEST}")), owned("a", "", DIGEST));
    assert_eq!(Reference::parse("not an image"), None);
    assert_eq!(Reference::parse(""), None);
}

#[test]
fn changes_the_given_parts_and_keeps_the_others() {
    assert_eq!(apply("a:v2", "a:v1"), "a:v2");
    assert_eq!(apply("a:v2", "b:v1"), "b:v1");
    assert_eq!(apply("a:v2", "x/a:v1"), "x/a:v1");
    assert_eq!(apply("a:v2", "a"), "a:v2");
    assert_eq!(apply("a=b", "a:v1"), "b:v1");
    assert_eq!(apply("a=h:5000/b:v2", "a:v1"), "h:5000/b:v2");
    assert_eq!(apply("h:5000/a:v2", "h:5000/a:v1"), "h:5000/a:v2");
    assert_eq!(apply("h:5000/a=b", "h:5000/a:v1"), "b:v1");
    assert_eq!(apply(&format!("a@{DIGEST}"), "a:v1"), format!("a@{DIGEST}"));
    assert_eq!(apply("a:v2", &format!("a@{DIGEST}")), "a:v2");
    assert_eq!(apply("a:v2", &format!("a:v1@{DIGEST}")), "a:v2");
    assert_eq!(apply(&format!("a:v2@{OTHER}"), &format!("a:v1@{DIGEST}")), format!("a:v2@{OTHER}"));
    assert_eq!(apply(&format!("a:*@{OTHER}"), "a:v1"), format!("a:v1@{OTHER}"));
    assert_eq!(apply("a:v2@*", &format!("a:v1@{DIGEST}")), format!("a:v2@{DIGEST}"));
    assert_eq!(apply("a=*:v2", "a:v1"), "a:v2");
    assert_eq!(apply("a=b:*", "a:v1"), "b:v1");
}

#[test]
fn a_renamed_image_still_matches() {
    let change = edit("a=b:v2");
    assert_eq!(change.change(&reference("b:v2")), Some(reference("b:v2")));
    assert_eq!(change.change(&reference("b:v1")), None);
    assert!(edit("a=b").change(&reference("b:v1")).is_some());
}

#[test]
fn texts_that_kustomize_misreads_are_rejected() {
    for text in [
        "",
        "a",
        "a:",
        "=b",
        "a=",
        "a:v 1",
        "a@",
        "a@sha256:12",
        "a:v1=b",
        "a=b=c",
        "a:-v1",
        "*=b",
        "*:v1",
        "a=/b",
        "a=b/",
        "a@b@c",
        "a=@sha256:12",
        "a:v1@v2",
    ] {
        assert!(ImageEdit::parse(text).is_err(), "{text:?}");
    }
    let long = format!("a:{}", "v".repeat(129));
    assert!(ImageEdit::parse(&long).is_err());
}

fn part(text: &'static str) -> impl Strategy<Value = Part> {
    prop_oneof![Just(Part::Unspecified), Just(Part::Keep), text.prop_map(Part::Set)]
}

proptest! {
    #[test]
    fn printing_and_reading_gives_the_same_change(
        name in "[a-z0-9]{1,5}(:[0-9]{1,4}/[a-z]{1,4})?",
        new_name in part("([a-z]{1,4}:[0-9]{2,4}/)?[a-z0-9/]{0,4}[a-z]"),
        tag in part("[A-Za-z0-9_][A-Za-z0-9._-]{0,20}"),
        digest in part("sha256:[0-9a-f]{64}"),
    ) {
        let starts_well = !matches!(&new_name, Part::Set(name) if name.starts_with('/'));
        prop_assume!(starts_well && [&new_name, &tag, &digest].iter().any(|part| **part != Part::Unspecified));
        // Without a new name, there is no `=`.
        let change = ImageEdit { name, new_name, tag, digest };
        prop_assert_eq!(ImageEdit::parse(&change.to_string()), Ok(change));
    }

    #[test]
    fn a_second_run_changes_nothing(old in "[a-b](:v[12])?", change in "[a-b](=[a-b])?:(v[12]|\\*)") {
        let (change, old) = (edit(&change), reference(&old));
        if let Some(new) = change.change(&old) {
            prop_assert_eq!(change.change(&new).unwrap_or_else(|| new.clone()), new);
        }
    }

    #[test]
    fn references_survive_printing(text in "[a-z:/@.0-9]{1,20}") {
        if let Some(reference) = Reference::parse(&text) {
            prop_assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,20}") {
        let _ = (ImageEdit::parse(&text), Reference::parse(&text));
    }
}
