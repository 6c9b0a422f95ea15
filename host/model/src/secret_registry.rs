//! The secrets that a run came to hold while it ran, so that no message of a server can give one away. It never shows
//! one.

use crate::redact::{REDACTED, Redactor};
use crate::secret::is_common;
use crate::text::short;
use std::sync::{PoisonError, RwLock};

/// The secrets that a capability came to hold.
#[derive(Default)]
pub struct SecretRegistry(RwLock<State>);

#[derive(Default)]
struct State {
    redactor: Redactor,
    /// Whether there are secrets that are too long to be looked for.
    blind: bool,
}

impl std::fmt::Debug for SecretRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretRegistry")
    }
}

impl SecretRegistry {
    /// Remembers a secret. One that is too common would only blacken what servers say.
    pub fn add(&self, secret: &str) {
        if is_common(secret) {
            return;
        }
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.blind |= state.redactor.learn(&[secret]).is_err();
    }

    /// The text without the secrets, in whatever common form it holds them, whole or cut.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match state.blind {
            false => state.redactor.redact(text).into_owned(),
            // Too long to be looked for: then nothing is shown.
            true => REDACTED.to_owned(),
        }
    }

    /// The text without the secrets, and then cut to `max` bytes with an ellipsis. Each text of a server that is passed
    /// on in part is cut by this function or by [`short`], which leaves the ellipsis by which a piece of a secret is
    /// known.
    #[must_use]
    pub fn shown(&self, text: &str, max: usize) -> String {
        short(&self.redact(text), max)
    }
}

#[cfg(test)]
mod tests {
    use super::SecretRegistry;

    #[test]
    fn a_known_secret_is_redacted_in_every_form() {
        let registry = SecretRegistry::default();
        assert_eq!(registry.redact("hunter2 aHVudGVyMg=="), "hunter2 aHVudGVyMg==");
        registry.add("hunter2");
        registry.add("");
        let shown = registry.redact("hunter2 aHVudGVyMg== 68756e74657232");
        assert!(
            !shown.contains("hunter2") && !shown.contains("aHVudGVyMg") && !shown.contains("68756e74657232"),
            "{shown}"
        );
    }
}
