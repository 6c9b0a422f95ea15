//! Takes secrets out of text, in every form in which one commonly leaks. It never writes anything: what
//! is redacted where is the caller's matter.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What stands in place of a secret.
pub const STARS: &str = "***";

/// The shortest text, in bytes, that is treated as secret. Shorter ones would blacken half the log.
pub const MIN_BYTES: usize = 4;

/// The search for secrets could not be built.
#[derive(Debug, thiserror::Error)]
#[error("the secrets of this run are too long to search for")]
pub struct TooLong;

/// How much of a form is searched for in one pass; the rest is compared where that is found. So the search stays
/// small whatever the length of a secret.
const HEAD_BYTES: usize = 16;

/// So many bytes are compared at once.
const CHUNK: usize = 64;

/// So many chunks may be compared besides one for each byte of the text. Texts and secrets that go on repeating
/// themselves would need any number.
const SPARE_CHUNKS: usize = 1 << 20;

/// How often a text is searched again after something was taken out of it.
const ROUNDS: usize = 8;

/// Finds secrets in text: as they are, line by line, and JSON-escaped, base64, URL-encoded or hexadecimal.
/// It cannot find one that was compressed, encrypted, reversed or cut into pieces.
#[derive(Default)]
pub struct Redactor {
    search: Option<Search>,
    secrets: BTreeSet<String>,
}

/// Every form of every secret.
struct Search {
    /// Finds the heads, each once, by the index in `forms`.
    heads: AhoCorasick,
    /// The forms that begin with each head.
    forms: Vec<Vec<String>>,
}

impl Redactor {
    /// Learns these secrets. Those shorter than [`MIN_BYTES`] are left out.
    ///
    /// # Errors
    /// Only when the secrets are gigabytes long.
    pub fn new(secrets: &[&str]) -> Result<Self, TooLong> {
        Self::empty().with(secrets)
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
    pub fn with(&self, more: &[&str]) -> Result<Self, TooLong> {
        let long = more.iter().filter(|secret| secret.len() >= MIN_BYTES);
        let secrets: BTreeSet<String> =
            self.secrets.iter().cloned().chain(long.map(|secret| (*secret).to_owned())).collect();
        let mut by_head: BTreeMap<Vec<u8>, Vec<String>> = BTreeMap::new();
        for form in forms(&secrets.iter().map(String::as_str).collect::<Vec<_>>()) {
            let head = &form.as_bytes()[..form.len().min(HEAD_BYTES)];
            by_head.entry(head.to_owned()).or_default().push(form);
        }
        let search = (!by_head.is_empty())
            .then(|| AhoCorasick::builder().match_kind(MatchKind::Standard).build(by_head.keys()))
            .transpose()
            .map_err(|_| TooLong)?
            .map(|heads| Search { heads, forms: by_head.into_values().collect() });
        Ok(Self { search, secrets })
    }

    /// The text with [`STARS`] in place of each stretch that is covered by secrets. Secrets that overlap or
    /// touch are one stretch, so that no end of one is left over. It takes a time in proportion to the text, whatever
    /// is in it: where that would not be enough to be sure, what could be a secret is taken for one.
    #[must_use]
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(search) = &self.search else {
            return Cow::Borrowed(text);
        };
        let mut text = Cow::Borrowed(text);
        // The stars can, with what is around them, be the text of a strange secret.
        for _ in 0..ROUNDS {
            match starred(&text, &covered(search, &text)) {
                Some(shorter) => text = Cow::Owned(shorter),
                None => return text,
            }
        }
        Cow::Borrowed(STARS)
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
        if self.search.is_none() {
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

    /// What to tell a platform that masks by itself: each secret and each line of one.
    pub fn masks(&self) -> BTreeSet<&str> {
        self.secrets.iter().flat_map(|secret| parts(secret)).collect()
    }
}

/// Every form of these secrets in which one commonly leaks: themselves, their lines, and their encodings. Those
/// shorter than [`MIN_BYTES`] have none.
#[must_use]
pub fn forms(secrets: &[&str]) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for secret in secrets.iter().filter(|secret| secret.len() >= MIN_BYTES) {
        forms.extend(parts(secret).map(str::to_owned));
        encoded(secret, &mut forms);
    }
    forms
}

/// A secret, and each line of it that is one by itself.
fn parts(secret: &str) -> impl Iterator<Item = &str> {
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= MIN_BYTES);
    std::iter::once(secret).chain(lines)
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor of {} secrets", self.secrets.len())
    }
}

