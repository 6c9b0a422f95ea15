//! The collections of a file, as readers see them, one level at a time.

use std::fmt;

use lockstep_path::clip;

use crate::render;
use crate::shared;
use crate::stream::Stream;
use crate::tree::{Data, NodeId};
use crate::value::Value;

/// How many levels of merges the library follows.
const DEPTH: u8 = 16;

/// The most characters of a value in a message.
const LIMIT: usize = 120;

impl Stream<'_> {
    /// The own keys of a mapping, or of the target of an alias, without `<<`.
    pub fn entries(&self, mapping: NodeId) -> Vec<(&str, NodeId)> {
        let entries = self.tree.entries(self.tree.resolve(mapping)).iter();
        let named = entries.filter_map(|&(key, value)| Some((self.tree.scalar(key)?, value)));
        named.filter(|&(key, _)| key != "<<").collect()
    }

    /// How many own keys of any kind a mapping has.
    pub fn key_count(&self, mapping: NodeId) -> usize {
        self.tree.entries(self.tree.resolve(mapping)).len()
    }

    /// The keys that a mapping has only from merges (`<<`), with their values.
    pub fn merged_entries(&self, mapping: NodeId) -> Vec<(&str, NodeId)> {
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

    /// Whether the node, or the target of the alias, is a mapping.
    pub fn is_mapping(&self, node: NodeId) -> bool {
        matches!(self.tree.node(self.tree.resolve(node)).data, Data::Mapping { .. })
    }

    /// Whether the node, or the target of the alias, is a sequence.
    pub fn is_sequence(&self, node: NodeId) -> bool {
        matches!(self.tree.node(self.tree.resolve(node)).data, Data::Sequence { .. })
    }

    /// A copy of the value at a node, with aliases and merges resolved. Plain scalars that are not text keep their spelling.
    ///
    /// # Errors
    /// Why there is no copy: the value is too large, or has a tag or a key that is not a string.
    pub fn resolved_value(&self, node: NodeId) -> Result<Value, &'static str> {
        shared::value(&self.tree, node)
    }
}

impl fmt::Display for Value {
    /// Writes the value on one line, shortened, for messages.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&clip(&render::inline(self, true, true), LIMIT))
    }
}
