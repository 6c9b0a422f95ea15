//! Text fields of a mapping, as readers see them: through aliases and merges.

use lockstep_yaml::{AliasMode, FindOptions, NodeId, Path, PathMatch, Refusal, Segment, Stream, Value};

use crate::place_edit::{self, PlaceEdit};

/// The text at a key. An empty text counts as none.
pub(super) fn text(stream: &Stream<'_>, mapping: NodeId, key: &str) -> Option<String> {
    let node = resolved(stream, mapping, key).filter(|&node| !stream.has(node, &Value::Null))?;
    stream.scalar(node).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The value that readers see at a key.
pub(super) fn resolved(stream: &Stream<'_>, mapping: NodeId, key: &str) -> Option<NodeId> {
    match find(stream, mapping, key, FindOptions { alias: AliasMode::Follow, ..FindOptions::default() })? {
        Ok(PathMatch::Node(node)) => Some(node),
        _ => None,
    }
}

/// Sets the text at a key. `assigned` are the nodes that get a new text themselves, with that text: a key that shares such a
/// node changes with it.
pub(super) fn put(
    stream: &Stream<'_>,
    mapping: NodeId,
    (key, text): (&str, String),
    alias: AliasMode,
    assigned: &[(NodeId, String)],
) -> Result<PlaceEdit, Refusal> {
    let shared = resolved(stream, mapping, key).filter(|&node| stream.get(mapping, key) != Some(node));
    let is_assigned = |node| assigned.iter().any(|(other, new)| *other == node && *new == text);
    let value = Value::String(text.clone());
    if shared.is_some_and(|node| is_assigned(node) || stream.has(node, &value)) {
        return Ok(PlaceEdit::Ops(Vec::new()));
    }
    match find(stream, mapping, key, FindOptions { create: true, alias, match_alias: false }) {
        Some(place) => place_edit::set_string(stream, place?, &value),
        None => Ok(PlaceEdit::Ops(Vec::new())),
    }
}

/// Deletes a key.
pub(super) fn take(
    stream: &Stream<'_>,
    mapping: NodeId,
    key: &str,
    alias: AliasMode,
) -> Result<PlaceEdit, Refusal> {
    match find(stream, mapping, key, FindOptions { create: false, alias, match_alias: true }) {
        Some(place) => place_edit::delete(stream, place?),
        None => Ok(PlaceEdit::Ops(Vec::new())),
    }
}

fn find(
    stream: &Stream<'_>,
    mapping: NodeId,
    key: &str,
    lookup: FindOptions,
) -> Option<Result<PathMatch, Refusal>> {
    let path = Path::of(vec![Segment::Key(key.to_owned())]);
    stream.find(mapping, &path, lookup).into_iter().next()
}
