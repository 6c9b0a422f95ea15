//! The error for a text that is no patch.

use thiserror::Error;

/// Why a text is no patch.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{message}")]
pub struct PatchError {
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act, if there is one.
    pub hint: Option<String>,
}

impl PatchError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds the form as which the text was read.
    pub(super) fn read_as(self, form: &str) -> Self {
        Self { message: format!("read as {form}: {}", self.message), ..self }
    }
}
