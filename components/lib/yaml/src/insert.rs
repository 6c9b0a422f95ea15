//! Plans the bytes that add entries to a mapping or take one out. Never applies them.

use granit_parser::ScalarStyle;

use crate::lines;
use crate::parse::skip_trivia;
use crate::quote;
use crate::refusal::Refusal;
use crate::render::{self, Manner, block_indent};
use crate::replace::{replace, unsupported};
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// Adds entries to a mapping, behind its last one. An empty value becomes a mapping.
pub(crate) fn insert(
    tree: &Tree<'_>,
    mapping: NodeId,
    new: &[(String, Value)],
    blocks: bool,
) -> Result<Vec<Splice>, Refusal> {
    match &tree.node(mapping).data {
        Data::Mapping { style: Style::Block, .. } => match block_indent(tree, mapping) {
            Some(indent) => Ok(vec![insert_lines(tree, mapping, indent, new, blocks)?]),
            None => Err(unsupported(tree, mapping, "a mapping whose first key is empty")),
        },
        Data::Mapping { style: Style::Flow, .. } => Ok(insert_flow(tree, mapping, new)),
        Data::Scalar { style: ScalarStyle::Plain, .. } => {
            replace(tree, mapping, &Value::Mapping(new.to_vec()), blocks)
        }
        _ => Err(unsupported(tree, mapping, "a mapping written like this")),
    }
}

/// Adds lines to a block mapping: behind the last line of its last value, in front of the comments
/// that belong to what follows.
fn insert_lines(
    tree: &Tree<'_>,
    mapping: NodeId,
    indent: usize,
    new: &[(String, Value)],
    blocks: bool,
) -> Result<Splice, Refusal> {
    let source = tree.text;
    let node = tree.node(mapping);
    let end = node.end as usize;
    let first_line = lines::start(source, node.start as usize);
    if source[first_line..node.start as usize].contains('\t') {
        return Err(unsupported(tree, mapping, "a mapping that is indented with tabs"));
    }
    // A block scalar ends with its line; everything else within one.
    let whole = end > 0 && source.as_bytes()[end - 1] == b'\n' && end > node.start as usize;
    let mut at = if whole { end } else { lines::next(source, end) };
    if !whole && !lines::is_blank_or_comment(&source[end..at]) {
        return Err(unsupported(tree, mapping, "a mapping with something else behind it"));
    }
    // A comment that stands deeper than the keys belongs to the last value.
    while at < source.len() {
        let blanks = lines::indent(source, at);
        if blanks <= indent || source.as_bytes().get(at + blanks) != Some(&b'#') {
            break;
        }
        at = lines::next(source, at);
    }
    let eol = lines::ending(source, lines::start(source, end.saturating_sub(usize::from(whole))));
    let open = at == source.len() && lines::ends_open(source);
    // A block scalar needs the line end that an open last line does not have.
    let manner = Manner::of(tree, eol, blocks && !open);
    let mut text = String::new();
    for (key, value) in new {
        let entry = render::entry(key, value, indent, &manner);
        let line = format!("{}{entry}", " ".repeat(indent));
        text.push_str(&if open { format!("{eol}{line}") } else { format!("{line}{eol}") });
    }
    Ok(Splice::new(at..at, text))
}

