//! The plan of an edit: splices, and the changes that they make. Other modules add to it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::layout::unsupported;
use crate::op::ChangedValue;
use crate::refusal::{Refusal, RefusalReason};
use crate::shared::aliases;
use crate::show::show;
use crate::splice::Splice;
use crate::tree::{NodeId, Tree};
use crate::value::Value;

/// The result of planning a list of operations.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) splices: Vec<Splice>,
    pub(crate) changes: Vec<ChangedValue>,
    /// The nodes with a new value.
    pub(crate) set: HashMap<NodeId, Value>,
    /// The new entries at the end of mappings.
    pub(crate) created: BTreeMap<NodeId, Vec<(String, Value)>>,
    /// The new items of sequences before an item, by the index of that item.
    pub(crate) inserted: BTreeMap<NodeId, BTreeMap<usize, Vec<Value>>>,
    /// The new items at the end of sequences.
    pub(crate) appended: BTreeMap<NodeId, Vec<Value>>,
    /// The keys with a new name.
    pub(crate) renamed: HashMap<NodeId, String>,
    /// The removed values, by their collection.
    pub(crate) removed: BTreeMap<NodeId, HashSet<NodeId>>,
    /// The bytes whose comments the edit removes.
    pub(crate) gone: Vec<Range<usize>>,
    /// Whether the edit may write strings of several lines as block scalars.
    pub(crate) blocks: bool,
    /// Whether the edit replaces whole collections instead of adding and removing their parts.
    pub(crate) whole: bool,
    /// The index of each new key among the new entries of its mapping.
    pub(crate) slots: HashMap<(NodeId, String), usize>,
    /// The new keys that are in `changes` already.
    noted: HashSet<(NodeId, String)>,
}

/// How an edit writes values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WriteStyle {
    /// Whether it may write strings of several lines as block scalars.
    pub(crate) blocks: bool,
    /// Whether it replaces whole collections instead of adding and removing their parts.
    pub(crate) whole: bool,
}

impl Plan {
    /// A plan without changes.
    pub(crate) fn empty(style: WriteStyle) -> Self {
        Self { blocks: style.blocks, whole: style.whole, ..Self::default() }
    }

    pub(crate) fn add(&mut self, tree: &Tree<'_>, mapping: NodeId, key: &str, value: Value) {
        self.note_created(tree, mapping, key, &value);
        self.created.entry(mapping).or_default().push((key.to_owned(), value));
    }

    pub(crate) fn note_created(&mut self, tree: &Tree<'_>, within: NodeId, key: &str, value: &Value) {
        let outer = tree.path(within);
        let path = if outer.is_empty() { key.to_owned() } else { format!("{outer}.{key}") };
        if self.noted.insert((within, path.clone())) {
            self.changes.push(ChangedValue {
                at: tree.position(tree.node(within).start),
                path,
                from: None,
                to: Some(show(value)),
                aliases: aliases(tree, within),
            });
        }
    }

    pub(crate) fn remove(&mut self, tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
        let Some(parent) = tree.node(id).parent else {
            return Err(unsupported(tree, id, "a document as a whole"));
        };
        self.removed.entry(parent).or_default().insert(id);
        self.changes.push(ChangedValue {
            at: tree.position(tree.node(key_of(tree, id).unwrap_or(id)).start),
            path: tree.path(id),
            from: Some(tree.show(id)),
            to: None,
            aliases: Vec::new(),
        });
        Ok(())
    }
}

/// The key of a value.
pub(crate) fn key_of(tree: &Tree<'_>, id: NodeId) -> Result<NodeId, Refusal> {
    let entries = tree.node(id).parent.map_or(&[][..], |parent| tree.entries(parent));
    let entry = entries.binary_search_by_key(&id, |&(_, value)| value);
    entry.map(|entry| entries[entry].0).map_err(|_| {
        let reason = RefusalReason::Unsupported(format!("`{}` has no key", tree.path(id)));
        reason.at(tree.position(tree.node(id).start))
    })
}
