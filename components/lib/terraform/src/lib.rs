//! Reads the JSON that Terraform and OpenTofu print, one chunk at a time, and rejects a file that holds more or less than one
//! clean document. Error messages never repeat text of the document, because it may hold secrets.
#![forbid(unsafe_code)]

mod cursor;
mod error;
mod kind;
mod slice;
mod source;
mod stream;
mod token;

pub use cursor::Cursor;
pub use error::{JsonPosition, ReadError};
pub use kind::{DocumentKind, is_known_version};
pub use slice::{from_slice, read_to_end};
pub use source::{CHUNK_BYTES, Source};
pub use stream::from_source;
