//! One document held whole, for steps that need most of its values. Never reads a value.

use serde::Deserialize;

use crate::read::{after, translate};
use crate::source::Source;
use crate::trouble::{Place, Trouble};

/// All bytes of a source; `size` is how many there should be.
///
/// # Errors
/// If they cannot be had, or do not begin and look as a document does.
pub fn whole<F, E>(source: &mut Source<F, E>, size: u64) -> Result<Vec<u8>, Trouble<E>>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    let mut all = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    loop {
        match source.next()? {
            [] => return Ok(all),
            piece => all.extend_from_slice(piece),
        }
    }
}

/// The one document that a text is, read as far as `T` does.
///
/// # Errors
/// If the text is not JSON, not one document, or not what `T` takes.
pub fn alone<'de, T: Deserialize<'de>, E>(text: &'de [u8]) -> Result<T, Trouble<E>> {
    let mut documents = serde_json::Deserializer::from_slice(text).into_iter();
    let document = match documents.next() {
        None => return Err(Trouble::Empty),
        Some(read) => read.map_err(|error| translate(&error, None))?,
    };
    let end = documents.byte_offset();
    match text.get(end..).unwrap_or_default().trim_ascii_start() {
        [] => Ok(document),
        rest => Err(after(rest, place(&text[..text.len() - rest.len()]))),
    }
}

/// The place right after a text.
fn place(before: &[u8]) -> Place {
    let line = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line_ends = before.iter().filter(|&&byte| byte == b'\n').count();
    Place { line: line_ends + 1, column: before.len() - line + 1 }
}
