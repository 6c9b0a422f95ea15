//! The edits from a document to its draft.

use std::collections::VecDeque;

use lockstep_yaml::{AliasMode, NodeId, Op, Refusal, RefusalReason, Stream, Value};

use super::draft::Draft;

/// The edits from a document to its draft.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// The operations, which apply only if there are no copies.
    pub(crate) ops: Vec<Op>,
    /// Copies of shared values, which come first.
    pub(crate) copies: Vec<Op>,
}

/// Calculates the edits from a document to its draft.
pub(crate) fn diff(
    stream: &Stream<'_>,
    alias: AliasMode,
    draft: &Draft,
    document: NodeId,
) -> Result<Edits, Refusal> {
    Diff { stream, alias }.node(draft, document)
}

struct Diff<'s, 't> {
    stream: &'s Stream<'t>,
    alias: AliasMode,
}

impl Diff<'_, '_> {
    fn node(&self, draft: &Draft, at: NodeId) -> Result<Edits, Refusal> {
        let target = self.stream.resolve(at);
        let inner = match draft {
            Draft::Node(node) if *node == at => return Ok(Edits::default()),
            Draft::Mapping(Some(node), entries) if *node == at => self.mapping(entries, target),
            Draft::List(Some(node), items) if *node == at => self.list(items, target),
            _ => return self.set(at, self.value(draft)?),
        };
        if target == at || inner.as_ref().is_ok_and(Edits::is_empty) {
            return inner;
        }
        match self.alias {
            AliasMode::Refuse => Err(self.stream.refuse_alias(at)),
            AliasMode::Expand => Ok(Edits::copy(self.stream.expand(&self.stream.shared_by_alias(at))?)),
            AliasMode::Follow => inner,
        }
    }

    fn set(&self, at: NodeId, value: Value) -> Result<Edits, Refusal> {
        let target = self.stream.resolve(at);
        if self.stream.has(at, &value) {
            return Ok(Edits::default());
        }
        Ok(Edits::one(match self.alias {
            _ if target == at => Op::Set { node: at, value },
            AliasMode::Refuse => return Err(self.stream.refuse_alias(at)),
            AliasMode::Expand => Op::Detach { node: at, value },
            AliasMode::Follow => Op::Set { node: target, value },
        }))
    }

    fn mapping(&self, entries: &[(String, Draft)], at: NodeId) -> Result<Edits, Refusal> {
        let (own, inherited) = (self.stream.entries(at), self.stream.merged_entries(at));
        let of = |list: &[(&str, NodeId)], key: &str| {
            list.iter().find(|(name, _)| *name == key).map(|&(_, node)| node)
        };
        let is_in_draft = |key: &str| entries.iter().any(|(name, _)| name == key);
        if let Some(&(key, merged)) = inherited.iter().find(|(key, _)| !is_in_draft(key)) {
            return Err(self.stream.refuse_merge(at, key, merged));
        }
        let mut removed: Vec<NodeId> =
            own.iter().filter(|(key, _)| !is_in_draft(key)).map(|&(_, node)| node).collect();
        let mut edits = Edits::default();
        let mut added = VecDeque::new();
        for (key, draft) in entries {
            if let Some(node) = of(&own, key) {
                edits.add(self.node(draft, node)?);
            } else if let Some(node) = of(&inherited, key) {
                edits.add(self.inherited(at, key, draft, node)?);
            } else if let Some(index) = removed.iter().position(|&node| draft.origin() == Some(node)) {
                let node = removed.swap_remove(index);
                edits.ops.push(Op::Rename { node, key: key.clone() });
                edits.add(self.node(draft, node)?);
            } else {
                added.push_back((key.clone(), self.value(draft)?));
            }
        }
        // In a mapping that loses all its keys, the first new key takes the line of an old one.
        if removed.len() == self.stream.key_count(at)
            && !removed.is_empty()
            && let Some((key, value)) = added.pop_front()
        {
            let node = removed.remove(0);
            edits.ops.extend([Op::Rename { node, key }, Op::Set { node, value }]);
        }
        let create = |(key, value)| Op::Create { within: at, keys: vec![key], value };
        edits.ops.extend(added.into_iter().map(create));
        edits.ops.extend(removed.into_iter().map(|node| Op::Remove { node }));
        Ok(edits)
    }

    /// The edits of a key that a mapping has only from a merge.
    fn inherited(&self, within: NodeId, key: &str, draft: &Draft, merged: NodeId) -> Result<Edits, Refusal> {
        let inner = self.node(draft, merged);
        if inner.as_ref().is_ok_and(Edits::is_empty) {
            return inner;
        }
        let is_new = draft.origin() != Some(merged);
        match self.alias {
            AliasMode::Follow => inner,
            _ if is_new => {
                let value = self.value(draft)?;
                Ok(Edits::one(Op::Create { within, keys: vec![key.to_owned()], value }))
            }
            AliasMode::Refuse => Err(self.stream.refuse_merge(within, key, merged)),
            AliasMode::Expand => {
                Ok(Edits::copy(self.stream.expand(&self.stream.shared_by_merge(within, key, merged))?))
            }
        }
    }

    fn list(&self, items: &[Draft], at: NodeId) -> Result<Edits, Refusal> {
        let old = self.stream.items(at);
        let mut edits = Edits::default();
        let (mut from, mut added) = (0, Vec::new());
        for item in items {
            let index = item.origin().and_then(|origin| old[from..].iter().position(|&node| node == origin));
            let Some(index) = index.map(|offset| from + offset) else {
                added.push(item);
                continue;
            };
            edits.add(self.between(&old[from..index], &added, at, Some(index))?);
            edits.add(self.node(item, old[index])?);
            (from, added) = (index + 1, Vec::new());
        }
        edits.add(self.between(&old[from..], &added, at, None)?);
        Ok(edits)
    }

    /// The edits between two items that stay. New items replace removed ones as long as there are some.
    fn between(
        &self,
        removed: &[NodeId],
        added: &[&Draft],
        list: NodeId,
        next: Option<usize>,
    ) -> Result<Edits, Refusal> {
        let mut edits = Edits::default();
        for (draft, &node) in added.iter().zip(removed) {
            edits.add(self.set(node, self.value(draft)?)?);
        }
        edits.ops.extend(removed.iter().skip(added.len()).map(|&node| Op::Remove { node }));
        for draft in added.iter().skip(removed.len()) {
            let value = self.value(draft)?;
            edits.ops.push(match next {
                Some(index) => Op::Insert { within: list, index, value },
                None => Op::Append { within: list, keys: Vec::new(), value },
            });
        }
        Ok(edits)
    }

    fn value(&self, draft: &Draft) -> Result<Value, Refusal> {
        draft.value(self.stream).map_err(|error| {
            let path = draft.origin().map_or_else(|| "a value".into(), |node| self.stream.path(node));
            let reason = RefusalReason::Unsupported(format!("the step cannot copy `{path}`: {error}"));
            Refusal { at: draft.origin().map(|node| self.stream.position(node)), reason }
        })
    }
}

impl Edits {
    fn one(op: Op) -> Self {
        Self { ops: vec![op], copies: Vec::new() }
    }

    fn copy(op: Op) -> Self {
        Self { ops: Vec::new(), copies: vec![op] }
    }

    fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.copies.is_empty()
    }

    fn add(&mut self, mut more: Self) {
        self.ops.append(&mut more.ops);
        self.copies.append(&mut more.copies);
    }
}
