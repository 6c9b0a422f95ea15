//! Reads one document from a source and checks that nothing follows it.

use serde::de::DeserializeSeed;
use serde_json::error::Category;

use crate::error::{JsonPosition, ReadError};
use crate::source::{Source, is_wrapper_line};

/// Reads the only document of a source.
///
/// # Errors
/// The source cannot be read, is not JSON, does not match the seed, or contains something after the document.
pub fn from_source<'de, T, F, E>(source: &mut Source<F, E>, seed: T) -> Result<T::Value, ReadError<E>>
where
    T: DeserializeSeed<'de>,
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    let mut parser = serde_json::Deserializer::from_reader(&mut *source);
    let value = match seed.deserialize(&mut parser) {
        Ok(value) => value,
        Err(error) => return Err(source.take_error().unwrap_or_else(|| from_serde(&error, None))),
    };
    match parser.end() {
        Ok(()) => Ok(value),
        Err(error) => {
            Err(source.take_error().unwrap_or_else(|| trailing(source.last_byte_on(), position(&error))))
        }
    }
}

/// The error for what follows the document.
pub(crate) fn trailing<E>(rest: &[u8], position: JsonPosition) -> ReadError<E> {
    match rest {
        _ if is_wrapper_line(rest) => ReadError::WrapperLine(Some(position)),
        [b'{' | b'[', ..] => ReadError::SecondDocument(position),
        _ => ReadError::TextAfter(position),
    }
}

fn position(error: &serde_json::Error) -> JsonPosition {
    JsonPosition { line: error.line(), column: error.column() }
}

/// Converts an error of the parser. If the parser saw only a part of the document, `start` is the position of the last byte
/// before that part.
pub(crate) fn from_serde<E>(error: &serde_json::Error, start: Option<JsonPosition>) -> ReadError<E> {
    let position = match (position(error), start) {
        (position, None) => position,
        (JsonPosition { line: 1, column }, Some(start)) => {
            JsonPosition { column: start.column + column, ..start }
        }
        (JsonPosition { line, column }, Some(start)) => JsonPosition { line: start.line + line - 1, column },
    };
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match error.classify() {
        Category::Eof => ReadError::CutOff(position),
        Category::Syntax | Category::Io => ReadError::Syntax(position, text.to_owned()),
        Category::Data => ReadError::Structure(position, without_value(text).to_owned()),
    }
}

/// The part of a message that contains no value of the document: a value can come before `expected`.
fn without_value(message: &str) -> &str {
    let names_field = ["missing field `", "duplicate field `"].iter().any(|start| message.starts_with(start));
    match message.rfind(", expected ") {
        _ if names_field => message,
        Some(comma) => &message[comma + 2..],
        None => "a value has an unexpected type",
    }
}
