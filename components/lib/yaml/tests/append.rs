//! Items added to lists, each against the exact bytes it must yield.

mod common;

use common::{append, append_all};
use lockstep_yaml::RefusalReason;

const X: &str = "\"x\"";

#[test]
fn appends_behind_the_last_item_with_its_indentation() {
    assert_eq!(append("a:\n  - b # c\nd: 1\n", "a", X), "a:\n  - b # c\n  - x\nd: 1\n");
    assert_eq!(append("a:\n- b\n- c\nd: 1\n", "a", X), "a:\n- b\n- c\n- x\nd: 1\n");
    assert_eq!(append("a:\n    -   b\nd: 1\n", "a", X), "a:\n    -   b\n    -   x\nd: 1\n");
    assert_eq!(
        append("a:\n  -   b: 1\n", "a", "{\"c\":1,\"d\":[2]}"),
        "a:\n  -   b: 1\n  -   c: 1\n      d:\n        - 2\n"
    );
    assert_eq!(append("- - a\n  - b\n- c\n", "[0]", X), "- - a\n  - b\n  - x\n- c\n");
    assert_eq!(append("- a\n", "", X), "- a\n- x\n");
    assert_eq!(append("a:\n  -\n  - # c\n", "a", X), "a:\n  -\n  - # c\n  - x\n");
    assert_eq!(append("a:\n  - &b b\n  - *b\n", "a", X), "a:\n  - &b b\n  - *b\n  - x\n");
}

#[test]
fn appends_before_the_comments_of_the_next_section() {
    assert_eq!(
        append("a:\n  - b\n\n# next section\nc: 1\n", "a", X),
        "a:\n  - b\n  - x\n\n# next section\nc: 1\n"
    );
    assert_eq!(append("a:\n- b\n# of d\nd: 1\n", "a", X), "a:\n- b\n- x\n# of d\nd: 1\n");
    assert_eq!(
        append("a:\n  - b: 1\n    # - c: 2\n\n  # tail\nd: 1\n", "a", X),
        "a:\n  - b: 1\n    # - c: 2\n  - x\n\n  # tail\nd: 1\n"
    );
    assert_eq!(append("a:\n- b\n---\n# n\n", "a", X), "a:\n- b\n- x\n---\n# n\n");
    assert_eq!(append("a:\n- b\n...\n", "a", X), "a:\n- b\n- x\n...\n");
    assert_eq!(append("a:\n- |\n  t\n\n\nb: 1\n", "a", X), "a:\n- |\n  t\n- x\n\n\nb: 1\n");
    assert_eq!(append("a:\n- |+\n  t  \n\nb: 1\n", "a", X), "a:\n- |+\n  t  \n\n- x\nb: 1\n");
}

#[test]
fn appending_keeps_line_ends_and_a_missing_final_newline() {
    assert_eq!(append("a:\r\n- b\r\nc: 1\r\n", "a", X), "a:\r\n- b\r\n- x\r\nc: 1\r\n");
    assert_eq!(append("a:\n- b", "a", X), "a:\n- b\n- x");
    assert_eq!(append("a:\r\n- b # c", "a", X), "a:\r\n- b # c\r\n- x");
    assert_eq!(append("\u{feff}- b\n", "", X), "\u{feff}- b\n- x\n");
    assert_eq!(append("a:\n- b\t# tab\n", "a", X), "a:\n- b\t# tab\n- x\n");
}

#[test]
fn appending_keeps_the_order_and_the_quotes_of_the_items() {
    let all = append_all("a:\n- 'b'\n- 'c'\n", "a", &["\"3\"", "\"it's\"", "4"]);
    assert_eq!(all, Ok("a:\n- 'b'\n- 'c'\n- '3'\n- 'it''s'\n- 4\n".into()));
    let all = append_all("a: [\"-b\"]\n", "a", &["\"-c\"", "\"-d\""]);
    assert_eq!(all, Ok("a: [\"-b\", \"-c\", \"-d\"]\n".into()));
    let all = append_all("a: 1\n", "b.c", &["\"x\"", "\"z\""]);
    assert_eq!(all, Ok("a: 1\nb:\n  c:\n    - x\n    - z\n".into()));
    assert_eq!(append("a:\n- 'b'\n- c\n", "a", "\"3\""), "a:\n- 'b'\n- c\n- \"3\"\n");
    assert_eq!(append("a:\n- b\n", "a", "\"l\\nm\\n\""), "a:\n- b\n- |\n  l\n  m\n");
    assert_eq!(append("a:\n-   b\n", "a", "\"l\\nm\\n\""), "a:\n-   b\n-   |\n    l\n    m\n");
}

#[test]
fn appends_to_flow_sequences() {
    assert_eq!(append("a: [b, c] # d\n", "a", X), "a: [b, c, x] # d\n");
    assert_eq!(append("a: [ b, c ]\n", "a", "{\"k\":[1]}"), "a: [ b, c, {k: [1]} ]\n");
    assert_eq!(append("a: [b,]\n", "a", X), "a: [b, x,]\n");
    assert_eq!(append("a: []  # c\n", "a", X), "a: [x]  # c\n");
    assert_eq!(append("a: [ ]\n", "a", X), "a: [ x ]\n");
    assert_eq!(append("a: [\n  b, # c\n  d # e\n  ]\n", "a", X), "a: [\n  b, # c\n  d, # e\n  x\n  ]\n");
    assert_eq!(append("a: [\n  b, # c\n  d, # e\n  ]\n", "a", X), "a: [\n  b, # c\n  d, # e\n  x,\n  ]\n");
    assert_eq!(append("{\"a\": [1]}", "a", X), "{\"a\": [1, \"x\"]}");
    assert_eq!(
        append("{\r\n  \"a\": [\r\n    1\r\n  ]\r\n}\r\n", "a", "2"),
        "{\r\n  \"a\": [\r\n    1,\r\n    2\r\n  ]\r\n}\r\n"
    );
}

#[test]
fn appending_makes_an_empty_value_a_list() {
    assert_eq!(append("a:  # c\nb: 1\n", "a", X), "a:  # c\n  - x\nb: 1\n");
    assert_eq!(append("a: ~\nb:\n- 1\n", "a", X), "a:\n- x\nb:\n- 1\n");
    assert_eq!(append("a: {b: }\n", "a.b", X), "a: {b: [x] }\n");
    assert_eq!(append("a:\n  b: 1\n", "c", "{\"d\":1}"), "a:\n  b: 1\nc:\n  - d: 1\n");
}

#[test]
fn refuses_to_append_to_a_value_that_is_not_a_list() {
    for (source, path) in [("a: 1\n", "a"), ("a:\n  b: 1\n", "a"), ("a: {}\n", "a"), ("a: 'x'\n", "a")] {
        let reason = append_all(source, path, &[X]).expect_err("a refusal").reason;
        assert!(
            matches!(reason, RefusalReason::Unsupported(_) | RefusalReason::NotList { .. }),
            "{source:?}: {reason}"
        );
    }
    assert!(append_all("a:\n\t- b\n", "a", &[X]).is_err());
}
