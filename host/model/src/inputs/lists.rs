//! Parses lists in a text from a CI system: lines, or a JSON list. A value from elsewhere should come as JSON, because
//! a line end in it cannot separate items there.

use super::{check, from_word};
use crate::types::Type;
use serde_json::Value;

/// The format of a list in a text.
enum ListFormat<'t> {
    /// A JSON list.
    Json(Vec<Value>),
    /// Lines; the empty ones are left out.
    Lines(Vec<&'t str>),
}

/// Parses a list.
pub(super) fn from_text(text: &str, item: &Type) -> Result<Value, String> {
    match format_of(text, item) {
        ListFormat::Json(values) => check(&Value::Array(values), &Type::List(Box::new(item.clone()))),
        ListFormat::Lines(lines) => lines.into_iter().map(|line| from_line(line, item)).collect(),
    }
}

/// Whether line ends separate the items of a text.
pub(super) fn is_lines(text: &str, item: &Type) -> bool {
    matches!(format_of(text, item), ListFormat::Lines(_))
}

/// The format of a text: JSON if it is a JSON list whose values fit the type of the items. `[0]` and `[name=app]` are
/// paths, so such a text is lines.
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

/// Parses one line as an item. A line that is a JSON string stands for the value of that string.
fn from_line(line: &str, item: &Type) -> Result<Value, String> {
    match serde_json::from_str(line) {
        Ok(value @ Value::String(_)) if is_text(item) => check(&value, item),
        _ => from_word(line, item),
    }
}

/// Whether items are texts.
fn is_text(item: &Type) -> bool {
    match item {
        Type::String | Type::Enum(_) => true,
        Type::Option(inner) => is_text(inner),
        _ => false,
    }
}
