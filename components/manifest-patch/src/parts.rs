//! An image whose parts stand in keys of one mapping. Never knows what the keys are called.

use lockstep_yaml::{Alias, Lookup, NodeId, Path, Place, Refusal, Segment, Stream, Value};

use crate::wanted::{self, Wanted};

/// The text at a key, the way readers see it: through aliases and merges. An empty one is none.
pub(crate) fn text(stream: &Stream<'_>, mapping: NodeId, key: &str) -> Option<String> {
    let node = seen(stream, mapping, key).filter(|&node| !stream.has(node, &Value::Null))?;
    stream.scalar(node).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The value that readers see at a key.
pub(crate) fn seen(stream: &Stream<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    match find(stream, mapping, key, Lookup { alias: Alias::Follow, ..Lookup::default() })? {
        Ok(Place::Node(node)) => Some(node),
        _ => None,
    }
}

/// Makes the value at a key this text. `settled` are the values that get a text where they stand: what only shares one
/// of them changes with it.
pub(crate) fn put(
    stream: &Stream<'_>,
    mapping: NodeId,
    (key, text): (&str, String),
    alias: Alias,
    settled: &[(NodeId, String)],
) -> Result<Wanted, Refusal> {
    let shared = seen(stream, mapping, key).filter(|&node| stream.get(mapping, key) != Some(node));
    let settles = |node| settled.iter().any(|(other, new)| *other == node && *new == text);
    let value = Value::String(text.clone());
    if shared.is_some_and(|node| settles(node) || stream.has(node, &value)) {
        return Ok(Wanted::Ops(Vec::new()));
    }
    match find(stream, mapping, key, Lookup { create: true, alias, itself: false }) {
        Some(place) => wanted::set_string(stream, place?, &value),
        None => Ok(Wanted::Ops(Vec::new())),
    }
}

/// Takes a key away.
pub(crate) fn take(stream: &Stream<'_>, mapping: NodeId, key: &str, alias: Alias) -> Result<Wanted, Refusal> {
    match find(stream, mapping, key, Lookup { create: false, alias, itself: true }) {
        Some(place) => wanted::delete(stream, place?),
        None => Ok(Wanted::Ops(Vec::new())),
    }
}

fn find(stream: &Stream<'_>, mapping: NodeId, key: &str, lookup: Lookup) -> Option<Result<Place, Refusal>> {
    let path = Path::of(vec![Segment::Key(key.to_owned())]);
    stream.find(mapping, &path, lookup).into_iter().next()
}
