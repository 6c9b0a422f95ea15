//! Plans the bytes that add items to a sequence. Never applies them.

use granit_parser::ScalarStyle;

use crate::flow;
use crate::insert::{line_behind, open_end};
use crate::lines;
use crate::quote;
use crate::readers::{Reading, all_read};
use crate::refusal::{Reason, Refusal};
use crate::render::{self, Manner};
use crate::replace::{replace, unsupported};
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// Adds items to a sequence, behind its last one. An empty value becomes a sequence.
pub(crate) fn append(
    tree: &Tree<'_>,
    sequence: NodeId,
    new: &[Value],
    blocks: bool,
) -> Result<Vec<Splice>, Refusal> {
    match &tree.node(sequence).data {
        Data::Sequence { items, style: Style::Block } => {
            Ok(vec![append_lines(tree, sequence, items, new, blocks)?])
        }
        Data::Sequence { items, .. } => {
            let json = flow::is_json(tree, sequence);
            let style = common_style(tree, items);
            let text = |value: &Value| match (value, style) {
                (Value::String(text), Some(style)) if !json => quote::keep_style(text, style, true),
                _ => render::inline(value, true, json),
            };
            Ok(flow::insert(tree, sequence, new.iter().map(text).collect()))
        }
        Data::Scalar { text, style: ScalarStyle::Plain, .. } if all_read(text) == Some(Reading::Null) => {
            replace(tree, sequence, &Value::Sequence(new.to_vec()), blocks)
        }
        _ => {
            let (path, found) = (tree.path(sequence), tree.node(sequence).kind());
            Err(Reason::NotList { path, found }.at(tree.position(tree.node(sequence).start)))
        }
    }
}

/// Adds lines to a block sequence: behind the last line of its last item, in front of the comments that
/// belong to what follows.
fn append_lines(
    tree: &Tree<'_>,
    sequence: NodeId,
    items: &[NodeId],
    new: &[Value],
    blocks: bool,
) -> Result<Splice, Refusal> {
    let source = tree.text;
    let Some(&last) = items.last() else {
        return Err(unsupported(tree, sequence, "a list without items"));
    };
    let dash = tree.start_of(last);
    if source[lines::start(source, dash)..dash].contains('\t') {
        return Err(unsupported(tree, sequence, "a list that is indented with tabs"));
    }
    let column = lines::column(source, dash);
    let at = line_behind(tree, sequence, column)?;
    let open = open_end(source, at);
    let eol = lines::ending(source, lines::start(source, dash));
    // A block scalar needs the line end that an open last line does not have.
    let manner = Manner::of(tree, eol, blocks && !open);
    let style = common_style(tree, items);
    let gap = items.iter().rev().find_map(|&item| gap(tree, item)).unwrap_or(1);
    let mut text = String::new();
    for value in new {
        let item = match (value, style) {
            (Value::String(text), Some(style)) => {
                format!("-{}{}", " ".repeat(gap), quote::keep_style(text, style, false))
            }
            _ => render::item(value, column, gap, &manner),
        };
        let line = format!("{}{item}", " ".repeat(column));
        text.push_str(&if open { format!("{eol}{line}") } else { format!("{line}{eol}") });
    }
    Ok(Splice::new(at..at, text))
}

/// How many blanks stand between the dash of an item and its text, if it stands behind the dash.
fn gap(tree: &Tree<'_>, item: NodeId) -> Option<usize> {
    let behind = &tree.text[tree.node(item).slot as usize..];
    let blanks = behind.len() - behind.trim_start_matches(' ').len();
    let text = behind[blanks..].chars().next()?;
    (blanks > 0 && !matches!(text, '#' | '\r' | '\n' | '\t')).then_some(blanks)
}

/// The quotes that all items have.
fn common_style(tree: &Tree<'_>, items: &[NodeId]) -> Option<ScalarStyle> {
    let style = |item: &NodeId| match tree.node(*item).data {
        Data::Scalar { style: style @ (ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted), .. } => {
            Some(style)
        }
        _ => None,
    };
    let first = items.first().and_then(style)?;
    items.iter().all(|item| style(item) == Some(first)).then_some(first)
}
