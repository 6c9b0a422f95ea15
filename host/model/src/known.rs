//! The secrets that a run came to hold while it ran, so that no message of a server can give one away. It never shows
//! one.

use crate::redact::Redactor;
use std::sync::{PoisonError, RwLock};

/// The secrets that a capability came to hold.
#[derive(Default)]
pub struct Known(RwLock<State>);

#[derive(Default)]
struct State {
    secrets: Vec<String>,
    redactor: Option<Redactor>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}

impl Known {
    /// Remembers a secret.
    pub fn add(&self, secret: &str) {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if secret.is_empty() || state.secrets.iter().any(|known| known == secret) {
            return;
        }
        state.secrets.push(secret.to_owned());
        let all: Vec<&str> = state.secrets.iter().map(String::as_str).collect();
        state.redactor = Redactor::new(&all).ok();
    }

    /// The text without the secrets, in whatever common form it holds them.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match (&state.redactor, state.secrets.is_empty()) {
            (Some(redactor), _) => redactor.redact(text).into_owned(),
            (None, true) => text.to_owned(),
            // Too long to be looked for: then nothing is shown.
            (None, false) => "***".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn what_is_known_is_shown_in_no_form() {
        let known = Known::default();
        assert_eq!(known.redact("hunter2 aHVudGVyMg=="), "hunter2 aHVudGVyMg==");
        known.add("hunter2");
        known.add("");
        let shown = known.redact("hunter2 aHVudGVyMg== 68756e74657232");
        assert!(
            !shown.contains("hunter2") && !shown.contains("aHVudGVyMg") && !shown.contains("68756e74657232"),
            "{shown}"
        );
    }
}
