//! Texts in the forms that the generated files need.

use lockstep_model::info::InputInfo;
use serde_json::Value;

/// Doc comments as paragraphs: each on one line, an empty line between them. Lists keep their lines.
pub(super) fn reflow(docs: &str) -> String {
    let mut out = String::new();
    for line in docs.lines().map(str::trim) {
        let fresh = line.is_empty() || line.starts_with("- ") || out.is_empty() || out.ends_with('\n');
        match (line.is_empty(), fresh) {
            (true, _) => {
                out.truncate(out.trim_end().len());
                out.push_str("\n\n");
            }
            (false, true) => {
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                out.push_str(line);
            }
            (false, false) => {
                out.push(' ');
                out.push_str(line);
            }
        }
    }
    out.trim().to_owned()
}

/// A text as a double-quoted YAML scalar, which JSON's form is. `$[[` would be filled in by GitLab, `${{` by GitHub.
pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("$[[", "$ [[").replace("${{", "$ {{")
}

/// A text as one word of a shell.
pub(super) fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The whole sentences of a text that fit into so many characters, and where the rest is.
pub(super) fn shortened(text: &str, most: usize, rest: &str) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most - rest.chars().count() - 1;
    let end = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let sentences = text[..end].rfind(". ").map_or("", |at| &text[..=at]);
    format!("{sentences} {rest}")
}

/// A text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An input's default as people write it, if it has one that says anything.
pub(super) fn default(input: &InputInfo) -> Option<String> {
    match &input.default {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::Array(items) if items.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A block of text with `spaces` before each line that is not empty.
pub(super) fn indented(text: &str, spaces: usize) -> String {
    let line = |line: &str| match line {
        "" => "\n".to_owned(),
        _ => format!("{}{line}\n", " ".repeat(spaces)),
    };
    text.lines().map(line).collect()
}

/// `manifest-patch` as `manifestPatch`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        out + &head.to_uppercase() + tail
    })
}

/// `set-json` as `SET_JSON`.
pub(super) fn upper(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
