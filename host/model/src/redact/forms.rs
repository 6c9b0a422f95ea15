//! Makes the forms in which a secret commonly leaks.

use super::MIN_BYTES;
use super::search::SecretForm;
use super::views::is_white;
use crate::secret::{is_yaml, nested_secrets};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The shortest line of a base64 text that is a form by itself, in bytes.
const MIN_LINE_BYTES: usize = 16;

/// The forms of these secrets for a platform that only compares texts: the secrets, their lines, and their encodings.
/// Secrets shorter than [`MIN_BYTES`] have none.
#[must_use]
pub fn forms(secrets: &[&str]) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    for secret in secrets.iter().map(|secret| secret.trim()).filter(|secret| secret.len() >= MIN_BYTES) {
        forms.extend(parts(secret));
        forms.extend(encoded(secret).into_keys());
        let json = Value::from(secret).to_string();
        forms.insert(json[1..json.len() - 1].to_owned());
        forms.extend(urls(secret));
    }
    forms
}

/// The forms for the search, each with the length of its public prefix. They have no escapes of JSON, HTML and URLs,
/// because the search resolves those.
pub(super) fn searched(secret: &str) -> Vec<(SecretForm, usize)> {
    // A piece of a document is no secret; its secret values are forms by themselves.
    let open = |part: &str| if is_document(part) { part.len() } else { open(part) };
    let mut all: Vec<_> = parts(secret).into_iter().map(|part| (part.clone(), open(&part))).collect();
    let open = if is_document(secret) { 0 } else { self::open(secret) };
    all.extend(encoded(secret).into_iter().map(|(form, (of, bytes))| (form, (open * of).div_ceil(bytes))));
    // Forms of web pages encode a blank as `+`.
    if secret.contains(' ') {
        all.push((secret.replace(' ', "+"), open));
    }
    all.into_iter().map(|(form, open)| (form.into_bytes().into(), open)).collect()
}

/// The form without white space, for texts that are broken into lines. Short forms have none, because the search would
/// find them across words.
pub(super) fn joined((form, open): &(SecretForm, usize)) -> Option<(SecretForm, usize)> {
    const MIN_JOINED_BYTES: usize = 16;
    if !form.iter().any(|byte| is_white(*byte)) {
        return (form.len() >= MIN_JOINED_BYTES).then(|| (Arc::clone(form), *open));
    }
    let joined: Vec<u8> = form.iter().copied().filter(|byte| !is_white(*byte)).collect();
    let white = form.iter().take(*open).filter(|byte| is_white(**byte)).count();
    (joined.len() >= MIN_JOINED_BYTES).then(|| (joined.into(), open - white))
}

/// A secret, its nested secrets, and their lines. The lines of a document are not secret, because all such documents
/// share them.
fn parts(secret: &str) -> BTreeSet<String> {
    let mut parts = nested_secrets(secret);
    parts.insert(secret.to_owned());
    let lines: Vec<String> =
        parts.iter().filter(|part| !is_document(part)).flat_map(|part| lines(part)).collect();
    parts.extend(lines);
    parts
}

/// The lines of a text that are long enough. A text with `\n` as two characters also has the lines between those.
fn lines(text: &str) -> Vec<String> {
    let is_long = |line: &&str| line.len() >= MIN_BYTES;
    let mut all: Vec<String> = text.lines().map(str::trim).filter(is_long).map(str::to_owned).collect();
    if text.contains("\\n") {
        let lines = text.split("\\n").map(|line| line.trim_end_matches("\\r").trim());
        all.extend(lines.filter(is_long).map(str::to_owned));
        all.push(text.replace("\\r", "").replace("\\n", "\n"));
    }
    all
}

/// Whether a secret is a JSON or YAML document with more than one value.
fn is_document(secret: &str) -> bool {
    matches!(serde_json::from_str(secret), Ok(Value::Object(_) | Value::Array(_))) || is_yaml(secret)
}

/// The length of the public prefix of a secret: the scheme and the host of a URL, the first line of a key, the scheme
/// of an `Authorization` header.
fn open(secret: &str) -> usize {
    if let Some(rest) = secret.strip_prefix("-----BEGIN ") {
        return rest.find("-----").map_or(0, |at| "-----BEGIN ".len() + at + 5);
    }
    if let Some((scheme, rest)) = secret.split_once("://").filter(|(scheme, _)| scheme.len() < 20) {
        let authority = rest.split('/').next().unwrap_or_default();
        let host = if authority.contains('@') { 0 } else { authority.len() };
        return scheme.len() + 3 + host;
    }
    let schemes = ["Bearer ", "Basic ", "bearer ", "basic ", "token "];
    schemes.into_iter().find(|scheme| secret.starts_with(scheme)).map_or(0, str::len)
}

/// The encoded forms of a secret, each with the ratio of its length to that of the secret.
fn encoded(secret: &str) -> BTreeMap<String, (usize, usize)> {
    let mut forms = BTreeMap::new();
    for shift in 0..3 {
        forms.insert(base64_middle(&STANDARD_NO_PAD, secret, shift), (4, 3));
        forms.insert(base64_middle(&URL_SAFE_NO_PAD, secret, shift), (4, 3));
    }
    // Single lines, because a diff shows some of them.
    let whole = STANDARD_NO_PAD.encode(secret);
    for width in [64, 76].into_iter().filter(|width| whole.len() > *width) {
        let lines = (0..whole.len()).step_by(width).map(|at| &whole[at..whole.len().min(at + width)]);
        forms.extend(lines.filter(|line| line.len() >= MIN_LINE_BYTES).map(|line| (line.to_owned(), (0, 1))));
    }
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        let pairs: Vec<String> = secret.bytes().map(|byte| hex(byte, digits)).collect();
        forms.insert(pairs.concat(), (2, 1));
        forms.insert(pairs.join(":"), (3, 1));
    }
    forms
}

fn hex(byte: u8, digits: &[u8; 16]) -> String {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]].map(char::from).iter().collect()
}

/// The forms of a secret in a URL.
fn urls(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
        for unreserved in ["-._~", "-._~/"] {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || unreserved.as_bytes().contains(byte);
            let one = |byte: u8| match plain(&byte) {
                true => char::from(byte).to_string(),
                false => format!("%{}", hex(byte, digits)),
            };
            let url: String = secret.bytes().map(one).collect();
            forms.extend([url.replace("%20", "+"), url]);
        }
    }
    forms
}

/// The characters of a secret's base64 form that do not depend on the bytes before and after it, with `shift` bytes
/// before it in its group of three.
fn base64_middle(alphabet: &impl Engine, secret: &str, shift: usize) -> String {
    let text = alphabet.encode([&[0; 2][..shift], secret.as_bytes()].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + secret.len()) * 8 / 6;
    text[first..last].to_owned()
}
