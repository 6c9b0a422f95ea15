//! The text of a scalar value.

use lockstep_yaml::Value;

/// The text of a scalar.
///
/// # Errors
/// What the value is instead.
pub(crate) fn text(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::String(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Null => Err("null"),
        Value::Plain(_) => Err("a value that readers understand differently"),
        Value::Sequence(_) => Err("a list"),
        Value::Mapping(_) => Err("a mapping"),
    }
}
