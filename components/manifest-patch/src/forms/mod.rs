//! Readers of the inputs that describe edits, one module per form. They open no file.

pub(crate) mod assignments;
pub(crate) mod changes;
mod document;
pub(crate) mod patch;
pub mod updates;
