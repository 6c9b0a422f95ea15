//! What is wrong with an input, and what to write instead. Never decides that something is.

use crate::text::with_hint;

/// A mistake in an input.
///
/// ```
/// # use lockstep_sdk::InputError;
/// let error = InputError::new("`timeout`: invalid duration `5`: the unit is missing", "write `5s` or `5m`");
/// assert_eq!(error.line(), "`timeout`: invalid duration `5`: the unit is missing (hint: write `5s` or `5m`)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// What is wrong, as a lower-case fragment that names the input.
    pub message: String,
    /// The next act, if there is one.
    pub hint: Option<String>,
}

impl InputError {
    /// A mistake with the next act.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: Some(hint.into()) }
    }

    /// A mistake whose message says it all.
    pub fn without_hint(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// Puts the name of the thing in front of the message.
    #[must_use]
    pub fn of(self, thing: &str) -> Self {
        Self { message: format!("{thing}: {}", self.message), ..self }
    }

    /// Message and hint in one line, for the log.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
