//! Plans the splices that add items to a sequence.

use std::collections::HashSet;

use granit_parser::ScalarStyle;

use crate::flow;
use crate::insert::{line_behind, open_end};
use crate::items::After;
use crate::layout::{above, common_style, one_per_line, parts, stands_alone, unsupported};
use crate::lines;
use crate::quote;
use crate::readers::{ResolvedScalar, resolve_for_all};
use crate::refusal::{Refusal, RefusalReason};
use crate::render::{self, Manner};
use crate::replace::replace;
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// Adds the new ones of `after` to a sequence, in front of the items that they stand before and behind
/// the last one. An empty value becomes a sequence.
pub(crate) fn add(
    tree: &Tree<'_>,
    sequence: NodeId,
    after: &[After<'_>],
    blocks: bool,
) -> Result<Vec<Splice>, Refusal> {
    match &tree.node(sequence).data {
        Data::Sequence { items, style: Style::Block } => {
            let lines = Lines::of(tree, sequence, items, blocks)?;
            places(after).into_iter().map(|place| lines.add(&place)).collect()
        }
        Data::Sequence { items, .. } => Ok(add_in_brackets(tree, sequence, items, after)),
        Data::Scalar { text, style: ScalarStyle::Plain, .. }
            if resolve_for_all(text) == Some(ResolvedScalar::Null) =>
        {
            let new = places(after).into_iter().flat_map(|place| place.new).cloned().collect();
            replace(tree, sequence, &Value::Sequence(new), blocks)
        }
        _ => {
            let (path, found) = (tree.path(sequence), tree.node(sequence).kind());
            Err(RefusalReason::NotList { path, found }.at(tree.position(tree.node(sequence).start)))
        }
    }
}

/// New items that come to one place.
struct InsertionPoint<'p> {
    new: Vec<&'p Value>,
    /// The item that stays behind them, if one does.
    next: Option<NodeId>,
    /// Whether one that stays is in front of them.
    behind: bool,
}

/// New items in front of one that goes come in front of the next that stays: its bytes are there.
fn places<'p>(after: &[After<'p>]) -> Vec<InsertionPoint<'p>> {
    let mut places = Vec::new();
    let (mut new, mut behind) = (Vec::new(), false);
    for after in after {
        match after {
            After::New(_, value) => new.push(*value),
            After::Kept(item) => {
                if !new.is_empty() {
                    places.push(InsertionPoint { new: std::mem::take(&mut new), next: Some(*item), behind });
                }
                behind = true;
            }
        }
    }
    if !new.is_empty() {
        places.push(InsertionPoint { new, next: None, behind });
    }
    places
}

/// How the items of a block sequence are written.
struct Lines<'t> {
    tree: &'t Tree<'t>,
    sequence: NodeId,
    items: &'t [NodeId],
    /// That of the dashes.
    column: usize,
    style: Option<ScalarStyle>,
    /// The blanks behind a dash.
    gap: usize,
    /// But for the line end, which may differ from place to place.
    manner: Manner,
}

impl<'t> Lines<'t> {
    fn of(tree: &'t Tree<'t>, sequence: NodeId, items: &'t [NodeId], blocks: bool) -> Result<Self, Refusal> {
        let Some(&last) = items.last() else {
            return Err(unsupported(tree, sequence, "a list without items"));
        };
        let dash = tree.start_of(last);
        if tree.text[lines::start(tree.text, dash)..dash].contains('\t') {
            return Err(unsupported(tree, sequence, "a list that is indented with tabs"));
        }
        let gap = items.iter().rev().find_map(|&item| gap(tree, item)).unwrap_or(1);
        let style = common_style(tree, items);
        let (column, manner) = (lines::column(tree.text, dash), Manner::of(tree, "\n", blocks));
        Ok(Self { tree, sequence, items, column, style, gap, manner })
    }

    fn add(&self, place: &InsertionPoint<'_>) -> Result<Splice, Refusal> {
        match place.next {
            Some(next) => Ok(self.insert(place, next)),
            None => self.append(&place.new),
        }
    }

    /// In front of an item, and of the lines of comment that are its own.
    fn insert(&self, place: &InsertionPoint<'_>, next: NodeId) -> Splice {
        let (source, dash, blanks) = (self.tree.text, self.tree.start_of(next), " ".repeat(self.column));
        let eol = lines::ending(source, lines::start(source, dash));
        let manner = Manner { eol, ..self.manner };
        let text = |before: &str, after: &str| -> String {
            place
                .new
                .iter()
                .map(|value| format!("{before}{}{eol}{after}", self.item(value, &manner)))
                .collect()
        };
        // The first may stand behind another dash: what is new takes its place there.
        let first = self.tree.start_of(self.items[0]);
        if !place.behind && !stands_alone(source, first) {
            return Splice::new(first..first, text("", &blanks));
        }
        let index = self.items.partition_point(|&item| item < next);
        let before = index.checked_sub(1).map(|before| self.tree.end_of(self.items[before]));
        let at = above(source, dash, before);
        Splice::new(at..at, text(&blanks, ""))
    }

    /// Behind the last line of the last item, in front of the comments that belong to what follows.
    fn append(&self, new: &[&Value]) -> Result<Splice, Refusal> {
        let source = self.tree.text;
        let at = line_behind(self.tree, self.sequence, self.column)?;
        let open = open_end(source, at);
        let last = self.items.last().map_or(at, |&last| self.tree.start_of(last));
        let eol = lines::ending(source, lines::start(source, last));
        // A block scalar needs the line end that an open last line does not have.
        let manner = Manner { eol, blocks: self.manner.blocks && !open, ..self.manner };
        let mut text = String::new();
        for value in new {
            let line = format!("{}{}", " ".repeat(self.column), self.item(value, &manner));
            text.push_str(&if open { format!("{eol}{line}") } else { format!("{line}{eol}") });
        }
        Ok(Splice::new(at..at, text))
    }

    fn item(&self, value: &Value, manner: &Manner) -> String {
        match (value, self.style) {
            (Value::String(text), Some(style)) => {
                format!("-{}{}", " ".repeat(self.gap), quote::keep_style(text, style, false))
            }
            _ => render::item(value, self.column, self.gap, manner),
        }
    }
}

fn add_in_brackets(tree: &Tree<'_>, sequence: NodeId, items: &[NodeId], after: &[After<'_>]) -> Vec<Splice> {
    let parts = parts(tree, sequence, &HashSet::new());
    let lines = one_per_line(tree, sequence, &parts);
    let mut splices = Vec::new();
    for place in places(after) {
        let new = flow::items(tree, sequence, &place.new);
        match place.next {
            None => splices.extend(flow::insert(tree, sequence, new)),
            Some(next) => {
                let index = items.partition_point(|&item| item < next);
                let before = index.checked_sub(1).map(|before| parts[before].end);
                splices.push(flow::put(tree.text, parts[index].start, before, &new, lines));
            }
        }
    }
    splices
}

/// How many blanks stand between the dash of an item and its text, if it stands behind the dash.
fn gap(tree: &Tree<'_>, item: NodeId) -> Option<usize> {
    let behind = &tree.text[tree.node(item).slot as usize..];
    let blanks = behind.len() - behind.trim_start_matches(' ').len();
    let text = behind[blanks..].chars().next()?;
    (blanks > 0 && !matches!(text, '#' | '\r' | '\n' | '\t')).then_some(blanks)
}
