//! Finds the places in a document that a path means. Never changes them.

use granit_parser::ScalarStyle;
use lockstep_path::{Path, Segment};

use crate::refusal::{Position, Reason, Refusal};
use crate::shared::{alias_refusal, aliases};
use crate::stream::Stream;
use crate::tree::{Data, NodeId, Tree};

/// A place that a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A node that is there.
    Node(NodeId),
    /// Keys that are not there yet.
    Missing {
        /// The innermost mapping on the way that is there, or an empty value in its place.
        within: NodeId,
        /// The keys to make, outermost first.
        keys: Vec<String>,
    },
}

impl Stream<'_> {
    /// All places in a document that the path means, in order. With `create`, keys that are missing
    /// at its end count as places; list items never do. A place that is reached through an alias
    /// or a merge is a refusal: changing it would change others too.
    pub fn find(&self, document: NodeId, path: &Path, create: bool) -> Vec<Result<Place, Refusal>> {
        let mut found = Vec::new();
        let search = Search { tree: &self.tree, create };
        // An empty document, often one with nothing but comments, holds no place and gets none.
        if !self.is_absent(document) {
            search.walk(document, path.segments(), &mut found);
        }
        found
    }

    /// The texts of all scalars in a document that the path means, the way readers see them:
    /// through aliases and merges.
    pub fn read(&self, document: NodeId, path: &Path) -> Vec<&str> {
        let mut nodes = vec![document];
        for segment in path.segments() {
            nodes = nodes.iter().flat_map(|&node| step(&self.tree, node, segment)).collect();
        }
        nodes.into_iter().filter_map(|node| self.scalar(node)).collect()
    }

    /// The text of a scalar, or of the scalar that an alias stands for.
    pub fn scalar(&self, node: NodeId) -> Option<&str> {
        self.tree.scalar(self.tree.resolve(node))
    }

    /// The value of a key that stands in the mapping itself.
    pub fn get(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.tree.own_value(mapping, key)
    }

    /// The items of a sequence; nothing for any other node.
    pub fn items(&self, sequence: NodeId) -> &[NodeId] {
        self.tree.items(sequence)
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
        values.sort_unstable();
        values
    }

    /// Whether the node is a mapping or a sequence.
    pub fn is_collection(&self, node: NodeId) -> bool {
        matches!(self.tree.node(node).data, Data::Mapping { .. } | Data::Sequence { .. })
    }

    /// The node that an alias stands for; any other node itself.
    pub fn resolve(&self, node: NodeId) -> NodeId {
        self.tree.resolve(node)
    }

    /// Why the value behind an alias cannot be changed from here.
    pub fn refuse_alias(&self, alias: NodeId) -> Refusal {
        alias_refusal(&self.tree, alias, self.tree.resolve(alias), self.tree.path(alias))
    }

    /// Why a string cannot be set where this collection stands.
    pub fn refuse_collection(&self, node: NodeId) -> Refusal {
        let (path, found) = (self.tree.path(node), self.tree.node(node).kind());
        Reason::NotScalar { path, found }.at(self.position(node))
    }

    /// Line and column of a node.
    pub fn position(&self, node: NodeId) -> Position {
        self.tree.position(self.tree.node(node).start)
    }

    /// The path of a node, as people write it.
    pub fn path(&self, node: NodeId) -> String {
        self.tree.path(node)
    }

    fn is_absent(&self, node: NodeId) -> bool {
        let node = self.tree.node(node);
        matches!(node.data, Data::Scalar { .. }) && node.start == node.end
    }
}

/// What a segment leads to, through aliases and merges.
fn step(tree: &Tree<'_>, node: NodeId, segment: &Segment) -> Vec<NodeId> {
    let node = tree.resolve(node);
    let item = |index: usize| tree.items(node).get(index).copied();
    let found = match segment {
        Segment::Key(key) => tree.value(node, key),
        Segment::Index(index) => item(*index),
        Segment::KeyOrIndex(index) => item(*index).or_else(|| tree.value(node, &index.to_string())),
        Segment::Match { key, value } => return matching(tree, node, key, value),
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
    create: bool,
}

type Found = Vec<Result<Place, Refusal>>;

impl Search<'_> {
    fn walk(&self, node: NodeId, segments: &[Segment], found: &mut Found) {
        let tree = self.tree;
        if let Data::Alias { target } = tree.node(node).data {
            if self.leads_somewhere(target, segments) {
                found.push(Err(alias_refusal(tree, node, target, self.name(node, segments))));
            }
            return;
        }
        let Some((segment, rest)) = segments.split_first() else {
            found.push(Ok(Place::Node(node)));
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
            if self.leads_somewhere(merged, rest) {
                found.push(Err(self.merge_refusal(node, merged, segments)));
            }
            return;
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
            Segment::Index(_) | Segment::Match { .. } => None,
        });
        if let Some(keys) = keys.collect::<Option<Vec<_>>>()
            && holds_keys
            && self.create
        {
            found.push(Ok(Place::Missing { within: node, keys }));
        }
    }

    /// Whether the path would find, or make, anything from here on.
    fn leads_somewhere(&self, node: NodeId, segments: &[Segment]) -> bool {
        let mut found = Vec::new();
        self.walk(node, segments, &mut found);
        !found.is_empty()
    }

    fn merge_refusal(&self, node: NodeId, merged: NodeId, segments: &[Segment]) -> Refusal {
        let tree = self.tree;
        let mut places = aliases(tree, merged);
        places.push(tree.position(tree.node(merged).start).line);
        places.sort_unstable();
        places.dedup();
        let path = self.name(node, segments);
        Reason::Merge { path, places }.at(tree.position(tree.node(node).start))
    }

    /// The path from the root through `node` and on.
    fn name(&self, node: NodeId, segments: &[Segment]) -> String {
        let rest: String = segments.iter().map(lockstep_path::dotted).collect();
        let path = format!("{}{rest}", self.tree.path(node));
        path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
    }
}
