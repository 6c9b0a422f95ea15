//! What anchors and aliases share, and why that is in the way of an edit. Never edits.

use crate::refusal::{Reason, Refusal};
use crate::tree::{Data, NodeId, Tree};

/// Refuses to take out an anchor that is used elsewhere.
pub(crate) fn refuse_used_anchors(tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
    let within = |node: NodeId| tree.ancestors(node).any(|outer| outer == id);
    let mut places = Vec::new();
    let mut name = "";
    for (index, node) in tree.nodes.iter().enumerate() {
        if let Data::Alias { target } = node.data
            && within(target)
            && !within(NodeId(index as u32))
        {
            name = tree.node(target).anchor().map_or("", |(name, _)| name);
            places.push(tree.position(node.start).line);
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let reason = Reason::Anchor { path: tree.path(id), anchor: name.to_owned(), places };
    Err(reason.at(tree.position(tree.node(id).start)))
}

/// The lines with an alias of the node or of something around it.
pub(crate) fn aliases(tree: &Tree<'_>, id: NodeId) -> Vec<u32> {
    let anchored: Vec<NodeId> =
        tree.ancestors(id).filter(|&outer| tree.node(outer).anchor().is_some()).collect();
    if anchored.is_empty() {
        return Vec::new();
    }
    let aliases = tree.nodes.iter().filter_map(|node| match node.data {
        Data::Alias { target } if anchored.contains(&target) => Some(tree.position(node.start).line),
        _ => None,
    });
    aliases.collect()
}

/// The refusal to change `target`, which `path` reaches through the alias `alias`.
pub(crate) fn alias_refusal(tree: &Tree<'_>, alias: NodeId, target: NodeId, path: String) -> Refusal {
    let mut places = aliases(tree, target);
    places.push(tree.position(tree.node(target).start).line);
    places.sort_unstable();
    places.dedup();
    let anchor = tree.node(target).anchor().map_or("", |(name, _)| name).to_owned();
    Reason::Alias { path, anchor, places }.at(tree.position(tree.node(alias).start))
}
