//! The planned items of a sequence.

use crate::op::ChangedValue;
use crate::plan::Plan;
use crate::refusal::{Refusal, RefusalReason};
use crate::shared::aliases;
use crate::show::show;
use crate::tree::{NodeId, Tree};
use crate::value::Value;

/// An item of a sequence after all changes.
pub(crate) enum After<'p> {
    /// One that was there.
    Kept(NodeId),
    /// A new one, in front of the item that has this index now.
    New(usize, &'p Value),
}

impl Plan {
    pub(crate) fn append(&mut self, within: NodeId, value: &Value) {
        self.appended.entry(within).or_default().push(value.clone());
    }

    pub(crate) fn put(
        &mut self,
        tree: &Tree<'_>,
        within: NodeId,
        index: usize,
        value: &Value,
    ) -> Result<(), Refusal> {
        let length = tree.items(within).len();
        if index == length {
            self.append(within, value);
            return Ok(());
        }
        if index > length {
            let reason = RefusalReason::NoItem { path: tree.path(within), index, length };
            return Err(reason.at(tree.position(tree.node(within).start)));
        }
        self.inserted.entry(within).or_default().entry(index).or_default().push(value.clone());
        Ok(())
    }

    /// The items of a sequence after all changes, in order.
    pub(crate) fn items(&self, tree: &Tree<'_>, sequence: NodeId) -> Vec<After<'_>> {
        let items = tree.items(sequence);
        let mut after = Vec::with_capacity(items.len());
        let inserted = self.inserted.get(&sequence);
        for (index, &item) in items.iter().enumerate() {
            let new = inserted.and_then(|inserted| inserted.get(&index)).into_iter().flatten();
            after.extend(new.map(|value| After::New(index, value)));
            if !self.goes(sequence, item) {
                after.push(After::Kept(item));
            }
        }
        let new = self.appended.get(&sequence).into_iter().flatten();
        after.extend(new.map(|value| After::New(items.len(), value)));
        after
    }

    /// Whether the value goes from the collection.
    pub(crate) fn goes(&self, collection: NodeId, value: NodeId) -> bool {
        self.removed.get(&collection).is_some_and(|gone| gone.contains(&value))
    }

    pub(crate) fn note_items(&mut self, tree: &Tree<'_>, list: NodeId) {
        let (path, aliases) = (tree.path(list), aliases(tree, list));
        let change = |(index, after): (usize, &After<'_>)| match after {
            After::Kept(_) => None,
            After::New(before, value) => Some(ChangedValue {
                at: tree.position(tree.node(tree.items(list).get(*before).copied().unwrap_or(list)).start),
                path: format!("{path}[{index}]"),
                from: None,
                to: Some(show(value)),
                aliases: aliases.clone(),
            }),
        };
        let changes: Vec<ChangedValue> =
            self.items(tree, list).iter().enumerate().filter_map(change).collect();
        self.changes.extend(changes);
    }
}
