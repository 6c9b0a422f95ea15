//! What the tests share: one edit on one text.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses its part")]

use lockstep_yaml::{Op, Path, Place, Reason, Refusal, Stream, Value};

/// Makes one edit in all documents.
pub(crate) fn edit(source: &str, path: &str, value: &Value, create: bool) -> Result<String, Refusal> {
    let stream = Stream::open(source.as_bytes())?;
    let path = Path::parse(path).unwrap();
    let mut ops = Vec::new();
    for &document in stream.documents() {
        for place in stream.find(document, &path, create) {
            ops.push(match place? {
                Place::Node(node) => Op::Set { node, value: value.clone() },
                Place::Missing { within, keys } => Op::Create { within, keys, value: value.clone() },
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
        for place in stream.find(document, &path, create) {
            let Ok(Place::Node(node)) = place else { panic!("{path} is still missing in {text:?}") };
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

pub(crate) fn refused(source: &str, path: &str, value: &str) -> Reason {
    edit(source, path, &Value::String(value.into()), false).unwrap_err().reason
}

/// The places of a path; an empty one means each document as a whole.
fn places(stream: &Stream<'_>, path: &str, create: bool) -> Result<Vec<Place>, Refusal> {
    let documents = stream.documents().iter();
    if path.is_empty() {
        return Ok(documents.map(|&root| Place::Node(root)).collect());
    }
    let path = Path::parse(path).unwrap();
    documents.flat_map(|&root| stream.find(root, &path, create)).collect()
}

/// Appends all values to each list that the path finds, or makes.
pub(crate) fn append_all(source: &str, path: &str, values: &[&str]) -> Result<String, Refusal> {
    let stream = Stream::open(source.as_bytes())?;
    let mut ops = Vec::new();
    for place in places(&stream, path, true)? {
        let (within, keys) = match place {
            Place::Node(node) => (node, Vec::new()),
            Place::Missing { within, keys } => (within, keys),
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
            Place::Node(node) => Op::Remove { node },
            Place::Missing { .. } => panic!("{path} is not in {source:?}"),
        }));
    }
    Ok(stream.edit(&ops)?.text.expect("a change"))
}

pub(crate) fn remove(source: &str, path: &str) -> String {
    remove_all(source, &[path]).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

pub(crate) mod generate;
pub(crate) mod judge;
