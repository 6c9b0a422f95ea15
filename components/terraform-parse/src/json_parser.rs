//! Parses a value in one pass. Text that is not JSON is an error, even though a caller usually knows that it is JSON.

use std::borrow::Cow;

use crate::json::{Json, JsonError, MAX_DEPTH, has_duplicate_key};

/// Parses the only value of a text.
///
/// # Errors
/// The text is not one JSON value, or contains something that [`Json`] cannot keep exactly.
pub(crate) fn parse(text: &str) -> Result<Json<'_>, JsonError> {
    let mut parser = Parser { rest: text };
    let value = parser.value(MAX_DEPTH)?;
    if parser.peek().is_some() { Err(JsonError::Syntax) } else { Ok(value) }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        let inner_depth = || depth.checked_sub(1).ok_or(JsonError::TooDeep);
        match self.peek().ok_or(JsonError::Syntax)? {
            b'"' => Ok(Json::String(self.string()?)),
            b'[' => {
                let depth = inner_depth()?;
                Ok(Json::List(self.elements(b']', |parser| parser.value(depth))?))
            }
            b'{' => {
                let depth = inner_depth()?;
                let members = self.elements(b'}', |parser| {
                    let key = parser.string()?;
                    parser.expect(b':')?;
                    Ok((key, parser.value(depth)?))
                })?;
                let is_duplicate = has_duplicate_key(members.iter().map(|(key, _)| key.as_ref()));
                if is_duplicate { Err(JsonError::DuplicateKey) } else { Ok(Json::Object(members)) }
            }
            _ => self.scalar(),
        }
    }

    /// Parses an opening bracket, elements with commas between them, and the closing bracket.
    fn elements<T>(
        &mut self,
        close: u8,
        mut element: impl FnMut(&mut Self) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        self.skip(1);
        let mut elements = Vec::new();
        if self.peek() == Some(close) {
            self.skip(1);
            return Ok(elements);
        }
        loop {
            elements.push(element(self)?);
            if self.peek() == Some(close) {
                self.skip(1);
                return Ok(elements);
            }
            self.expect(b',')?;
        }
    }

    /// Parses a string. Without escapes, it borrows from the text.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"')?;
        let rest = self.rest;
        let mut length = 0;
        let mut has_escapes = false;
        loop {
            let mut bytes = rest.as_bytes()[length..].iter();
            length += bytes.position(|byte| matches!(byte, b'"' | b'\\')).ok_or(JsonError::Syntax)?;
            if rest.as_bytes()[length] == b'"' {
                break;
            }
            has_escapes = true;
            length += 2;
            if !rest.is_char_boundary(length) {
                return Err(JsonError::Syntax);
            }
        }
        self.skip(length + 1);
        let text = &rest[..length];
        if !has_escapes {
            return Ok(Cow::Borrowed(text));
        }
        // JSON allows halves of surrogate pairs, which are not Unicode.
        serde_json::from_str(&format!("\"{text}\"")).map(Cow::Owned).map_err(|_| JsonError::NotUnicode)
    }

    /// Parses a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Json<'a>, JsonError> {
        let rest = self.rest;
        let end = rest.find([',', ']', '}', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
        self.skip(end);
        match &rest[..end] {
            "null" => Ok(Json::Null),
            "true" => Ok(Json::Bool(true)),
            "false" => Ok(Json::Bool(false)),
            number => serde_json::from_str(number).map(Json::Number).map_err(|_| JsonError::Syntax),
        }
    }

    /// Skips blanks and returns the next byte without consuming it.
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.bytes().next()
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.skip(1);
            Ok(())
        } else {
            Err(JsonError::Syntax)
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
        /// The parser rejects text that is not JSON, and never panics.
        #[test]
        fn accepted_text_is_json(text in r#"([\[\]{}:," ntrue0-9.\\é-]|null|"a"|\\u00e9|\\ud83d){0,24}"#) {
            if parse(&text).is_ok() {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{text}");
            }
        }
    }
}
