//! Patches in the forms of kubectl, kustomize and RFC 6902. The step applies them to a draft of a document, and then
//! calculates the fewest edits from the document to the draft.

mod body;
mod check;
mod diff;
mod draft;
mod error;
mod kustomize;
mod list_keys;
mod merge;
mod operations;
mod parse;
mod patch;
mod pointer;
mod selector;
mod target;

pub(crate) use diff::diff;
pub(crate) use draft::Draft;
pub use error::PatchError;
pub use list_keys::ListKeys;
pub use parse::read;
pub use patch::Patch;
