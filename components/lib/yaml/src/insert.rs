//! Plans the splices that add entries to a mapping.

use granit_parser::ScalarStyle;

use crate::flow;
use crate::layout::{behind_comments, unsupported};
use crate::lines;
use crate::refusal::Refusal;
use crate::render::{self, Manner, block_indent};
use crate::replace::replace;
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
        Data::Mapping { style: Style::Flow, .. } => {
            Ok(flow::insert(tree, mapping, flow::entries(tree, mapping, new)))
        }
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
    let start = tree.node(mapping).start as usize;
    if source[lines::start(source, start)..start].contains('\t') {
        return Err(unsupported(tree, mapping, "a mapping that is indented with tabs"));
    }
    let at = line_behind(tree, mapping, indent)?;
    let open = open_end(source, at);
    let eol = lines::ending(source, last_line(tree, mapping));
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

/// Whether a new line at `at` stands behind a last line without a line end.
pub(crate) fn open_end(source: &str, at: usize) -> bool {
    at == source.len() && lines::ends_open(source)
}

/// Where the line behind a block collection begins, whose parts stand at column `indent`.
pub(crate) fn line_behind(tree: &Tree<'_>, collection: NodeId, indent: usize) -> Result<usize, Refusal> {
    let (source, end) = (tree.text, tree.node(collection).end as usize);
    if ends_with_line(tree, collection) {
        return Ok(behind_comments(source, end, indent));
    }
    let at = lines::next(source, end);
    if lines::is_blank_or_comment(&source[end..at]) {
        return Ok(behind_comments(source, at, indent));
    }
    Err(unsupported(
        tree,
        collection,
        &format!("a {} with something else behind it", tree.node(collection).kind()),
    ))
}

/// A block scalar ends with its line; everything else within one.
fn ends_with_line(tree: &Tree<'_>, id: NodeId) -> bool {
    let (start, end) = (tree.node(id).start as usize, tree.node(id).end as usize);
    end > start && tree.text.as_bytes()[end - 1] == b'\n'
}

/// Where the last line of a node begins.
fn last_line(tree: &Tree<'_>, id: NodeId) -> usize {
    let end = tree.node(id).end as usize;
    lines::start(tree.text, end.saturating_sub(usize::from(ends_with_line(tree, id))))
}
