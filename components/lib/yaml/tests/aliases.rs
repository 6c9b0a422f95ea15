//! Edits whose paths lead through aliases and merges: refused, made in a copy, or made at the anchor.

mod common;

use common::{refused, remove_all, set, set_through};
use lockstep_yaml::{AliasMode, FindOptions, Op, Path, PathMatch, RefusalReason, Stream, Value};

const SOURCE: &str = "\
x: &x # defaults
  t: v1
  w: &w yes
  l: [*w, '08', 1.10, ~]
a: *x # a
b:
  <<: *x
  u: 2
c:
  - *x
";

fn expand(source: &str, path: &str, json: &str) -> String {
    set_through(source, path, json, AliasMode::Expand).unwrap_or_else(|error| panic!("{error}"))
}

fn follow(source: &str, path: &str, json: &str) -> String {
    set_through(source, path, json, AliasMode::Follow).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_edit_through_an_alias_is_refused_by_default() {
    let RefusalReason::Alias { path, anchor, places } = refused(SOURCE, "a.t", "v") else { panic!() };
    assert_eq!((path.as_str(), anchor.as_str(), places), ("a.t", "x", vec![2, 5, 7, 10]));
    let RefusalReason::Merge { path, places } = refused(SOURCE, "b.l[0]", "v") else { panic!() };
    assert_eq!((path.as_str(), places), ("b.l[0]", vec![4, 5, 7, 10]));
    assert_eq!(set(SOURCE, "b.u", "v"), SOURCE.replace("u: 2", "u: v"));
    assert_eq!(set(SOURCE, "x.t", "v"), SOURCE.replace("t: v1", "t: v"));
}

#[test]
fn a_key_of_its_own_overrides_a_merged_one() {
    assert_eq!(set(SOURCE, "b.t", "v"), SOURCE.replace("  u: 2\n", "  u: 2\n  t: v\n"));
    assert_eq!(expand(SOURCE, "b.t", "\"v\""), SOURCE.replace("  u: 2\n", "  u: 2\n  t: v\n"));
    assert_eq!(set("x: &x {t: 1}\nb: {<<: *x}\n", "b.t", "v"), "x: &x {t: 1}\nb: {<<: *x, t: v}\n");
}

#[test]
fn expand_replaces_the_alias_by_a_copy() {
    let copy =
        |t: &str| format!("\n  t: {t}\n  w: yes\n  l:\n    - yes\n    - \"08\"\n    - 1.10\n    - ~\n");
    assert_eq!(
        expand(SOURCE, "a.t", "\"v2\""),
        SOURCE.replace("a: *x # a\n", &format!("a: # a{}", copy("v2")))
    );
    let item = copy("v2").trim_start().replace("\n  ", "\n    ");
    assert_eq!(expand(SOURCE, "c[0].t", "\"v2\""), SOURCE.replace("- *x\n", &format!("- {item}")));
    assert_eq!(
        expand(SOURCE, "b.l[1]", "9"),
        SOURCE.replace("  u: 2\n", "  u: 2\n  l:\n    - yes\n    - 9\n    - 1.10\n    - ~\n")
    );
    assert_eq!(expand("x: &x 1\ny: [*x, 2]\n", "y[0]", "3"), "x: &x 1\ny: [3, 2]\n");
    assert_eq!(expand("x: &x {k: 1}\ny: {z: *x}\n", "y.z.k", "3"), "x: &x {k: 1}\ny: {z: {k: 3}}\n");
    // Merges of merges, the nearer first.
    let merges = "x: &x {k: 1, l: 2}\ny: &y\n  <<: *x\n  k: 3\nz: *y\n";
    assert_eq!(expand(merges, "z.l", "5"), merges.replace("z: *y\n", "z:\n  k: 3\n  l: 5\n"));
    assert_eq!(expand("a: &x\r\n  k: 1\r\nb: *x", "b.k", "3"), "a: &x\r\n  k: 1\r\nb:\r\n  k: 3");
}

#[test]
fn follow_edits_the_anchored_value() {
    assert_eq!(follow(SOURCE, "a.t", "\"v2\""), SOURCE.replace("t: v1", "t: v2"));
    assert_eq!(follow(SOURCE, "b.t", "\"v2\""), SOURCE.replace("t: v1", "t: v2"));
    assert_eq!(follow(SOURCE, "c[0].l[0]", "\"no\""), SOURCE.replace("&w yes", "&w \"no\""));
    assert_eq!(follow("x: &x 1\ny: [*x, *x]\n", "y[1]", "3"), "x: &x 3\ny: [*x, *x]\n");
}

#[test]
fn finds_an_anchored_value_once() {
    let stream = Stream::open(b"x: &x {n: a, t: 1}\nl: [*x, *x]\n").expect("YAML");
    let lookup = FindOptions { alias: AliasMode::Follow, ..FindOptions::default() };
    let path = Path::parse("l[n=a].t").expect("a path");
    assert_eq!(stream.find(stream.documents()[0], &path, lookup).len(), 1);
}

#[test]
fn refuses_copies_that_would_differ() {
    let reason =
        |source: &str| set_through(source, "b.k", "1", AliasMode::Expand).expect_err("a refusal").reason;
    for source in [
        "a: &x {k: 0, s: !vault x}\nb: *x\n",
        "a: &x {k: 0, on: x}\nb: *x\n",
        "a: &x {k: 0, [1]: x}\nb: *x\n",
        "a: &x {k: 0, l: [*x]}\nb: *x\n",
    ] {
        let reason = reason(source);
        assert!(
            matches!(&reason, RefusalReason::Unsupported(text) if text.contains("copied")),
            "{source}: {reason}"
        );
    }
    let mut bomb = "a0: &a0 {k: 0}\n".to_owned();
    for level in 1..20 {
        let alias = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} {{k: [{}]}}\n", vec![alias; 9].join(", ")));
    }
    bomb.push_str("b: *a19\n");
    assert!(reason(&bomb).to_string().contains("too large"));
}

#[test]
fn removes_an_alias_and_keeps_its_anchor() {
    let lookup = FindOptions { match_alias: true, ..FindOptions::default() };
    let stream = Stream::open(SOURCE.as_bytes()).expect("YAML");
    let places = stream.find(stream.documents()[0], &Path::parse("a").expect("a path"), lookup);
    let [Ok(PathMatch::Node(node))] = places[..] else { panic!("{places:?}") };
    let edited = stream.edit(&[Op::Remove { node }]).expect("an edit");
    assert_eq!(edited.text, Some(SOURCE.replace("a: *x # a\n", "")));
    assert!(matches!(
        remove_all(SOURCE, &["a.t"]).expect_err("a refusal").reason,
        RefusalReason::Alias { .. }
    ));
}

#[test]
fn detaches_aliases_only() {
    let stream = Stream::open(b"a: 1\n").expect("YAML");
    let node = stream.get(stream.documents()[0], "a").expect("a value");
    let refusal = stream.edit(&[Op::Detach { node, value: Value::Null }]).expect_err("a refusal");
    assert!(matches!(refusal.reason, RefusalReason::Unsupported(_)));
}
