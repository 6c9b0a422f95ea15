//! Writes values as new YAML text in the style of the file around them.

use granit_parser::ScalarStyle;

use crate::block;
use crate::quote;
use crate::tree::{Data, NodeId, Style, Tree};
use crate::value::Value;

/// The manner of a file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Manner {
    /// Blanks per level.
    pub(crate) unit: usize,
    /// How much further a sequence stands than the key it belongs to.
    pub(crate) sequence: usize,
    /// The line end.
    pub(crate) eol: &'static str,
    /// Whether strings of several lines are written as block scalars.
    pub(crate) blocks: bool,
}

impl Manner {
    /// What the file does: the first nested mapping and the first sequence show it.
    pub(crate) fn of(tree: &Tree<'_>, eol: &'static str, blocks: bool) -> Self {
        let mut unit = None;
        let mut sequence = None;
        for (index, node) in tree.nodes.iter().enumerate() {
            let Some(outer) = node.parent.and_then(|parent| block_indent(tree, parent)) else {
                continue;
            };
            let id = NodeId(index as u32);
            if let Some(inner) = block_indent(tree, id) {
                unit = unit.or(inner.checked_sub(outer).filter(|unit| (1..=9).contains(unit)));
            } else if let Data::Sequence { items, style: Style::Block } = &node.data
                && let Some(first) = items.first()
            {
                let dash = tree.node(*first).slot as usize - 1;
                let column = crate::lines::column(tree.text, dash);
                sequence = sequence.or(column.checked_sub(outer).filter(|step| *step <= 9));
            }
            if unit.is_some() && sequence.is_some() {
                break;
            }
        }
        let unit = unit.or(sequence.filter(|step| *step > 0)).unwrap_or(2);
        Self { unit, sequence: sequence.unwrap_or(unit), eol, blocks }
    }

    /// Where the lines of a collection begin that belongs to a key at `indent`.
    pub(crate) fn inner(&self, value: &Value, indent: usize) -> usize {
        indent + if matches!(value, Value::Sequence(_)) { self.sequence } else { self.unit }
    }
}

/// The column of the keys of a block mapping.
pub(crate) fn block_indent(tree: &Tree<'_>, id: NodeId) -> Option<usize> {
    match tree.node(id).data {
        Data::Mapping { style: Style::Block, indent, .. } if indent != u32::MAX => Some(indent as usize),
        _ => None,
    }
}

/// A value on one line. `json` asks for quotes around every string.
pub(crate) fn inline(value: &Value, flow: bool, json: bool) -> String {
    let string = |text: &str| {
        if json { quote::double(text) } else { quote::fresh(text, flow) }
    };
    match value {
        Value::Null => "null".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => quote::number(number),
        Value::String(text) => string(text),
        Value::Plain(text) => text.clone(),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, true, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(entries) => {
            let entry = |(key, value): &(String, Value)| {
                let key = if json { quote::double(key) } else { quote::fresh(key, true) };
                format!("{key}: {}", inline(value, true, json))
            };
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A collection as lines that begin at column `indent`. The first line comes without its blanks, the
/// last without its line end.
pub(crate) fn lines(value: &Value, indent: usize, manner: &Manner) -> String {
    let mut parts = Vec::new();
    match value {
        Value::Mapping(entries) if !entries.is_empty() => {
            parts.extend(entries.iter().map(|(key, value)| entry(key, value, indent, manner)));
        }
        Value::Sequence(items) if !items.is_empty() => {
            parts.extend(items.iter().map(|value| item(value, indent, 1, manner)));
        }
        other => return inline(other, false, false),
    }
    parts.join(&format!("{}{}", manner.eol, " ".repeat(indent)))
}

/// `- value` with the dash at column `indent` and `gap` blanks behind it, in the form of [`lines`].
pub(crate) fn item(value: &Value, indent: usize, gap: usize, manner: &Manner) -> String {
    let text = string_block(value, indent, 1 + gap, manner);
    let text = text.unwrap_or_else(|| lines(value, indent + 1 + gap, manner));
    format!("-{}{text}", " ".repeat(gap))
}

/// `key: value` at column `indent`, in the form of [`lines`].
pub(crate) fn entry(key: &str, value: &Value, indent: usize, manner: &Manner) -> String {
    let key = quote::fresh(key, false);
    if let Some(block) = string_block(value, indent, manner.unit, manner) {
        return format!("{key}: {block}");
    }
    if !value.is_collection() || value.is_empty_collection() {
        return format!("{key}: {}", inline(value, false, false));
    }
    let inner = manner.inner(value, indent);
    format!("{key}:{}{}{}", manner.eol, " ".repeat(inner), lines(value, inner, manner))
}

/// A string of several lines as literal block scalar, if that can carry it.
fn string_block(value: &Value, base: usize, step: usize, manner: &Manner) -> Option<String> {
    let Value::String(text) = value else {
        return None;
    };
    if !manner.blocks || !text.trim_end_matches('\n').contains('\n') {
        return None;
    }
    let style = ScalarStyle::Literal;
    let written = block::write(text, style, false, base + step, base, manner.eol)?;
    if written.empty_lines > 0 {
        return None;
    }
    let body = written.body.strip_suffix(manner.eol).unwrap_or(&written.body);
    Some(format!("{}{}{body}", written.header, manner.eol))
}
