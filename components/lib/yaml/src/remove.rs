//! Plans the splices that remove parts of collections, each with its own comments.
//!
//! The own comments of a key or an item are the one at the end of its line, those inside its value, those directly after it with
//! a deeper indentation, and the comment lines directly above it with its indentation. Comments above the first part may
//! describe the whole collection: they stay, and so do blank lines.

use std::collections::HashSet;
use std::ops::Range;

use crate::layout::{Part, above, behind_comments, comma, one_per_line, parts, stands_alone, unsupported};
use crate::lines;
use crate::order::sorted;
use crate::refusal::Refusal;
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};

/// What goes.
#[derive(Debug, Default)]
pub(crate) struct Removal {
    pub(crate) splices: Vec<Splice>,
    /// Whole lines, which may touch.
    lines: Vec<Range<usize>>,
    /// The parts that go, each with its comments.
    pub(crate) owned: Vec<Range<usize>>,
}

impl Removal {
    /// Takes the values `gone` out of a collection, with their keys.
    pub(crate) fn add(
        &mut self,
        tree: &Tree<'_>,
        collection: NodeId,
        gone: &HashSet<NodeId>,
    ) -> Result<(), Refusal> {
        match &tree.node(collection).data {
            Data::Mapping { style, .. } | Data::Sequence { style, .. } => {
                self.add_parts(tree, collection, *style, &parts(tree, collection, gone))
            }
            _ => Err(unsupported(tree, collection, "what is not in a collection")),
        }
    }

    /// All splices. Lines at an open end take the line end before them along, so that it stays open.
    pub(crate) fn into_splices(mut self, text: &str) -> Vec<Splice> {
        let mut merged: Vec<Range<usize>> = Vec::new();
        for lines in sorted(self.lines, |lines| (lines.start, lines.end)) {
            match merged.last_mut() {
                Some(last) if last.end == lines.start => last.end = lines.end,
                _ => merged.push(lines),
            }
        }
        if let Some(last) = merged.last_mut().filter(|last| last.end == text.len())
            && lines::ends_open(text)
        {
            let before = &text[..last.start];
            last.start = before
                .strip_suffix('\n')
                .map_or(before, |line| line.strip_suffix('\r').unwrap_or(line))
                .len();
        }
        self.splices.extend(merged.into_iter().map(|lines| Splice::new(lines, "")));
        self.splices
    }

    fn add_parts(
        &mut self,
        tree: &Tree<'_>,
        id: NodeId,
        style: Style,
        parts: &[Part],
    ) -> Result<(), Refusal> {
        let brackets = matches!(tree.node(id).data, Data::Mapping { .. });
        let empty = if brackets { "{}" } else { "[]" };
        match style {
            Style::Pair => Err(unsupported(tree, id, "a single pair in a flow sequence")),
            Style::Block => self.take_block(tree, id, parts, empty),
            Style::Flow if one_per_line(tree, id, parts) => {
                self.take_flow_lines(tree, id, parts);
                Ok(())
            }
            Style::Flow => {
                self.owned.extend(parts.iter().filter(|part| part.goes).map(|part| part.start..part.end));
                self.take_flow(tree, id, parts);
                Ok(())
            }
        }
    }

