//! Visits a document value by value and parses only the values that the caller wants, which is several times faster than a
//! parser that reads byte by byte. Skipped values must be JSON too; only their UTF-8 is not checked.

use serde::de::DeserializeOwned;

use crate::error::{JsonPosition, ReadError};
use crate::source::Source;
use crate::stream::{from_serde, trailing};
use crate::token::{self, MAX_DEPTH};

/// A cursor in front of a value of a document. The caller must consume each value with one call before the next one.
#[derive(Debug)]
pub struct Cursor<F, E> {
    source: Source<F, E>,
    /// The bytes of the captured value in earlier chunks.
    captured: Vec<u8>,
    /// The index in this chunk at which the captured value begins or goes on; none if the cursor captures nothing.
    capture_start: Option<usize>,
}

impl<F, E> Cursor<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    /// Reads the only document of a source: `visit` must consume one value.
    ///
    /// # Errors
    /// The source cannot be read, is not JSON, contains something after the document, or `visit` fails.
    pub fn document<T>(
        source: Source<F, E>,
        visit: impl FnOnce(&mut Self) -> Result<T, ReadError<E>>,
    ) -> Result<T, ReadError<E>> {
        let mut cursor = Self { source, captured: Vec::new(), capture_start: None };
        let value = visit(&mut cursor)?;
        match cursor.peek_token()? {
            None => Ok(value),
            Some(_) => {
                cursor.source.consumed += 1;
                Err(trailing(cursor.source.last_byte_on(), cursor.position()))
            }
        }
    }

    /// Visits an object: calls `visit` in front of the value of each entry, with its key. `null` counts as an empty object.
    ///
    /// # Errors
    /// The value is not an object, or `visit` fails.
    pub fn visit_entries(
        &mut self,
        mut visit: impl FnMut(&mut Self, &str) -> Result<(), ReadError<E>>,
    ) -> Result<(), ReadError<E>> {
        self.collection(b'{', b'}', "an object", |cursor| {
            let key: String = cursor.key()?;
            visit(cursor, &key)
        })
    }

    /// Reads an object whose values have the same type and calls `visit` with each key and value. `null` counts as an empty
    /// object.
    ///
    /// # Errors
    /// The value is not an object, or one of its values does not match `T`.
    pub fn for_each_entry<T: DeserializeOwned>(
        &mut self,
        mut visit: impl FnMut(&str, T),
    ) -> Result<(), ReadError<E>> {
        self.visit_entries(|cursor, key| {
            visit(key, cursor.read_value()?);
            Ok(())
        })
    }

    /// Reads a list and calls `visit` with each element. `null` counts as an empty list.
    ///
    /// # Errors
    /// The value is not a list, or an element does not match `T`.
    pub fn for_each_element<T: DeserializeOwned>(
        &mut self,
        mut visit: impl FnMut(T),
    ) -> Result<(), ReadError<E>> {
        self.collection(b'[', b']', "a list", |cursor| {
            visit(cursor.read_value()?);
            Ok(())
        })
    }

    /// Reads one value.
    ///
    /// # Errors
    /// The value is not JSON, or does not match `T`.
    pub fn read_value<T: DeserializeOwned>(&mut self) -> Result<T, ReadError<E>> {
        self.require_token()?;
        let start = self.position();
        self.capture_start = Some(self.source.consumed);
        self.captured.clear();
        self.skip()?;
        let capture_start = self.capture_start.take().unwrap_or_default();
        let tail = &self.source.chunk[capture_start..self.source.consumed];
        let text = if self.captured.is_empty() {
            tail
        } else {
            self.captured.extend_from_slice(tail);
            &self.captured
        };
        serde_json::from_slice(text).map_err(|error| from_serde(&error, Some(start)))
    }

    /// Skips one value.
    ///
    /// # Errors
    /// The value is not JSON.
    pub fn skip(&mut self) -> Result<(), ReadError<E>> {
        // The closing brackets that are still missing, the innermost last.
        let mut unclosed = Vec::new();
        loop {
            match self.require_token()? {
                bracket @ (b'{' | b'[') => {
                    self.source.consumed += 1;
                    let close = bracket + 2;
                    if self.require_token()? == close {
                        self.source.consumed += 1;
                    } else if unclosed.len() == MAX_DEPTH {
                        return Err(self.syntax("nested too deeply"));
                    } else {
                        unclosed.push(close);
                        self.skip_key_in_object(close)?;
                        continue;
                    }
                }
                b'"' => self.string()?,
                _ => self.scalar()?,
            }
            // A value is complete: consume the brackets that close here, and then a comma unless this was the end.
            loop {
                let Some(&close) = unclosed.last() else {
                    return Ok(());
                };
                let next = self.require_token()?;
                self.source.consumed += 1;
                if next == b',' {
                    self.skip_key_in_object(close)?;
                    break;
                }
                if next != close {
                    return Err(self.syntax("expected a comma or the end of a list or object"));
                }
                unclosed.pop();
            }
        }
    }

    fn collection(
        &mut self,
        open: u8,
        close: u8,
        name: &str,
        mut visit: impl FnMut(&mut Self) -> Result<(), ReadError<E>>,
    ) -> Result<(), ReadError<E>> {
        match self.require_token()? {
            b'n' => return self.scalar(),
            first if first == open => self.source.consumed += 1,
            _ => return Err(ReadError::Structure(self.position(), format!("expected {name}"))),
        }
        if self.require_token()? == close {
            self.source.consumed += 1;
            return Ok(());
        }
        loop {
            visit(self)?;
            let next = self.require_token()?;
            self.source.consumed += 1;
            match next {
                b',' => {}
                next if next == close => return Ok(()),
                _ => return Err(self.syntax("expected a comma or the end of a list or object")),
            }
        }
    }

    /// Reads a key and consumes its colon.
    fn key(&mut self) -> Result<String, ReadError<E>> {
        if self.require_token()? != b'"' {
            return Err(self.syntax("expected a key"));
        }
        let key = self.read_value()?;
        self.colon()?;
        Ok(key)
    }

    /// Consumes a key and its colon if the closing bracket is that of an object.
    fn skip_key_in_object(&mut self, close: u8) -> Result<(), ReadError<E>> {
        if close != b'}' {
            return Ok(());
        }
        if self.require_token()? != b'"' {
            return Err(self.syntax("expected a key"));
        }
        self.string()?;
        self.colon()
    }

    fn colon(&mut self) -> Result<(), ReadError<E>> {
        if self.require_token()? != b':' {
            return Err(self.syntax("expected a colon"));
        }
        self.source.consumed += 1;
        Ok(())
    }

    /// Consumes a string; the next byte is its first quote.
    fn string(&mut self) -> Result<(), ReadError<E>> {
        self.source.consumed += 1;
        loop {
            let rest = &self.source.chunk[self.source.consumed..];
            let Some(end) = rest.iter().position(|&byte| token::SPECIAL[byte as usize]) else {
                self.source.consumed = self.source.chunk.len();
                self.require_byte()?;
                continue;
            };
            let special = rest[end];
            self.source.consumed += end + 1;
            match special {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                _ => return Err(self.syntax("control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), ReadError<E>> {
        let kind = self.require_byte()?;
        self.source.consumed += 1;
        if kind == b'u' {
            for _ in 0..4 {
                if !self.require_byte()?.is_ascii_hexdigit() {
                    return Err(self.syntax("invalid escape"));
                }
                self.source.consumed += 1;
            }
        } else if !b"\"\\/bfnrt".contains(&kind) {
            return Err(self.syntax("invalid escape"));
        }
        Ok(())
    }

    /// Consumes a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), ReadError<E>> {
        let rest = &self.source.chunk[self.source.consumed..];
        let is_valid = if let Some(end) = rest.iter().position(|&byte| !token::is_scalar_byte(byte)) {
            self.source.consumed += end;
            token::is_scalar(&rest[..end])
        } else {
            // The scalar may go on in the next chunk.
            let mut text = Vec::new();
            while let Some(byte) = self.peek()?.filter(|&byte| token::is_scalar_byte(byte)) {
                text.push(byte);
                self.source.consumed += 1;
            }
            token::is_scalar(&text)
        };
        if is_valid { Ok(()) } else { Err(self.syntax("expected a value")) }
    }

    /// Skips blanks and returns the next byte without consuming it; none at the end of the document.
    fn peek_token(&mut self) -> Result<Option<u8>, ReadError<E>> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'\n' => self.source.start_line(),
                b' ' | b'\t' => {}
                byte => return Ok(Some(byte)),
            }
            self.source.consumed += 1;
        }
        Ok(None)
    }

    /// Skips blanks and returns the next byte without consuming it.
    fn require_token(&mut self) -> Result<u8, ReadError<E>> {
        self.peek_token()?.ok_or_else(|| ReadError::CutOff(self.position()))
    }

    /// Returns the next byte without consuming it.
    fn require_byte(&mut self) -> Result<u8, ReadError<E>> {
        self.peek()?.ok_or_else(|| ReadError::CutOff(self.position()))
    }

    /// Returns the next byte without consuming it; none at the end of the document.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, ReadError<E>> {
        if self.source.consumed == self.source.chunk.len() {
            self.next_chunk()?;
        }
        Ok(self.source.chunk.get(self.source.consumed).copied())
    }

    #[cold]
    fn next_chunk(&mut self) -> Result<(), ReadError<E>> {
        if let Some(capture_start) = &mut self.capture_start {
            self.captured.extend_from_slice(&self.source.chunk[*capture_start..]);
            *capture_start = 0;
        }
        self.source.refill()
    }

    fn syntax(&self, reason: &str) -> ReadError<E> {
        ReadError::Syntax(self.position(), reason.to_owned())
    }

    /// The position of the last consumed byte.
    pub fn position(&self) -> JsonPosition {
        self.source.position()
    }
}
