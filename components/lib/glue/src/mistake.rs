//! What is wrong with an input, and what to write instead. Never decides that something is.

use crate::words::with_hint;

/// Something that is wrong with an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act.
    pub hint: Option<String>,
}

impl Mistake {
    /// With the next act.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }

    /// The same, of the thing that is called so.
    #[must_use]
    pub fn of(self, thing: &str) -> Self {
        Self { message: format!("{thing}: {}", self.message), ..self }
    }

    /// Message and hint in one sentence.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
