//! Values that several places share through anchors, aliases and merges: refusals to change them, and copies of them.

use std::collections::HashSet;

use granit_parser::ScalarStyle;

use crate::equal;
use crate::op::Op;
use crate::order::sorted;
use crate::readers::is_string_for_all;
use crate::refusal::{Refusal, RefusalReason};
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// How to treat an edit whose path goes through an alias, or to a key that comes from a merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AliasMode {
    /// Refuse it, because it would also change other places.
    #[default]
    Refuse,
    /// Replace the shared value by a copy first.
    Expand,
    /// Change the anchored value, and with it every place that uses it.
    Follow,
}

/// A place that shares its value with others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SharedValue {
    pub(crate) by: SharedBy,
    pub(crate) value: NodeId,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SharedBy {
    /// An alias.
    Alias(NodeId),
    /// A key that a mapping has from a merge.
    Key(NodeId, String),
}

/// The most nodes of a copy: aliases of aliases can expand to billions.
const COPY_NODES: usize = 10_000;
const COPY_DEPTH: usize = 64;

/// The operation that replaces a shared value by a copy.
pub(crate) fn copy(tree: &Tree<'_>, shared: &SharedValue) -> Result<Op, Refusal> {
    let value = value(tree, shared.value).map_err(|problem| {
        let path = tree.path(shared.value);
        let reason = RefusalReason::Unsupported(format!("`{path}` cannot be copied: {problem}"));
        reason.at(tree.position(tree.node(shared.value).start))
    })?;
    Ok(match &shared.by {
        SharedBy::Alias(node) => Op::Detach { node: *node, value },
        SharedBy::Key(within, key) => Op::Create { within: *within, keys: vec![key.clone()], value },
    })
}

/// The value of a node with aliases and merges resolved.
pub(crate) fn value(tree: &Tree<'_>, id: NodeId) -> Result<Value, &'static str> {
    Copier { tree, left: COPY_NODES }.value(id, COPY_DEPTH)
}

struct Copier<'t> {
    tree: &'t Tree<'t>,
    left: usize,
}

impl Copier<'_> {
    /// A value with aliases and merges resolved.
    fn value(&mut self, id: NodeId, depth: usize) -> Result<Value, &'static str> {
        let id = self.tree.resolve(id);
        let node = self.tree.node(id);
        self.left = self.left.checked_sub(1).filter(|_| depth > 0).ok_or("it is too large")?;
        if let Some(tag) = node.tag()
            && !equal::tag_fits(&tag.full, &Value::String(String::new()))
        {
            return Err("it has a tag");
        }
        match &node.data {
            Data::Scalar { .. } if equal::ends_unclear(self.tree, id) => Err("it ends without a line end"),
            Data::Scalar { text, style: ScalarStyle::Plain, .. }
                if node.tag().is_none() && !is_string_for_all(text) =>
            {
                Ok(if text.is_empty() { Value::Null } else { Value::Plain(text.to_string()) })
            }
            Data::Scalar { text, .. } => Ok(Value::String(text.to_string())),
            Data::Sequence { items, .. } => {
                let items = items.iter().map(|&item| self.value(item, depth - 1));
                items.collect::<Result<_, _>>().map(Value::Sequence)
            }
            Data::Mapping { .. } => {
                let mut entries = Vec::new();
                self.entries(id, depth, &mut entries)?;
                Ok(Value::Mapping(entries))
            }
            Data::Alias { .. } => Err("it is an alias of an alias"),
        }
    }

    /// The entries of a mapping that are not there yet: its own, then those that it merges.
    fn entries(
        &mut self,
        mapping: NodeId,
        depth: usize,
        entries: &mut Vec<(String, Value)>,
    ) -> Result<(), &'static str> {
        let tree = self.tree;
        self.left = self.left.checked_sub(1).filter(|_| depth > 0).ok_or("it is too large")?;
        for &(key, value) in tree.entries(mapping) {
            let key = tree.resolve(key);
            let text = tree.scalar(key).ok_or("it has a key that is no text")?;
            let plain = matches!(tree.node(key).data, Data::Scalar { style: ScalarStyle::Plain, .. });
            if text == "<<" {
                continue;
            }
            if tree.node(key).tag().is_some() || plain && !is_string_for_all(text) {
                return Err("it has a key that is no text");
            }
            if entries.iter().all(|(name, _)| name != text) {
                let value = self.value(value, depth - 1)?;
                entries.push((text.to_owned(), value));
            }
        }
        tree.merged(mapping).into_iter().try_for_each(|source| self.entries(source, depth - 1, entries))
    }
}

/// Refuses to take out an anchor that is used elsewhere: by an alias that neither goes nor is replaced.
pub(crate) fn refuse_used_anchors(
    tree: &Tree<'_>,
    gone: &HashSet<NodeId>,
    replaced: impl Fn(NodeId) -> bool,
) -> Result<(), Refusal> {
    let mut first = None;
    let mut places = Vec::new();
    for &alias in &tree.aliases {
        let target = tree.resolve(alias);
        let Some(outer) = tree.ancestors(target).find(|outer| gone.contains(outer)) else {
            continue;
        };
        let stays = !tree.ancestors(alias).any(|node| gone.contains(&node) || replaced(node));
        if stays && first.is_none_or(|(before, _)| before == outer) {
            first = Some((outer, target));
            places.push(tree.position(tree.node(alias).start).line);
        }
    }
    let Some((outer, target)) = first else {
        return Ok(());
    };
    let anchor = tree.node(target).anchor().map_or("", |(name, _)| name).to_owned();
    let reason = RefusalReason::Anchor { path: tree.path(outer), anchor, places };
    Err(reason.at(tree.position(tree.node(outer).start)))
}

/// The lines with an alias of the node or of something around it.
pub(crate) fn aliases(tree: &Tree<'_>, id: NodeId) -> Vec<u32> {
    let anchored: Vec<NodeId> =
        tree.ancestors(id).filter(|&outer| tree.node(outer).anchor().is_some()).collect();
    if anchored.is_empty() {
        return Vec::new();
    }
    let lines = tree.aliases.iter().map(|&alias| tree.node(alias)).filter_map(|node| match node.data {
        Data::Alias { target } if anchored.contains(&target) => Some(tree.position(node.start).line),
        _ => None,
    });
    lines.collect()
}

/// The refusal to change `target`, which `path` reaches through the alias `alias`.
pub(crate) fn alias_refusal(tree: &Tree<'_>, alias: NodeId, target: NodeId, path: String) -> Refusal {
    let mut places = aliases(tree, target);
    places.push(tree.position(tree.node(target).start).line);
    let mut places = sorted(places, |&line| (line as usize, 0));
    places.dedup();
    let anchor = tree.node(target).anchor().map_or("", |(name, _)| name).to_owned();
    RefusalReason::Alias { path, anchor, places }.at(tree.position(tree.node(alias).start))
}

/// The refusal to change a key of `mapping` that stands in a mapping it merges.
pub(crate) fn merge_refusal(tree: &Tree<'_>, mapping: NodeId, merged: NodeId, path: String) -> Refusal {
    let mut places = aliases(tree, merged);
    places.push(tree.position(tree.node(merged).start).line);
    let mut places = sorted(places, |&line| (line as usize, 0));
    places.dedup();
    RefusalReason::Merge { path, places }.at(tree.position(tree.node(mapping).start))
}
