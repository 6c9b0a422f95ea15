//! Parses paths to values of a document, as people write them in the inputs of a step. It does not look at a document.
#![forbid(unsafe_code)]

mod clip;
mod path;

pub use clip::clip;
pub use path::{InvalidPath, Path, Segment, dotted};
