//! Plans the splices that replace the value of an existing node.

use granit_parser::ScalarStyle;

use crate::block::{self, Block};
use crate::flow::{self, is_json};
use crate::layout::unsupported;
use crate::lines;
use crate::quote;
use crate::refusal::Refusal;
use crate::render::{self, Manner, block_indent};
use crate::splice::Splice;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// The splices that give `id` the value. The node is neither an alias nor has it the value already.
/// `blocks` allows block scalars for strings of several lines.
pub(crate) fn replace(
    tree: &Tree<'_>,
    id: NodeId,
    value: &Value,
    blocks: bool,
) -> Result<Vec<Splice>, Refusal> {
    if let Some(splice) = flow::rewrite(tree, id, value) {
        return Ok(vec![splice]);
    }
    if !value.is_collection() || value.is_empty_collection() || tree.in_flow(id) {
        with_inline(tree, id, value, blocks)
    } else {
        with_lines(tree, id, value, blocks)
    }
}

/// Gives a key another name.
pub(crate) fn rename(tree: &Tree<'_>, key: NodeId, name: &str) -> Result<Splice, Refusal> {
    let node = tree.node(key);
    match &node.data {
        Data::Scalar { style, .. } if !is_block(*style) && node.properties.is_none() => {
            let text = quote::keep_style(name, *style, tree.in_flow(key));
            Ok(Splice::new(node.start as usize..node.end as usize, text))
        }
        _ => Err(unsupported(tree, key, "a key that is not a simple scalar")),
    }
}

fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

/// Writes something that stays on the line of its key or dash.
fn with_inline(tree: &Tree<'_>, id: NodeId, value: &Value, blocks: bool) -> Result<Vec<Splice>, Refusal> {
    let node = tree.node(id);
    let (start, end) = (node.start as usize, node.end as usize);
    let flow = tree.in_flow(id);
    let json = flow && node.parent.is_some_and(|parent| is_json(tree, parent));
    let text = || render::inline(value, flow, json);
    match (&node.data, value) {
        (Data::Scalar { style, .. }, Value::String(new)) if is_block(*style) && blocks => {
            Ok(block_scalar(tree, id, new, *style))
        }
        (Data::Scalar { style, .. }, _) if is_block(*style) => Ok(unblock(tree, id, &text())),
        (Data::Scalar { .. }, _) if start == end => absent(tree, id, &text()),
        (Data::Scalar { text: old, style: ScalarStyle::Plain, .. }, Value::String(_))
            if json && is_json_word(old) =>
        {
            Ok(vec![Splice::new(start..end, text())])
        }
        (Data::Scalar { style, .. }, Value::String(new)) => {
            Ok(vec![Splice::new(start..end, quote::keep_style(new, *style, flow))])
        }
        (Data::Mapping { style: Style::Block, .. } | Data::Sequence { style: Style::Block, .. }, _) => {
            Ok(collapse(tree, id, &text()))
        }
        (Data::Mapping { style: Style::Pair, .. }, _) => {
            Err(unsupported(tree, id, "a single pair in a flow sequence"))
        }
        _ => Ok(vec![Splice::new(start..end, text())]),
    }
}

/// Whether this is a number, a boolean or null of JSON: what a file of JSON has without quotes.
fn is_json_word(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Puts text where nothing stands yet.
fn absent(tree: &Tree<'_>, id: NodeId, text: &str) -> Result<Vec<Splice>, Refusal> {
    let node = tree.node(id);
    let at = node.properties_end() as usize;
    let led = at > 0 && matches!(tree.text.as_bytes()[at - 1], b':' | b'-');
    if led || node.properties.is_some() {
        return Ok(vec![Splice::new(at..at, format!(" {text}"))]);
    }
    if tree.in_flow(id) {
        return Ok(vec![Splice::new(at..at, format!(": {text}"))]);
    }
    Err(unsupported(tree, id, "a value without `:` or `-` in front of it"))
}

/// Writes a string where a block scalar stands: as block scalar if that can carry it.
fn block_scalar(tree: &Tree<'_>, id: NodeId, new: &str, style: ScalarStyle) -> Vec<Splice> {
    let source = tree.text;
    let block = Block::of(tree, id);
    let eol = lines::ending(source, block.header.start);
    let explicit = block.indicator(source);
    let base = match explicit {
        Some(width) => block.indent.saturating_sub(width),
        None => base_indent(tree, id),
    };
    let indent = if block.indent > base { block.indent } else { base + Manner::of(tree, eol, true).unit };
    let Some(mut written) = block::write(new, style, explicit.is_some(), indent, base, eol) else {
        return unblock(tree, id, &quote::double(new));
    };
    let present = source[block.tail.clone()].matches('\n').count();
    let old_keeps = block.keeps(source);
    let mut tail = None;
    if written.empty_lines != present && (written.empty_lines > 0) {
        if present > 0 && !old_keeps {
            return unblock(tree, id, &quote::double(new));
        }
        tail = Some(eol.repeat(written.empty_lines));
    }
    if old_keeps && new.ends_with('\n') && written.empty_lines == present {
        written.header = source[block.header.clone()].replace(['|', '>'], &written.header[..1]);
    }
    let mut body = written.body;
    let at_end = block.body.end == source.len() && lines::ends_open(source);
    if at_end {
        if block.body.is_empty() {
            body.insert_str(0, eol);
        }
        if !new.ends_with('\n') {
            body.truncate(body.len() - eol.len());
        }
    }
    let mut splices = vec![Splice::new(block.header, written.header), Splice::new(block.body, body)];
    splices.extend(tail.map(|tail| Splice::new(block.tail, tail)));
    splices.retain(|splice| source[splice.range.clone()] != splice.text);
    splices
}

/// The indentation of the collection around a node, which an indentation digit counts from.
fn base_indent(tree: &Tree<'_>, id: NodeId) -> usize {
    let Some(parent) = tree.node(id).parent else {
        return 0;
    };
    match &tree.node(parent).data {
        Data::Sequence { .. } => lines::column(tree.text, (tree.node(id).slot as usize).saturating_sub(1)),
        _ => block_indent(tree, parent).unwrap_or(0),
    }
}

/// Writes one line of text where a block scalar stands. The empty lines behind it stay.
fn unblock(tree: &Tree<'_>, id: NodeId, text: &str) -> Vec<Splice> {
    let block = Block::of(tree, id);
    let mut body = block.body;
    if body.end == tree.text.len() && lines::ends_open(tree.text) {
        // The file keeps its open last line.
        body.start = lines::end(tree.text, block.header.end);
    }
    vec![Splice::new(block.header, text), Splice::new(body, "")]
}

/// Writes one line of text where a block collection stands.
fn collapse(tree: &Tree<'_>, id: NodeId, text: &str) -> Vec<Splice> {
    let first = tree.node(id).start as usize;
    let line = lines::start(tree.text, first);
    let node = tree.node(id);
    let last = last_byte(tree, id);
    if !tree.text[line..first].bytes().all(|byte| byte == b' ') {
        return vec![Splice::new(first..last, text)];
    }
    let at = node.properties_end() as usize;
    let mut gone = line..lines::next(tree.text, last.max(line));
    if gone.end == tree.text.len() && lines::ends_open(tree.text) {
        gone.start = line - tree.text[..line].len().min(lines::ending(tree.text, at).len());
    }
    vec![Splice::new(at..at, format!(" {text}")), Splice::new(gone, "")]
}

/// The byte after the last byte of a block collection that is neither line end nor comment.
fn last_byte(tree: &Tree<'_>, id: NodeId) -> usize {
    let end = tree.node(id).end as usize;
    let text = &tree.text[..end];
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text).len()
}

