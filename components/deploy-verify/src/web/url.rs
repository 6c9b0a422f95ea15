//! URLs of inputs. The host decides which of them a run may request.

use lockstep_sdk::InputError;

/// The longest URL of a request, in bytes.
pub const MAX_URL_BYTES: usize = 8000;

/// A valid URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Parses a URL.
    ///
    /// # Errors
    /// The URL is invalid.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let invalid = |message: &str, hint: &str| Err(InputError::new(format!("`url` {message}"), hint));
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return invalid("begins with neither `http://` nor `https://`", "write the whole URL");
        };
        if text.len() > MAX_URL_BYTES {
            return invalid("is longer than servers take", "shorten it to at most 8000 bytes");
        }
        if text.contains(|c: char| !c.is_ascii_graphic() || c == '\\') {
            let hint = "write each of these as `%` and two digits";
            return invalid("has a blank, a backslash or a character that is not ASCII", hint);
        }
        if text.contains('#') {
            return invalid("has a fragment, which no server receives", "remove the text from `#` on");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let host = &rest[..end];
        if host.contains('@') {
            return invalid("has a user or a password in it", "remove it and use `credentials`");
        }
        if host.is_empty() || host.starts_with(':') {
            return invalid("names no host", "write the host after `//`");
        }
        if host.contains(|c: char| c.is_ascii_uppercase()) {
            return invalid("has a host with capital letters", "write the host in lower case");
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Encodes the value of a query parameter: all bytes but letters, digits and `-._~` become `%` and two digits.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
