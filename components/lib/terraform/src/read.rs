//! Reads one document to its very end. Never returns a value of a document with anything around it.

use serde::de::DeserializeSeed;
use serde_json::error::Category;

use crate::source::{Source, is_wrapper};
use crate::trouble::{Place, Trouble};

/// Reads the one document of a source.
///
/// # Errors
/// If it cannot be read, is not JSON, is not what the seed takes, or is not alone.
pub fn read<'de, T, F, E>(source: &mut Source<F, E>, seed: T) -> Result<T::Value, Trouble<E>>
where
    T: DeserializeSeed<'de>,
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    let mut parser = serde_json::Deserializer::from_reader(&mut *source);
    let value = match seed.deserialize(&mut parser) {
        Ok(value) => value,
        Err(error) => return Err(source.trouble().unwrap_or_else(|| translate(&error, None))),
    };
    match parser.end() {
        Ok(()) => Ok(value),
        Err(error) => Err(source.trouble().unwrap_or_else(|| after(source.rest(), place(&error)))),
    }
}

/// What is this that comes after the document?
pub(crate) fn after<E>(rest: &[u8], at: Place) -> Trouble<E> {
    match rest {
        [b'{' | b'[', ..] if !is_wrapper(rest) => Trouble::SecondDocument(at),
        _ if is_wrapper(rest) => Trouble::Wrapper(Some(at)),
        _ => Trouble::TextAfter(at),
    }
}

fn place(error: &serde_json::Error) -> Place {
    Place { line: error.line(), column: error.column() }
}

/// The trouble that an error of the parser stands for. If it had only a part of the document, with the place of the
/// last byte before that part.
pub(crate) fn translate<E>(error: &serde_json::Error, start: Option<Place>) -> Trouble<E> {
    let at = match (place(error), start) {
        (at, None) => at,
        (Place { line: 1, column }, Some(start)) => Place { column: start.column + column, ..start },
        (Place { line, column }, Some(start)) => Place { line: start.line + line - 1, column },
    };
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Eof => Trouble::CutOff(at),
        Category::Syntax | Category::Io => Trouble::Syntax(at, text.to_owned()),
        Category::Data => Trouble::Form(at, form(text).to_owned()),
    }
}

/// What of a message comes from the program. Before `expected` there can be a value of the document.
fn form(text: &str) -> &str {
    let is_ours = ["missing field `", "duplicate field `"].iter().any(|start| text.starts_with(start));
    match text.rfind(", expected ") {
        _ if is_ours => text,
        Some(at) => &text[at + 2..],
        None => "a value is not what it should be",
    }
}
