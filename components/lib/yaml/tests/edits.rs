//! Single edits, each against the exact bytes it must yield.

mod common;

use common::{create, json, refused, set};
use lockstep_yaml::RefusalReason;

#[test]
fn keeps_comments_and_blanks_around_a_scalar() {
    assert_eq!(set("a: 1   # why\n", "a", "x"), "a: x   # why\n");
    assert_eq!(set("a:\t1\t# c\n", "a", "x"), "a:\tx\t# c\n");
    assert_eq!(set("# h\n\na: 1\n\n# t\n", "a", "x"), "# h\n\na: x\n\n# t\n");
    assert_eq!(set("a:  # empty\nb: 1\n", "a", "x"), "a: x  # empty\nb: 1\n");
    assert_eq!(set("a:\nb: 1", "a", "x"), "a: x\nb: 1");
    assert_eq!(set("a: 1", "a", "x"), "a: x");
    assert_eq!(set("a: 1\r\nb: 2 # c\r\n", "b", "x"), "a: 1\r\nb: x # c\r\n");
    assert_eq!(set("\u{feff}a: 1\n", "a", "x"), "\u{feff}a: x\n");
    assert_eq!(set("---\n# c\na: 1\n...\n", "a", "x"), "---\n# c\na: x\n...\n");
    assert_eq!(set("- a: 1\n- # c\n-\n", "[2]", "x"), "- a: 1\n- # c\n- x\n");
    assert_eq!(set("- a: 1\n- # c\n-\n", "[1]", "x"), "- a: 1\n- x # c\n-\n");
}

#[test]
fn keeps_the_quotes_if_they_fit_the_new_value() {
    assert_eq!(set("a: 'v1'\n", "a", "it's"), "a: 'it''s'\n");
    assert_eq!(set("a: \"v1\"\n", "a", "x\"y\\"), "a: \"x\\\"y\\\\\"\n");
    assert_eq!(set("a: 'v1'\n", "a", "x\ny"), "a: \"x\\ny\"\n");
    assert_eq!(set("a: 'x\n\n  y' # c\n", "a", "z"), "a: 'z' # c\n");
    assert_eq!(set("a: one\n  two # c\nb: 1\n", "a", "z"), "a: z # c\nb: 1\n");
    assert_eq!(set("a: v1\n", "a", "yes"), "a: \"yes\"\n");
    assert_eq!(set("a: v1\n", "a", "1.10"), "a: \"1.10\"\n");
    assert_eq!(set("a: 3\n", "a", "3"), "a: \"3\"\n");
    assert_eq!(set("a: v1\n", "a", ""), "a: \"\"\n");
    assert_eq!(set("a: v1\n", "a", "héllo ☃ 🚀"), "a: héllo ☃ 🚀\n");
    assert_eq!(set("a: v1\n", "a", "\u{1}\u{85}\u{2028}"), "a: \"\\u0001\\u0085\\u2028\"\n");
}

#[test]
fn edits_flow_collections_in_place() {
    let image = "image: {repository: a, tag: v1, pullPolicy: Always} # c\n";
    assert_eq!(set(image, "image.tag", "v2"), image.replace("v1", "v2"));
    assert_eq!(set(image, "image.tag", "a,b"), image.replace("v1", "\"a,b\""));
    assert_eq!(set("a: [1, 'x', y]\n", "a[1]", "z"), "a: [1, 'z', y]\n");
    assert_eq!(set("a: {b: , c: 1}\n", "a.b", "x"), "a: {b: x , c: 1}\n");
    assert_eq!(set("a: {b, c: 1}\n", "a.b", "x"), "a: {b: x, c: 1}\n");
    assert_eq!(set("{\"a\":1,\"b\":\"x\"}", "b", "y"), "{\"a\":1,\"b\":\"y\"}");
    assert_eq!(set("a: [ x: 1 ]\n", "a[0].x", "2b"), "a: [ x: 2b ]\n");
}

#[test]
fn keeps_anchors_and_tags_that_fit() {
    assert_eq!(set("a: &t v1 # c\nb: *t\n", "a", "v2"), "a: &t v2 # c\nb: *t\n");
    assert_eq!(set("a: !!str 3\n", "a", "4"), "a: !!str \"4\"\n");
    assert_eq!(set("a: !!str\n", "a", "x"), "a: !!str x\n");
    assert!(matches!(refused("a: !!int 3\n", "a", "4"), RefusalReason::Tag { .. }));
    assert!(matches!(refused("a: !vault x\n", "a", "y"), RefusalReason::Tag { .. }));
    assert_eq!(json("a: !!int 3\n", "a", "4"), "a: !!int 4\n");
}

