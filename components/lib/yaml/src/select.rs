//! Finds the places of a document that a path names.

use std::collections::HashSet;

use granit_parser::ScalarStyle;
use lockstep_path::{Path, Segment};

use crate::equal;
use crate::op::Op;
use crate::order::sorted_nodes;
use crate::refusal::{Position, Refusal, RefusalReason};
use crate::shared::{self, AliasMode, SharedBy, SharedValue, alias_refusal, merge_refusal};
use crate::stream::Stream;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// A place that a path names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PathMatch {
    /// A node.
    Node(NodeId),
    /// Missing keys.
    Missing {
        /// The innermost existing mapping of the path, or an empty value in its place.
        within: NodeId,
        /// The missing keys, outermost first.
        keys: Vec<String>,
    },
    /// A key that a mapping has from a merge (`<<`). An own key would override it.
    Merged {
        /// The mapping.
        within: NodeId,
        /// The key.
        key: String,
        /// Its value in the merged mapping.
        value: NodeId,
    },
    /// A place in a shared value: only with [`AliasMode::Expand`].
    Shared {
        /// The value that the edit must copy first.
        shared: SharedValue,
        /// The place before the copy.
        place: Box<PathMatch>,
    },
}

/// How to find places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FindOptions {
    /// Whether missing keys at the end of the path are places. Missing list items never are.
    pub create: bool,
    /// How to treat paths through aliases and merges.
    pub alias: AliasMode,
    /// Whether an alias at the end of the path is the place, and not its target.
    pub match_alias: bool,
}

