//! The secrets that a capability learns during a run, to redact them from messages of servers.

use crate::redact::{REDACTED, Redactor};
use crate::secret::is_common;
use crate::text::short;
use std::sync::{PoisonError, RwLock};

/// The secrets that a capability has learned.
#[derive(Default)]
pub struct SecretRegistry(RwLock<RegistryState>);

#[derive(Default)]
struct RegistryState {
    redactor: Redactor,
    /// Whether the redactor could not take a secret because it is too long.
    incomplete: bool,
}

impl std::fmt::Debug for SecretRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretRegistry")
    }
}

impl SecretRegistry {
    /// Adds a secret. It ignores common words, because redacting them would hide harmless text.
    pub fn add(&self, secret: &str) {
        if is_common(secret) {
            return;
        }
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        state.incomplete |= state.redactor.learn(&[secret]).is_err();
    }

    /// The text without the secrets, in each form that [`Redactor`] finds.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match state.incomplete {
            false => state.redactor.redact(text).into_owned(),
            // A secret that the redactor cannot find could be in the text.
            true => REDACTED.to_owned(),
        }
    }

    /// The redacted text, cut to `max` bytes with an ellipsis. Use this function or [`short`] to cut each text of a
    /// server: the redactor finds a piece of a secret by the ellipsis after it.
    #[must_use]
    pub fn excerpt(&self, text: &str, max: usize) -> String {
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
