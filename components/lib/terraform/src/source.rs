//! Fetches a document in chunks and checks its encoding on the way. It holds one chunk at a time.

use std::io::{self, Read};

use crate::error::{JsonPosition, ReadError};

/// The bytes of one chunk: what [`Source`] asks for at once.
pub const CHUNK_BYTES: u32 = 1024 * 1024;

/// Reads a document with a function that returns at most `length` bytes from `offset`, and none at the end.
#[derive(Debug)]
pub struct Source<F, E> {
    fetch: F,
    /// The current chunk, and how many of its bytes are consumed.
    pub(crate) chunk: Vec<u8>,
    pub(crate) consumed: usize,
    /// The offset of the end of the chunk in the document.
    offset: u64,
    /// Whether the first `{` is found.
    started: bool,
    /// The current line, and the offset of its first byte. Only a caller of `start_line` keeps them up to date.
    line: usize,
    line_start: u64,
    error: Option<ReadError<E>>,
}

impl<F, E> Source<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    /// Creates a source. It fetches nothing yet.
    pub fn new(fetch: F) -> Self {
        Self {
            fetch,
            chunk: Vec::new(),
            consumed: 0,
            offset: 0,
            started: false,
            line: 1,
            line_start: 0,
            error: None,
        }
    }

    /// Fetches and returns the next chunk; it is empty at the end.
    pub(crate) fn next_chunk(&mut self) -> Result<&[u8], ReadError<E>> {
        self.refill()?;
        Ok(&self.chunk)
    }

    /// The error behind an [`io::Error`] of this source, if there was one.
    pub(crate) fn take_error(&mut self) -> Option<ReadError<E>> {
        self.error.take()
    }

    /// The last consumed byte and the rest of the chunk.
    pub(crate) fn last_byte_on(&self) -> &[u8] {
        self.chunk.get(self.consumed.saturating_sub(1)..).unwrap_or_default()
    }

    /// Counts a line: the next byte is a line feed.
    pub(crate) fn start_line(&mut self) {
        self.line += 1;
        self.line_start = self.consumed_bytes() + 1;
    }

    /// The position of the last consumed byte.
    pub(crate) fn position(&self) -> JsonPosition {
        let column = self.consumed_bytes().saturating_sub(self.line_start);
        JsonPosition { line: self.line, column: usize::try_from(column).unwrap_or(usize::MAX) }
    }

    /// The consumed bytes of the whole document.
    fn consumed_bytes(&self) -> u64 {
        self.offset - (self.chunk.len() - self.consumed) as u64
    }

    /// Fetches the next chunk; it is empty at the end.
    pub(crate) fn refill(&mut self) -> Result<(), ReadError<E>> {
        self.chunk = (self.fetch)(self.offset, CHUNK_BYTES).map_err(ReadError::Fetch)?;
        self.consumed = 0;
        let is_first = self.offset == 0;
        self.offset += self.chunk.len() as u64;
        if !self.started {
            self.started = check_start(&self.chunk, is_first)?;
        }
        if self.chunk.contains(&b'\r') {
            return Err(ReadError::CarriageReturn);
        }
        Ok(())
    }

    #[cold]
    fn refill_for_reader(&mut self) -> io::Result<()> {
        // A parser may read again after an error.
        if self.error.is_none() {
            self.error = self.refill().err();
        }
        if self.error.is_none() {
            return Ok(());
        }
        (self.chunk, self.consumed) = (Vec::new(), 0);
        Err(io::Error::other("see `take_error`"))
    }
}

/// Checks the beginning of the document. Returns false while there are only blanks.
fn check_start<E>(chunk: &[u8], is_first: bool) -> Result<bool, ReadError<E>> {
    if is_first && chunk.starts_with(b"\xEF\xBB\xBF") {
        return Err(ReadError::ByteOrderMark);
    }
    if is_first && (chunk.starts_with(b"\xFF\xFE") || chunk.starts_with(b"\xFE\xFF")) {
        return Err(ReadError::Utf16);
    }
    if is_first && chunk.starts_with(b"PK\x03\x04") {
        return Err(ReadError::SavedPlan);
    }
    let text = chunk.trim_ascii_start();
    match text.first() {
        None if chunk.is_empty() => Err(ReadError::Empty),
        None => Ok(false),
        Some(b'{') => Ok(true),
        Some(_) if is_wrapper_line(text) => Err(ReadError::WrapperLine(None)),
        Some(_) => Err(ReadError::TextBefore),
    }
}

/// Whether this begins with a line that a wrapper of Terraform prints: the command, or a workflow command.
pub(crate) fn is_wrapper_line(text: &[u8]) -> bool {
    text.starts_with(b"[command]") || text.starts_with(b"::")
}

impl<F, E> Read for Source<F, E>
where
    F: FnMut(u64, u32) -> Result<Vec<u8>, E>,
{
    // A parser reads one byte at a time, so this must compile to a compare and a load.
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.consumed == self.chunk.len() {
            self.refill_for_reader()?;
        }
        let rest = &self.chunk[self.consumed..];
        if let ([byte], Some(&next)) = (&mut *out, rest.first()) {
            *byte = next;
            self.consumed += 1;
            return Ok(1);
        }
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.consumed += count;
        Ok(count)
    }
}