impl Stream<'_> {
    /// All places of a document that the path names, in order, each once.
    pub fn find(
        &self,
        document: NodeId,
        path: &Path,
        lookup: FindOptions,
    ) -> Vec<Result<PathMatch, Refusal>> {
        let mut found = Vec::new();
        let search = Search { tree: &self.tree, lookup };
        // An empty document has no places; it often has comments only.
        if !self.is_absent(document) {
            search.walk(document, path.segments(), &mut found);
        }
        if lookup.alias != AliasMode::Refuse {
            let mut seen = HashSet::with_capacity(found.len());
            found.retain(|place| place.as_ref().map_or(true, |place| seen.insert(place.clone())));
        }
        found
    }

    /// Whether all readers see this value at a node, or at the target of an alias.
    pub fn has(&self, node: NodeId, value: &Value) -> bool {
        equal::has(&self.tree, node, value)
    }

    /// The operation that replaces a shared value by a copy.
    ///
    /// # Errors
    /// The library cannot copy the value, for example because it has a tag.
    pub fn expand(&self, shared: &SharedValue) -> Result<Op, Refusal> {
        shared::copy(&self.tree, shared)
    }

    /// The shared value of an alias.
    pub fn shared_by_alias(&self, alias: NodeId) -> SharedValue {
        SharedValue { by: SharedBy::Alias(alias), value: self.tree.resolve(alias) }
    }

    /// The shared value of a key that a mapping has from a merge.
    pub fn shared_by_merge(&self, within: NodeId, key: &str, value: NodeId) -> SharedValue {
        SharedValue { by: SharedBy::Key(within, key.to_owned()), value }
    }

    /// The refusal to change a key that comes from a merge.
    pub fn refuse_merge(&self, within: NodeId, key: &str, merged: NodeId) -> Refusal {
        let path = format!("{}{}", self.tree.path(within), lockstep_path::dotted(&Segment::Key(key.into())));
        merge_refusal(&self.tree, within, merged, path.trim_start_matches('.').to_owned())
    }

    /// The texts of all scalars that the path names, as readers see them through aliases and merges.
    pub fn read_scalars(&self, document: NodeId, path: &Path) -> Vec<&str> {
        let mut nodes = vec![document];
        for segment in path.segments() {
            nodes = nodes.iter().flat_map(|&node| step(&self.tree, node, segment)).collect();
        }
        nodes.into_iter().filter_map(|node| self.scalar(node)).collect()
    }

    /// The text of a scalar, or of the target of an alias.
    pub fn scalar(&self, node: NodeId) -> Option<&str> {
        self.tree.scalar(self.tree.resolve(node))
    }

    /// The value of an own key of a mapping.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.tree.own_value(mapping, key)
    }

    /// The items of a sequence; empty for any other node.
    pub fn items(&self, sequence: NodeId) -> &[NodeId] {
        self.tree.items(sequence)
    }

    /// The keys and values of a mapping, in order; empty for any other node.
    pub fn pairs(&self, mapping: NodeId) -> &[(NodeId, NodeId)] {
        self.tree.entries(mapping)
    }

    /// All mappings below a node, in order. The target of an alias counts at its anchor.
    pub fn mappings(&self, root: NodeId) -> Vec<NodeId> {
        let mut mappings = Vec::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            if matches!(self.tree.node(id).data, Data::Mapping { .. }) {
                mappings.push(id);
            }
            open.extend(self.tree.entries(id).iter().map(|&(_, value)| value));
            open.extend(self.tree.items(id));
        }
        sorted_nodes(mappings)
    }

    /// The values of all keys of this name below a node, in order.
    pub fn values_of(&self, root: NodeId, key: &str) -> Vec<NodeId> {
        let mut values = Vec::new();
        let mut open = vec![root];
        while let Some(id) = open.pop() {
            let entries = self.tree.entries(id);
            let named = entries.iter().filter(|&&(name, _)| self.tree.scalar(name) == Some(key));
            values.extend(named.map(|&(_, value)| value));
            open.extend(entries.iter().map(|&(_, value)| value));
            open.extend(self.tree.items(id));
        }
        sorted_nodes(values)
    }

    /// Whether the node is a mapping or a sequence.
    pub fn is_collection(&self, node: NodeId) -> bool {
        matches!(self.tree.node(node).data, Data::Mapping { .. } | Data::Sequence { .. })
    }

    /// The target of an alias; any other node itself.
    pub fn resolve(&self, node: NodeId) -> NodeId {
        self.tree.resolve(node)
    }

    /// The refusal to change the target of an alias.
    pub fn refuse_alias(&self, alias: NodeId) -> Refusal {
        alias_refusal(&self.tree, alias, self.tree.resolve(alias), self.tree.path(alias))
    }

    /// The refusal to replace a collection by a string.
    pub fn refuse_collection(&self, node: NodeId) -> Refusal {
        let (path, found) = (self.tree.path(node), self.tree.node(node).kind());
        RefusalReason::NotScalar { path, found }.at(self.position(node))
    }

    /// The position of a node.
    pub fn position(&self, node: NodeId) -> Position {
        self.tree.position(self.tree.node(node).start)
    }

    /// The path of a node in dotted form.
    pub fn path(&self, node: NodeId) -> String {
        self.tree.path(node)
    }

    /// Whether a node is empty, such as a document with comments only. Readers see null.
    pub fn is_absent(&self, node: NodeId) -> bool {
        let node = self.tree.node(node);
        matches!(node.data, Data::Scalar { .. }) && node.start == node.end
    }
}

/// The nodes at a segment, through aliases and merges.
fn step(tree: &Tree<'_>, node: NodeId, segment: &Segment) -> Vec<NodeId> {
    let node = tree.resolve(node);
    let item = |index: usize| tree.items(node).get(index).copied();
    let found = match segment {
        Segment::Key(key) => tree.value(node, key),
        Segment::Index(index) => item(*index),
        Segment::KeyOrIndex(index) => item(*index).or_else(|| tree.value(node, &index.to_string())),
        Segment::Match { key, value } => return matching(tree, node, key, value),
        Segment::Wildcard => return tree.items(node).iter().map(|&item| tree.resolve(item)).collect(),
    };
    found.map(|found| tree.resolve(found)).into_iter().collect()
}

/// The items of a sequence that have this text at this key.
fn matching(tree: &Tree<'_>, sequence: NodeId, key: &str, value: &str) -> Vec<NodeId> {
    let fits = |item: &&NodeId| {
        let found = tree.value(**item, key);
        found.is_some_and(|found| tree.scalar(found) == Some(value))
    };
    tree.items(sequence).iter().filter(fits).copied().collect()
}

