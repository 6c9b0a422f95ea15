//! The documents of a file as a tree of nodes with their byte ranges. Nothing changes it after parsing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::ScalarStyle;
use lockstep_path::{Segment, dotted};

use crate::lines::skip_trivia;
use crate::refusal::Position;

/// The bytes between two counts of characters.
pub(crate) const STRETCH: usize = 256;

/// Names a node of one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

/// The documents of a file.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) text: &'a str,
    pub(crate) nodes: Vec<Node<'a>>,
    /// The root of each document.
    pub(crate) roots: Vec<NodeId>,
    /// The bytes of each comment, from `#` to before the line end.
    pub(crate) comments: Vec<Range<u32>>,
    /// Where each line begins.
    pub(crate) lines: Vec<u32>,
    /// How many characters stand in front of each stretch of [`STRETCH`] bytes: a line may hold a whole file.
    pub(crate) characters: Vec<u32>,
    /// The nodes that are aliases, in order.
    pub(crate) aliases: Vec<NodeId>,
}

/// One node.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) parent: Option<NodeId>,
    pub(crate) data: Data<'a>,
    /// The first byte of the content, after anchor and tag. For a block scalar, its `|` or `>`.
    pub(crate) start: u32,
    /// The byte after the content. For a block scalar, the line after its last line.
    pub(crate) end: u32,
    /// The byte after the indicator that leads here: `:`, `-`, `?`, `,`, a bracket or `---`.
    pub(crate) slot: u32,
    pub(crate) properties: Option<Box<Properties<'a>>>,
}

/// What may stand before the content of a node.
#[derive(Debug, Default)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<(&'a str, Range<u32>)>,
    pub(crate) tag: Option<Tag<'a>>,
}

/// A tag.
#[derive(Debug, PartialEq)]
pub(crate) struct Tag<'a> {
    /// As it is written.
    pub(crate) written: &'a str,
    /// In full, such as `tag:yaml.org,2002:int`.
    pub(crate) full: String,
    pub(crate) end: u32,
}

/// The content of a node.
#[derive(Debug)]
pub(crate) enum Data<'a> {
    /// `indent` is that of a block scalar's text.
    Scalar {
        text: Cow<'a, str>,
        style: ScalarStyle,
        indent: u16,
    },
    Mapping {
        entries: Vec<(NodeId, NodeId)>,
        style: Style,
        indent: u32,
        /// Whether all keys are in double quotes.
        quoted: bool,
    },
    Sequence {
        items: Vec<NodeId>,
        style: Style,
    },
    Alias {
        target: NodeId,
    },
}

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Block,
    /// In brackets.
    Flow,
    /// One `key: value` in a flow sequence, without brackets of its own.
    Pair,
}

