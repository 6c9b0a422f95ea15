//! Plans how a node gets another value: of a collection only the parts that differ. Never applies it.

use crate::edit::{Change, Plan};
use crate::equal;
use crate::refusal::{Reason, Refusal};
use crate::replace;
use crate::shared::{alias_refusal, aliases};
use crate::show::show;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

impl Plan {
    /// Changes as little as possible: of a collection only the parts that differ.
    pub(crate) fn change(&mut self, tree: &Tree<'_>, id: NodeId, value: &Value) -> Result<(), Refusal> {
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
        self.replace(tree, id, value)
    }

    pub(crate) fn replace(&mut self, tree: &Tree<'_>, id: NodeId, value: &Value) -> Result<(), Refusal> {
        self.splices.extend(replace::replace(tree, id, value, self.blocks)?);
        self.changes.push(Change {
            at: tree.position(tree.node(id).start),
            path: tree.path(id),
            from: Some(tree.show(id)),
            to: Some(show(value)),
            aliases: aliases(tree, id),
        });
        self.set.insert(id, value.clone());
        Ok(())
    }
}

/// Whether every key of the mapping is wanted, so that nothing needs to be taken out.
fn keeps_keys(tree: &Tree<'_>, entries: &[(NodeId, NodeId)], wanted: &[(String, Value)]) -> bool {
    entries.iter().all(|&(key, _)| {
        tree.scalar(key).is_some_and(|key| key != "<<" && wanted.iter().any(|(name, _)| name == key))
    })
}