#[test]
fn rewrites_block_scalars_as_block_scalars() {
    let source = "a:\n  b: |\n    one\n    two\n\n  # c\n  d: 1\n";
    assert_eq!(
        set(source, "a.b", "three\nfour\nfive\n"),
        "a:\n  b: |\n    three\n    four\n    five\n\n  # c\n  d: 1\n"
    );
    assert_eq!(set(source, "a.b", "x"), "a:\n  b: |-\n    x\n\n  # c\n  d: 1\n");
    assert_eq!(set(source, "a.b", ""), "a:\n  b: \"\"\n\n  # c\n  d: 1\n");
    assert_eq!(set(source, "a.b", "\n x\n"), "a:\n  b: |2\n\n     x\n\n  # c\n  d: 1\n");
    assert_eq!(set(source, "a.b", "x\n\n\n"), "a:\n  b: \"x\\n\\n\\n\"\n\n  # c\n  d: 1\n");
    assert_eq!(set(source, "a.b", "x\u{1}"), "a:\n  b: \"x\\u0001\"\n\n  # c\n  d: 1\n");
    let folded = "b: >- # why\n  one\n  two\n\nc: 1\n";
    assert_eq!(set(folded, "b", "x\ny\n\nz"), "b: >- # why\n  x\n\n  y\n\n\n  z\n\nc: 1\n");
    assert_eq!(set(folded, "b", "x\n  y"), "b: |- # why\n  x\n    y\n\nc: 1\n");
    assert_eq!(set("a: |+\n  x\n\n\nb: 1\n", "a", "y\n"), "a: |\n  y\n\n\nb: 1\n");
    assert_eq!(set("a: |+\n  x\n\n\nb: 1\n", "a", "y\n\n"), "a: |+\n  y\n\nb: 1\n");
    assert_eq!(set("a: |+\n  x\n\n\nb: 1\n", "a", "y\n\n\n"), "a: |+\n  y\n\n\nb: 1\n");
    assert_eq!(set("a: |2\n   x\nb: 1\n", "a", "y\n"), "a: |2\n  y\nb: 1\n");
    assert_eq!(set("- |\n x\n- k: |1\n    x\n", "[1].k", " y\n"), "- |\n x\n- k: |1\n    y\n");
    assert_eq!(set("a: &x |\n  x\nb: *x\n", "a", "y\n"), "a: &x |\n  y\nb: *x\n");
    assert_eq!(set("a: |\r\n  x\r\n\r\nb: 1\r\n", "a", "y\nz\n"), "a: |\r\n  y\r\n  z\r\n\r\nb: 1\r\n");
}

#[test]
fn rewrites_block_scalars_without_a_final_newline() {
    assert_eq!(set("a: |-\n  x", "a", "y"), "a: |-\n  y");
    assert_eq!(set("a: |\n  x", "a", "y\n"), "a: |\n  y\n");
    assert_eq!(set("a: |\n  x", "a", "y"), "a: |-\n  y");
    assert_eq!(set("a: |\n  x", "a", ""), "a: \"\"");
    assert_eq!(set("a: >-", "a", "y"), "a: >-\n  y");
    assert_eq!(set("a: |\nb: 1\n", "a", "y\n"), "a: |\n  y\nb: 1\n");
    assert_eq!(set("--- |\n x\n--- # c\na: 1", "a", "z"), "--- |\n x\n--- # c\na: z");
}

#[test]
fn creates_keys_behind_the_last_sibling() {
    let source = "a:\n    b: 1 # c\n\n# next section\nc: 2\n";
    assert_eq!(
        create(source, "a.x.z", "v"),
        "a:\n    b: 1 # c\n    x:\n        z: v\n\n# next section\nc: 2\n"
    );
    assert_eq!(create(source, "z", "v"), format!("{source}z: v\n"));
    assert_eq!(create("a:\n  b: 1", "a.x", "v"), "a:\n  b: 1\n  x: v");
    assert_eq!(create("a:  # c\nb: 1\n", "a.x", "v"), "a:  # c\n  x: v\nb: 1\n");
    assert_eq!(create("a: ~  # c\nb: 1\n", "a.x", "v"), "a:  # c\n  x: v\nb: 1\n");
    assert_eq!(create("a: {}  # c\n", "a.x", "v"), "a: {x: v}  # c\n");
    assert_eq!(create("a: { }\n", "a.x", "v"), "a: { x: v }\n");
    assert_eq!(create("a: {b: 1, c: 2 } # c\n", "a.x", "v"), "a: {b: 1, c: 2, x: v } # c\n");
    assert_eq!(create("a: {b: 1,}\n", "a.x", "v"), "a: {b: 1, x: v,}\n");
    assert_eq!(
        create("{\n  \"a\": 1, \n  \"b\": 2 # c\n}\n", "x", "v"),
        "{\n  \"a\": 1, \n  \"b\": 2, # c\n  \"x\": \"v\"\n}\n"
    );
    assert_eq!(
        create("a:\n- name: x\n  y: 2\n# tail\n", "a[name=x].z", "v"),
        "a:\n- name: x\n  y: 2\n  z: v\n# tail\n"
    );
    assert_eq!(
        create("a:\n  - b: |\n      t\n\n\nc: 1\n", "a[0].x", "v"),
        "a:\n  - b: |\n      t\n    x: v\n\n\nc: 1\n"
    );
    assert_eq!(create("a:\n  b: |+\n    t\n\n", "a.x", "v"), "a:\n  b: |+\n    t\n\n  x: v\n");
    assert_eq!(
        create("a:\n  b:\n  - 1\n  # of a\n    # deeper\nc: 1\n", "a.x", "v"),
        "a:\n  b:\n  - 1\n  x: v\n  # of a\n    # deeper\nc: 1\n"
    );
    assert_eq!(
        create("a:\r\n  b: 1\r\nc: 1\r\n", "a.x.z", "v"),
        "a:\r\n  b: 1\r\n  x:\r\n    z: v\r\nc: 1\r\n"
    );
    assert_eq!(
        create("a:\n  b:\n    - 1\n    # - 2\n\n  # of c\nc: 1\n", "a.x", "v"),
        "a:\n  b:\n    - 1\n    # - 2\n  x: v\n\n  # of c\nc: 1\n"
    );
    assert_eq!(create("a: 1\n", "b", "x\ny\n"), "a: 1\nb: |\n  x\n  y\n");
    assert_eq!(create("a: 1\n", "[\"yes\"]", "v"), "a: 1\n\"yes\": v\n");
    assert_eq!(create("a: 1\n---\n# nothing\n", "b", "v"), "a: 1\nb: v\n---\n# nothing\n");
}

