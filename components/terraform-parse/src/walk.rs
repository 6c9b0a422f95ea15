//! Reads a value out of text that is known to be JSON in one pass, however deep it is. Whatever is not as JSON has
//! it is a flaw, never a guess.

use std::borrow::Cow;

use crate::json::{DEPTH, Flaw, Json, has_twice};

/// The one value of a text.
///
/// # Errors
/// If it holds what [`Json`] cannot keep exactly, or the text is not JSON after all.
pub(crate) fn value(text: &str) -> Result<Json<'_>, Flaw> {
    let mut walk = Walk { rest: text };
    let value = walk.value(DEPTH)?;
    if walk.peek().is_some() { Err(Flaw::Syntax) } else { Ok(value) }
}

struct Walk<'a> {
    rest: &'a str,
}

impl<'a> Walk<'a> {
    fn value(&mut self, depth: usize) -> Result<Json<'a>, Flaw> {
        let within = || depth.checked_sub(1).ok_or(Flaw::TooDeep);
        match self.peek().ok_or(Flaw::Syntax)? {
            b'"' => Ok(Json::String(self.string()?)),
            b'[' => {
                let depth = within()?;
                Ok(Json::List(self.all(b']', |walk| walk.value(depth))?))
            }
            b'{' => {
                let depth = within()?;
                let members = self.all(b'}', |walk| {
                    let key = walk.string()?;
                    walk.take(b':')?;
                    Ok((key, walk.value(depth)?))
                })?;
                let twice = has_twice(members.iter().map(|(key, _)| key.as_ref()));
                if twice { Err(Flaw::DuplicateKey) } else { Ok(Json::Object(members)) }
            }
            _ => self.word(),
        }
    }

    /// What stands between an opening bracket and the closing one.
    fn all<T>(
        &mut self,
        close: u8,
        mut one: impl FnMut(&mut Self) -> Result<T, Flaw>,
    ) -> Result<Vec<T>, Flaw> {
        self.skip(1);
        let mut all = Vec::new();
        if self.peek() == Some(close) {
            self.skip(1);
            return Ok(all);
        }
        loop {
            all.push(one(self)?);
            if self.peek() == Some(close) {
                self.skip(1);
                return Ok(all);
            }
            self.take(b',')?;
        }
    }

    /// A string. One without escapes is not copied.
    fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        self.take(b'"')?;
        let all = self.rest;
        let mut length = 0;
        let mut escaped = false;
        loop {
            let mut bytes = all.as_bytes()[length..].iter();
            length += bytes.position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Flaw::Syntax)?;
            if all.as_bytes()[length] == b'"' {
                break;
            }
            escaped = true;
            length += 2;
            if !all.is_char_boundary(length) {
                return Err(Flaw::Syntax);
            }
        }
        self.skip(length + 1);
        let text = &all[..length];
        if !escaped {
            return Ok(Cow::Borrowed(text));
        }
        // JSON allows halves of surrogate pairs, which are no text.
        serde_json::from_str(&format!("\"{text}\"")).map(Cow::Owned).map_err(|_| Flaw::NotUnicode)
    }

    /// A number, or one of the three words.
    fn word(&mut self) -> Result<Json<'a>, Flaw> {
        let all = self.rest;
        let end = all.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(all.len());
        self.skip(end);
        match &all[..end] {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            number => serde_json::from_str(number).map(Json::Number).map_err(|_| Flaw::Syntax),
        }
    }

    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.bytes().next()
    }

    fn take(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.peek() == Some(byte) {
            self.skip(1);
            Ok(())
        } else {
            Err(Flaw::Syntax)
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Text that is not JSON is a flaw; it is never read half, and never ends the program.
        #[test]
        fn what_is_read_is_json(text in r#"([\[\]{}:," ntrue0-9.\\é-]|null|"a"|\\u00e9|\\ud83d){0,24}"#) {
            if value(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{text}");
            }
        }
    }
}
