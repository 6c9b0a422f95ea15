//! The operations of an edit at one place. Searches for no places.

use lockstep_yaml::{Alias, NodeId, Op, Place, Refusal, Stream, Value};

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
pub(crate) fn set(stream: &Stream<'_>, place: Place, value: &Value) -> Result<PlaceEdit, Refusal> {
    let create = |within, keys| PlaceEdit::Ops(vec![Op::Create { within, keys, value: value.clone() }]);
    Ok(match place {
        Place::Node(node) => PlaceEdit::Ops(vec![Op::Set { node, value: value.clone() }]),
        Place::Missing { within, keys } => create(within, keys),
        Place::Merged { value: merged, .. } if stream.has(merged, value) => PlaceEdit::Ops(Vec::new()),
        Place::Merged { within, key, .. } => create(within, vec![key]),
        Place::Shared { shared, place } => match *place {
            Place::Node(node) | Place::Merged { value: node, .. } if stream.has(node, value) => {
                PlaceEdit::Ops(Vec::new())
            }
            _ => PlaceEdit::Copy(stream.copy(&shared)?),
        },
    })
}

/// Sets the string at the place; refuses to replace a mapping or a list.
pub(crate) fn set_string(stream: &Stream<'_>, place: Place, value: &Value) -> Result<PlaceEdit, Refusal> {
    match node(&place) {
        Some(node) if stream.is_collection(node) => Err(stream.refuse_collection(node)),
        _ => set(stream, place, value),
    }
}

/// Adds an item to the list at the place, unless the list has an equal item.
pub(crate) fn append(
    stream: &Stream<'_>,
    place: Place,
    value: &Value,
    alias: Alias,
) -> Result<PlaceEdit, Refusal> {
    let mut items = node(&place).map_or(&[][..], |list| stream.items(list)).iter();
    if items.any(|&item| stream.has(item, value)) {
        return Ok(PlaceEdit::Ops(Vec::new()));
    }
    let append = |within, keys| PlaceEdit::Ops(vec![Op::Append { within, keys, value: value.clone() }]);
    Ok(match place {
        Place::Node(within) => append(within, Vec::new()),
        Place::Missing { within, keys } => append(within, keys),
        Place::Merged { within, key, value } if alias == Alias::Expand => {
            PlaceEdit::Copy(stream.copy(&stream.shared_key(within, &key, value))?)
        }
        Place::Merged { within, key, value } => return Err(stream.refuse_merge(within, &key, value)),
        Place::Shared { shared, .. } => PlaceEdit::Copy(stream.copy(&shared)?),
    })
}

/// Deletes the value at the place.
pub(crate) fn delete(stream: &Stream<'_>, place: Place) -> Result<PlaceEdit, Refusal> {
    match place {
        Place::Node(node) => Ok(PlaceEdit::Ops(vec![Op::Remove { node }])),
        Place::Missing { .. } => Ok(PlaceEdit::Ops(Vec::new())),
        Place::Merged { within, key, value } => Err(stream.refuse_merge(within, &key, value)),
        Place::Shared { shared, .. } => Ok(PlaceEdit::Copy(stream.copy(&shared)?)),
    }
}

/// The node at the place before the edit.
fn node(place: &Place) -> Option<NodeId> {
    match place {
        Place::Node(node) | Place::Merged { value: node, .. } => Some(*node),
        Place::Missing { .. } => None,
        Place::Shared { place, .. } => node(place),
    }
}
