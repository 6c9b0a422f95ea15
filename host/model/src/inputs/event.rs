//! Finds values of the event of a job in lists that have one item on each line. A line end in such a value would add an
//! item that the author of the workflow did not intend.

use super::{InputError, RawInput, RawValue, lists};
use crate::info::InputInfo;
use crate::types::Type;
use serde_json::Value;
use std::borrow::Cow;

/// A mistake for each list with one item on each line that contains a value of `event` with a line end. It calls
/// `event` only if there is such a list.
///
/// # Errors
/// The error of `event`.
pub fn foreign_lines(
    raw_inputs: &[RawInput],
    fields: &[InputInfo],
    event: impl FnOnce() -> Result<Value, String>,
) -> Result<Vec<InputError>, String> {
    let lists: Vec<(&RawInput, Cow<'_, str>)> =
        raw_inputs.iter().filter_map(|raw| Some((raw, lines(raw, fields)?))).collect();
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    let event = event()?;
    let mistake = |(raw, text): &(&RawInput, Cow<'_, str>)| {
        let place = place(&event, text)?;
        let problem = format!(
            "the value `{place}` of the event is in it and has a line end, which would make more than one item of it; \
             give each value from elsewhere as a JSON text: `${{{{ toJSON(…) }}}}` on a line of its own"
        );
        Some(InputError { input: raw.name.clone(), source: Some(raw.source.clone()), problem })
    };
    Ok(lists.iter().filter_map(mistake).collect())
}

/// The text of a list with more than one line.
fn lines<'r>(raw: &'r RawInput, fields: &[InputInfo]) -> Option<Cow<'r, str>> {
    let field = fields.iter().find(|field| field.name == raw.name)?;
    match (&raw.value, list_item(&field.ty)) {
        (RawValue::Text(text), Some(item))
            if lists::is_lines(text, item) && text.trim_end().contains('\n') =>
        {
            Some(unified(text))
        }
        _ => None,
    }
}

fn list_item(ty: &Type) -> Option<&Type> {
    match ty {
        Type::List(item) => Some(item),
        Type::Option(inner) => list_item(inner),
        _ => None,
    }
}

/// The path in the event of a value that has a line end and that `text` contains.
fn place(event: &Value, text: &str) -> Option<String> {
    let below = |(name, value): (String, &Value)| {
        let rest = place(value, text)?;
        Some(if rest.is_empty() { name } else { format!("{name}.{rest}") })
    };
    let is_foreign = |value: &str| {
        let value = unified(value);
        value.contains('\n') && !value.trim().is_empty() && text.contains(&*value)
    };
    match event {
        Value::String(value) => is_foreign(value).then(String::new),
        Value::Array(items) => items.iter().enumerate().find_map(|(i, item)| below((i.to_string(), item))),
        // An expression can take the name of a field too.
        Value::Object(object) => object.iter().find_map(|(name, value)| match is_foreign(name) {
            true => Some("(the name of a field)".to_owned()),
            false => below((name.clone(), value)),
        }),
        _ => None,
    }
}

/// The text with one kind of line end.
fn unified(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").into() } else { text.into() }
}
