//! Turns wanted changes into byte splices. Never applies them, and never trusts them: what they
//! yield is read again and compared before anybody sees it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::append;
use crate::insert;
use crate::order::{sorted, sorted_nodes};
use crate::refusal::{Position, Reason, Refusal};
use crate::remove::Removal;
use crate::replace::{self, unsupported};
use crate::shared::{aliases, refuse_used_anchors};
use crate::show::show;
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// One wanted change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Give a node this value.
    Set {
        /// The node.
        node: NodeId,
        /// Its new value.
        value: Value,
    },
    /// Put a value of its own where an alias stands. The anchor and its other aliases stay as they are.
    Detach {
        /// The alias.
        node: NodeId,
        /// The value of the place from now on.
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
    /// Add a value at the end of a list. Several in one list keep their order.
    Append {
        /// A list, or an empty value that becomes one. With `keys`, as in `Create`.
        within: NodeId,
        /// The missing keys on the way to the list, outermost first, if it is not there.
        keys: Vec<String>,
        /// The new item.
        value: Value,
    },
    /// Put a value into a list in front of one of its items. Several at one index keep their order. Lines
    /// of comment right above the item at its indentation are its own and stay with it; what stands above
    /// the first item stays above all of them, so that taking the new item out again restores every byte.
    Insert {
        /// A list, or with index 0 an empty value that becomes one.
        within: NodeId,
        /// How many of its items, as they are now, stand in front of it; with all of them it is an `Append`.
        index: usize,
        /// The new item.
        value: Value,
    },
    /// Give the key of a value another name.
    Rename {
        /// The value.
        node: NodeId,
        /// The new key.
        key: String,
    },
    /// Take a value out of a mapping, with its key, or out of a list, and with it the comments that are
    /// its own: the one at the end of its line, those within and behind it that stand deeper than it, and
    /// the lines of comment right above it at its indentation. What stands above the first key or item of
    /// a collection stays: it may be about all of them. The last one leaves `{}` or `[]`.
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
    /// The items that sequences get in front of their own, by the index of that.
    pub(crate) inserted: BTreeMap<NodeId, BTreeMap<usize, Vec<Value>>>,
    /// The items that sequences get at their end.
    pub(crate) appended: BTreeMap<NodeId, Vec<Value>>,
    /// The key nodes that get another name.
    pub(crate) renamed: HashMap<NodeId, String>,
    /// The values that go, with their keys, by the collection they are in.
    pub(crate) removed: BTreeMap<NodeId, HashSet<NodeId>>,
    /// The bytes whose comments go.
    pub(crate) gone: Vec<Range<usize>>,
    /// Whether strings of several lines may be written as block scalars.
    pub(crate) blocks: bool,
    /// Whether collections with parts that come or go are written anew as a whole.
    pub(crate) whole: bool,
    /// Where the keys to create are among those of their mapping.
    slots: HashMap<(NodeId, String), usize>,
    /// The keys to create that are among the changes.
    noted: HashSet<(NodeId, String)>,
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// Strings of several lines as block scalars.
    pub(crate) blocks: bool,
    /// Collections with parts that come or go as a whole.
    pub(crate) whole: bool,
}

