//! Parses an edited file again, and compares it with the intended values.

use std::collections::HashMap;

use granit_parser::ScalarStyle;
use lockstep_path::clip;

use crate::equal;
use crate::gate;
use crate::items::After;
use crate::part::Part;
use crate::plan::Plan;
use crate::refusal::{Position, Refusal, RefusalReason};
use crate::second;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// Proves that `after` is `before` with the planned changes and nothing else.
pub(crate) fn verify(before: &Tree<'_>, plan: &Plan, after: &str) -> Result<(), Refusal> {
    let part = Part::between(before, after);
    let problem = match gate::open(&after.as_bytes()[part.after.clone()]) {
        Err(refusal) => format!("{}", refusal.reason),
        Ok(new) => {
            let old = &before.text[part.before.clone()];
            let mut comparison =
                Comparison { old: before, part: &part, new: &new, plan, anchors: HashMap::new() };
            match comparison.documents().and_then(|()| second::confirms(old, &new)) {
                Ok(()) => return Ok(()),
                Err(problem) => problem,
            }
        }
    };
    Err(unproven(before.text, after, problem))
}

struct Comparison<'t> {
    old: &'t Tree<'t>,
    /// What of the old tree is compared with all of the new one.
    part: &'t Part,
    new: &'t Tree<'t>,
    plan: &'t Plan,
    /// For each anchored node of the old tree, the one in its place.
    anchors: HashMap<NodeId, NodeId>,
}

type Verdict = Result<(), String>;

impl Comparison<'_> {
    fn documents(&mut self) -> Verdict {
        let roots = &self.old.roots[self.part.documents.clone()];
        if roots.len() != self.new.roots.len() {
            return Err("the number of documents changes".into());
        }
        for (&old, &new) in roots.iter().zip(&self.new.roots) {
            self.node(old, new)?;
        }
        self.comments()
    }

    fn node(&mut self, old: NodeId, new: NodeId) -> Verdict {
        let (before, after) = (self.old.node(old), self.new.node(new));
        let name = |node: &crate::tree::Node<'_>| node.anchor().map(|(name, _)| (*name).to_owned());
        let tag = |node: &crate::tree::Node<'_>| node.tag().map(|tag| tag.full.clone());
        if name(before) != name(after) || tag(before) != tag(after) {
            return Err(self.differs(old));
        }
        if before.anchor().is_some() {
            self.anchors.insert(old, new);
        }
        if let Some(value) = self.plan.set.get(&old) {
            return self.value(new, value);
        }
        let created = self.plan.created.get(&old);
        let appended = self.plan.appended.get(&old);
        match (&before.data, &after.data) {
            (Data::Scalar { text, style, .. }, Data::Scalar { text: now, style: style_now, .. }) => {
                if equal::ends_unclear(self.old, old) != equal::ends_unclear(self.new, new) {
                    let path = self.old.path(old);
                    return Err(format!("`{path}` ends the file without a line end, and would not any more"));
                }
                let same = text == now && style == style_now && created.is_none() && appended.is_none();
                if same { Ok(()) } else { Err(self.differs(old)) }
            }
            // An empty value that becomes a mapping.
            (Data::Scalar { style: ScalarStyle::Plain, .. }, Data::Mapping { .. }) => match created {
                Some(entries) => self.value(new, &Value::Mapping(entries.clone())),
                None => Err(self.differs(old)),
            },
            // One that becomes a sequence.
            (Data::Scalar { style: ScalarStyle::Plain, .. }, Data::Sequence { .. }) => match appended {
                Some(items) => self.value(new, &Value::Sequence(items.clone())),
                None => Err(self.differs(old)),
            },
            (Data::Alias { target }, Data::Alias { target: now }) => {
                let same = self.anchors.get(target) == Some(now);
                if same { Ok(()) } else { Err(self.differs(old)) }
            }
            (Data::Sequence { items, style }, Data::Sequence { items: now, style: style_now }) => {
                let wanted = self.plan.items(self.old, old);
                if wanted.len() != now.len() || style != style_now && !emptied(items.len(), now.len()) {
                    return Err(self.differs(old));
                }
                wanted.iter().zip(now).try_for_each(|(wanted, &now)| match wanted {
                    After::Kept(item) => self.node(*item, now),
                    After::New(_, value) => self.value(now, value),
                })
            }
            (Data::Mapping { entries, style, .. }, Data::Mapping { entries: now, style: style_now, .. }) => {
                let kept = entries.iter().filter(|(_, value)| !self.plan.goes(old, *value));
                let kept: Vec<_> = kept.copied().collect();
                let created = created.map_or(&[][..], Vec::as_slice);
                if kept.len() + created.len() != now.len()
                    || style != style_now && !emptied(entries.len(), now.len())
                {
                    return Err(self.differs(old));
                }
                let (same, fresh) = now.split_at(kept.len());
                for (&(key, value), &(key_now, value_now)) in kept.iter().zip(same) {
                    self.key(key, key_now)?;
                    self.node(value, value_now)?;
                }
                for ((key, value), &(key_now, value_now)) in created.iter().zip(fresh) {
                    self.value(key_now, &Value::String(key.clone()))?;
                    self.value(value_now, value)?;
                }
                Ok(())
            }
            _ => Err(self.differs(old)),
        }
    }

    fn key(&mut self, old: NodeId, new: NodeId) -> Verdict {
        match self.plan.renamed.get(&old) {
            Some(name) => self.value(new, &Value::String(name.clone())),
            None => self.node(old, new),
        }
    }

    fn value(&self, new: NodeId, wanted: &Value) -> Verdict {
        if equal::has(self.new, new, wanted) {
            return Ok(());
        }
        Err(format!("`{}` reads as {}", self.new.path(new), self.new.show(new)))
    }

    fn differs(&self, old: NodeId) -> String {
        format!("`{}` changes, which nobody asked for", self.old.path(old))
    }

    /// Every comment is still there, word for word and in order, but those that are to go; and those went.
    fn comments(&self) -> Verdict {
        // The ranges are in order and do not overlap: only the last one that begins before can hold a byte.
        let ranges = &self.plan.gone;
        let gone = |start: u32| {
            let next = ranges.partition_point(|range| range.start <= start as usize);
            next > 0 && ranges[next - 1].contains(&(start as usize))
        };
        let text = |tree: &Tree<'_>, range: &std::ops::Range<u32>| {
            tree.text[range.start as usize..range.end as usize].to_owned()
        };
        let here = |range: &&std::ops::Range<u32>| self.part.before.contains(&(range.start as usize));
        let kept = self.old.comments.iter().filter(here).filter(|range| !gone(range.start));
        let same = kept.map(|range| text(self.old, range)).eq(self
            .new
            .comments
            .iter()
            .map(|range| text(self.new, range)));
        if same { Ok(()) } else { Err("a comment is lost or left behind, or text becomes one".into()) }
    }
}

/// Whether a collection has lost all it had: then it is written in brackets.
fn emptied(before: usize, now: usize) -> bool {
    before > 0 && now == 0
}

/// A refusal that shows the first line that differs, before and after.
fn unproven(before: &str, after: &str, problem: String) -> Refusal {
    let line = |text: &str, number: usize| clip(text.lines().nth(number).unwrap_or_default(), 120);
    let number = before.lines().zip(after.lines()).take_while(|(old, new)| old == new).count();
    let reason =
        RefusalReason::Unproven { problem, before: line(before, number), after: line(after, number) };
    reason.at(Position { line: u32::try_from(number + 1).unwrap_or(u32::MAX), column: 1 })
}