struct Search<'t> {
    tree: &'t Tree<'t>,
    lookup: FindOptions,
}

type Found = Vec<Result<PathMatch, Refusal>>;

impl Search<'_> {
    fn walk(&self, node: NodeId, segments: &[Segment], found: &mut Found) {
        let tree = self.tree;
        if let Data::Alias { target } = tree.node(node).data {
            if segments.is_empty() && self.lookup.match_alias {
                return found.push(Ok(PathMatch::Node(node)));
            }
            let refusal = || alias_refusal(tree, node, target, self.name(node, segments));
            let shared = SharedValue { by: SharedBy::Alias(node), value: target };
            return self.elsewhere(shared, segments, refusal, found);
        }
        let Some((segment, rest)) = segments.split_first() else {
            found.push(Ok(PathMatch::Node(node)));
            return;
        };
        match (segment, &tree.node(node).data) {
            (Segment::Index(index) | Segment::KeyOrIndex(index), Data::Sequence { items, .. }) => {
                if let Some(&item) = items.get(*index) {
                    self.walk(item, rest, found);
                }
            }
            (Segment::Match { key, value }, Data::Sequence { .. }) => {
                for item in matching(tree, node, key, value) {
                    self.walk(item, rest, found);
                }
            }
            (Segment::Wildcard, Data::Sequence { items, .. }) => {
                items.iter().for_each(|&item| self.walk(item, rest, found));
            }
            (Segment::Key(key), _) => self.key(node, key, segments, found),
            (Segment::KeyOrIndex(index), _) => self.key(node, &index.to_string(), segments, found),
            _ => {}
        }
    }

    fn key(&self, node: NodeId, key: &str, segments: &[Segment], found: &mut Found) {
        let tree = self.tree;
        let rest = &segments[1..];
        if let Some(value) = tree.own_value(node, key) {
            return self.walk(value, rest, found);
        }
        if let Some(merged) = tree.value(node, key) {
            let key = key.to_owned();
            if rest.is_empty() && self.lookup.alias != AliasMode::Follow {
                return found.push(Ok(PathMatch::Merged { within: node, key, value: merged }));
            }
            let refusal = || merge_refusal(tree, node, merged, self.name(node, segments));
            let shared = SharedValue { by: SharedBy::Key(node, key), value: merged };
            return self.elsewhere(shared, rest, refusal, found);
        }
        let holds_keys = match &tree.node(node).data {
            Data::Mapping { .. } => true,
            Data::Scalar { text, style: ScalarStyle::Plain, .. } => {
                matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        };
        let keys = segments.iter().map(|segment| match segment {
            Segment::Key(key) => Some(key.clone()),
            Segment::KeyOrIndex(index) => Some(index.to_string()),
            Segment::Index(_) | Segment::Match { .. } | Segment::Wildcard => None,
        });
        if let Some(keys) = keys.collect::<Option<Vec<_>>>()
            && holds_keys
            && self.lookup.create
        {
            found.push(Ok(PathMatch::Missing { within: node, keys }));
        }
    }

    /// What the path finds, or would make, in a value that stands elsewhere.
    fn elsewhere(
        &self,
        shared: SharedValue,
        segments: &[Segment],
        refusal: impl FnOnce() -> Refusal,
        found: &mut Found,
    ) {
        let mut there = Vec::new();
        self.walk(shared.value, segments, &mut there);
        match self.lookup.alias {
            AliasMode::Refuse if there.is_empty() => {}
            AliasMode::Refuse => found.push(Err(refusal())),
            AliasMode::Follow => found.append(&mut there),
            AliasMode::Expand => found.extend(there.into_iter().map(|place| {
                // The outermost becomes a copy, with everything in it.
                let place = match place? {
                    PathMatch::Shared { place, .. } => place,
                    place => Box::new(place),
                };
                Ok(PathMatch::Shared { shared: shared.clone(), place })
            })),
        }
    }

    /// The path from the root through `node` and on.
    fn name(&self, node: NodeId, segments: &[Segment]) -> String {
        let rest: String = segments.iter().map(lockstep_path::dotted).collect();
        let path = format!("{}{rest}", self.tree.path(node));
        path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
    }
}
