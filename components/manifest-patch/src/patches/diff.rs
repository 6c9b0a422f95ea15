//! The edits that make a document what its draft says. Never edits.

use std::collections::VecDeque;

use lockstep_yaml::{Alias, NodeId, Op, Reason, Refusal, Stream, Value};

use super::draft::Draft;

/// What leads to a draft.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// The edits, if no copies have to be made first.
    pub(crate) ops: Vec<Op>,
    /// Copies that places need of values they share, before anything else.
    pub(crate) copies: Vec<Op>,
}

/// The edits that give the document the value of its draft.
pub(crate) fn diff(
    stream: &Stream<'_>,
    alias: Alias,
    draft: &Draft,
    document: NodeId,
) -> Result<Edits, Refusal> {
    Diff { stream, alias }.node(draft, document)
}

struct Diff<'s, 't> {
    stream: &'s Stream<'t>,
    alias: Alias,
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
            Alias::Refuse => Err(self.stream.refuse_alias(at)),
            Alias::Expand => Ok(Edits::copy(self.stream.copy(&self.stream.shared(at))?)),
            Alias::Follow => inner,
        }
    }

    fn set(&self, at: NodeId, value: Value) -> Result<Edits, Refusal> {
        let target = self.stream.resolve(at);
        if self.stream.has(at, &value) {
            return Ok(Edits::default());
        }
        Ok(Edits::one(match self.alias {
            _ if target == at => Op::Set { node: at, value },
            Alias::Refuse => return Err(self.stream.refuse_alias(at)),
            Alias::Expand => Op::Detach { node: at, value },
            Alias::Follow => Op::Set { node: target, value },
        }))
    }

    fn mapping(&self, entries: &[(String, Draft)], at: NodeId) -> Result<Edits, Refusal> {
        let (own, inherited) = (self.stream.entries(at), self.stream.inherited(at));
        let of = |list: &[(&str, NodeId)], key: &str| {
            list.iter().find(|(name, _)| *name == key).map(|&(_, node)| node)
        };
        let is_wanted = |key: &str| entries.iter().any(|(name, _)| name == key);
        if let Some(&(key, merged)) = inherited.iter().find(|(key, _)| !is_wanted(key)) {
            return Err(self.stream.refuse_merge(at, key, merged));
        }
        let mut gone: Vec<NodeId> =
            own.iter().filter(|(key, _)| !is_wanted(key)).map(|&(_, node)| node).collect();
        let mut edits = Edits::default();
        let mut fresh = VecDeque::new();
        for (key, draft) in entries {
            if let Some(node) = of(&own, key) {
                edits.add(self.node(draft, node)?);
            } else if let Some(node) = of(&inherited, key) {
                edits.add(self.inherited(at, key, draft, node)?);
            } else if let Some(index) = gone.iter().position(|&node| draft.origin() == Some(node)) {
                let node = gone.swap_remove(index);
                edits.ops.push(Op::Rename { node, key: key.clone() });
                edits.add(self.node(draft, node)?);
            } else {
                fresh.push_back((key.clone(), self.value(draft)?));
            }
        }
        // In one that loses all it has, something new takes the place of something old.
        if gone.len() == self.stream.size(at)
            && !gone.is_empty()
            && let Some((key, value)) = fresh.pop_front()
        {
            let node = gone.remove(0);
            edits.ops.extend([Op::Rename { node, key }, Op::Set { node, value }]);
        }
        let create = |(key, value)| Op::Create { within: at, keys: vec![key], value };
        edits.ops.extend(fresh.into_iter().map(create));
        edits.ops.extend(gone.into_iter().map(|node| Op::Remove { node }));
        Ok(edits)
    }

    /// A key that a mapping only has from a merge.
    fn inherited(&self, within: NodeId, key: &str, draft: &Draft, merged: NodeId) -> Result<Edits, Refusal> {
        let inner = self.node(draft, merged);
        if inner.as_ref().is_ok_and(Edits::is_empty) {
            return inner;
        }
        let is_new = draft.origin() != Some(merged);
        match self.alias {
            Alias::Follow => inner,
            _ if is_new => {
                let value = self.value(draft)?;
                Ok(Edits::one(Op::Create { within, keys: vec![key.to_owned()], value }))
            }
            Alias::Refuse => Err(self.stream.refuse_merge(within, key, merged)),
            Alias::Expand => Ok(Edits::copy(self.stream.copy(&self.stream.shared_key(within, key, merged))?)),
        }
    }

    fn list(&self, items: &[Draft], at: NodeId) -> Result<Edits, Refusal> {
        let old = self.stream.items(at);
        let mut edits = Edits::default();
        let (mut from, mut fresh) = (0, Vec::new());
        for item in items {
            let kept = item.origin().and_then(|origin| old[from..].iter().position(|&node| node == origin));
            let Some(kept) = kept.map(|offset| from + offset) else {
                fresh.push(item);
                continue;
            };
            edits.add(self.between(&old[from..kept], &fresh, at, Some(kept))?);
            edits.add(self.node(item, old[kept])?);
            (from, fresh) = (kept + 1, Vec::new());
        }
        edits.add(self.between(&old[from..], &fresh, at, None)?);
        Ok(edits)
    }

    /// What goes and what comes between two items that stay. As far as possible, one takes the place of the other.
    fn between(
        &self,
        gone: &[NodeId],
        fresh: &[&Draft],
        list: NodeId,
        next: Option<usize>,
    ) -> Result<Edits, Refusal> {
        let mut edits = Edits::default();
        for (draft, &node) in fresh.iter().zip(gone) {
            edits.add(self.set(node, self.value(draft)?)?);
        }
        edits.ops.extend(gone.iter().skip(fresh.len()).map(|&node| Op::Remove { node }));
        for draft in fresh.iter().skip(gone.len()) {
            let value = self.value(draft)?;
            edits.ops.push(match next {
                Some(index) => Op::Insert { within: list, index, value },
                None => Op::Append { within: list, keys: Vec::new(), value },
            });
        }
        Ok(edits)
    }

    fn value(&self, draft: &Draft) -> Result<Value, Refusal> {
        draft.value(self.stream).map_err(|problem| {
            let what = draft.origin().map_or_else(|| "a value".into(), |node| self.stream.path(node));
            let reason = Reason::Unsupported(format!("`{what}` cannot be copied: {problem}"));
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
