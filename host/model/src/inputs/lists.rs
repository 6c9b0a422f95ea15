//! Lists in the text that a CI wrapper gives. A line end separates items only in text that its author wrote as lines; a
//! value from elsewhere has a form that no character of it can leave: JSON.

use super::{check, from_word};
use crate::types::Type;
use serde_json::Value;

/// What a text for a list is.
enum ListFormat<'t> {
    /// A JSON list: each of its values is one item.
    Json(Vec<Value>),
    /// Lines: each that is not empty is one item.
    Lines(Vec<&'t str>),
}

/// The items of a list that is given as text.
pub(super) fn from_text(text: &str, item: &Type) -> Result<Value, String> {
    match format_of(text, item) {
        ListFormat::Json(values) => check(&Value::Array(values), &Type::List(Box::new(item.clone()))),
        ListFormat::Lines(lines) => lines.into_iter().map(|line| from_line(line, item)).collect(),
    }
}

/// The lines of a text for a list; none if a line end in it separates no items.
pub(super) fn is_lines(text: &str, item: &Type) -> bool {
    matches!(format_of(text, item), ListFormat::Lines(_))
}

/// A text is a JSON list if it reads as one whose values can be items. `[0]` and `[name=app]` are paths, and so lines.
fn format_of<'t>(text: &'t str, item: &Type) -> ListFormat<'t> {
    let fits = |value: &Value| value.is_string() || !is_text(item);
    match serde_json::from_str(text) {
        Ok(Value::Array(values)) if values.iter().all(fits) => ListFormat::Json(values),
        _ => {
            let lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
            ListFormat::Lines(lines.filter(|line| !line.is_empty()).collect())
        }
    }
}

/// One item. A line that is a JSON text stands for that text, whatever is in it.
fn from_line(line: &str, item: &Type) -> Result<Value, String> {
    match serde_json::from_str(line) {
        Ok(value @ Value::String(_)) if is_text(item) => check(&value, item),
        _ => from_word(line, item),
    }
}

/// Whether items are texts, which can hold anything.
fn is_text(item: &Type) -> bool {
    match item {
        Type::String | Type::Enum(_) => true,
        Type::Option(inner) => is_text(inner),
        _ => false,
    }
}
