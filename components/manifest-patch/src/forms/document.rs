//! Helpers for inputs that are a YAML or JSON document.

use lockstep_yaml::{NodeId, Path, Stream, Value};

use crate::edit::Action;
use crate::failure::{Code, Error};

/// The beginning of a Kargo expression.
const EXPRESSION: &str = "${{";

/// Parses the input and returns its only document.
pub(crate) fn open<'a>(input: &str, text: &'a str) -> Result<(Stream<'a>, NodeId), Error> {
    let bad = |message: String| Error::new(Code::BadInput, format!("{input}: {message}"));
    let stream = Stream::open(text.as_bytes()).map_err(|refusal| match refusal.at {
        _ if text.contains(EXPRESSION) => unresolved(input),
        Some(at) => bad(format!("line {}: {refusal}", at.line)),
        None => bad(refusal.to_string()),
    })?;
    match *stream.documents() {
        [root] => Ok((stream, root)),
        _ => Err(bad("expected one document".into())),
    }
}

/// The value at a node. `part` names the part of the input, for messages.
pub(crate) fn value(stream: &Stream<'_>, node: NodeId, part: &str) -> Result<Value, Error> {
    let value = stream.value(node).map_err(|refusal| {
        let line = refusal.at.unwrap_or(stream.position(node)).line;
        bad(part, format!("line {line}: {refusal}"))
    })?;
    if is_unresolved(&value) { Err(unresolved(part)) } else { Ok(value) }
}

/// The string at a node, such as a key or a path.
pub(crate) fn string(stream: &Stream<'_>, node: NodeId, part: &str) -> Result<String, Error> {
    match value(stream, node, part)? {
        Value::String(text) => Ok(text),
        _ => Err(bad(part, "a key must be a string; put it into quotes")),
    }
}

/// The action that sets a value. A scalar replaces scalars only.
pub(crate) fn set(path: Path, value: Value) -> Action {
    if value.is_collection() { Action::SetJson(path, value) } else { Action::SetScalar(path, value) }
}

/// The error for a part of the input.
pub(crate) fn bad(part: &str, message: impl std::fmt::Display) -> Error {
    Error::new(Code::BadInput, format!("{part}: {message}"))
}

fn is_unresolved(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(EXPRESSION),
        Value::Sequence(items) => items.iter().any(is_unresolved),
        Value::Mapping(entries) => {
            entries.iter().any(|(key, value)| key.contains(EXPRESSION) || is_unresolved(value))
        }
        _ => false,
    }
}

fn unresolved(part: &str) -> Error {
    bad(part, "it has an unresolved expression (`${{ … }}`)")
        .hint("write the resolved value; use `set` for a text that contains `${{`")
}
