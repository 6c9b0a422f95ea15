//! Goes through a document value by value, and reads only those that are asked for: several times faster than a
//! parser that is fed byte by byte. What is skipped must be JSON too; only its UTF-8 is not looked at.

use serde::de::DeserializeOwned;

use crate::read::{after, translate};
use crate::source::Source;
use crate::token::{self, DEPTH};
use crate::trouble::{Place, Trouble};

/// A place in a document, at which a value is about to begin. Each value must be taken, by one call, before the next.
#[derive(Debug)]
pub struct Cursor<F, E> {
    source: Source<F, E>,
    /// What was captured of the value in pieces before this one.
    captured: Vec<u8>,
    /// Where in this piece the captured value goes on.
    mark: Option<usize>,
}

impl<F, E> Cursor<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    /// Takes the one document of a source, which `take` must take as a value.
    ///
    /// # Errors
    /// If it cannot be read, is not JSON or not alone, or `take` fails.
    pub fn document<T>(
        source: Source<F, E>,
        take: impl FnOnce(&mut Self) -> Result<T, Trouble<E>>,
    ) -> Result<T, Trouble<E>> {
        let mut cursor = Self { source, captured: Vec::new(), mark: None };
        let value = take(&mut cursor)?;
        match cursor.token()? {
            None => Ok(value),
            Some(_) => {
                cursor.source.at += 1;
                Err(after(cursor.source.rest(), cursor.place()))
            }
        }
    }

    /// Takes an object: calls `take` at the value of each entry, with its key. `null` is an empty object.
    ///
    /// # Errors
    /// If it is not an object, or `take` fails.
    pub fn entries(
        &mut self,
        mut take: impl FnMut(&mut Self, &str) -> Result<(), Trouble<E>>,
    ) -> Result<(), Trouble<E>> {
        self.collection(b'{', b'}', "an object", |cursor| {
            let key: String = cursor.key()?;
            take(cursor, &key)
        })
    }

    /// Takes an object whose values all have the same form: reads each and hands it to `take`, with its key. `null`
    /// is an empty object.
    ///
    /// # Errors
    /// If it is not an object, or a value has not the form of `T`.
    pub fn each_entry<T: DeserializeOwned>(
        &mut self,
        mut take: impl FnMut(&str, T),
    ) -> Result<(), Trouble<E>> {
        self.entries(|cursor, key| {
            take(key, cursor.value()?);
            Ok(())
        })
    }

    /// Takes a list: reads each element and hands it to `take`. `null` is an empty list.
    ///
    /// # Errors
    /// If it is not a list, or an element has not the form of `T`.
    pub fn each<T: DeserializeOwned>(&mut self, mut take: impl FnMut(T)) -> Result<(), Trouble<E>> {
        self.collection(b'[', b']', "a list", |cursor| {
            take(cursor.value()?);
            Ok(())
        })
    }

    /// Takes any value, and reads it.
    ///
    /// # Errors
    /// If it is not JSON, or has not the form of `T`.
    pub fn value<T: DeserializeOwned>(&mut self) -> Result<T, Trouble<E>> {
        self.need()?;
        let start = self.place();
        self.mark = Some(self.source.at);
        self.captured.clear();
        self.skip()?;
        let mark = self.mark.take().unwrap_or_default();
        let tail = &self.source.piece[mark..self.source.at];
        let text = if self.captured.is_empty() {
            tail
        } else {
            self.captured.extend_from_slice(tail);
            &self.captured
        };
        serde_json::from_slice(text).map_err(|error| translate(&error, Some(start)))
    }

    /// Takes any value without reading it.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn skip(&mut self) -> Result<(), Trouble<E>> {
        // The brackets to be closed, the innermost last.
        let mut open = Vec::new();
        loop {
            match self.need()? {
                bracket @ (b'{' | b'[') => {
                    self.source.at += 1;
                    let close = bracket + 2;
                    if self.need()? == close {
                        self.source.at += 1;
                    } else if open.len() == DEPTH {
                        return Err(self.syntax("nested too deep"));
                    } else {
                        open.push(close);
                        self.key_if(close)?;
                        continue;
                    }
                }
                b'"' => self.string()?,
                _ => self.scalar()?,
            }
            // After a value, close all that ends here; then there is a comma, or it is over.
            loop {
                let Some(&close) = open.last() else {
                    return Ok(());
                };
                let next = self.need()?;
                self.source.at += 1;
                if next == b',' {
                    self.key_if(close)?;
                    break;
                }
                if next != close {
                    return Err(self.syntax("expected a comma or the end of a list or object"));
                }
                open.pop();
            }
        }
    }

    fn collection(
        &mut self,
        open: u8,
        close: u8,
        name: &str,
        mut take: impl FnMut(&mut Self) -> Result<(), Trouble<E>>,
    ) -> Result<(), Trouble<E>> {
        match self.need()? {
            b'n' => return self.scalar(),
            first if first == open => self.source.at += 1,
            _ => return Err(Trouble::Form(self.place(), format!("expected {name}"))),
        }
        if self.need()? == close {
            self.source.at += 1;
            return Ok(());
        }
        loop {
            take(self)?;
            let next = self.need()?;
            self.source.at += 1;
            match next {
                b',' => {}
                next if next == close => return Ok(()),
                _ => return Err(self.syntax("expected a comma or the end of a list or object")),
            }
        }
    }

    /// Takes a key and its colon, and reads it.
    fn key(&mut self) -> Result<String, Trouble<E>> {
        if self.need()? != b'"' {
            return Err(self.syntax("expected a key"));
        }
        let key = self.value()?;
        self.colon()?;
        Ok(key)
    }

    /// Takes a key and its colon, if this is within an object.
    fn key_if(&mut self, close: u8) -> Result<(), Trouble<E>> {
        if close != b'}' {
            return Ok(());
        }
        if self.need()? != b'"' {
            return Err(self.syntax("expected a key"));
        }
        self.string()?;
        self.colon()
    }

    fn colon(&mut self) -> Result<(), Trouble<E>> {
        if self.need()? != b':' {
            return Err(self.syntax("expected a colon"));
        }
        self.source.at += 1;
        Ok(())
    }

    /// Takes a string, whose first quote is here.
    fn string(&mut self) -> Result<(), Trouble<E>> {
        self.source.at += 1;
        loop {
            let rest = &self.source.piece[self.source.at..];
            let Some(end) = rest.iter().position(|&byte| token::SPECIAL[byte as usize]) else {
                self.source.at = self.source.piece.len();
                self.byte()?;
                continue;
            };
            let special = rest[end];
            self.source.at += end + 1;
            match special {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                _ => return Err(self.syntax("control character in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Trouble<E>> {
        let kind = self.byte()?;
        self.source.at += 1;
        if kind == b'u' {
            for _ in 0..4 {
                if !self.byte()?.is_ascii_hexdigit() {
                    return Err(self.syntax("invalid escape"));
                }
                self.source.at += 1;
            }
        } else if !b"\"\\/bfnrt".contains(&kind) {
            return Err(self.syntax("invalid escape"));
        }
        Ok(())
    }

    /// Takes a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<(), Trouble<E>> {
        let rest = &self.source.piece[self.source.at..];
        let is_valid = if let Some(end) = rest.iter().position(|&byte| !token::is_scalar_byte(byte)) {
            self.source.at += end;
            token::is_scalar(&rest[..end])
        } else {
            // It goes on in the next piece.
            let mut text = Vec::new();
            while let Some(byte) = self.peek()?.filter(|&byte| token::is_scalar_byte(byte)) {
                text.push(byte);
                self.source.at += 1;
            }
            token::is_scalar(&text)
        };
        if is_valid { Ok(()) } else { Err(self.syntax("expected a value")) }
    }

    /// The next byte that is not blank, which stays. Nothing at the end of the document.
    fn token(&mut self) -> Result<Option<u8>, Trouble<E>> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'\n' => self.source.new_line(),
                b' ' | b'\t' => {}
                byte => return Ok(Some(byte)),
            }
            self.source.at += 1;
        }
        Ok(None)
    }

    /// The next byte that is not blank, which stays.
    fn need(&mut self) -> Result<u8, Trouble<E>> {
        self.token()?.ok_or_else(|| Trouble::CutOff(self.place()))
    }

    /// The next byte, which stays.
    fn byte(&mut self) -> Result<u8, Trouble<E>> {
        self.peek()?.ok_or_else(|| Trouble::CutOff(self.place()))
    }

    /// The next byte, which stays. Nothing at the end of the document.
    #[inline]
    fn peek(&mut self) -> Result<Option<u8>, Trouble<E>> {
        if self.source.at == self.source.piece.len() {
            self.next_piece()?;
        }
        Ok(self.source.piece.get(self.source.at).copied())
    }

    #[cold]
    fn next_piece(&mut self) -> Result<(), Trouble<E>> {
        if let Some(mark) = &mut self.mark {
            self.captured.extend_from_slice(&self.source.piece[*mark..]);
            *mark = 0;
        }
        self.source.refill()
    }

    fn syntax(&self, problem: &str) -> Trouble<E> {
        Trouble::Syntax(self.place(), problem.to_owned())
    }

    /// Where the last byte taken is.
    pub fn place(&self) -> Place {
        self.source.place()
    }
}