/// Writes a collection over several lines.
fn with_lines(tree: &Tree<'_>, id: NodeId, value: &Value, blocks: bool) -> Result<Vec<Splice>, Refusal> {
    let source = tree.text;
    let node = tree.node(id);
    let eol = lines::ending(source, node.start as usize);
    // A block scalar needs the line end that an open last line does not have.
    let last = lines::next(source, node.end as usize) == source.len() && lines::ends_open(source);
    let manner = Manner::of(tree, eol, blocks && !last);
    let Some(parent) = node.parent else {
        return Err(unsupported(tree, id, "the root of a document"));
    };
    let (outer, in_sequence) = match block_indent(tree, parent) {
        Some(indent) => (indent, false),
        None => (lines::column(source, (node.slot as usize).saturating_sub(1)), true),
    };
    let old_block = matches!(
        node.data,
        Data::Mapping { style: Style::Block, .. } | Data::Sequence { style: Style::Block, .. }
    );
    if old_block {
        return Ok(vec![over_lines(tree, id, value, outer, in_sequence, &manner)]);
    }
    let rest_of_line = &source[node.end as usize..lines::end(source, node.end as usize)];
    let scalar_block = matches!(&node.data, Data::Scalar { style, .. } if is_block(*style));
    if in_sequence && node.properties.is_none() && rest_of_line.trim().is_empty() && !scalar_block {
        let text = render::lines(value, outer + 2, &manner);
        let slot = node.slot as usize;
        return Ok(vec![Splice::new(slot..node.end as usize, format!(" {text}"))]);
    }
    let column = if in_sequence { outer + 2 } else { manner.inner(value, outer) };
    let text = format!("{}{}", " ".repeat(column), render::lines(value, column, &manner));
    let head = node.properties_end() as usize;
    if scalar_block {
        let block = Block::of(tree, id);
        let open = block.body.end == source.len() && lines::ends_open(source);
        let body = match (open, block.body.is_empty()) {
            (true, true) => format!("{eol}{text}"),
            (true, false) => text,
            (false, _) => format!("{text}{eol}"),
        };
        return Ok(vec![Splice::new(head..block.header.end, ""), Splice::new(block.body, body)]);
    }
    let removal = Splice::new(head..node.end as usize, "");
    let next = lines::next(source, node.end as usize);
    let open = next == source.len() && lines::ends_open(source);
    let insertion = if open { format!("{eol}{text}") } else { format!("{text}{eol}") };
    Ok(vec![removal, Splice::new(next..next, insertion)])
}

/// Writes a block collection where another one stands.
fn over_lines(
    tree: &Tree<'_>,
    id: NodeId,
    value: &Value,
    outer: usize,
    in_sequence: bool,
    manner: &Manner,
) -> Splice {
    let first = tree.node(id).start as usize;
    let line = lines::start(tree.text, first);
    let last = lines::end(tree.text, last_byte(tree, id));
    let column = lines::column(tree.text, first);
    let own_line = tree.text[line..first].bytes().all(|byte| byte == b' ');
    // A sequence may stand as far left as its key, a mapping may not.
    let column = if own_line && !in_sequence && column <= outer {
        manner.inner(value, outer).max(column)
    } else {
        column
    };
    if own_line {
        let text = render::lines(value, column, manner);
        return Splice::new(line..last, format!("{}{text}", " ".repeat(column)));
    }
    Splice::new(first..last, render::lines(value, column, manner))
}
