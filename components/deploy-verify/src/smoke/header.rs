//! Headers to send, and headers that answers must have. Never sends any.

use std::fmt;

use crate::web::{Response, listed};
use lockstep_glue::Mistake;

/// Headers that make a connection or a message what it is, and belong to the host.
const FRAMING: [&str; 10] = [
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A header that an answer must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// Its name in lower case.
    name: String,
    /// Its value, where `*` stands for any text.
    value: String,
}

impl Pattern {
    /// Reads `NAME: VALUE`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let (name, value) = pair("header", text)?;
        Ok(Self { name: name.to_ascii_lowercase(), value })
    }

    /// Whether the answer has it. If not: what it has instead.
    ///
    /// # Errors
    /// The values that the answer has for this name, in words.
    pub fn judge(&self, response: &Response) -> Result<(), String> {
        let values: Vec<&str> = response.values(&self.name).collect();
        if values.iter().any(|value| matches(&self.value, value)) {
            return Ok(());
        }
        Err(match values.as_slice() {
            [] => format!("no header `{}`", self.name),
            values => format!("header `{}` with {}", self.name, listed(values)),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.value)
    }
}

/// Reads a header to send.
///
/// # Errors
/// What is wrong with it, or why it cannot be sent.
pub(super) fn sent(text: &str) -> Result<(String, String), Mistake> {
    let (name, value) = pair("send", text)?;
    let lower = name.to_ascii_lowercase();
    if lower == "authorization" {
        let message = "`send` has the header `authorization`, which is visible to everyone there";
        return Err(Mistake::new(message, "give it with `credentials`, as the name of a secret"));
    }
    if FRAMING.contains(&lower.as_str()) || lower.starts_with("proxy-") {
        return Err(Mistake::new(
            format!("`send` has the header `{lower}`, which is not yours"),
            "take it out",
        ));
    }
    if lower == "accept-encoding" {
        let message = "`send` asks for a compressed body, and this step does not unpack one";
        return Err(Mistake::new(message, "take `accept-encoding` out"));
    }
    Ok((name, value))
}

/// Reads `NAME: VALUE`.
fn pair(input: &str, text: &str) -> Result<(String, String), Mistake> {
    let form = || {
        let message = format!("`{input}` has {}, which is not of the form `NAME: VALUE`", listed(&[text]));
        Mistake::new(message, "write the name, a colon, and the value, such as `accept: text/html`")
    };
    let (name, value) = text.split_once(':').ok_or_else(form)?;
    let (name, value) = (name.trim(), value.trim());
    if !is_name(name) || value.is_empty() {
        return Err(form());
    }
    if value.contains(|c: char| c.is_control() && c != '\t') || input == "send" && !value.is_ascii() {
        let message = format!("the value of `{name}` in `{input}` has characters that no header can have");
        return Err(Mistake::new(message, "write it in one line of ASCII"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether it can be the name of a header.
pub(super) fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// Whether `*` in the pattern can be filled so that it is the text. Takes time like the product of their lengths at
/// most: only the last `*` is ever tried again.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.trim().as_bytes());
    let (mut at, mut to, mut star) = (0, 0, None);
    while to < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, to));
            at += 1;
        } else if pattern.get(at) == Some(&text[to]) {
            at += 1;
            to += 1;
        } else if let Some((after, from)) = star {
            star = Some((after, from + 1));
            at = after;
            to = from + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
