//! What the tests share: one edit on one text.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use lockstep_yaml::{AliasMode, FindOptions, Op, Path, PathMatch, Refusal, RefusalReason, Stream, Value};

/// Makes one edit in all documents.
pub(crate) fn edit(source: &str, path: &str, value: &Value, create: bool) -> Result<String, Refusal> {
    let stream = Stream::open(source.as_bytes())?;
    let path = Path::parse(path).unwrap();
    let mut ops = Vec::new();
    for &document in stream.documents() {
        for place in stream.find(document, &path, FindOptions { create, ..FindOptions::default() }) {
            ops.push(match place? {
                PathMatch::Node(node) => Op::Set { node, value: value.clone() },
                PathMatch::Missing { within, keys } => Op::Create { within, keys, value: value.clone() },
                PathMatch::Merged { within, key, .. } => {
                    Op::Create { within, keys: vec![key], value: value.clone() }
                }
                PathMatch::Shared { .. } => panic!("nobody asked for copies"),
            });
        }
    }
    assert!(!ops.is_empty(), "{path} is not in {source:?}");
    let edited = stream.edit(&ops)?;
    assert_eq!(edited.text.is_some(), !edited.changes.is_empty());
    let text = edited.text.unwrap_or_else(|| source.to_owned());
    // Once is enough.
    let stream = Stream::open(text.as_bytes())?;
    for &document in stream.documents() {
        for place in stream.find(document, &path, FindOptions { create, ..FindOptions::default() }) {
            let Ok(PathMatch::Node(node)) = place else { panic!("{path} is still missing in {text:?}") };
            let again = stream.edit(&[Op::Set { node, value: value.clone() }])?;
            assert_eq!(again.text, None, "{text:?} is edited twice");
        }
    }
    Ok(text)
}

pub(crate) fn set(source: &str, path: &str, value: &str) -> String {
    edit(source, path, &Value::String(value.into()), false).unwrap_or_else(|e| panic!("{source:?}: {e}"))
}

pub(crate) fn create(source: &str, path: &str, value: &str) -> String {
    edit(source, path, &Value::String(value.into()), true).unwrap_or_else(|e| panic!("{source:?}: {e}"))
}

pub(crate) fn json(source: &str, path: &str, value: &str) -> String {
    edit(source, path, &Value::from_json(value).unwrap(), false).unwrap_or_else(|e| panic!("{source:?}: {e}"))
}

pub(crate) fn refused(source: &str, path: &str, value: &str) -> RefusalReason {
    edit(source, path, &Value::String(value.into()), false).unwrap_err().reason
}

/// Makes one edit where copies and anchors may change too.
pub(crate) fn set_through(source: &str, path: &str, json: &str, alias: AliasMode) -> Result<String, Refusal> {
    let mut text = source.to_owned();
    let (parsed, value) = (Path::parse(path).unwrap(), Value::from_json(json).unwrap());
    // Each round makes the copies of one layer; then the edits go through.
    for _ in 0..4 {
        let stream = Stream::open(text.as_bytes())?;
        let lookup = FindOptions { create: true, alias, ..FindOptions::default() };
        let (mut copies, mut ops) = (Vec::new(), Vec::new());
        for &document in stream.documents() {
            for place in stream.find(document, &parsed, lookup) {
                match place? {
                    PathMatch::Shared { shared, .. } => copies.push(stream.expand(&shared)?),
                    PathMatch::Node(node) => ops.push(Op::Set { node, value: value.clone() }),
                    PathMatch::Missing { within, keys } => {
                        ops.push(Op::Create { within, keys, value: value.clone() })
                    }
                    PathMatch::Merged { within, key, .. } => {
                        ops.push(Op::Create { within, keys: vec![key], value: value.clone() });
                    }
                }
            }
        }
        let done = copies.is_empty();
        let edited = stream.edit(if done { &ops } else { &copies })?;
        text = edited.text.unwrap_or(text.clone());
        if done {
            return Ok(text);
        }
    }
    panic!("copies without end in {source:?}")
}

/// The places of a path; an empty one means each document as a whole.
fn places(stream: &Stream<'_>, path: &str, create: bool) -> Result<Vec<PathMatch>, Refusal> {
    let documents = stream.documents().iter();
    if path.is_empty() {
        return Ok(documents.map(|&root| PathMatch::Node(root)).collect());
    }
    let path = Path::parse(path).unwrap();
    documents
        .flat_map(|&root| stream.find(root, &path, FindOptions { create, ..FindOptions::default() }))
        .collect()
}

/// Appends all values to each list that the path finds, or makes.
pub(crate) fn append_all(source: &str, path: &str, values: &[&str]) -> Result<String, Refusal> {
    let stream = Stream::open(source.as_bytes())?;
    let mut ops = Vec::new();
    for place in places(&stream, path, true)? {
        let (within, keys) = match place {
            PathMatch::Node(node) => (node, Vec::new()),
            PathMatch::Missing { within, keys } => (within, keys),
            other => panic!("{other:?}"),
        };
        ops.extend(values.iter().map(|json| {
            let value = Value::from_json(json).unwrap();
            Op::Append { within, keys: keys.clone(), value }
        }));
    }
    assert!(!ops.is_empty(), "{path} is not in {source:?}");
    Ok(stream.edit(&ops)?.text.expect("a change"))
}

pub(crate) fn append(source: &str, path: &str, json: &str) -> String {
    append_all(source, path, &[json]).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

/// Takes out everything that the paths find.
pub(crate) fn remove_all(source: &str, paths: &[&str]) -> Result<String, Refusal> {
    let stream = Stream::open(source.as_bytes())?;
    let mut ops = Vec::new();
    for path in paths {
        let found = places(&stream, path, false)?;
        assert!(!found.is_empty(), "{path} is not in {source:?}");
        ops.extend(found.into_iter().map(|place| match place {
            PathMatch::Node(node) => Op::Remove { node },
            other => panic!("{other:?} in {source:?}"),
        }));
    }
    Ok(stream.edit(&ops)?.text.expect("a change"))
}

pub(crate) fn remove(source: &str, path: &str) -> String {
    remove_all(source, &[path]).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

pub(crate) mod generate;
pub(crate) mod judge;
pub(crate) mod model;
