//! Images: references, and the places in manifests that hold them.

mod chart_values;
mod fields;
mod kustomization;
mod reference;

pub use reference::{ImageEdit, Part, Reference};

use lockstep_yaml::{AliasMode, NodeId, Op, Stream, Value};

use crate::matches::Matches;
use crate::place_edit::PlaceEdit;

/// All images of a document: entries of a kustomization, values of `image`, and mappings with the parts of an image.
pub(crate) fn matches(
    stream: &Stream<'_>,
    document: NodeId,
    path: &str,
    edit: &ImageEdit,
    (alias, create): (AliasMode, bool),
) -> Matches {
    let mut matches = kustomization::matches(stream, document, path, edit, alias);
    matches.extend(scalars(stream, document, edit, alias));
    matches.extend(chart_values::matches(stream, document, edit, alias, create));
    matches
}

/// Each scalar value of a key `image`.
fn scalars(stream: &Stream<'_>, document: NodeId, edit: &ImageEdit, alias: AliasMode) -> Matches {
    let mut matches = Matches::new();
    let mut changed = Vec::new();
    let mut aliases = Vec::new();
    for node in stream.values_of(document, "image") {
        let Some(old) = stream.scalar(node).and_then(Reference::parse) else {
            continue;
        };
        let Some(new) = edit.change(&old) else {
            continue;
        };
        let value = Value::String(new.to_string());
        let target = stream.resolve(node);
        if target == node {
            changed.push(node);
            matches.push(Ok(PlaceEdit::Ops(vec![Op::Set { node, value }])));
        } else if new != old {
            aliases.push((node, target, value));
        }
    }
    // An alias of an image that changes anyway changes with it.
    let other = aliases.into_iter().filter(|(_, target, _)| !changed.contains(target));
    matches.extend(other.map(|(node, target, value)| match alias {
        AliasMode::Refuse => Err(stream.refuse_alias(node)),
        AliasMode::Expand => Ok(PlaceEdit::Ops(vec![Op::Detach { node, value }])),
        AliasMode::Follow => Ok(PlaceEdit::Ops(vec![Op::Set { node: target, value }])),
    }));
    matches
}
