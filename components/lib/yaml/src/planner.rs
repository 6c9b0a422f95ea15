//! Plans the splices of all changes of an edit. Applies none of them: the library parses the result and compares it first.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::append;
use crate::insert;
use crate::layout::unsupported;
use crate::op::{ChangedValue, Op};
use crate::order::{sorted, sorted_nodes};
use crate::plan::{Plan, WriteStyle, key_of};
use crate::refusal::{Refusal, RefusalReason};
use crate::remove::Removal;
use crate::replace;
use crate::shared::{aliases, refuse_used_anchors};
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

impl Plan {
    /// Plans all operations. They are independent: none sees the effect of another. Two operations that contradict each other
    /// are an error.
    pub(crate) fn new(tree: &Tree<'_>, ops: &[Op], style: WriteStyle) -> Result<Self, Refusal> {
        refuse_overlaps(tree, ops)?;
        let mut plan = Self::empty(style);
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
        plan.cut(tree)?;
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
            return Err(RefusalReason::Unsupported("a key without a name".into()).into());
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

    /// Plans the splices of new entries and items.
    fn insert(&mut self, tree: &Tree<'_>) -> Result<(), Refusal> {
        let lists = self.inserted.keys().chain(self.appended.keys());
        let mut places = sorted_nodes(self.created.keys().chain(lists).copied().collect());
        places.dedup();
        // Inner ones first: if two collections end on the same line, the new parts of the inner one come first.
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

    fn rename(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) -> Result<(), Refusal> {
        let key = key_of(tree, id)?;
        self.splices.push(replace::rename(tree, key, name)?);
        self.renamed.insert(key, name.to_owned());
        Ok(())
    }

    /// Records a new name of a key whose value stays.
    fn note_renamed(&mut self, tree: &Tree<'_>, id: NodeId, name: &str) {
        let key = key_of(tree, id).unwrap_or(id);
        self.changes.push(ChangedValue {
            at: tree.position(tree.node(key).start),
            path: tree.path(id),
            from: Some(tree.show(key)),
            to: Some(name.to_owned()),
            aliases: aliases(tree, id),
        });
    }

    /// Plans the splices of removed values.
    fn cut(&mut self, tree: &Tree<'_>) -> Result<(), Refusal> {
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

/// Refuses two different operations for one place, and an operation inside a value that another one replaces. A second run
/// would undo one of them.
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
    RefusalReason::Disagreement(tree.path(id)).at(tree.position(tree.node(id).start))
}

/// Wraps a value in mappings, one for each key.
fn nest(keys: &[String], value: &Value) -> Value {
    keys.iter().rev().fold(value.clone(), |inner, key| Value::Mapping(vec![(key.clone(), inner)]))
}

/// Adds a value below another new value. False if they contradict each other.
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
