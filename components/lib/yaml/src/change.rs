//! Plans the splices for a new value of a node. Of a collection, it changes only the parts that differ.

use std::collections::HashSet;

use crate::align::{Step, align};
use crate::equal;
use crate::op::ChangedValue;
use crate::plan::Plan;
use crate::refusal::{Refusal, RefusalReason};
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
                if self.goes_by_keys(tree, id, entries, wanted) =>
            {
                return self.change_entries(tree, id, entries, wanted);
            }
            (Data::Sequence { items, .. }, Value::Sequence(wanted))
                if !items.is_empty() && items.len() == wanted.len() =>
            {
                return items
                    .iter()
                    .zip(wanted)
                    .try_for_each(|(&item, value)| self.change(tree, item, value));
            }
            (Data::Sequence { items, .. }, Value::Sequence(wanted))
                if !self.whole && node.tag().is_none() =>
            {
                let steps = align(tree, items, wanted);
                let gone = steps.iter().filter(|step| matches!(step, Step::Remove(_))).count();
                if gone < items.len() {
                    return self.take_steps(tree, id, &steps);
                }
            }
            _ => {}
        }
        if let Some(tag) = node.tag()
            && !equal::tag_fits(&tag.full, value)
        {
            let reason = RefusalReason::Tag { path: tree.path(id), tag: tag.written.to_owned() };
            return Err(reason.at(tree.position(node.start)));
        }
        self.replace(tree, id, value)
    }

    fn take_steps(&mut self, tree: &Tree<'_>, list: NodeId, steps: &[Step<'_>]) -> Result<(), Refusal> {
        steps.iter().try_for_each(|step| match *step {
            Step::Change(item, value) => self.change(tree, item, value),
            Step::Remove(item) => self.remove(tree, item),
            Step::Insert(index, value) => self.put(tree, list, index, value),
        })
    }

    /// Whether a mapping can change key by key: some stay, and none is more than text.
    fn goes_by_keys(
        &self,
        tree: &Tree<'_>,
        mapping: NodeId,
        entries: &[(NodeId, NodeId)],
        wanted: &[(String, Value)],
    ) -> bool {
        let wanted: HashSet<&str> = wanted.iter().map(|(key, _)| key.as_str()).collect();
        let text = |key: NodeId| tree.scalar(key).filter(|&key| key != "<<");
        let stays = |key: NodeId| text(key).is_some_and(|key| wanted.contains(key));
        let mut keys = entries.iter().map(|&(key, _)| key);
        if self.whole || tree.node(mapping).tag().is_some() {
            return !entries.is_empty() && keys.all(stays);
        }
        keys.clone().all(|key| text(key).is_some()) && keys.any(stays)
    }

    fn change_entries(
        &mut self,
        tree: &Tree<'_>,
        mapping: NodeId,
        entries: &[(NodeId, NodeId)],
        wanted: &[(String, Value)],
    ) -> Result<(), Refusal> {
        let own = tree.finder(mapping);
        let mut gone: HashSet<NodeId> = entries.iter().map(|&(_, value)| value).collect();
        for (key, value) in wanted {
            match own(key) {
                Some(inner) => {
                    gone.remove(&inner);
                    self.change(tree, inner, value)?;
                }
                None => self.add(tree, mapping, key, value.clone()),
            }
        }
        entries
            .iter()
            .filter(|(_, value)| gone.contains(value))
            .try_for_each(|&(_, value)| self.remove(tree, value))
    }

    pub(crate) fn replace(&mut self, tree: &Tree<'_>, id: NodeId, value: &Value) -> Result<(), Refusal> {
        self.splices.extend(replace::replace(tree, id, value, self.blocks)?);
        self.changes.push(ChangedValue {
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
