//! Reads one document that is in memory as a whole, for steps that need most of its values.

use serde::Deserialize;

use crate::error::{JsonPosition, ReadError};
use crate::source::Source;
use crate::stream::{from_serde, trailing};

/// Reads all bytes of a source of about `size` bytes.
///
/// # Errors
/// The source cannot be read, or its encoding or beginning shows that it is not a document.
pub fn read_to_end<F, E>(source: &mut Source<F, E>, size: u64) -> Result<Vec<u8>, ReadError<E>>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    let mut text = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    loop {
        match source.next_chunk()? {
            [] => return Ok(text),
            chunk => text.extend_from_slice(chunk),
        }
    }
}

/// Parses a text that must be exactly one document.
///
/// # Errors
/// The text is not JSON, is more than one document, or does not match `T`.
pub fn from_slice<'de, T: Deserialize<'de>, E>(text: &'de [u8]) -> Result<T, ReadError<E>> {
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter();
    let document = match documents.next() {
        None => return Err(ReadError::Empty),
        Some(parsed) => parsed.map_err(|error| from_serde(&error, None))?,
    };
    let end = documents.byte_offset();
    match text.get(end..).unwrap_or_default().trim_ascii_start() {
        [] => Ok(document),
        rest => Err(trailing(rest, position_after(&text[..text.len() - rest.len()]))),
    }
}

/// The position of the byte that follows this text.
fn position_after(text: &[u8]) -> JsonPosition {
    let line_start = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let newlines = text.iter().filter(|&&byte| byte == b'\n').count();
    JsonPosition { line: newlines + 1, column: text.len() - line_start + 1 }
}
