//! URLs as inputs may spell them. It never looks a name up, and leaves it to the host what may be asked for.

use lockstep_glue::Mistake;

/// The longest URL that a request may have.
pub const LONGEST: usize = 8000;

/// The address of something on a web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(String);

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Self, Mistake> {
        let wrong = |message: &str, hint: &str| Err(Mistake::new(format!("`url` {message}"), hint));
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return wrong("begins with neither `http://` nor `https://`", "write the whole URL");
        };
        if text.len() > LONGEST {
            return wrong("is longer than servers take", "shorten it to at most 8000 bytes");
        }
        if text.contains(|c: char| !c.is_ascii_graphic() || c == '\\') {
            let hint = "write each of these as `%` and two digits";
            return wrong("has a blank, a backslash or a character that is not ASCII", hint);
        }
        if text.contains('#') {
            return wrong("has a `#`, which no server sees", "leave out what begins with `#`");
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let host = &rest[..end];
        if host.contains('@') {
            return wrong("has a user or a password in it", "take it out and give it with `credentials`");
        }
        if host.is_empty() || host.starts_with(':') {
            return wrong("names no host", "write the host after `//`");
        }
        if host.contains(|c: char| c.is_ascii_uppercase()) {
            return wrong("has a host with capital letters", "write the host in lower case");
        }
        Ok(Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text as the value of a parameter in a URL: all but letters, digits and `-._~` as `%` and two digits.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}