impl<'a> Tree<'a> {
    pub(crate) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    /// The text of a scalar, after escapes.
    pub(crate) fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    pub(crate) fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match &self.node(id).data {
            Data::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    pub(crate) fn items(&self, id: NodeId) -> &[NodeId] {
        match &self.node(id).data {
            Data::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// The node itself, or what it is an alias of.
    pub(crate) fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).data {
            Data::Alias { target } => target,
            _ => id,
        }
    }

    /// The value of a key that stands in the mapping itself.
    pub(crate) fn own_value(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        let entries = self.entries(mapping).iter();
        let mut found = entries.filter(|&&(name, _)| self.scalar(name) == Some(key));
        found.next().map(|&(_, value)| value)
    }

    /// Finds values of keys that stand in the mapping itself, in a large one without a look at all of them.
    pub(crate) fn finder<'t>(&'t self, mapping: NodeId) -> impl Fn(&str) -> Option<NodeId> + 't {
        let entries = self.entries(mapping);
        let keys = (entries.len() > 16).then(|| {
            let mut keys = HashMap::with_capacity(entries.len());
            for &(key, value) in entries {
                if let Some(key) = self.scalar(key) {
                    keys.entry(key).or_insert(value);
                }
            }
            keys
        });
        move |key| match &keys {
            Some(keys) => keys.get(key).copied(),
            None => self.own_value(mapping, key),
        }
    }

    /// The value of a key, the way readers see it: through aliases and merges.
    pub(crate) fn value(&self, mapping: NodeId, key: &str) -> Option<NodeId> {
        self.value_within(mapping, key, 16, &mut HashMap::new())
    }

    /// `missed` holds the mappings without the key, with the depth they were searched to: merges may lead
    /// to one mapping in billions of ways.
    fn value_within(
        &self,
        mapping: NodeId,
        key: &str,
        depth: u8,
        missed: &mut HashMap<NodeId, u8>,
    ) -> Option<NodeId> {
        let mapping = self.resolve(mapping);
        if missed.get(&mapping).is_some_and(|&before| before >= depth) || depth == 0 {
            return None;
        }
        let own = self.own_value(mapping, key).map(|value| self.resolve(value));
        let found = own.or_else(|| {
            let mut sources = self.merged(mapping).into_iter();
            sources.find_map(|source| self.value_within(source, key, depth - 1, missed))
        });
        if found.is_none() {
            missed.insert(mapping, depth);
        }
        found
    }

    /// The mappings that `<<` merges into this one.
    pub(crate) fn merged(&self, mapping: NodeId) -> Vec<NodeId> {
        let Some(source) = self.own_value(mapping, "<<").map(|source| self.resolve(source)) else {
            return Vec::new();
        };
        match &self.node(source).data {
            Data::Sequence { items, .. } => items.iter().map(|&item| self.resolve(item)).collect(),
            Data::Mapping { .. } => vec![source],
            _ => Vec::new(),
        }
    }

    /// Whether the node is written within brackets.
    pub(crate) fn in_flow(&self, id: NodeId) -> bool {
        self.node(id).parent.is_some_and(|parent| match &self.node(parent).data {
            Data::Mapping { style, .. } | Data::Sequence { style, .. } => *style != Style::Block,
            _ => false,
        })
    }

    /// The nodes from `id` up to the root of its document.
    pub(crate) fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        std::iter::successors(Some(id), |&id| self.node(id).parent)
    }

    /// Where a part of a collection begins: the dash of an item, the question mark of a key, else the text of
    /// a key or item with its anchor and tag.
    pub(crate) fn start_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        let dash = node.parent.is_some_and(|parent| {
            matches!(self.node(parent).data, Data::Sequence { style: Style::Block, .. })
        });
        let slot = node.slot as usize;
        if dash || self.is_asked(id) { slot.saturating_sub(1) } else { skip_trivia(self.text, slot) }
    }

    /// Whether this is a key with a question mark of its own in front of it.
    fn is_asked(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let (Some(before), Some(parent)) = (id.0.checked_sub(1).map(NodeId), node.parent) else {
            return false;
        };
        // Text may end with a question mark too.
        let behind =
            if before == parent { self.node(parent).properties_end() as usize } else { self.end_of(before) };
        let slot = node.slot as usize;
        slot > behind && self.text.as_bytes()[slot - 1] == b'?'
    }

    /// The byte behind a node, its anchor and its tag.
    pub(crate) fn end_of(&self, id: NodeId) -> usize {
        let node = self.node(id);
        node.end.max(node.properties_end()) as usize
    }

    /// Line and column of a byte.
    pub(crate) fn position(&self, byte: u32) -> Position {
        let line = self.lines.partition_point(|&start| start <= byte);
        let start = self.lines[line - 1];
        let bom = u32::from(line == 1 && self.text.starts_with('\u{feff}') && byte >= 3);
        Position { line: saturate(line), column: self.characters(byte) - self.characters(start) - bom + 1 }
    }

    /// How many characters stand in front of this byte.
    fn characters(&self, byte: u32) -> u32 {
        let stretch = byte as usize / STRETCH;
        self.characters[stretch] + characters(&self.text.as_bytes()[stretch * STRETCH..byte as usize])
    }

    /// The path of a node as people write it. List items are named by `name` where they have one.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let mut parts = Vec::new();
        let mut child = id;
        while let Some(parent) = self.node(child).parent {
            if let Some(segment) = self.segment(parent, child) {
                parts.push(dotted(&segment));
            }
            child = parent;
        }
        let path: String = parts.into_iter().rev().collect();
        path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
    }

    fn segment(&self, parent: NodeId, child: NodeId) -> Option<Segment> {
        // Nodes are in the order of the file.
        if let Ok(index) = self.items(parent).binary_search(&child) {
            let name = self.own_value(child, "name").and_then(|name| self.scalar(name));
            return Some(match name {
                Some(name) if !name.is_empty() && name.len() < 64 => {
                    Segment::Match { key: "name".into(), value: name.into() }
                }
                _ => Segment::Index(index),
            });
        }
        let entries = self.entries(parent);
        let (key, _) = entries.get(entries.partition_point(|&(_, value)| value < child))?;
        Some(Segment::Key(self.scalar(*key).unwrap_or("?").to_owned()))
    }
}

impl<'a> Node<'a> {
    pub(crate) fn anchor(&self) -> Option<&(&'a str, Range<u32>)> {
        self.properties.as_ref()?.anchor.as_ref()
    }

    pub(crate) fn tag(&self) -> Option<&Tag<'a>> {
        self.properties.as_ref()?.tag.as_ref()
    }

    /// Where anchor and tag end; without them, where the indicator ends.
    pub(crate) fn properties_end(&self) -> u32 {
        let anchor = self.anchor().map_or(0, |(_, span)| span.end);
        let tag = self.tag().map_or(0, |tag| tag.end);
        self.slot.max(anchor).max(tag)
    }

    /// What people call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.data {
            Data::Scalar { .. } => "scalar",
            Data::Mapping { .. } => "mapping",
            Data::Sequence { .. } => "sequence",
            Data::Alias { .. } => "alias",
        }
    }
}

/// How many characters begin in these bytes: those that continue one do not count.
pub(crate) fn characters(bytes: &[u8]) -> u32 {
    saturate(bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count())
}

/// Line and column of a byte in text that has no tree.
pub(crate) fn position(text: &str, byte: usize) -> Position {
    let before = &text[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1;
    Position { line: saturate(line), column: saturate(column) }
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
