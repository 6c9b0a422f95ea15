//! The operations of an edit at one place. Searches for no places.

use lockstep_yaml::{AliasMode, NodeId, Op, PathMatch, Refusal, Stream, Value};

/// What to do at a place.
#[derive(Debug)]
pub(crate) enum PlaceEdit {
    /// Apply these operations, possibly none.
    Ops(Vec<Op>),
    /// Replace a value that the place shares by a copy, then search again.
    Copy(Op),
}

impl PlaceEdit {
    /// Joins several edits of one place. A copy comes first.
    pub(crate) fn join(edits: impl Iterator<Item = Result<Self, Refusal>>) -> Result<Self, Refusal> {
        let mut ops = Vec::new();
        let mut copy = None;
        for edit in edits {
            match edit? {
                Self::Ops(more) => ops.extend(more),
                Self::Copy(op) => copy = copy.or(Some(op)),
            }
        }
        Ok(copy.map_or(Self::Ops(ops), Self::Copy))
    }
}

/// Sets the value at the place.
pub(crate) fn set(stream: &Stream<'_>, place: PathMatch, value: &Value) -> Result<PlaceEdit, Refusal> {
    let create = |within, keys| PlaceEdit::Ops(vec![Op::Create { within, keys, value: value.clone() }]);
    Ok(match place {
        PathMatch::Node(node) => PlaceEdit::Ops(vec![Op::Set { node, value: value.clone() }]),
        PathMatch::Missing { within, keys } => create(within, keys),
        PathMatch::Merged { value: merged, .. } if stream.has(merged, value) => PlaceEdit::Ops(Vec::new()),
        PathMatch::Merged { within, key, .. } => create(within, vec![key]),
        PathMatch::Shared { shared, place } => match *place {
            PathMatch::Node(node) | PathMatch::Merged { value: node, .. } if stream.has(node, value) => {
                PlaceEdit::Ops(Vec::new())
            }
            _ => PlaceEdit::Copy(stream.expand(&shared)?),
        },
    })
}

/// Sets the string at the place; refuses to replace a mapping or a list.
pub(crate) fn set_string(stream: &Stream<'_>, place: PathMatch, value: &Value) -> Result<PlaceEdit, Refusal> {
    match node(&place) {
        Some(node) if stream.is_collection(node) => Err(stream.refuse_collection(node)),
        _ => set(stream, place, value),
    }
}

/// Adds an item to the list at the place, unless the list has an equal item.
pub(crate) fn append(
    stream: &Stream<'_>,
    place: PathMatch,
    value: &Value,
    alias: AliasMode,
) -> Result<PlaceEdit, Refusal> {
    let mut items = node(&place).map_or(&[][..], |list| stream.items(list)).iter();
    if items.any(|&item| stream.has(item, value)) {
        return Ok(PlaceEdit::Ops(Vec::new()));
    }
    let append = |within, keys| PlaceEdit::Ops(vec![Op::Append { within, keys, value: value.clone() }]);
    Ok(match place {
        PathMatch::Node(within) => append(within, Vec::new()),
        PathMatch::Missing { within, keys } => append(within, keys),
        PathMatch::Merged { within, key, value } if alias == AliasMode::Expand => {
            PlaceEdit::Copy(stream.expand(&stream.shared_by_merge(within, &key, value))?)
        }
        PathMatch::Merged { within, key, value } => return Err(stream.refuse_merge(within, &key, value)),
        PathMatch::Shared { shared, .. } => PlaceEdit::Copy(stream.expand(&shared)?),
    })
}

/// Deletes the value at the place.
pub(crate) fn delete(stream: &Stream<'_>, place: PathMatch) -> Result<PlaceEdit, Refusal> {
    match place {
        PathMatch::Node(node) => Ok(PlaceEdit::Ops(vec![Op::Remove { node }])),
        PathMatch::Missing { .. } => Ok(PlaceEdit::Ops(Vec::new())),
        PathMatch::Merged { within, key, value } => Err(stream.refuse_merge(within, &key, value)),
        PathMatch::Shared { shared, .. } => Ok(PlaceEdit::Copy(stream.expand(&shared)?)),
    }
}

/// The node at the place before the edit.
fn node(place: &PathMatch) -> Option<NodeId> {
    match place {
        PathMatch::Node(node) | PathMatch::Merged { value: node, .. } => Some(*node),
        PathMatch::Missing { .. } => None,
        PathMatch::Shared { place, .. } => node(place),
    }
}
