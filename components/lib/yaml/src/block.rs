//! Block scalars (`|` and `>`): their parts, and how to write a string as one.

use std::ops::Range;

use granit_parser::ScalarStyle;

use crate::lines;
use crate::quote::is_plain_character;
use crate::tree::{Data, NodeId, Tree};

/// The parts of a block scalar in its file.
#[derive(Debug, PartialEq)]
pub(crate) struct Block {
    /// `|`, `>-`, `|2+`: without a comment behind it.
    pub(crate) header: Range<usize>,
    /// The lines with text, to the beginning of the line after them.
    pub(crate) body: Range<usize>,
    /// The empty lines that follow; text only if the header says `+`.
    pub(crate) tail: Range<usize>,
    /// The blanks before each line; 0 if there is no text.
    pub(crate) indent: usize,
}

/// A string as block scalar.
#[derive(Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) header: String,
    /// Whole lines, each with its line end.
    pub(crate) body: String,
    /// How many empty lines must follow.
    pub(crate) empty_lines: usize,
}

impl Block {
    /// The parts of the block scalar `id`.
    pub(crate) fn of(tree: &Tree<'_>, id: NodeId) -> Self {
        let node = tree.node(id);
        let indent = match &node.data {
            Data::Scalar { indent, .. } => usize::from(*indent),
            _ => 0,
        };
        Self::measure(tree.text, node.start as usize, node.end as usize, indent)
    }

    /// Measures a block scalar from its header to at least the end of its last line.
    pub(crate) fn measure(text: &str, start: usize, end: usize, indent: usize) -> Self {
        let marks = text.as_bytes()[start..].iter().skip(1);
        let marks = marks.take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-')).count();
        let first = lines::next(text, start);
        let mut body = first..first;
        let mut at = first;
        while at < end {
            let next = lines::next(text, at);
            let line = &text[at..lines::end(text, at)];
            if line.len() > indent || line.contains(|other| other != ' ') {
                body.end = next;
            }
            at = next;
        }
        let mut tail = body.end;
        while tail < text.len() && text[tail..lines::end(text, tail)].bytes().all(|byte| byte == b' ') {
            let next = lines::next(text, tail);
            if next == text.len() && !text.ends_with('\n') {
                break;
            }
            tail = next;
        }
        Self { header: start..start + 1 + marks, tail: body.end..tail, body, indent }
    }

    /// Whether the empty lines behind it are part of its text.
    pub(crate) fn keeps(&self, text: &str) -> bool {
        text[self.header.clone()].contains('+')
    }

    /// The indentation digit of the header.
    pub(crate) fn indicator(&self, text: &str) -> Option<usize> {
        let digit = text[self.header.clone()].bytes().find(u8::is_ascii_digit);
        digit.map(|digit| usize::from(digit - b'0'))
    }
}

/// Writes `text` as a block scalar: folded if `old` is and that can carry it, else literal. `indent`
/// is the number of blanks before each line, `base` that of the node around it. `None` if no
/// block scalar can carry the text in every reader.
pub(crate) fn write(
    text: &str,
    old: ScalarStyle,
    explicit: bool,
    indent: usize,
    base: usize,
    eol: &str,
) -> Option<Written> {
    let core = text.trim_end_matches('\n');
    let newlines = text.len() - core.len();
    let odd_line = |line: &str| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty();
    let carries = |character: char| is_plain_character(character) || matches!(character, '\n' | '\t');
    if core.is_empty() || !core.chars().all(carries) || core.split('\n').any(odd_line) {
        return None;
    }
    let begins_blank = |line: &str| line.starts_with([' ', '\t']);
    let first = core.trim_start_matches('\n');
    let indicator = if explicit || begins_blank(first) {
        let width = indent.checked_sub(base).filter(|width| (1..=9).contains(width))?;
        width.to_string()
    } else {
        String::new()
    };
    let folds = old == ScalarStyle::Folded
        && !core.starts_with('\n')
        && !core.split('\n').any(|line| begins_blank(line) || line.ends_with([' ', '\t']));
    let (mark, lines) = if folds { ('>', fold(core)) } else { ('|', core.to_owned()) };
    let chomp = match newlines {
        0 => "-",
        1 => "",
        _ => "+",
    };
    let blanks = " ".repeat(indent);
    let mut body = String::with_capacity(lines.len() + 16);
    for line in lines.split('\n') {
        if !line.is_empty() {
            body.push_str(&blanks);
            body.push_str(line);
        }
        body.push_str(eol);
    }
    let header = format!("{mark}{indicator}{chomp}");
    Some(Written { header, body, empty_lines: newlines.saturating_sub(1) })
}

/// Adds the empty line that keeps each line end from being folded into a blank.
fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut in_run = false;
    for character in text.chars() {
        let newline = character == '\n';
        if newline && !in_run {
            out.push('\n');
        }
        in_run = newline;
        out.push(character);
    }
    out
}
