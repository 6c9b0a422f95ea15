//! Shows what stands at a node the way a reader sees it, one layer at a time. Never changes it.

use std::fmt;

use lockstep_path::clip;

use crate::render;
use crate::shared;
use crate::stream::Stream;
use crate::tree::{Data, NodeId};
use crate::value::Value;

/// How deep merges of merges are followed.
const DEPTH: u8 = 16;

/// The most characters of a value that are shown.
const LIMIT: usize = 120;

impl Stream<'_> {
    /// The keys that stand in a mapping itself, or in the one that an alias stands for; without `<<`.
    pub fn entries(&self, mapping: NodeId) -> Vec<(&str, NodeId)> {
        let entries = self.tree.entries(self.tree.resolve(mapping)).iter();
        let named = entries.filter_map(|&(key, value)| Some((self.tree.scalar(key)?, value)));
        named.filter(|&(key, _)| key != "<<").collect()
    }

    /// How many keys stand in a mapping itself, of whatever kind they are.
    pub fn size(&self, mapping: NodeId) -> usize {
        self.tree.entries(self.tree.resolve(mapping)).len()
    }

    /// The keys that a mapping only has from merges (`<<`), with the values that stand there.
    pub fn inherited(&self, mapping: NodeId) -> Vec<(&str, NodeId)> {
        let mapping = self.tree.resolve(mapping);
        let mut found = Vec::new();
        self.inherit(mapping, mapping, DEPTH, &mut found);
        found
    }

    fn inherit<'t>(&'t self, heir: NodeId, mapping: NodeId, depth: u8, found: &mut Vec<(&'t str, NodeId)>) {
        for source in self.tree.merged(mapping).into_iter().filter(|_| depth > 0) {
            for (key, value) in self.entries(source) {
                if self.get(heir, key).is_none() && found.iter().all(|(known, _)| *known != key) {
                    found.push((key, self.tree.resolve(value)));
                }
            }
            self.inherit(heir, source, depth - 1, found);
        }
    }

    /// Whether the node, or what it is an alias of, is a mapping.
    pub fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.tree.node(self.tree.resolve(node)).data, Data::Mapping { .. })
    }

    /// Whether the node, or what it is an alias of, is a list.
    pub fn is_list(&self, node: NodeId) -> bool {
        matches!(self.tree.node(self.tree.resolve(node)).data, Data::Sequence { .. })
    }

    /// A copy of the value at a node, with all that aliases and merges stand for. Plain scalars that are no
    /// text stay as they are written.
    ///
    /// # Errors
    /// Why it cannot be written down elsewhere: it is too large, or has a tag or a key that is no text.
    pub fn copied(&self, node: NodeId) -> Result<Value, &'static str> {
        shared::value(&self.tree, node)
    }
}

impl fmt::Display for Value {
    /// On one line and not too long, for messages.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&clip(&render::inline(self, true, true), LIMIT))
    }
}
