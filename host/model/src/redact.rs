//! Redacts secrets in text, in each form in which they commonly leak. The callers decide which texts to redact.

mod cut;
mod forms;
mod search;
mod views;

pub use forms::forms;

use search::{Index, joined};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use views::View;

/// The replacement of a secret.
pub const REDACTED: &str = "***";

/// The shortest secret in bytes. Redacting shorter ones would hide much of the log.
pub const MIN_BYTES: usize = 4;

/// The secrets are too long for the search.
#[derive(Debug, thiserror::Error)]
#[error("the secrets of this run are too long to search for")]
pub struct SecretsTooLong;

/// The largest size of all secrets in bytes.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// The largest number of searches in one text.
const MAX_ROUNDS: usize = 8;

/// The largest number of bytes for an escaped byte: `\u0025` in an escape for each of its characters.
const MAX_ESCAPED_BYTES: usize = 12;

/// The combinations of views in which the redactor reads a text. Each view of an escape is also a combination by
/// itself, because a `%` right before a secret must not hide it.
const READINGS: [&[View]; 8] = [
    &[],
    &[View::Backslash],
    &[View::Percent],
    &[View::Entity],
    &[View::Escapes, View::Escapes],
    &[View::Joined],
    &[View::Unquoted],
    &[View::Escapes, View::Joined],
];

/// Finds secrets in text: unchanged, line by line, in base64 and hexadecimal; each also with the escapes of JSON, HTML
/// and URLs, once or twice, and broken into lines. At a cut of the text it finds pieces of secrets, see
/// [`Redactor::redact`]. It does not find a secret that is compressed, encrypted, reversed or divided in another way.
#[derive(Default)]
pub struct Redactor {
    /// All forms of all secrets.
    forms: Index,
    /// The long forms without white space.
    joined: Index,
    secrets: BTreeSet<String>,
}

impl Redactor {
    /// A redactor of these secrets. It ignores those shorter than [`MIN_BYTES`].
    ///
    /// # Errors
    /// The secrets together are longer than 256 MiB.
    pub fn new(secrets: &[&str]) -> Result<Self, SecretsTooLong> {
        let mut redactor = Self::empty();
        redactor.learn(secrets)?;
        Ok(redactor)
    }

    /// A redactor without secrets.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A copy of this redactor with more secrets.
    ///
    /// # Errors
    /// As [`Redactor::new`].
    pub fn with(&self, more: &[&str]) -> Result<Self, SecretsTooLong> {
        let Self { forms, joined, secrets } = self;
        let mut both = Self { forms: forms.clone(), joined: joined.clone(), secrets: secrets.clone() };
        both.learn(more)?;
        Ok(both)
    }

    /// Adds secrets.
    ///
    /// # Errors
    /// As [`Redactor::new`]. The redactor is then unchanged.
    pub fn learn(&mut self, more: &[&str]) -> Result<(), SecretsTooLong> {
        let more = more.iter().map(|secret| secret.trim());
        let new: BTreeSet<&str> =
            more.filter(|secret| secret.len() >= MIN_BYTES && !self.secrets.contains(*secret)).collect();
        let bytes = self.secrets.iter().map(String::len).chain(new.iter().map(|secret| secret.len()));
        if bytes.sum::<usize>() > MAX_BYTES {
            return Err(SecretsTooLong);
        }
        let forms: Vec<_> = new.iter().flat_map(|secret| forms::searched(secret)).collect();
        self.joined.learn(forms.iter().filter_map(forms::joined));
        self.forms.learn(forms);
        self.secrets.extend(new.into_iter().map(str::to_owned));
        Ok(())
    }

    /// The text with [`REDACTED`] in place of each range that secrets cover. Secrets that overlap or touch are one
    /// range.
    ///
    /// At a cut, which an ellipsis or the end of the text shows, eight bytes of a secret count as the secret; at an end
    /// without an ellipsis they must not look like a word. The first or the last sixteen bytes of a token count at any
    /// place.
    ///
    /// The time is proportional to the length of the text. If the search would take longer, the redactor hides the rest
    /// of the text.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.forms.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut text = Cow::Borrowed(text);
        // The replacement can form another secret with the text around it.
        for _ in 0..MAX_ROUNDS {
            match replaced(&text, &self.covered(text.as_bytes())) {
                Some(shorter) => text = Cow::Owned(shorter),
                None => return text,
            }
        }
        Cow::Borrowed(REDACTED)
    }

    /// The largest number of bytes that a secret can have after the end of a text in which it begins.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.forms.longest().saturating_mul(MAX_ESCAPED_BYTES)
    }

    /// The ranges of the text that secrets cover, in order and without overlap.
    fn covered(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<_> = READINGS
            .iter()
            .filter(|views| views.first().is_none_or(|view| view.applies(text)))
            .flat_map(|views| self.read(text, views))
            .collect();
        found.sort_unstable();
        joined(found)
    }

    /// The ranges that secrets cover in the text with these views applied in order.
    fn read(&self, text: &[u8], views: &[View]) -> Vec<(usize, usize)> {
        match views {
            [] => self.forms.covered(text),
            [view @ (View::Joined | View::Unquoted)] => {
                view.places(text, &self.joined.covered(&view.read(text)))
            }
            [first, rest @ ..] => {
                let read = first.read(text);
                // The result has no more escapes for the next view.
                let rest = if rest.first().is_some_and(|next| !next.applies(&read)) { &[] } else { rest };
                first.places(text, &self.read(&read, rest))
            }
        }
    }

    /// Whether the text contains a secret.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        matches!(self.redact(text), Cow::Owned(_))
    }

    /// The value with every text and every name in it redacted. A number that contains a secret becomes a text.
    #[must_use]
    pub fn redact_json(&self, value: Value) -> Value {
        if self.forms.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => match self.redact(&text) {
                Cow::Borrowed(_) => Value::String(text),
                Cow::Owned(text) => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|item| self.redact_json(item)).collect(),
            Value::Object(members) => {
                let member = |(name, value): (String, Value)| {
                    (self.redact(&name).into_owned(), self.redact_json(value))
                };
                Value::Object(members.into_iter().map(member).collect())
            }
            Value::Number(number) => match self.redact(&number.to_string()) {
                Cow::Borrowed(_) => Value::Number(number),
                Cow::Owned(text) => Value::String(text),
            },
            Value::Null | Value::Bool(_) => value,
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor of {} secrets", self.secrets.len())
    }
}

/// The text with [`REDACTED`] in place of these ranges; none if there are none.
fn replaced(text: &str, ranges: &[(usize, usize)]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for &(start, end) in ranges {
        // A range can end within a character.
        let (start, end) = (text.floor_char_boundary(start).max(rest), text.ceil_char_boundary(end));
        out.push_str(&text[rest..start]);
        out.push_str(REDACTED);
        rest = end;
    }
    out.push_str(&text[rest..]);
    (!ranges.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests;