    fn take_block(
        &mut self,
        tree: &Tree<'_>,
        id: NodeId,
        parts: &[Part],
        empty: &str,
    ) -> Result<(), Refusal> {
        let text = tree.text;
        let mut owned = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let rest = &text[part.end..lines::next(text, part.end)];
            if part.goes && !ends_with_line(text, part) && !lines::is_blank_or_comment(rest) {
                return Err(unsupported(tree, id, "a value with something else behind it"));
            }
            owned.push(own(text, parts, index));
        }
        let first = &parts[0];
        let inline = !stands_alone(text, first.start);
        let kept = parts.iter().position(|part| !part.goes);
        let mut whole_lines = 0;
        match kept {
            // The first stands behind a dash: the first that is kept moves up, or its comment does.
            Some(kept) if inline && first.goes => {
                let behind = owned[kept - 1].end;
                let next = behind + text[behind..].len() - text[behind..].trim_start().len();
                self.splices.push(Splice::new(first.start..next, ""));
                whole_lines = kept;
            }
            None if inline || tree.node(id).parent.is_none() => {
                let last = if inline { parts.len() - 1 } else { 0 };
                let end = before_line_end(text, owned[last].end);
                self.splices.push(Splice::new(first.start..end, empty));
                whole_lines = last + 1;
            }
            None => {
                let at = tree.node(id).properties_end() as usize;
                self.splices.push(Splice::new(at..at, format!(" {empty}")));
            }
            Some(_) => {}
        }
        let rest = owned[whole_lines..].iter().zip(&parts[whole_lines..]);
        self.lines.extend(rest.filter(|(_, part)| part.goes).map(|(lines, _)| lines.clone()));
        self.owned.extend(owned.into_iter().zip(parts).filter(|(_, part)| part.goes).map(|(own, _)| own));
        Ok(())
    }

    /// Out of a collection in brackets with every part on lines of its own.
    fn take_flow_lines(&mut self, tree: &Tree<'_>, id: NodeId, parts: &[Part]) {
        let text = tree.text;
        let all = parts.iter().all(|part| part.goes);
        if all {
            self.take_flow(tree, id, parts);
        }
        for (index, part) in parts.iter().enumerate().filter(|(_, part)| part.goes) {
            let end = lines::next(text, comma(text, part.end).map_or(part.end, |comma| comma + 1));
            let lines = above(text, part.start, end_before(parts, index))..end;
            self.lines.extend((!all).then(|| lines.clone()));
            self.owned.push(lines);
        }
        let (Some(last), Some(kept)) = (parts.last(), parts.iter().rfind(|part| !part.goes)) else {
            return;
        };
        if last.goes
            && comma(text, last.end).is_none()
            && let Some(comma) = comma(text, kept.end)
        {
            self.splices.push(Splice::new(comma..comma + 1, ""));
        }
    }

    /// Out of a collection in brackets with parts that share lines.
    fn take_flow(&mut self, tree: &Tree<'_>, id: NodeId, parts: &[Part]) {
        if parts.iter().all(|part| part.goes) {
            let (start, end) = (tree.node(id).start as usize, tree.node(id).end as usize);
            self.splices.push(Splice::new(start + 1..end - 1, ""));
            return;
        }
        let mut index = 0;
        while index < parts.len() {
            let run = parts[index..].iter().take_while(|part| part.goes).count();
            if run > 0 {
                let range = match (parts.get(index + run), index.checked_sub(1)) {
                    (Some(next), _) => parts[index].start..next.start,
                    (None, Some(before)) => parts[before].end..parts[index + run - 1].end,
                    (None, None) => break,
                };
                self.splices.push(Splice::new(range, ""));
            }
            index += run + 1;
        }
    }
}

/// A part of a block collection with its own comments.
fn own(text: &str, parts: &[Part], index: usize) -> Range<usize> {
    let part = &parts[index];
    let end = if ends_with_line(text, part) { part.end } else { lines::next(text, part.end) };
    above(text, part.start, end_before(parts, index))
        ..behind_comments(text, end, lines::column(text, part.start))
}

/// Where the part in front of this one ends.
fn end_before(parts: &[Part], index: usize) -> Option<usize> {
    index.checked_sub(1).map(|before| parts[before].end)
}

/// A block scalar ends with its line; everything else within one.
fn ends_with_line(text: &str, part: &Part) -> bool {
    part.end > part.start && text.as_bytes()[part.end - 1] == b'\n'
}

fn before_line_end(text: &str, at: usize) -> usize {
    let text = &text[..at];
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).len()
}
