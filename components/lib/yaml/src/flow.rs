//! Plans the splices that add parts to a collection in brackets, or rewrite it.

use std::collections::HashSet;

use crate::layout::{above, comma, common_style, one_per_line, parts, stands_alone};
use crate::lines::{self, skip_trivia};
use crate::quote;
use crate::render;
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// New entries of a mapping, as text.
pub(crate) fn entries(tree: &Tree<'_>, mapping: NodeId, new: &[(String, Value)]) -> Vec<String> {
    let json = is_json(tree, mapping);
    let entry = |(key, value): &(String, Value)| {
        let key = if json { quote::double(key) } else { quote::fresh(key, true) };
        format!("{key}: {}", render::inline(value, true, json))
    };
    new.iter().map(entry).collect()
}

/// New items of a sequence, as text.
pub(crate) fn items(tree: &Tree<'_>, sequence: NodeId, new: &[&Value]) -> Vec<String> {
    let json = is_json(tree, sequence);
    let style = common_style(tree, tree.items(sequence));
    let item = |value: &&Value| match (*value, style) {
        (Value::String(text), Some(style)) if !json => quote::keep_style(text, style, true),
        _ => render::inline(value, true, json),
    };
    new.iter().map(item).collect()
}

/// Writes another collection where one in brackets stands: in brackets too, on one line or on lines of their own as
/// the parts were. None for anything else, and for empty ones, which have no manner.
pub(crate) fn rewrite(tree: &Tree<'_>, id: NodeId, value: &Value) -> Option<Splice> {
    let (source, node) = (tree.text, tree.node(id));
    let (start, end) = (node.start as usize, node.end as usize);
    let old = match node.data {
        Data::Mapping { style: Style::Flow, .. } | Data::Sequence { style: Style::Flow, .. } => {
            parts(tree, id, &HashSet::new())
        }
        _ => return None,
    };
    let (first, last) = (old.first()?, old.last()?);
    let (open, new, close) = match value {
        Value::Mapping(new) if !new.is_empty() => ('{', entries(tree, id, new), '}'),
        Value::Sequence(new) if !new.is_empty() => {
            ('[', items(tree, id, &new.iter().collect::<Vec<_>>()), ']')
        }
        _ => return None,
    };
    let text = if one_per_line(tree, id, &old) {
        let eol = lines::ending(source, start);
        let blanks = |at: usize| &source[lines::start(source, at)..at];
        let (inner, outer) = (blanks(first.start), blanks(end - 1));
        let comma = if comma(source, last.end).is_some() { "," } else { "" };
        let new = new.join(&format!(",{eol}{inner}"));
        format!("{open}{eol}{inner}{new}{comma}{eol}{outer}{close}")
    } else {
        let blank = if source[start + 1..].starts_with(' ') { " " } else { "" };
        format!("{open}{blank}{}{blank}{close}", new.join(", "))
    };
    Some(Splice::new(start..end, text))
}

/// Adds parts to a collection in brackets, behind its last one.
pub(crate) fn insert(tree: &Tree<'_>, id: NodeId, new: Vec<String>) -> Vec<Splice> {
    let source = tree.text;
    let node = tree.node(id);
    let inside = node.start as usize + 1..node.end as usize - 1;
    let Some((first, last)) = first_and_last(tree, id) else {
        let blank = if source[inside.clone()].starts_with(' ') { " " } else { "" };
        let text = format!("{blank}{}", new.join(", "));
        return vec![Splice::new(inside.start..inside.start, text)];
    };
    let end = tree.end_of(last);
    let comma = Some(skip_trivia(source, end)).filter(|&at| source.as_bytes()[at] == b',');
    let first_start = tree.start_of(first);
    let line = lines::start(source, first_start);
    let own_line = source[line..first_start].trim().is_empty() && line > node.start as usize;
    let closing_line = lines::start(source, inside.end);
    if !own_line || closing_line <= end {
        let text = new.join(", ");
        return match comma {
            Some(comma) => vec![Splice::new(comma + 1..comma + 1, format!(" {text},"))],
            None => vec![Splice::new(end..end, format!(", {text}"))],
        };
    }
    // One part per line: each new one gets a line of its own, behind the comment of the last.
    let eol = lines::ending(source, line);
    let blanks = &source[line..first_start];
    let text = new.join(&format!(",{eol}{blanks}"));
    let tail = lines::end(source, comma.unwrap_or(end));
    let close = if comma.is_some() { "," } else { "" };
    let mut splices = vec![Splice::new(tail..tail, format!("{eol}{blanks}{text}{close}"))];
    if comma.is_none() {
        splices.insert(0, Splice::new(end..end, ","));
    }
    splices
}

/// Puts parts in front of the one that begins at `start`, behind the one that ends at `before`. `lines` says
/// that every part has lines of its own: those of the comment right above one are its own too.
pub(crate) fn put(source: &str, start: usize, before: Option<usize>, new: &[String], lines: bool) -> Splice {
    let own = stands_alone(source, start).then(|| lines::start(source, start));
    let above = above(source, start, before);
    match own {
        Some(line) if lines || above == line => {
            let eol = lines::ending(source, line);
            let blanks = &source[line..start];
            let text: String = new.iter().map(|part| format!("{blanks}{part},{eol}")).collect();
            Splice::new(above..above, text)
        }
        _ => Splice::new(start..start, format!("{}, ", new.join(", "))),
    }
}

/// The node that begins the first part of a collection, and the one that ends the last.
fn first_and_last(tree: &Tree<'_>, id: NodeId) -> Option<(NodeId, NodeId)> {
    match &tree.node(id).data {
        Data::Mapping { entries, .. } => Some((entries.first()?.0, entries.last()?.1)),
        Data::Sequence { items, .. } => Some((*items.first()?, *items.last()?)),
        _ => None,
    }
}

/// Whether a flow collection is written as JSON: with double quotes around its keys.
pub(crate) fn is_json(tree: &Tree<'_>, id: NodeId) -> bool {
    let holder = tree.ancestors(id).find(|&id| !tree.entries(id).is_empty());
    holder.is_some_and(|id| {
        matches!(tree.node(id).data, Data::Mapping { style: Style::Flow, quoted: true, .. })
    })
}
