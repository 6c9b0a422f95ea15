//! The secrets that a run came to hold while it ran, so that no message of a server can give one away. It never shows
//! one.

use crate::redact::{Redactor, STARS};
use crate::secret::is_common;
use crate::text::short;
use std::sync::{PoisonError, RwLock};

/// The secrets that a capability came to hold.
#[derive(Default)]
pub struct Known(RwLock<State>);

#[derive(Default)]
struct State {
    redactor: Redactor,
    /// Whether there are secrets that are too long to be looked for.
    blind: bool,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Known")
    }
}

impl Known {
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
            true => STARS.to_owned(),
        }
    }

    /// The text without the secrets, and then cut to `most` bytes with an ellipsis. Each text of a server that is passed
    /// on in part is cut by this function or by [`short`], which leaves the ellipsis by which a piece of a secret is known.
    #[must_use]
    pub fn shown(&self, text: &str, most: usize) -> String {
        short(&self.redact(text), most)
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
