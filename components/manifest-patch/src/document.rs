//! An input that is itself a document of YAML or JSON. Never knows what its entries mean.

use lockstep_yaml::{NodeId, Path, Stream, Value};

use crate::problem::{Code, Problem};
use crate::request::Action;

/// How an expression of Kargo begins.
const EXPRESSION: &str = "${{";

/// Opens the input and finds its one document.
pub(crate) fn open<'a>(input: &str, text: &'a str) -> Result<(Stream<'a>, NodeId), Problem> {
    let bad = |message: String| Problem::new(Code::BadInput, format!("{input}: {message}"));
    let stream = Stream::open(text.as_bytes()).map_err(|refusal| match refusal.at {
        _ if text.contains(EXPRESSION) => unresolved(input),
        Some(at) => bad(format!("line {}: {refusal}", at.line)),
        None => bad(refusal.to_string()),
    })?;
    match *stream.documents() {
        [root] => Ok((stream, root)),
        _ => Err(bad("one document is expected".into())),
    }
}

/// The value at a node of the input, which is about `what`.
pub(crate) fn value(stream: &Stream<'_>, node: NodeId, what: &str) -> Result<Value, Problem> {
    let value = stream.value(node).map_err(|refusal| {
        let line = refusal.at.unwrap_or(stream.position(node)).line;
        bad(what, format!("line {line}: {refusal}"))
    })?;
    if is_unresolved(&value) { Err(unresolved(what)) } else { Ok(value) }
}

/// The string at a node of the input, which is about `what`: its key or path.
pub(crate) fn string(stream: &Stream<'_>, node: NodeId, what: &str) -> Result<String, Problem> {
    match value(stream, node, what)? {
        Value::String(text) => Ok(text),
        _ => Err(bad(what, "a key is a string; put it into quotes")),
    }
}

/// The edit that a value means: a scalar takes the place of scalars only.
pub(crate) fn set(path: Path, value: Value) -> Action {
    if value.is_collection() { Action::SetJson(path, value) } else { Action::SetScalar(path, value) }
}

/// What is wrong with a part of the input.
pub(crate) fn bad(what: &str, message: impl std::fmt::Display) -> Problem {
    Problem::new(Code::BadInput, format!("{what}: {message}"))
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

fn unresolved(what: &str) -> Problem {
    bad(what, "it has an expression (`${{ … }}`) that nobody has resolved")
        .hint("give the value that it stands for; a text that is to have `${{` in it can be given to `set`")
}