/// The stretches of the text, in order and apart from each other, that secrets cover.
fn covered(search: &Search, text: &str) -> Vec<(usize, usize)> {
    let mut chunks = text.len() + SPARE_CHUNKS;
    let mut found = Vec::new();
    for head in search.heads.find_overlapping_iter(text) {
        for form in &search.forms[head.pattern().as_usize()] {
            let (is_there, cost) = begins(&text.as_bytes()[head.start()..], form.as_bytes());
            chunks = chunks.saturating_sub(cost);
            if is_there {
                cover(&mut found, (head.start(), head.start() + form.len()));
            }
        }
        if chunks == 0 {
            // A longer head that ends later can begin before this one.
            let rest = text.floor_char_boundary(head.start().saturating_sub(HEAD_BYTES));
            found.push((rest, text.len()));
            break;
        }
    }
    found.sort_unstable();
    let mut stretches = Vec::new();
    found.into_iter().for_each(|stretch| cover(&mut stretches, stretch));
    stretches
}

/// Adds a stretch; one that overlaps or touches the last becomes one with it.
fn cover(stretches: &mut Vec<(usize, usize)>, (start, end): (usize, usize)) {
    match stretches.last_mut() {
        Some(last) if (last.0..=last.1).contains(&start) => last.1 = last.1.max(end),
        _ => stretches.push((start, end)),
    }
}

/// Whether a text begins with a form, and how many chunks it took to find out.
fn begins(text: &[u8], form: &[u8]) -> (bool, usize) {
    let Some(text) = text.get(..form.len()) else { return (false, 1) };
    let differs = text.chunks(CHUNK).zip(form.chunks(CHUNK)).position(|(text, form)| text != form);
    (differs.is_none(), 1 + differs.unwrap_or(form.len() / CHUNK))
}

fn starred(text: &str, stretches: &[(usize, usize)]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for &(start, end) in stretches {
        out.push_str(&text[rest..start]);
        out.push_str(STARS);
        rest = end;
    }
    out.push_str(&text[rest..]);
    (!stretches.is_empty()).then_some(out)
}

/// Adds the encoded forms of a secret.
fn encoded(secret: &str, forms: &mut BTreeSet<String>) {
    let json = Value::from(secret).to_string();
    forms.insert(json[1..json.len() - 1].to_owned());
    for shift in 0..3 {
        forms.insert(base64_middle(&STANDARD_NO_PAD, secret, shift));
        forms.insert(base64_middle(&URL_SAFE_NO_PAD, secret, shift));
    }
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        let hex = |byte: u8| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]].map(char::from);
        let mut whole = String::with_capacity(2 * secret.len());
        let mut url = String::with_capacity(secret.len());
        for byte in secret.bytes() {
            whole.extend(hex(byte));
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                url.push(char::from(byte));
            } else {
                url.push('%');
                url.extend(hex(byte));
            }
        }
        forms.extend([whole, url.replace("%20", "+"), url]);
    }
}

/// The characters of a secret's base64 form that are the same whatever stands before and after it, when
/// `shift` bytes stand before it in its group of three.
fn base64_middle(alphabet: &impl Engine, secret: &str, shift: usize) -> String {
    let text = alphabet.encode([&[0; 2][..shift], secret.as_bytes()].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + secret.len()) * 8 / 6;
    text[first..last].to_owned()
}

#[cfg(test)]
mod tests;