/// Adds entries to a mapping in braces.
fn insert_flow(tree: &Tree<'_>, mapping: NodeId, new: &[(String, Value)]) -> Vec<Splice> {
    let source = tree.text;
    let node = tree.node(mapping);
    let json = is_json(tree, mapping);
    let entry = |(key, value): &(String, Value)| {
        let key = if json { quote::double(key) } else { quote::fresh(key, true) };
        format!("{key}: {}", render::inline(value, true, json))
    };
    let entries: Vec<String> = new.iter().map(entry).collect();
    let inside = node.start as usize + 1..node.end as usize - 1;
    let Some(&(first, last)) = tree
        .entries(mapping)
        .first()
        .zip(tree.entries(mapping).last())
        .map(|(first, last)| (first.0, last.1))
        .as_ref()
    else {
        let blank = if source[inside.clone()].starts_with(' ') { " " } else { "" };
        let text = format!("{blank}{}", entries.join(", "));
        return vec![Splice::new(inside.start..inside.start, text)];
    };
    let end = tree.node(last).end.max(tree.node(last).properties_end()) as usize;
    let comma = Some(skip_trivia(source, end)).filter(|&at| source.as_bytes()[at] == b',');
    let first_start = first_of_entry(tree, first);
    let line = lines::start(source, first_start);
    let own_line = source[line..first_start].trim().is_empty() && line > node.start as usize;
    let closing_line = lines::start(source, inside.end);
    if !own_line || closing_line <= end {
        let text = entries.join(", ");
        return match comma {
            Some(comma) => vec![Splice::new(comma + 1..comma + 1, format!(" {text},"))],
            None => vec![Splice::new(end..end, format!(", {text}"))],
        };
    }
    // One entry per line: each new one gets a line of its own, behind the comment of the last.
    let eol = lines::ending(source, line);
    let blanks = &source[line..first_start];
    let text = entries.join(&format!(",{eol}{blanks}"));
    let tail = lines::end(source, comma.unwrap_or(end));
    let close = if comma.is_some() { "," } else { "" };
    let mut splices = vec![Splice::new(tail..tail, format!("{eol}{blanks}{text}{close}"))];
    if comma.is_none() {
        splices.insert(0, Splice::new(end..end, ","));
    }
    splices
}

/// Where an entry begins, with the properties of its key.
fn first_of_entry(tree: &Tree<'_>, key: NodeId) -> usize {
    skip_trivia(tree.text, tree.node(key).slot as usize)
}

/// Whether a flow collection is written as JSON: with double quotes around its keys.
pub(crate) fn is_json(tree: &Tree<'_>, id: NodeId) -> bool {
    let quoted =
        |id: NodeId| matches!(tree.node(id).data, Data::Scalar { style: ScalarStyle::DoubleQuoted, .. });
    let holder = tree.ancestors(id).find(|&id| !tree.entries(id).is_empty());
    holder.is_some_and(|id| {
        let flow = matches!(tree.node(id).data, Data::Mapping { style: Style::Flow, .. });
        flow && tree.entries(id).iter().all(|&(key, _)| quoted(key))
    })
}

/// Takes an entry out of a mapping that has others.
pub(crate) fn remove(tree: &Tree<'_>, key: NodeId, value: NodeId) -> Result<Splice, Refusal> {
    let source = tree.text;
    let parent = tree.node(key).parent.unwrap_or(key);
    let entries = tree.entries(parent);
    let index = entries.iter().position(|&(name, _)| name == key).unwrap_or_default();
    let end_of = |value: NodeId| (tree.node(value).end.max(tree.node(value).properties_end())) as usize;
    let Data::Mapping { style, .. } = tree.node(parent).data else {
        return Err(unsupported(tree, key, "a key outside a mapping"));
    };
    if entries.len() < 2 || style == Style::Pair {
        return Err(unsupported(tree, key, "the only key of a mapping"));
    }
    let start = tree.node(key).start as usize;
    let next = entries.get(index + 1).map(|&(next, _)| first_of_entry(tree, next));
    match (style, next) {
        (Style::Flow, Some(next)) => Ok(Splice::new(start..next, "")),
        (Style::Flow, None) => Ok(Splice::new(end_of(entries[index - 1].1)..end_of(value), "")),
        (_, next) => {
            let line = lines::start(source, start);
            if !source[line..start].trim().is_empty() {
                // The first key stands behind a dash: the next one moves up.
                return match next {
                    Some(next) => Ok(Splice::new(start..next, "")),
                    None => Err(unsupported(tree, key, "the only key of a mapping")),
                };
            }
            let end = end_of(value);
            let whole = end > start && source.as_bytes()[end - 1] == b'\n';
            let mut gone = line..if whole { end } else { lines::next(source, end) };
            if gone.end == source.len() && lines::ends_open(source) {
                gone.start = line - lines::ending(source, start.saturating_sub(1)).len().min(line);
            }
            Ok(Splice::new(gone, ""))
        }
    }
}
