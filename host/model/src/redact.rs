//! Takes secrets out of text, in every form in which one commonly leaks. It never writes anything: what
//! is redacted where is the caller's matter.

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

/// What stands in place of a secret.
pub const REDACTED: &str = "***";

/// The shortest text, in bytes, that is treated as secret. Shorter ones would blacken half the log.
pub const MIN_BYTES: usize = 4;

/// The search for secrets could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the secrets of this run are too long to search for")]
pub struct SecretsTooLong;

/// The most bytes of secrets that are searched for.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How often a text is searched again after something was taken out of it.
const ROUNDS: usize = 8;

/// How many bytes one byte of a form can have where it is escaped: `\u0025` in an escape for each of its characters.
const ESCAPED: usize = 12;

/// The ways in which a text is read, one after the other, where it has what they are about. Each of the first three is
/// a way by itself too: a `%` right before a secret must not hide it.
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

/// Finds secrets in text: as they are, line by line, in base64 and hexadecimal; each also with the escapes of JSON,
/// HTML and URLs, once or twice, and broken into lines. A piece of a secret counts as one where the text was cut, see
/// [`Redactor::redact`]. It cannot find one that was compressed, encrypted, reversed or taken apart.
#[derive(Default)]
pub struct Redactor {
    /// Every form of every secret.
    forms: Index,
    /// The long ones without white space.
    joined: Index,
    secrets: BTreeSet<String>,
}

impl Redactor {
    /// Learns these secrets. Those shorter than [`MIN_BYTES`] are left out.
    ///
    /// # Errors
    /// Only when the secrets are hundreds of megabytes long.
    pub fn new(secrets: &[&str]) -> Result<Self, SecretsTooLong> {
        let mut redactor = Self::empty();
        redactor.learn(secrets)?;
        Ok(redactor)
    }

    /// A redactor that knows no secret.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// A redactor that knows these secrets besides.
    ///
    /// # Errors
    /// As [`Redactor::new`].
    pub fn with(&self, more: &[&str]) -> Result<Self, SecretsTooLong> {
        let Self { forms, joined, secrets } = self;
        let mut both = Self { forms: forms.clone(), joined: joined.clone(), secrets: secrets.clone() };
        both.learn(more)?;
        Ok(both)
    }

    /// Learns these secrets besides.
    ///
    /// # Errors
    /// As [`Redactor::new`]. It knows as much as before then.
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

    /// The text with [`REDACTED`] in place of each stretch that is covered by secrets. Secrets that overlap or touch
    /// are one stretch, so that no end of one is left over. Where the text was cut, as an ellipsis or its own end
    /// shows, a piece of eight bytes is taken for the whole; at an end without an ellipsis it must not look like a
    /// word. The first or last sixteen bytes of a token are taken for it wherever they stand. It takes a time in
    /// proportion to the text, whatever is in it: where that would not be enough to be sure, what could be a secret is
    /// taken for one.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.forms.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut text = Cow::Borrowed(text);
        // The stars can, with what is around them, be the text of a strange secret.
        for _ in 0..ROUNDS {
            match replaced(&text, &self.covered(text.as_bytes())) {
                Some(shorter) => text = Cow::Owned(shorter),
                None => return text,
            }
        }
        Cow::Borrowed(REDACTED)
    }

    /// The text without secrets, and then cut to `max` bytes with an ellipsis.
    #[must_use]
    pub fn shown(&self, text: &str, max: usize) -> String {
        crate::text::short(&self.redact(text), max)
    }

    /// How far a secret that begins at the end of a text can go on, in bytes.
    #[must_use]
    pub fn reach(&self) -> usize {
        self.forms.longest().saturating_mul(ESCAPED)
    }

    /// The stretches of the text that secrets cover, in order and apart from each other.
    fn covered(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<_> = READINGS
            .iter()
            .filter(|views| views.first().is_none_or(|view| view.applies(text)))
            .flat_map(|views| self.read(text, views))
            .collect();
        found.sort_unstable();
        joined(found)
    }

    /// Those that are found in the text as it reads in these ways, one after the other.
    fn read(&self, text: &[u8], views: &[View]) -> Vec<(usize, usize)> {
        match views {
            [] => self.forms.covered(text),
            [view @ (View::Joined | View::Unquoted)] => {
                view.places(text, &self.joined.covered(&view.read(text)))
            }
            [first, rest @ ..] => {
                let read = first.read(text);
                // What it reads as has nothing more to resolve.
                let rest = if rest.first().is_some_and(|next| !next.applies(&read)) { &[] } else { rest };
                first.places(text, &self.read(&read, rest))
            }
        }
    }

    /// Whether the text holds a secret.
    #[must_use]
    pub fn finds(&self, text: &str) -> bool {
        matches!(self.redact(text), Cow::Owned(_))
    }

    /// The value with every text in it redacted, names of members included. A number that holds a secret
    /// becomes a text.
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

/// The text with stars in place of these stretches; none if there are none.
fn replaced(text: &str, stretches: &[(usize, usize)]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for &(start, end) in stretches {
        // A piece can end within a character.
        let (start, end) = (text.floor_char_boundary(start).max(rest), text.ceil_char_boundary(end));
        out.push_str(&text[rest..start]);
        out.push_str(REDACTED);
        rest = end;
    }
    out.push_str(&text[rest..]);
    (!stretches.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests;
