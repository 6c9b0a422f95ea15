//! How collections lie in a text: their parts, the comments around them, and the quotes of their items.

use std::collections::HashSet;

use granit_parser::ScalarStyle;

use crate::lines::{self, skip_trivia};
use crate::refusal::{Refusal, RefusalReason};
use crate::tree::{Data, NodeId, Tree};

/// A key with its value, or an item.
pub(crate) struct Part {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) goes: bool,
}

/// The refusal of an edit that the library does not support.
pub(crate) fn unsupported(tree: &Tree<'_>, id: NodeId, what: &str) -> Refusal {
    RefusalReason::Unsupported(format!("{what} cannot be edited")).at(tree.position(tree.node(id).start))
}

/// The quotes that all items have.
pub(crate) fn common_style(tree: &Tree<'_>, items: &[NodeId]) -> Option<ScalarStyle> {
    let style = |item: &NodeId| match tree.node(*item).data {
        Data::Scalar { style: style @ (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted), .. } => {
            Some(style)
        }
        _ => None,
    };
    let first = items.first().and_then(style)?;
    items.iter().all(|item| style(item) == Some(first)).then_some(first)
}

/// A comment that stands deeper than the keys or dashes belongs to the last value: the line behind all
/// such from the line at `at` on.
pub(crate) fn behind_comments(source: &str, mut at: usize, indent: usize) -> usize {
    while at < source.len() {
        let blanks = lines::indent(source, at);
        if blanks <= indent || source.as_bytes().get(at + blanks) != Some(&b'#') {
            break;
        }
        at = lines::next(source, at);
    }
    at
}

/// The keys with their values, or the items, of which those in `gone` go.
pub(crate) fn parts(tree: &Tree<'_>, collection: NodeId, gone: &HashSet<NodeId>) -> Vec<Part> {
    let entries = tree.entries(collection).iter().copied();
    let items = tree.items(collection).iter().map(|&item| (item, item));
    let part = |(first, last)| Part {
        start: tree.start_of(first),
        end: tree.end_of(last),
        goes: gone.contains(&last),
    };
    entries.chain(items).map(part).collect()
}

/// Where the part that begins at `start` begins with the lines of comment right above it at its
/// indentation. What stands above the first, with no part that ends `before`, is not its own.
pub(crate) fn above(text: &str, start: usize, before: Option<usize>) -> usize {
    if !stands_alone(text, start) {
        return start;
    }
    let mut line = lines::start(text, start);
    let indent = lines::indent(text, line);
    let limit = before.unwrap_or(line);
    while line > limit {
        let before = lines::start(text, line - 1);
        let comment = text.as_bytes().get(before + indent) == Some(&b'#');
        if before < limit || !comment || lines::indent(text, before) != indent {
            break;
        }
        line = before;
    }
    line
}

/// Whether nothing but blanks stands before this byte on its line.
pub(crate) fn stands_alone(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(' ');
    before.is_empty() || before == "\u{feff}" || before.ends_with('\n')
}

/// The comma behind a part in brackets.
pub(crate) fn comma(text: &str, end: usize) -> Option<usize> {
    Some(skip_trivia(text, end)).filter(|&at| text.as_bytes().get(at) == Some(&b','))
}

/// Whether every part of a collection in brackets, and the closing one, has lines of its own.
pub(crate) fn one_per_line(tree: &Tree<'_>, id: NodeId, parts: &[Part]) -> bool {
    let (text, close) = (tree.text, tree.node(id).end as usize - 1);
    parts.iter().all(|part| {
        let behind = comma(text, part.end).map_or(part.end, |comma| comma + 1);
        let rest = &text[behind..lines::next(text, behind)];
        stands_alone(text, part.start) && lines::is_blank_or_comment(rest)
    }) && stands_alone(text, close)
}
