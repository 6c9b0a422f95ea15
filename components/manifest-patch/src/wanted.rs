//! What an edit comes to at one place. Never looks for places.

use lockstep_yaml::{Alias, NodeId, Op, Place, Refusal, Stream, Value};

/// What to do at a place.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// These edits, which may be none.
    Ops(Vec<Op>),
    /// Give the place a copy of a value it shares, then look again.
    Copy(Op),
}

impl Wanted {
    /// What several edits of one place come to: copies are made first.
    pub(crate) fn all(wanted: impl Iterator<Item = Result<Self, Refusal>>) -> Result<Self, Refusal> {
        let mut ops = Vec::new();
        let mut copy = None;
        for wanted in wanted {
            match wanted? {
                Self::Ops(more) => ops.extend(more),
                Self::Copy(op) => copy = copy.or(Some(op)),
            }
        }
        Ok(copy.map_or(Self::Ops(ops), Self::Copy))
    }
}

/// A value is to stand at the place.
pub(crate) fn set(stream: &Stream<'_>, place: Place, value: &Value) -> Result<Wanted, Refusal> {
    let create = |within, keys| Wanted::Ops(vec![Op::Create { within, keys, value: value.clone() }]);
    Ok(match place {
        Place::Node(node) => Wanted::Ops(vec![Op::Set { node, value: value.clone() }]),
        Place::Missing { within, keys } => create(within, keys),
        Place::Merged { value: merged, .. } if stream.has(merged, value) => Wanted::Ops(Vec::new()),
        Place::Merged { within, key, .. } => create(within, vec![key]),
        Place::Shared { shared, place } => match *place {
            Place::Node(node) | Place::Merged { value: node, .. } if stream.has(node, value) => {
                Wanted::Ops(Vec::new())
            }
            _ => Wanted::Copy(stream.copy(&shared)?),
        },
    })
}

/// A string is to stand at the place, which is no mapping and no list.
pub(crate) fn set_string(stream: &Stream<'_>, place: Place, value: &Value) -> Result<Wanted, Refusal> {
    match node(&place) {
        Some(node) if stream.is_collection(node) => Err(stream.refuse_collection(node)),
        _ => set(stream, place, value),
    }
}

/// A value is to be an item of the list at the place. One that has it already stays as it is.
pub(crate) fn append(
    stream: &Stream<'_>,
    place: Place,
    value: &Value,
    alias: Alias,
) -> Result<Wanted, Refusal> {
    let mut items = node(&place).map_or(&[][..], |list| stream.items(list)).iter();
    if items.any(|&item| stream.has(item, value)) {
        return Ok(Wanted::Ops(Vec::new()));
    }
    let append = |within, keys| Wanted::Ops(vec![Op::Append { within, keys, value: value.clone() }]);
    Ok(match place {
        Place::Node(within) => append(within, Vec::new()),
        Place::Missing { within, keys } => append(within, keys),
        Place::Merged { within, key, value } if alias == Alias::Expand => {
            Wanted::Copy(stream.copy(&stream.shared_key(within, &key, value))?)
        }
        Place::Merged { within, key, value } => return Err(stream.refuse_merge(within, &key, value)),
        Place::Shared { shared, .. } => Wanted::Copy(stream.copy(&shared)?),
    })
}

/// What stands at the place is to go.
pub(crate) fn delete(stream: &Stream<'_>, place: Place) -> Result<Wanted, Refusal> {
    match place {
        Place::Node(node) => Ok(Wanted::Ops(vec![Op::Remove { node }])),
        Place::Missing { .. } => Ok(Wanted::Ops(Vec::new())),
        Place::Merged { within, key, value } => Err(stream.refuse_merge(within, &key, value)),
        Place::Shared { shared, .. } => Ok(Wanted::Copy(stream.copy(&shared)?)),
    }
}

/// The node that stands at the place now.
fn node(place: &Place) -> Option<NodeId> {
    match place {
        Place::Node(node) | Place::Merged { value: node, .. } => Some(*node),
        Place::Missing { .. } => None,
        Place::Shared { place, .. } => node(place),
    }
}