impl Plan {
    /// Plans all changes. They are independent: none sees the effect of another, and two that
    /// want different things of one place are refused.
    pub(crate) fn new(tree: &Tree<'_>, ops: &[Op], way: Way) -> Result<Self, Refusal> {
        refuse_overlaps(tree, ops)?;
        let mut plan = Self { blocks: way.blocks, whole: way.whole, ..Self::default() };
        let mut done = HashSet::new();
        let mut lists: BTreeMap<(NodeId, &[String]), Vec<Value>> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Set { node, value } if done.insert(*node) => plan.change(tree, *node, value)?,
                Op::Detach { node, value } if done.insert(*node) => plan.detach(tree, *node, value)?,
                Op::Remove { node } if done.insert(*node) => plan.remove(tree, *node)?,
                Op::Set { .. } | Op::Detach { .. } | Op::Remove { .. } => {}
                Op::Create { within, keys, value } => plan.create(tree, *within, keys, value)?,
                Op::Append { within, keys, value } if keys.is_empty() => plan.append(*within, value),
                Op::Append { within, keys, value } => {
                    lists.entry((*within, keys)).or_default().push(value.clone());
                }
                Op::Insert { within, index, value } => plan.put(tree, *within, *index, value)?,
                Op::Rename { node, key } => {
                    plan.rename(tree, *node, key)?;
                    if !ops.iter().any(|op| matches!(op, Op::Set { node: set, .. } if set == node)) {
                        plan.note_renamed(tree, *node, key);
                    }
                }
            }
        }
        for ((within, keys), items) in lists {
            plan.create(tree, within, keys, &Value::Sequence(items))?;
        }
        plan.gone = plan.splices.iter().map(|splice| splice.range.clone()).collect();
        plan.insert(tree)?;
        plan.take_out(tree)?;
        plan.changes = sorted(plan.changes, |change| (change.at.line as usize, change.at.column as usize));
        Ok(plan)
    }

    fn detach(&mut self, tree: &Tree<'_>, id: NodeId, value: &Value) -> Result<(), Refusal> {
        let alias = matches!(tree.node(id).data, Data::Alias { .. });
        let key =
            tree.node(id).parent.is_some_and(|parent| tree.entries(parent).iter().any(|&(key, _)| key == id));
        if key || !alias {
            return Err(unsupported(tree, id, "a place that is no alias, or the alias of a key,"));
        }
        self.replace(tree, id, value)
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
        let slot = *self.slots.entry((within, first.clone())).or_insert(entries.len());
        let joined = match entries.get_mut(slot) {
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

    /// Plans what comes to collections.
    fn insert(&mut self, tree: &Tree<'_>) -> Result<(), Refusal> {
        let lists = self.inserted.keys().chain(self.appended.keys());
        let mut places = sorted_nodes(self.created.keys().chain(lists).copied().collect());
        places.dedup();
        // Inner ones first: where two end on the same line, what is new in the inner one comes first.
        for &place in places.iter().rev() {
            let list = self.inserted.contains_key(&place) || self.appended.contains_key(&place);
            let splices = match self.created.get(&place) {
                Some(_) if list => return Err(disagreement(tree, place)),
                Some(entries) => insert::insert(tree, place, entries, self.blocks)?,
                None => append::add(tree, place, &self.items(tree, place), self.blocks)?,
            };
            self.splices.extend(splices);
            if list {
                self.note_items(tree, place);
            }
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, tree: &Tree<'_>, mapping: NodeId, key: &str, value: Value) {
        self.note_created(tree, mapping, key, &value);
        self.created.entry(mapping).or_default().push((key.to_owned(), value));
    }

    fn note_created(&mut self, tree: &Tree<'_>, within: NodeId, key: &str, value: &Value) {
        let outer = tree.path(within);
        let path = if outer.is_empty() { key.to_owned() } else { format!("{outer}.{key}") };
        if self.noted.insert((within, path.clone())) {
            self.changes.push(Change {
                at: tree.position(tree.node(within).start),
                path,
                from: None,
                to: Some(show(value)),
                aliases: aliases(tree, within),
            });
        }
    }

    fn rename(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) -> Result<(), Refusal> {
        let key = key_of(tree, id)?;
        self.splices.push(replace::rename(tree, key, name)?);
        self.renamed.insert(key, name.to_owned());
        Ok(())
    }

    /// Notes a key that got another name, and nothing else.
    fn note_renamed(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) {
        let key = key_of(tree, id).unwrap_or(id);
        self.changes.push(Change {
            at: tree.position(tree.node(key).start),
            path: tree.path(id),
            from: Some(tree.show(key)),
            to: Some(name.to_owned()),
            aliases: aliases(tree, id),
        });
    }

    pub(crate) fn remove(&mut self, tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
        let Some(parent) = tree.node(id).parent else {
            return Err(unsupported(tree, id, "a document as a whole"));
        };
        self.removed.entry(parent).or_default().insert(id);
        self.changes.push(Change {
            at: tree.position(tree.node(key_of(tree, id).unwrap_or(id)).start),
            path: tree.path(id),
            from: Some(tree.show(id)),
            to: None,
            aliases: Vec::new(),
        });
        Ok(())
    }

    /// Plans what goes from collections.
    fn take_out(&mut self, tree: &Tree<'_>) -> Result<(), Refusal> {
        let gone = self.removed.values().flatten().copied().collect();
        refuse_used_anchors(tree, &gone, |node| self.set.contains_key(&node))?;
        let mut removal = Removal::default();
        for (&collection, gone) in &self.removed {
            let all = tree.entries(collection).len() + tree.items(collection).len() == gone.len();
            let filled = self.created.contains_key(&collection)
                || self.inserted.contains_key(&collection)
                || self.appended.contains_key(&collection);
            if all && filled {
                return Err(unsupported(tree, collection, "a collection that is emptied and filled at once"));
            }
            removal.add(tree, collection, gone)?;
        }
        self.gone.append(&mut removal.owned);
        self.gone = sorted(std::mem::take(&mut self.gone), |range| (range.start, range.end));
        self.splices.extend(removal.into_splices(tree.text));
        Ok(())
    }
}

/// Refuses two changes that want different things of one place, or one within what another
/// replaces. Running them again would then undo one for the other.
fn refuse_overlaps(tree: &Tree<'_>, ops: &[Op]) -> Result<(), Refusal> {
    let mut wanted: HashMap<NodeId, Option<&Value>> = HashMap::new();
    for op in ops {
        let (node, value) = match op {
            Op::Set { node, value } | Op::Detach { node, value } => (*node, Some(value)),
            Op::Remove { node } => (*node, None),
            Op::Create { .. } | Op::Append { .. } | Op::Insert { .. } | Op::Rename { .. } => continue,
        };
        if wanted.insert(node, value).is_some_and(|before| before != value) {
            return Err(disagreement(tree, node));
        }
    }
    for op in ops {
        let (node, itself) = match op {
            Op::Set { node, .. }
            | Op::Detach { node, .. }
            | Op::Remove { node }
            | Op::Rename { node, .. } => (*node, 1),
            Op::Create { within, .. } | Op::Append { within, .. } | Op::Insert { within, .. } => (*within, 0),
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
    let entry = entries.binary_search_by_key(&id, |&(_, value)| value);
    entry.map(|entry| entries[entry].0).map_err(|_| {
        let reason = Reason::Unsupported(format!("`{}` has no key", tree.path(id)));
        reason.at(tree.position(tree.node(id).start))
    })
}
