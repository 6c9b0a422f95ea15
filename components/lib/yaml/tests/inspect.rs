//! What stands at a node, a layer at a time; and what renaming a key says about itself.

use lockstep_yaml::{NodeId, Op, Stream, Value};

const SOURCE: &str =
    "base: &b {a: 1, c: 0777}\nmore: &m\n  <<: *b\n  d: 4\nuse:\n  <<: [*m, *b]\n  a: 2\nalias: *m\n";

fn open(source: &str) -> Stream<'_> {
    Stream::open(source.as_bytes()).expect("YAML")
}

fn keys<'s>(entries: &[(&'s str, NodeId)]) -> Vec<&'s str> {
    entries.iter().map(|(key, _)| *key).collect()
}

#[test]
fn merged_entries_are_listed_apart_from_own_entries() {
    let stream = open(SOURCE);
    let root = stream.documents()[0];
    let at = |key: &str| stream.get(root, key).expect("a key");
    assert_eq!(keys(&stream.entries(root)), ["base", "more", "use", "alias"]);
    assert_eq!(keys(&stream.entries(at("use"))), ["a"]);
    assert_eq!(keys(&stream.merged_entries(at("use"))), ["d", "c"]);
    assert_eq!((stream.key_count(at("use")), stream.key_count(at("base"))), (2, 2));
    // Through an alias.
    assert_eq!(keys(&stream.entries(at("alias"))), ["d"]);
    assert_eq!(keys(&stream.merged_entries(at("alias"))), ["a", "c"]);
    assert!(stream.is_mapping(at("alias")) && !stream.is_sequence(at("alias")));
}

#[test]
fn a_resolved_value_contains_aliased_and_merged_values() {
    let stream = open(SOURCE);
    let alias = stream.get(stream.documents()[0], "alias").expect("a key");
    let plain = |text: &str| Value::Plain(text.to_owned());
    let entries = [("d", plain("4")), ("a", plain("1")), ("c", plain("0777"))];
    let entries = entries.map(|(key, value)| (key.to_owned(), value)).to_vec();
    assert_eq!(stream.resolved_value(alias), Ok(Value::Mapping(entries)));
    let stream = open("a: !!int 5\n");
    assert_eq!(stream.resolved_value(stream.documents()[0]), Err("it has a tag"));
}

#[test]
fn an_empty_node_is_absent_and_an_empty_string_is_not() {
    let stream = open("---\n# nothing\n---\n\"\"\n---\nnull\n");
    let absent: Vec<bool> = stream.documents().iter().map(|&root| stream.is_absent(root)).collect();
    assert_eq!(absent, [true, false, false]);
}

#[test]
fn a_renamed_key_is_one_change() {
    let stream = open("a: 1 # one\nb: 2\n");
    let node = stream.get(stream.documents()[0], "a").expect("a key");
    let rename = Op::Rename { node, key: "z".into() };
    let edited = stream.edit(std::slice::from_ref(&rename)).expect("an edit");
    assert_eq!(edited.text.as_deref(), Some("z: 1 # one\nb: 2\n"));
    let told = |changes: &[lockstep_yaml::ChangedValue]| -> Vec<(String, Option<String>, Option<String>)> {
        changes.iter().map(|change| (change.path.clone(), change.from.clone(), change.to.clone())).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(told(&edited.changes), [("a".to_owned(), some("a"), some("z"))]);
    let both = stream.edit(&[rename, Op::Set { node, value: Value::Number("3".into()) }]).expect("an edit");
    assert_eq!(told(&both.changes), [("a".to_owned(), some("1"), some("3"))]);
}
