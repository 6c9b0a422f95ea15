//! Turns wanted changes into byte splices. Never applies them, and never trusts them: what they
//! yield is read again and compared before anybody sees it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::equal;
use crate::insert;
use crate::refusal::{Position, Reason, Refusal};
use crate::replace;
use crate::show::show;
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// One wanted change.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Give a node this value.
    Set {
        /// The node.
        node: NodeId,
        /// Its new value.
        value: Value,
    },
    /// Make a key that is not there, with the mappings on the way to it.
    Create {
        /// A mapping without that key, or an empty value that becomes a mapping.
        within: NodeId,
        /// The missing keys, outermost first. Never empty.
        keys: Vec<String>,
        /// The value of the last one.
        value: Value,
    },
    /// Give the key of a value another name.
    Rename {
        /// The value.
        node: NodeId,
        /// The new key.
        key: String,
    },
    /// Take a value and its key out of a mapping.
    Remove {
        /// The value.
        node: NodeId,
    },
}

/// One value that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Where it stands, or stood, in the file before the change.
    pub at: Position,
    /// Its path, as people write it.
    pub path: String,
    /// What stood there, on one line. `None` if nothing did.
    pub from: Option<String>,
    /// What stands there now, on one line. `None` if nothing does.
    pub to: Option<String>,
    /// The lines that change with it because they are aliases of it.
    pub aliases: Vec<u32>,
}

/// What a list of changes comes to.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) splices: Vec<Splice>,
    pub(crate) changes: Vec<Change>,
    /// The nodes that get another value.
    pub(crate) set: HashMap<NodeId, Value>,
    /// The entries that mappings get at their end.
    pub(crate) created: BTreeMap<NodeId, Vec<(String, Value)>>,
    /// The key nodes that get another name.
    pub(crate) renamed: HashMap<NodeId, String>,
    /// The values that go, with their keys.
    pub(crate) removed: HashSet<NodeId>,
    /// Whether strings of several lines may be written as block scalars.
    blocks: bool,
}

impl Plan {
    /// Plans all changes. They are independent: none sees the effect of another, and two that
    /// want different things of one place are refused.
    pub(crate) fn new(tree: &Tree<'_>, ops: &[Op], blocks: bool) -> Result<Self, Refusal> {
        refuse_overlaps(tree, ops)?;
        let mut plan = Self { blocks, ..Self::default() };
        let mut done = HashSet::new();
        for op in ops {
            match op {
                Op::Set { node, value } if done.insert(*node) => plan.change(tree, *node, value)?,
                Op::Remove { node } if done.insert(*node) => plan.remove(tree, *node)?,
                Op::Set { .. } | Op::Remove { .. } => {}
                Op::Create { within, keys, value } => plan.create(tree, *within, keys, value)?,
                Op::Rename { node, key } => plan.rename(tree, *node, key)?,
            }
        }
        // Inner mappings first: where two end on the same line, the inner one's keys come first.
        for (&mapping, entries) in plan.created.iter().rev() {
            plan.splices.extend(insert::insert(tree, mapping, entries, blocks)?);
        }
        plan.changes.sort_by_key(|change| change.at);
        Ok(plan)
    }

    /// Changes as little as possible: of a collection only the parts that differ.
    fn change(&mut self, tree: &Tree<'_>, id: NodeId, value: &Value) -> Result<(), Refusal> {
        if equal::has(tree, id, value) {
            return Ok(());
        }
        let node = tree.node(id);
        if let Data::Alias { target } = node.data {
            return Err(alias_refusal(tree, id, target, tree.path(id)));
        }
        match (&node.data, value) {
            (Data::Mapping { entries, .. }, Value::Mapping(wanted))
                if !entries.is_empty() && keeps_keys(tree, entries, wanted) =>
            {
                for (key, value) in wanted {
                    match tree.own_value(id, key) {
                        Some(inner) => self.change(tree, inner, value)?,
                        None => self.add(tree, id, key, value.clone()),
                    }
                }
                return Ok(());
            }
            (Data::Sequence { items, .. }, Value::Sequence(wanted))
                if !items.is_empty() && items.len() == wanted.len() =>
            {
                return items
                    .iter()
                    .zip(wanted)
                    .try_for_each(|(&item, value)| self.change(tree, item, value));
            }
            _ => {}
        }
        if let Some(tag) = node.tag()
            && !equal::tag_fits(&tag.full, value)
        {
            let reason = Reason::Tag { path: tree.path(id), tag: tag.written.to_owned() };
            return Err(reason.at(tree.position(node.start)));
        }
        self.splices.extend(replace::replace(tree, id, value, self.blocks)?);
        self.changes.push(Change {
            at: tree.position(node.start),
            path: tree.path(id),
            from: Some(tree.show(id)),
            to: Some(show(value)),
            aliases: aliases(tree, id),
        });
        self.set.insert(id, value.clone());
        Ok(())
    }

