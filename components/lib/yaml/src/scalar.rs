//! The scalars and values of a file, as readers see them.

use granit_parser::ScalarStyle;

use crate::equal;
use crate::readers::{ResolvedScalar, resolve_for_all};
use crate::refusal::{Position, Refusal, RefusalReason};
use crate::stream::Stream;
use crate::tree::{Data, NodeId, Style};
use crate::value::Value;

/// A scalar of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalar<'s> {
    /// The scalar itself; if it is a key, the value of that key.
    pub node: NodeId,
    /// Whether it is a key.
    pub is_key: bool,
    /// Its text, after escapes.
    pub text: &'s str,
    /// Its style.
    pub style: ScalarStyle,
    /// Its position.
    pub at: Position,
}

impl Stream<'_> {
    /// All scalars, in the order of the file.
    pub fn scalars(&self) -> impl Iterator<Item = Scalar<'_>> {
        (0..self.tree.nodes.len()).filter_map(|index| self.scalar_at(NodeId(u32::try_from(index).ok()?)))
    }

    fn scalar_at(&self, id: NodeId) -> Option<Scalar<'_>> {
        let node = self.tree.node(id);
        let Data::Scalar { text, style, .. } = &node.data else {
            return None;
        };
        let entries = node.parent.map_or(&[][..], |parent| self.tree.entries(parent));
        // Entries are in the order of their nodes.
        let entry = entries.binary_search_by_key(&id, |&(key, _)| key).ok().map(|index| entries[index]);
        let (node, is_key) = entry.map_or((id, false), |(_, value)| (value, true));
        Some(Scalar { node, is_key, text, style: *style, at: self.tree.position(self.tree.node(id).start) })
    }

    /// The anchors and tags as in the file, with the position of their node.
    pub fn anchors_and_tags(&self) -> impl Iterator<Item = (&str, Position)> {
        self.tree.nodes.iter().flat_map(|node| {
            let anchor = node.anchor().map(|(name, _)| *name);
            let tag = node.tag().map(|tag| tag.written);
            [anchor, tag].into_iter().flatten().map(|name| (name, self.tree.position(node.start)))
        })
    }

    /// The value at a node, if all readers see the same value.
    ///
    /// # Errors
    /// Readers see different values, or the value has an alias, a merge, a tag or a key that is not a string.
    pub fn value(&self, id: NodeId) -> Result<Value, Refusal> {
        let node = self.tree.node(id);
        let refuse = |problem: String| Err(RefusalReason::Unsupported(problem).at(self.position(id)));
        if let Some(tag) = node.tag() {
            return refuse(format!("the tag `{}` cannot be read as a value", tag.written));
        }
        match &node.data {
            Data::Scalar { text, style: ScalarStyle::Plain, .. } => match plain(text) {
                Some(value) => Ok(value),
                None => refuse(format!(
                    "`{text}` is not the same to all YAML readers; in quotes it is text, and numbers are written as in JSON"
                )),
            },
            Data::Scalar { .. } if equal::ends_unclear(&self.tree, id) => {
                refuse("a text that ends with the file needs a line end".into())
            }
            Data::Scalar { text, .. } => Ok(Value::String(text.to_string())),
            Data::Alias { .. } => refuse("an alias cannot be read as a value; write the value itself".into()),
            Data::Sequence { items, .. } => {
                Ok(Value::Sequence(items.iter().map(|&item| self.value(item)).collect::<Result<_, _>>()?))
            }
            Data::Mapping { style: Style::Pair, .. } => refuse("a pair in a list needs braces".into()),
            Data::Mapping { entries, .. } => {
                let entry = |&(key, value): &(NodeId, NodeId)| match self.value(key)? {
                    Value::String(key) => Ok((key, self.value(value)?)),
                    _ => {
                        Err(RefusalReason::Unsupported("a key that is no string; put it into quotes".into())
                            .at(self.position(key)))
                    }
                };
                Ok(Value::Mapping(entries.iter().map(entry).collect::<Result<_, _>>()?))
            }
        }
    }
}

/// The value of a plain scalar, if all readers see the same. Numbers keep their digits.
fn plain(text: &str) -> Option<Value> {
    let json_number = || serde_json::from_str::<serde_json::Number>(text).is_ok();
    Some(match resolve_for_all(text)? {
        ResolvedScalar::Text => Value::String(text.to_owned()),
        ResolvedScalar::Null => Value::Null,
        ResolvedScalar::Bool(flag) => Value::Bool(flag),
        ResolvedScalar::Int(_) | ResolvedScalar::Float(_) if json_number() => Value::Number(text.to_owned()),
        ResolvedScalar::Int(number) => Value::Number(number.to_string()),
        ResolvedScalar::Float(_) | ResolvedScalar::Other => return None,
    })
}