#[test]
fn replaces_collections() {
    assert_eq!(
        json("a: 1  # c\nb: 2\n", "a", "{\"x\": [1, {\"z\": null}]}"),
        "a:  # c\n  x:\n    - 1\n    - z: null\nb: 2\n"
    );
    assert_eq!(json("a:\n- 1\nb: 2\n", "a", "[true, \"yes\"]"), "a:\n- true\n- \"yes\"\nb: 2\n");
    assert_eq!(json("a:\n- 1\nb: 2\n", "a", "[1, 2]"), "a:\n- 1\n- 2\nb: 2\n");
    assert_eq!(json("a:\n- 1\nb: 2\n", "a", "{\"x\":1}"), "a:\n  x: 1\nb: 2\n");
    assert_eq!(json("a: # c\n  x: 1\n  y: 2 # d\nb: 2\n", "a", "3"), "a: 3 # c\nb: 2\n");
    assert_eq!(json("a:\n  x: 1", "a", "[]"), "a: []");
    assert_eq!(json("- x: 1\n  y: 2\n- 3\n", "[0]", "5"), "- 5\n- 3\n");
    assert_eq!(json("- x: 1\n- 3 # c\n", "[1]", "{\"a\":1,\"b\":2}"), "- x: 1\n- # c\n  a: 1\n  b: 2\n");
    assert_eq!(json("- x: 1\n- 3\n", "[1]", "{\"a\":1,\"b\":2}"), "- x: 1\n- a: 1\n  b: 2\n");
    assert_eq!(json("a: |\n  x\n\nb: 1\n", "a", "{\"x\":1}"), "a:\n  x: 1\n\nb: 1\n");
    assert_eq!(json("a: {b: [1, 2]}\n", "a.b", "{\"x\":[]}"), "a: {b: {x: []}}\n");
    assert_eq!(
        json("a:\n  b: 1 # c\n  d: {e: 1}\n", "a", "{\"d\":{\"e\":2},\"b\":1,\"m\":[3]}"),
        "a:\n  b: 1 # c\n  d: {e: 2}\n  m:\n    - 3\n"
    );
}

#[test]
fn writes_numbers_that_every_reader_resolves_as_numbers() {
    assert_eq!(json("a: x\n", "a", "1e3"), "a: 1.0e+3\n");
    assert_eq!(json("a: '3'\n", "a", "3"), "a: 3\n");
    assert_eq!(json("a: 0x3 # c\n", "a", "3"), "a: 0x3 # c\n");
    assert_eq!(json("a: yes\n", "a", "true"), "a: true\n");
    assert_eq!(json("a: ~\n", "a", "null"), "a: ~\n");
}

#[test]
fn an_equal_value_changes_no_byte() {
    for source in ["a: x # c\n", "a: 'x'\n", "a: \"\\x78\"\n", "a: |-\n  x\n", "a: >-\n  x\n", "a: !!str x\n"]
    {
        assert_eq!(set(source, "a", "x"), source);
    }
}

#[test]
fn a_json_file_stays_json() {
    let source = "{\"a\": 1, \"b\": [null, true], \"c\": \"x\"}\n";
    assert_eq!(set(source, ".a", "s"), "{\"a\": \"s\", \"b\": [null, true], \"c\": \"x\"}\n");
    assert_eq!(set(source, ".b[0]", "s"), "{\"a\": 1, \"b\": [\"s\", true], \"c\": \"x\"}\n");
    assert_eq!(set("{\"a\": x}\n", ".a", "s"), "{\"a\": s}\n", "this was none");
}
