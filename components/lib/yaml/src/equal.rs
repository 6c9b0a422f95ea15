//! Whether a node already has a value, for every reader.

use granit_parser::ScalarStyle;

use crate::block::Block;
use crate::quote;
use crate::readers::{ResolvedScalar, is_string_for_all, resolve_for_all};
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

const STRING_TAGS: [&str; 2] = ["tag:yaml.org,2002:str", "!"];

/// Whether readers of all families see `value` at `id`.
pub(crate) fn has(tree: &Tree<'_>, id: NodeId, value: &Value) -> bool {
    let id = tree.resolve(id);
    let node = tree.node(id);
    match (&node.data, value) {
        (Data::Scalar { text, style, .. }, Value::Plain(wanted)) => {
            text == wanted && *style == ScalarStyle::Plain && node.tag().is_none()
        }
        (Data::Scalar { text, style, .. }, value) => match node.tag() {
            Some(tag) => tag_fits(&tag.full, value) && same_tagged(text, value),
            None if *style == ScalarStyle::Plain => same_plain(text, value),
            None => *value == Value::String(text.to_string()) && !ends_unclear(tree, id),
        },
        _ if node.tag().is_some() => false,
        (Data::Sequence { items, .. }, Value::Sequence(wanted)) => {
            items.len() == wanted.len()
                && items.iter().zip(wanted).all(|(&item, wanted)| has(tree, item, wanted))
        }
        (Data::Mapping { entries, .. }, Value::Mapping(wanted)) => {
            if entries.len() != wanted.len() || !tree.merged(id).is_empty() {
                return false;
            }
            let own = tree.finder(id);
            wanted.iter().all(|(key, wanted)| own(key).is_some_and(|value| has(tree, value, wanted)))
        }
        _ => false,
    }
}

/// Whether a scalar with this tag may hold the value: the tag then says what the value is anyway.
pub(crate) fn tag_fits(tag: &str, value: &Value) -> bool {
    match value {
        Value::String(_) => STRING_TAGS.contains(&tag),
        Value::Bool(_) => tag == "tag:yaml.org,2002:bool",
        Value::Null => tag == "tag:yaml.org,2002:null",
        Value::Number(number) if number.contains(['.', 'e', 'E']) => tag == "tag:yaml.org,2002:float",
        Value::Number(_) => tag == "tag:yaml.org,2002:int",
        Value::Plain(_) | Value::Sequence(_) | Value::Mapping(_) => false,
    }
}

fn same_tagged(text: &str, value: &Value) -> bool {
    match value {
        Value::String(wanted) => text == wanted,
        other => same_plain(text, other),
    }
}

fn same_plain(text: &str, value: &Value) -> bool {
    match value {
        Value::String(wanted) => text == wanted && is_string_for_all(text),
        Value::Null => resolve_for_all(text) == Some(ResolvedScalar::Null),
        Value::Bool(wanted) => resolve_for_all(text) == Some(ResolvedScalar::Bool(*wanted)),
        Value::Number(number) => {
            let wanted = quote::number(number);
            text == wanted
                || match resolve_for_all(text) {
                    Some(ResolvedScalar::Int(_)) | Some(ResolvedScalar::Float(_)) => {
                        resolve_for_all(text) == resolve_for_all(&wanted)
                    }
                    _ => false,
                }
        }
        Value::Plain(_) | Value::Sequence(_) | Value::Mapping(_) => false,
    }
}

/// Whether this is a block scalar that ends with the file but without a line end: some readers add
/// the line end, some do not.
pub(crate) fn ends_unclear(tree: &Tree<'_>, id: NodeId) -> bool {
    let node = tree.node(id);
    let Data::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = node.data else {
        return false;
    };
    let strips = tree.text[Block::of(tree, id).header].contains('-');
    !strips && node.end as usize == tree.text.len() && !tree.text.ends_with('\n')
}
