//! The edits of a run, as the readers in [`crate::forms`] produce them.

use lockstep_yaml::{Path, Value};

use crate::images::ImageEdit;
use crate::marker::MarkerEdit;
use crate::patches::Patch;

/// One edit.
#[derive(Debug)]
pub struct Edit {
    /// The input it comes from and its subject, for messages: `set .spec.replicas`.
    pub label: String,
    /// What it does.
    pub action: Action,
    /// The file it applies to; none for all files.
    pub file: Option<String>,
    /// The index of a document, counted from 0, and what the edit does there. In a file of several documents, the edit
    /// then applies to no other document.
    pub document: Option<(usize, Action)>,
}

/// What an edit does.
#[derive(Debug)]
pub enum Action {
    /// Sets the scalar at a path.
    SetScalar(Path, Value),
    /// Sets the value at a path.
    SetJson(Path, Value),
    /// Adds an item to the list at a path.
    Append(Path, Value),
    /// Deletes the value at a path.
    Delete(Path),
    /// Changes images.
    Image(ImageEdit),
    /// Changes the values that an image policy marks.
    Marker(MarkerEdit),
    /// Applies a patch.
    Patch(Patch),
}

/// `PATH=VALUE`: the scalar at PATH must have this text.
#[derive(Debug)]
pub struct Condition {
    /// The path of the scalar.
    pub path: Path,
    /// Its text.
    pub text: String,
}

impl Edit {
    /// An edit for all documents of all files.
    pub fn new(label: String, action: Action) -> Self {
        Self { label, action, file: None, document: None }
    }

    /// What the edit does in a document of a file. `document` is the index, or none if it is the only document.
    pub fn action_for(&self, file: &str, document: Option<usize>) -> Option<&Action> {
        if self.file.as_ref().is_some_and(|only| only != file) {
            return None;
        }
        match (&self.document, document) {
            (Some((index, action)), Some(document)) => (*index == document).then_some(action),
            _ => Some(&self.action),
        }
    }
}
