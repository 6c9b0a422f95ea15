//! Reads what Terraform and OpenTofu print as JSON, a piece at a time, and refuses what is not exactly one clean
//! document. Never repeats a text of the document in a message, since it may hold secrets.
#![forbid(unsafe_code)]

mod cursor;
mod kind;
mod read;
mod source;
mod token;
mod trouble;
mod whole;

pub use cursor::Cursor;
pub use kind::{Kind, is_known_version};
pub use read::read;
pub use source::{PIECE, Source};
pub use trouble::{Place, Trouble};
pub use whole::{alone, whole};
