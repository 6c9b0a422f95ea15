//! Awkward but real ways to write YAML: every scalar set, every mapping extended, in every variant of
//! each file, judged by the bytes and by another parser.

mod common;

use common::judge::leaves;
use lockstep_yaml::{EditResult, FindOptions, Op, Path, PathMatch, RefusalReason, Stream, Value};

const FILES: [(&str, &str); 9] = [
    ("deployment.yaml", include_str!("corpus/deployment.yaml")),
    ("values.yaml", include_str!("corpus/values.yaml")),
    ("documents.yaml", include_str!("corpus/documents.yaml")),
    ("blocks.yaml", include_str!("corpus/blocks.yaml")),
    ("anchors.yaml", include_str!("corpus/anchors.yaml")),
    ("unicode.yaml", include_str!("corpus/unicode.yaml")),
    ("rules.yaml", include_str!("corpus/rules.yaml")),
    ("config.json", include_str!("corpus/config.json")),
    ("kustomization.yaml", include_str!("corpus/kustomization.yaml")),
];

/// The file as it is, with CRLF, with a byte order mark, and with its last line end missing.
fn variants(source: &str) -> [String; 4] {
    let open = source.strip_suffix('\n').unwrap_or(source);
    [source.into(), source.replace('\n', "\r\n"), format!("\u{feff}{source}"), open.into()]
}

fn edit(
    source: &str,
    document: usize,
    path: &str,
    value: &Value,
) -> Option<Result<EditResult, RefusalReason>> {
    let stream = Stream::open(source.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{error}"));
    let mut places = stream.find(
        stream.documents()[document],
        &path,
        FindOptions { create: true, ..FindOptions::default() },
    );
    assert!(places.len() <= 1, "{path}");
    let value = value.clone();
    let op = match places.pop()? {
        Ok(PathMatch::Node(node)) => Op::Set { node, value },
        Ok(PathMatch::Missing { within, keys }) => Op::Create { within, keys, value },
        Ok(PathMatch::Merged { within, key, .. }) => Op::Create { within, keys: vec![key], value },
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => return Some(Err(refusal.reason)),
    };
    Some(stream.edit(&[op]).map_err(|refusal| refusal.reason))
}

/// Splits `3["a"][0]` into the number of the document and the path.
fn split(leaf: &str) -> (usize, &str) {
    let at = leaf.find('[').unwrap_or(leaf.len());
    (leaf[..at].parse().expect("a number"), &leaf[at..])
}

fn changed_lines(before: &str, after: &str) -> usize {
    let (old, new): (Vec<_>, Vec<_>) =
        (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev());
    old.len() - head - tail.take_while(|(old, new)| old == new).count()
}

#[test]
fn every_scalar_can_be_set_and_nothing_else_changes() {
    let mut edits = 0;
    let mut refusals = Vec::new();
    for (name, source) in FILES {
        for source in variants(source) {
            let before = leaves(&source);
            for (index, (leaf, old)) in before.iter().enumerate() {
                let (document, path) = split(leaf);
                if path.is_empty() || old == "{}" || old == "[]" {
                    continue;
                }
                for value in ["new-value", "yes", "two\nlines\n"] {
                    let Some(result) = edit(&source, document, path, &Value::String(value.into())) else {
                        panic!("{name}: {path} is not found");
                    };
                    let edited = match result {
                        Ok(edited) => edited,
                        Err(reason) => {
                            refusals.push(format!("{name} {path}: {reason}"));
                            continue;
                        }
                    };
                    let after = edited.text.expect("a change");
                    let mut expected = before.clone();
                    expected[index].1 = value.into();
                    assert_eq!(leaves(&after), expected, "{name}: {path} = {value:?}\n{after}");
                    let one_line = !source.contains("over t") && !value.contains('\n');
                    if one_line && !old.contains('\n') && !old.contains("folded") {
                        assert_eq!(changed_lines(&source, &after), 1, "{name}: {path} = {value:?}\n{after}");
                    }
                    edits += 1;
                }
            }
        }
    }
    // Aliases, and scalars with a tag of their own, are the only ones that may not be set.
    let known = ["<<", "alias", "tag `!reference`"];
    refusals.retain(|refusal| !known.iter().any(|known| refusal.contains(known)));
    assert_eq!(refusals, Vec::<String>::new());
    assert!(edits > 1000, "{edits}");
}

#[test]
fn every_mapping_can_get_a_key_and_nothing_else_changes() {
    let mut edits = 0;
    for (name, source) in FILES {
        for source in variants(source) {
            let before = leaves(&source);
            let mut mappings: Vec<String> = before.iter().filter_map(|(leaf, _)| parent(leaf)).collect();
            mappings.dedup();
            for mapping in mappings {
                let (document, path) = split(&mapping);
                let value = Value::String("v".into());
                let path = format!("{path}[\"new key\"]");
                let edited = match edit(&source, document, &path, &value) {
                    Some(Ok(edited)) => edited.text.expect("a change"),
                    Some(Err(reason)) => panic!("{name}: {path}: {reason}"),
                    None => continue,
                };
                let mut after = leaves(&edited);
                let new = after.iter().position(|(leaf, _)| leaf.contains("new key")).expect("the new key");
                assert_eq!(after.remove(new).1, "v");
                assert_eq!(after, before, "{name}: {path}\n{edited}");
                edits += 1;
            }
        }
    }
    assert!(edits > 100, "{edits}");
}

/// The path of the mapping that holds a leaf.
fn parent(leaf: &str) -> Option<String> {
    let at = leaf.rfind("[\"")?;
    leaf.ends_with("\"]").then(|| leaf[..at].to_owned())
}
