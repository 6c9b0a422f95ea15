//! Aligns the items of a list with those of its new value: which stay, change, go or are new.

use crate::equal;
use crate::tree::{Data, NodeId, Tree};
use crate::value::Value;

/// What happens to an item that does not stay as it is.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'v> {
    /// It gets another value.
    Change(NodeId, &'v Value),
    /// It goes.
    Remove(NodeId),
    /// A new one comes in front of the one that has this index now.
    Insert(usize, &'v Value),
}

/// The most pairs of items that are compared. Longer lists are taken as they come.
const MOST_PAIRS: usize = 1 << 20;

/// What makes `new` of the items `old`, in order. Equal ones stay; of the others, those with the same name
/// belong together, and then those that come one after the other.
pub(crate) fn align<'v>(tree: &Tree<'_>, old: &[NodeId], new: &'v [Value]) -> Vec<Step<'v>> {
    let has = |(&old, new): (&NodeId, &Value)| equal::has(tree, old, new);
    let head = old.iter().zip(new).take_while(|&pair| has(pair)).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|&pair| has(pair)).count();
    let (ends, new_ends) = (head..old.len() - tail, head..new.len() - tail);
    let mut gaps = Gaps { tree, old, new, steps: Vec::new() };
    let same = common(ends.len(), new_ends.len(), |i, j| equal::has(tree, old[head + i], &new[head + j]));
    let (mut i, mut j) = (head, head);
    for (next, next_new) in same.into_iter().map(|(i, j)| (head + i, head + j)) {
        gaps.fill(i..next, j..next_new);
        (i, j) = (next + 1, next_new + 1);
    }
    gaps.fill(i..ends.end, j..new_ends.end);
    gaps.steps
}

type Range = std::ops::Range<usize>;

struct Gaps<'t, 'v> {
    tree: &'t Tree<'t>,
    old: &'t [NodeId],
    new: &'v [Value],
    steps: Vec<Step<'v>>,
}

impl Gaps<'_, '_> {
    /// Takes items without an equal one on the other side.
    fn fill(&mut self, old: Range, new: Range) {
        let alike = |i: usize, j: usize| {
            identity(self.tree, self.old[old.start + i], &self.new[new.start + j])
                .is_some_and(|same| same.equal)
        };
        let named = common(old.len(), new.len(), alike);
        let (mut i, mut j) = (old.start, new.start);
        for (next, next_new) in named.into_iter().map(|(i, j)| (old.start + i, new.start + j)) {
            self.in_order(i..next, j..next_new);
            self.steps.push(Step::Change(self.old[next], &self.new[next_new]));
            (i, j) = (next + 1, next_new + 1);
        }
        self.in_order(i..old.end, j..new.end);
    }

    fn in_order(&mut self, old: Range, new: Range) {
        let (mut i, mut j) = (old.start, new.start);
        while i < old.end || j < new.end {
            let (item, value) = (self.old[i..old.end].first(), self.new[j..new.end].first());
            match (item, value) {
                (Some(&item), Some(value)) if !self.strangers(item, value) => {
                    self.steps.push(Step::Change(item, value));
                }
                (item, value) => {
                    self.steps.extend(item.map(|&item| Step::Remove(item)));
                    let index = i + usize::from(item.is_some());
                    self.steps.extend(value.map(|value| Step::Insert(index, value)));
                }
            }
            i += usize::from(item.is_some());
            j += usize::from(value.is_some());
        }
    }

    /// Whether one never becomes the other: an alias, or something with another name.
    fn strangers(&self, old: NodeId, new: &Value) -> bool {
        let alias = matches!(self.tree.node(old).data, Data::Alias { .. });
        alias || identity(self.tree, old, new).is_some_and(|same| same.by_name && !same.equal)
    }
}

/// What two mappings have in common that tells who they are.
struct Identity {
    by_name: bool,
    equal: bool,
}

/// Compares the names of two mappings; without names, the first key with a scalar that both have.
fn identity(tree: &Tree<'_>, old: NodeId, new: &Value) -> Option<Identity> {
    let Value::Mapping(wanted) = new else {
        return None;
    };
    let shared = |key: &str, value: NodeId| {
        let (_, wanted) = wanted.iter().find(|(name, _)| name == key)?;
        match (tree.scalar(value)?, wanted) {
            (text, Value::String(wanted)) => Some(text == wanted),
            (_, wanted) => (!wanted.is_collection()).then(|| equal::has(tree, value, wanted)),
        }
    };
    let name = tree.own_value(old, "name").and_then(|name| shared("name", name));
    if let Some(equal) = name {
        return Some(Identity { by_name: true, equal });
    }
    let mut entries = tree.entries(old).iter();
    let equal = entries.find_map(|&(key, value)| shared(tree.scalar(key)?, value))?;
    Some(Identity { by_name: false, equal })
}

/// The longest common subsequence of two lists, as pairs of indices; none if that would take too long.
fn common(old: usize, new: usize, same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    if old == 0 || new == 0 || old.saturating_mul(new) > MOST_PAIRS {
        return Vec::new();
    }
    // In each row, the length for what is left from that pair on.
    let width = new + 1;
    let mut lengths = vec![0_u32; (old + 1) * width];
    let mut equal = vec![false; old * new];
    for i in (0..old).rev() {
        for j in (0..new).rev() {
            equal[i * new + j] = same(i, j);
            lengths[i * width + j] = if equal[i * new + j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < old && j < new {
        if equal[i * new + j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}
