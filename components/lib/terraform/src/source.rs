//! The bytes of a document, fetched a piece at a time and looked at on the way. Never holds more than one piece.

use std::io::{self, Read};

use crate::trouble::{Place, Trouble};

/// How many bytes are asked for at once.
pub const PIECE: u32 = 1024 * 1024;

/// Reads a document by a function that gives at most `length` bytes from `offset`, and none at its end.
#[derive(Debug)]
pub struct Source<F, E> {
    fetch: F,
    /// What was fetched last, and how much of it was taken.
    pub(crate) piece: Vec<u8>,
    pub(crate) at: usize,
    /// Where the piece ends.
    offset: u64,
    begun: bool,
    /// The line, and where in the document it begins, as far as somebody counts.
    line: usize,
    line_start: u64,
    trouble: Option<Trouble<E>>,
}

impl<F, E> Source<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    /// Nothing is fetched yet.
    pub fn new(fetch: F) -> Self {
        Self {
            fetch,
            piece: Vec::new(),
            at: 0,
            offset: 0,
            begun: false,
            line: 1,
            line_start: 0,
            trouble: None,
        }
    }

    /// The next piece, which is empty at the end.
    pub(crate) fn next(&mut self) -> Result<&[u8], Trouble<E>> {
        self.refill()?;
        Ok(&self.piece)
    }

    /// What stopped the reading, if the bytes themselves did.
    pub(crate) fn trouble(&mut self) -> Option<Trouble<E>> {
        self.trouble.take()
    }

    /// The byte that was read last, and those that follow it in the same piece.
    pub(crate) fn rest(&self) -> &[u8] {
        self.piece.get(self.at.saturating_sub(1)..).unwrap_or_default()
    }

    /// The next byte is a line feed.
    pub(crate) fn new_line(&mut self) {
        self.line += 1;
        self.line_start = self.taken() + 1;
    }

    /// Where the byte is that was taken last.
    pub(crate) fn place(&self) -> Place {
        let column = self.taken().saturating_sub(self.line_start);
        Place { line: self.line, column: usize::try_from(column).unwrap_or(usize::MAX) }
    }

    fn taken(&self) -> u64 {
        self.offset - (self.piece.len() - self.at) as u64
    }

    /// Gets the next piece, which is empty at the end.
    pub(crate) fn refill(&mut self) -> Result<(), Trouble<E>> {
        self.piece = (self.fetch)(self.offset, PIECE).map_err(Trouble::Unread)?;
        self.at = 0;
        let first = self.offset == 0;
        self.offset += self.piece.len() as u64;
        if !self.begun {
            self.begun = begins(&self.piece, first)?;
        }
        if self.piece.contains(&b'\r') {
            return Err(Trouble::CarriageReturn);
        }
        Ok(())
    }

    #[cold]
    fn next_piece(&mut self) -> io::Result<()> {
        // A parser may ask again after an error.
        if self.trouble.is_none() {
            self.trouble = self.refill().err();
        }
        if self.trouble.is_none() {
            return Ok(());
        }
        (self.piece, self.at) = (Vec::new(), 0);
        Err(io::Error::other("see the trouble"))
    }
}

/// Whether the document has begun with this piece of it.
fn begins<E>(piece: &[u8], first: bool) -> Result<bool, Trouble<E>> {
    if first && piece.starts_with(b"\xEF\xBB\xBF") {
        return Err(Trouble::ByteOrderMark);
    }
    if first && (piece.starts_with(b"\xFF\xFE") || piece.starts_with(b"\xFE\xFF")) {
        return Err(Trouble::Utf16);
    }
    if first && piece.starts_with(b"PK\x03\x04") {
        return Err(Trouble::SavedPlan);
    }
    let text = piece.trim_ascii_start();
    match text.first() {
        None if piece.is_empty() => Err(Trouble::Empty),
        None => Ok(false),
        Some(b'{') => Ok(true),
        Some(_) if is_wrapper(text) => Err(Trouble::Wrapper(None)),
        Some(_) => Err(Trouble::TextBefore),
    }
}

/// Whether this begins with a line that a wrapper of the command prints: the command, or a workflow command.
pub(crate) fn is_wrapper(text: &[u8]) -> bool {
    text.starts_with(b"[command]") || text.starts_with(b"::")
}

impl<F, E> Read for Source<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    // A parser asks for one byte at a time, so this must come down to a compare and a load.
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.piece.len() {
            self.next_piece()?;
        }
        let rest = &self.piece[self.at..];
        if let ([byte], Some(&next)) = (&mut *out, rest.first()) {
            *byte = next;
            self.at += 1;
            return Ok(1);
        }
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
