//! Keys and items taken out, each against the exact bytes it must yield.

mod common;

use common::{append, create, remove, remove_all};
use lockstep_yaml::RefusalReason;

fn removed(source: &str, paths: &[&str]) -> String {
    remove_all(source, paths).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

#[test]
fn removing_takes_all_lines_of_a_key_or_an_item() {
    assert_eq!(remove("a: 1\nb: 2\nc: 3\n", "b"), "a: 1\nc: 3\n");
    assert_eq!(remove("a: 1\nb:\n  x: 1\n  y: [\n    1\n  ]\nc: 3\n", "b"), "a: 1\nc: 3\n");
    assert_eq!(remove("a:\n- b\n- c\nd: 1\n", "a[1]"), "a:\n- b\nd: 1\n");
    assert_eq!(remove("a:\n- b\n- c\nd: 1\n", "a"), "d: 1\n");
    assert_eq!(remove("a:\n  - b: 1\n    c: 2\n  - d: 1\n", "a[0]"), "a:\n  - d: 1\n");
    assert_eq!(remove("a:\n  - b: 1\n    c: 2\n  - d: 1\n", "a[0].c"), "a:\n  - b: 1\n  - d: 1\n");
    assert_eq!(remove("a: |\n  x\n\nb: 1\n", "a"), "\nb: 1\n");
    assert_eq!(remove("a: |+\n  x  \n\nb: 1\n", "a"), "b: 1\n");
    assert_eq!(remove("a: one\n  two\nb: 1\n", "a"), "b: 1\n");
    assert_eq!(remove("a: 1\n---\na: 2\nb: 3\n", "b"), "a: 1\n---\na: 2\n");
    assert_eq!(remove("&x a: 1\n!!str b: 2\nc: 3\n", "b"), "&x a: 1\nc: 3\n");
}

#[test]
fn removing_takes_the_question_mark_of_a_key() {
    assert_eq!(remove("? a\n: b\nc: d\n", "a"), "c: d\n");
    assert_eq!(remove("c: d\n? a\n: b\n", "a"), "c: d\n");
    assert_eq!(remove("c: d\n? a\n: b\n", "c"), "? a\n: b\n");
    assert_eq!(
        remove("x:\n  ? # of a\n    a\n  :\n    - b\n  # of c\n  ? c\n", "x.a"),
        "x:\n  # of c\n  ? c\n"
    );
    assert_eq!(remove("? a\n# of b\n? &b b\nc: 1\n", "b"), "? a\nc: 1\n");
    assert_eq!(remove("- ? a\n  : b\n  ? c\n", "[0].a"), "- ? c\n");
    assert_eq!(remove("- ? a\n  : b\n", "[0].a"), "- {}\n");
    assert_eq!(remove("{? a : b, c: d}\n", "a"), "{c: d}\n");
    assert_eq!(remove("{c: d, ? a : b}\n", "a"), "{c: d}\n");
    // These question marks are text.
    assert_eq!(remove("a: why?\nb: 1\nc: [d?\n]\ne: 1\n", "b"), "a: why?\nc: [d?\n]\ne: 1\n");
    assert_eq!(remove("a: &x?\nb: 1\nc: !y?\nd: 1\n", "b"), "a: &x?\nc: !y?\nd: 1\n");
    assert_eq!(remove("a: &x?\nb: 1\nc: !y?\nd: 1\n", "d"), "a: &x?\nb: 1\nc: !y?\n");
    assert_eq!(remove("a?: 1\n?b: 2\nc: 3\n", "[\"?b\"]"), "a?: 1\nc: 3\n");
}

#[test]
fn removing_takes_the_comments_of_the_value_only() {
    let source = "# head\na: 1 # of a\n\n# of b\n# more\nb: 2 # end\n# of c\nc: 3\n# tail\n";
    assert_eq!(remove(source, "b"), "# head\na: 1 # of a\n\n# of c\nc: 3\n# tail\n");
    assert_eq!(remove(source, "a"), "# head\n\n# of b\n# more\nb: 2 # end\n# of c\nc: 3\n# tail\n");
    assert_eq!(remove(source, "c"), "# head\na: 1 # of a\n\n# of b\n# more\nb: 2 # end\n# tail\n");
    // Above the first may stand what is about all.
    assert_eq!(remove("a:\n  # all\n  - b\n  # of c\n  - c\n", "a[0]"), "a:\n  # all\n  # of c\n  - c\n");
    assert_eq!(remove("a:\n  # all\n  - b\n  # of c\n  - c\n", "a[1]"), "a:\n  # all\n  - b\n");
    assert_eq!(remove("a:\n- b\n# of c\n\n- c\n", "a[1]"), "a:\n- b\n# of c\n\n");
    assert_eq!(remove("a:\n- b\n  # deeper\n# of c\n- c\n- d\n", "a[1]"), "a:\n- b\n  # deeper\n- d\n");
    assert_eq!(remove("a:\n- b\n- c # e\n  # - f\n# of d\nd: 1\n", "a[1]"), "a:\n- b\n# of d\nd: 1\n");
    assert_eq!(remove("a:\n- b\n\t# tab\n- c\n", "a[1]"), "a:\n- b\n\t# tab\n");
    assert_eq!(remove("a: [ # x\n  1]\n# of b\nb: |\n  # text\nc: 1\n", "b"), "a: [ # x\n  1]\nc: 1\n");
    // Text that looks like a comment stays.
    assert_eq!(remove("a: |\n  x\n  # text\nb: 1\n", "b"), "a: |\n  x\n  # text\n");
    assert_eq!(remove("- |\n # text\n- b\n", "[1]"), "- |\n # text\n");
}

#[test]
fn removing_the_first_key_moves_the_next_one_behind_the_dash() {
    assert_eq!(remove("- a: 1 # x\n  b: 2\n- c\n", "[0].a"), "- b: 2\n- c\n");
    assert_eq!(remove("- a: 1\n\n  # of b\n  b: 2\n", "[0].a"), "- # of b\n  b: 2\n");
    assert_eq!(remove("-   a:\n    - 1\n    b: 2\n", "[0].a"), "-   b: 2\n");
    assert_eq!(remove("- - a\n  - b\n- c\n", "[0][0]"), "- - b\n- c\n");
    assert_eq!(removed("- a: 1\n  b: 2\n  c: 3\n  d: 4\n", &["[0].a", "[0].b", "[0].d"]), "- c: 3\n");
}

#[test]
fn removing_the_last_value_leaves_an_empty_collection() {
    assert_eq!(remove("a:\n  b: 1 # c\nd: 1\n", "a.b"), "a: {}\nd: 1\n");
    assert_eq!(remove("a: # of a\n  - b\n", "a[0]"), "a: [] # of a\n");
    assert_eq!(remove("a:\n- b\nd: 1\n", "a[0]"), "a: []\nd: 1\n");
    assert_eq!(remove("a:\n  # all\n  - b\nc: 1\n", "a[0]"), "a: []\n  # all\nc: 1\n");
    assert_eq!(remove("a: &x\n  b: 1\nc: *x\n", "a.b"), "a: &x {}\nc: *x\n");
    assert_eq!(remove("- b: 1 # c\n- 2\n", "[0].b"), "- {}\n- 2\n");
    assert_eq!(remove("-\n  b: 1\n- 2\n", "[0].b"), "- {}\n- 2\n");
    assert_eq!(remove("# h\na: 1\n# t\n", "a"), "# h\n{}\n# t\n");
    assert_eq!(remove("---\n- a\n...\n", "[0]"), "---\n[]\n...\n");
    assert_eq!(remove("\u{feff}a: 1", "a"), "\u{feff}{}");
    assert_eq!(remove("a:\r\n  b:\r\n    c: 1\r\n", "a.b.c"), "a:\r\n  b: {}\r\n");
    assert_eq!(removed("a:\n  - b\n  # of c\n  - c\n", &["a[0]", "a[1]"]), "a: []\n");
    assert_eq!(removed("- - b\n  # of c\n  - c\n", &["[0][0]", "[0][1]"]), "- []\n");
    assert_eq!(removed("a:\n  - b\n\n  # own\n\n  - c\n", &["a[0]", "a[1]"]), "a: []\n\n  # own\n\n");
    // What went can come again.
    assert_eq!(append(&remove("a:\n- b\n", "a[0]"), "a", "1"), "a: [1]\n");
    assert_eq!(create(&remove("a:\n  b: 1\n", "a.b"), "a.c", "x"), "a: {c: x}\n");
}

#[test]
fn removing_adds_no_final_newline() {
    assert_eq!(remove("a: 1\nb: 2", "b"), "a: 1");
    assert_eq!(remove("a: 1\r\nb: 2 # c", "b"), "a: 1");
    assert_eq!(removed("a: 1\nb: 2\nc: 3", &["b", "c"]), "a: 1");
    assert_eq!(remove("a:\n- b", "a[0]"), "a: []");
    assert_eq!(remove("a: 1\n# c\nb: 2", "b"), "a: 1");
    assert_eq!(remove("a: 1\nb: 2", "a"), "b: 2");
}

#[test]
fn removes_items_of_flow_collections() {
    assert_eq!(remove("a: [1, 2, 3] # c\n", "a[1]"), "a: [1, 3] # c\n");
    assert_eq!(remove("a: [1, 2, 3]\n", "a[0]"), "a: [2, 3]\n");
    assert_eq!(remove("a: [1, 2, 3]\n", "a[2]"), "a: [1, 2]\n");
    assert_eq!(remove("a: [ 1, 2, ]\n", "a[1]"), "a: [ 1, ]\n");
    assert_eq!(removed("a: [1, 2, 3, 4]\n", &["a[0]", "a[1]", "a[3]"]), "a: [3]\n");
    assert_eq!(removed("a: {b: 1, c: 2, d: 3}\n", &["a.c", "a.d"]), "a: {b: 1}\n");
    assert_eq!(remove("a: { b: 1 }\n", "a.b"), "a: {}\n");
    assert_eq!(remove("a: {b, c: 1}\n", "a.b"), "a: {c: 1}\n");
    assert_eq!(remove("a: [b: 1, 2]\n", "a[0]"), "a: [2]\n");
    let lines = "{\n  \"a\": 1, // \n  \"b\": 2,\n  \"c\": 3\n}\n".replace(" // ", "");
    assert_eq!(remove(&lines, "b"), "{\n  \"a\": 1,\n  \"c\": 3\n}\n");
    assert_eq!(remove(&lines, "c"), "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    assert_eq!(removed(&lines, &["b", "c"]), "{\n  \"a\": 1\n}\n");
    assert_eq!(removed(&lines, &["a", "b", "c"]), "{}\n");
    let commented = "a: [\n  1, # one\n  # of 2\n  2, # two\n  3 # three\n  ]\n";
    assert_eq!(remove(commented, "a[1]"), "a: [\n  1, # one\n  3 # three\n  ]\n");
    assert_eq!(remove(commented, "a[2]"), "a: [\n  1, # one\n  # of 2\n  2 # two\n  ]\n");
    assert_eq!(remove("a: [\n  1,\n  2,\n  ]\n", "a[1]"), "a: [\n  1,\n  ]\n");
}

#[test]
fn refuses_a_removal_that_would_change_other_values() {
    let reason = |source: &str, paths: &[&str]| remove_all(source, paths).expect_err("a refusal").reason;
    let used = reason("a: &x 1\nb: *x\nc: [*x]\n", &["a"]);
    assert_eq!(used, RefusalReason::Anchor { path: "a".into(), anchor: "x".into(), places: vec![2, 3] });
    assert!(matches!(reason("a: 1\n", &[""]), RefusalReason::Unsupported(_)));
    assert!(matches!(reason("a: [b: 1]\n", &["a[0].b"]), RefusalReason::Unsupported(_)));
    assert!(matches!(reason("a:\n  b: 1\n", &["a", "a.b"]), RefusalReason::Disagreement(_)));
    // Nobody can tell whose comment that is.
    assert!(matches!(reason("a: [1, # x\n  2, 3]\n", &["a[0]"]), RefusalReason::Unproven { .. }));
    assert!(matches!(
        reason("- a: 1\n\n  # whose\n\n  b: 2\n", &["[0].a", "[0].b"]),
        RefusalReason::Unproven { .. }
    ));
}
