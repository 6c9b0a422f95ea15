//! Opens a text: decides whether the library can edit it at all.

use std::collections::HashMap;

use crate::parse::parse;
use crate::refusal::{Refusal, RefusalReason};
use crate::tree::{self, Data, NodeId, Style, Tree};

/// The largest file that the library opens, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Parses a file that the library can edit: UTF-8, YAML, no template, no duplicate keys.
pub(crate) fn open(bytes: &[u8]) -> Result<Tree<'_>, Refusal> {
    let text = decode(bytes)?;
    let tree = parse(text).map_err(|refusal| match template(text) {
        Some(at) => RefusalReason::Template.at(tree::position(text, at)),
        None => refusal,
    })?;
    for index in 0..tree.nodes.len() {
        let id = NodeId(index as u32);
        refuse_template(&tree, id)?;
        refuse_duplicates(&tree, id)?;
    }
    Ok(tree)
}

fn decode(bytes: &[u8]) -> Result<&str, Refusal> {
    if bytes.len() > MAX_BYTES {
        let (size, limit) = (bytes.len() as u64, MAX_BYTES as u64);
        return Err(RefusalReason::TooLarge { size, limit }.into());
    }
    match bytes {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => {
            return Err(RefusalReason::Encoding("UTF-32").into());
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, _, ..] | [_, 0, ..] => {
            return Err(RefusalReason::Encoding("UTF-16").into());
        }
        _ => {}
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let before = str::from_utf8(&bytes[..at]).unwrap_or_default();
        RefusalReason::NotUtf8(at).at(tree::position(before, at))
    })?;
    let returns = text.match_indices('\r');
    let lone = returns.map(|(at, _)| at).find(|&at| bytes.get(at + 1) != Some(&b'\n'));
    match lone {
        Some(at) => Err(RefusalReason::LoneCarriageReturn.at(tree::position(text, at))),
        None => Ok(text),
    }
}

/// Where a template begins in text that is not YAML: the first `{{` outside comments and quotes.
fn template(text: &str) -> Option<usize> {
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let found = line.find("{{").filter(|&at| {
            let before = &line[..at];
            let comment = before.trim_start().starts_with('#') || before.contains(" #");
            let quoted = |quote: char| before.matches(quote).count() % 2 == 1;
            !comment && !quoted('"') && !quoted('\'')
        });
        if let Some(at) = found {
            return Some(line_start + at);
        }
        line_start += line.len();
    }
    None
}

/// `{{ x }}` happens to be YAML: a mapping whose key is a mapping. Nobody means that. Inside a plain
/// scalar (`summary: Pod {{ $labels.pod }} is down`) it is text, and safe.
fn refuse_template(tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
    let node = tree.node(id);
    let flow = matches!(&node.data, Data::Mapping { style: Style::Flow, .. });
    if flow && tree.text[node.start as usize..].starts_with("{{") {
        return Err(RefusalReason::Template.at(tree.position(node.start)));
    }
    Ok(())
}

fn refuse_duplicates(tree: &Tree<'_>, id: NodeId) -> Result<(), Refusal> {
    let entries = tree.entries(id);
    // Numbers and strings become the same JSON key, so the text decides, not the type.
    let text = |key: NodeId| tree.scalar(tree.resolve(key));
    let twice = |first: NodeId, key: NodeId| {
        let first = tree.position(tree.node(first).start).line;
        let reason = RefusalReason::DuplicateKey { key: text(key).unwrap_or_default().to_owned(), first };
        reason.at(tree.position(tree.node(key).start))
    };
    // Most mappings are small, and every one of every file comes by here.
    if entries.len() <= FEW {
        for (index, &(key, _)) in entries.iter().enumerate() {
            let Some(name) = text(key) else { continue };
            if let Some(&(first, _)) = entries[..index].iter().find(|(other, _)| text(*other) == Some(name)) {
                return Err(twice(first, key));
            }
        }
        return Ok(());
    }
    let mut seen = HashMap::with_capacity(entries.len());
    for &(key, _) in entries {
        let Some(name) = text(key) else { continue };
        if let Some(first) = seen.insert(name, key) {
            return Err(twice(first, key));
        }
    }
    Ok(())
}

/// So few keys are compared with each other quicker than they are hashed.
const FEW: usize = 12;