    fn create(
        &mut self,
        tree: &Tree<'_>,
        within: NodeId,
        keys: &[String],
        value: &Value,
    ) -> Result<(), Refusal> {
        let Some((first, rest)) = keys.split_first() else {
            return Err(Reason::Unsupported("a key without a name".into()).into());
        };
        let entries = self.created.entry(within).or_default();
        let slot = entries.iter_mut().find(|(key, _)| key == first);
        let joined = match slot {
            Some((_, existing)) => join(existing, rest, value),
            None => {
                entries.push((first.clone(), nest(rest, value)));
                true
            }
        };
        if !joined {
            return Err(disagreement(tree, within));
        }
        self.note_created(tree, within, &keys.join("."), value);
        Ok(())
    }

    fn add(&mut self, tree: &Tree<'_>, mapping: NodeId, key: &str, value: Value) {
        self.note_created(tree, mapping, key, &value);
        self.created.entry(mapping).or_default().push((key.to_owned(), value));
    }

    fn note_created(&mut self, tree: &Tree<'_>, within: NodeId, key: &str, value: &Value) {
        let outer = tree.path(within);
        let path = if outer.is_empty() { key.to_owned() } else { format!("{outer}.{key}") };
        let to = Some(show(value));
        let change = Change {
            at: tree.position(tree.node(within).start),
            path,
            from: None,
            to,
            aliases: aliases(tree, within),
        };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    fn rename(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) -> Result<(), Refusal> {
        let key = key_of(tree, id)?;
        self.splices.push(replace::rename(tree, key, name)?);
        self.renamed.insert(key, name.to_owned());
        Ok(())
    }

    fn remove(&mut self, tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
        let key = key_of(tree, id)?;
        self.splices.push(insert::remove(tree, key, id)?);
        self.removed.insert(id);
        self.changes.push(Change {
            at: tree.position(tree.node(key).start),
            path: tree.path(id),
            from: Some(tree.show(id)),
            to: None,
            aliases: Vec::new(),
        });
        Ok(())
    }
}

/// Refuses two changes that want different things of one place, or one within what another
/// replaces. Running them again would then undo one for the other.
fn refuse_overlaps(tree: &Tree<'_>, ops: &[Op]) -> Result<(), Refusal> {
    let mut wanted: HashMap<NodeId, Option<&Value>> = HashMap::new();
    for op in ops {
        let (node, value) = match op {
            Op::Set { node, value } => (*node, Some(value)),
            Op::Remove { node } => (*node, None),
            Op::Create { .. } | Op::Rename { .. } => continue,
        };
        if wanted.insert(node, value).is_some_and(|before| before != value) {
            return Err(disagreement(tree, node));
        }
    }
    for op in ops {
        let (node, itself) = match op {
            Op::Set { node, .. } | Op::Remove { node } | Op::Rename { node, .. } => (*node, 1),
            Op::Create { within, .. } => (*within, 0),
        };
        let mut outer = tree.ancestors(node).skip(itself);
        if outer.any(|outer| wanted.contains_key(&outer)) {
            return Err(disagreement(tree, node));
        }
    }
    Ok(())
}

fn disagreement(tree: &Tree<'_>, id: NodeId) -> Refusal {
    Reason::Disagreement(tree.path(id)).at(tree.position(tree.node(id).start))
}

/// Whether every key of the mapping is wanted, so that nothing needs to be taken out.
fn keeps_keys(tree: &Tree<'_>, entries: &[(NodeId, NodeId)], wanted: &[(String, Value)]) -> bool {
    entries.iter().all(|&(key, _)| {
        tree.scalar(key).is_some_and(|key| key != "<<" && wanted.iter().any(|(name, _)| name == key))
    })
}

/// The value with mappings around it, one for each key.
fn nest(keys: &[String], value: &Value) -> Value {
    keys.iter().rev().fold(value.clone(), |inner, key| Value::Mapping(vec![(key.clone(), inner)]))
}

/// Puts a value below another one that is to be created. False if the two disagree.
fn join(existing: &mut Value, keys: &[String], value: &Value) -> bool {
    let Some((first, rest)) = keys.split_first() else {
        return existing == value;
    };
    let Value::Mapping(entries) = existing else {
        return false;
    };
    match entries.iter_mut().find(|(key, _)| key == first) {
        Some((_, inner)) => join(inner, rest, value),
        None => {
            entries.push((first.clone(), nest(rest, value)));
            true
        }
    }
}

/// The key of a value.
fn key_of(tree: &Tree<'_>, id: NodeId) -> Result<NodeId, Refusal> {
    let entries = tree.node(id).parent.map_or(&[][..], |parent| tree.entries(parent));
    let entry = entries.iter().find(|&&(_, value)| value == id);
    entry.map(|&(key, _)| key).ok_or_else(|| {
        let reason = Reason::Unsupported(format!("`{}` has no key", tree.path(id)));
        reason.at(tree.position(tree.node(id).start))
    })
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
