//! Headers to send, and headers that responses must have.

use std::fmt;

use lockstep_sdk::InputError;
use lockstep_sdk::http::{Header, Response};

use crate::web::{header_values, quoted_list};

/// Headers of the connection and of the message format, which the host sets.
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

/// A header that a response must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPattern {
    /// Its name in lower case.
    name: String,
    /// Its value, where `*` stands for any text.
    value: String,
}

impl HeaderPattern {
    /// Parses `NAME: VALUE`.
    ///
    /// # Errors
    /// The text is invalid.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let (name, value) = parse_header("header", text)?;
        Ok(Self { name: name.to_ascii_lowercase(), value })
    }

    /// Checks that the response has it.
    ///
    /// # Errors
    /// A description of the values that the response has for this name.
    pub fn check(&self, response: &Response) -> Result<(), String> {
        let values: Vec<&str> = header_values(response, &self.name).collect();
        if values.iter().any(|value| matches(&self.value, value)) {
            return Ok(());
        }
        Err(match values.as_slice() {
            [] => format!("no header `{}`", self.name),
            values => format!("header `{}` with {}", self.name, quoted_list(values)),
        })
    }
}

impl fmt::Display for HeaderPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.name, self.value)
    }
}

/// Parses a header to send.
///
/// # Errors
/// The text is invalid, or the step does not send this header.
pub(super) fn parse_request_header(text: &str) -> Result<Header, InputError> {
    let (name, value) = parse_header("send", text)?;
    let lower = name.to_ascii_lowercase();
    if lower == "authorization" {
        let message = "`send` has the header `authorization`, which everybody can read there";
        return Err(InputError::new(message, "use `credentials` with the name of a secret"));
    }
    if FRAMING.contains(&lower.as_str()) || lower.starts_with("proxy-") {
        return Err(InputError::new(
            format!("`send` has the header `{lower}`, which only the host sets"),
            "remove it",
        ));
    }
    if lower == "accept-encoding" {
        let message = "`send` requests a compressed body, which this step cannot read";
        return Err(InputError::new(message, "remove `accept-encoding`"));
    }
    Ok(Header { name, value })
}

/// Parses `NAME: VALUE`.
fn parse_header(input: &str, text: &str) -> Result<(String, String), InputError> {
    let invalid = || {
        let message =
            format!("`{input}` has {}, which is not of the form `NAME: VALUE`", quoted_list(&[text]));
        InputError::new(message, "write the name, a colon, and the value, such as `accept: text/html`")
    };
    let (name, value) = text.split_once(':').ok_or_else(invalid)?;
    let (name, value) = (name.trim(), value.trim());
    if !is_name(name) || value.is_empty() {
        return Err(invalid());
    }
    if value.contains(|c: char| c.is_control() && c != '\t') || input == "send" && !value.is_ascii() {
        let message = format!("the value of `{name}` in `{input}` has characters that no header can have");
        return Err(InputError::new(message, "write it in one line of ASCII"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether a text is a valid name of a header.
pub(super) fn is_name(text: &str) -> bool {
    let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_valid)
}

/// Whether a pattern with `*` matches a text. Only the last `*` backtracks, so the time is at most the product of their
/// lengths.
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
