//! HTTP/1.1 as bytes: it reads heads and copies bodies byte for byte. It knows neither URLs nor S3.

use std::io::{BufRead, Error, ErrorKind, Read as _, Result, Write};

/// The maximum size of a head in bytes.
const HEAD: usize = 256 * 1024;

/// The first line and the headers of a request or a reply.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The first line, without the line end.
    pub line: String,
    /// Names and values in order, with names as sent.
    pub headers: Vec<(String, String)>,
    /// The bytes of the head, with the empty line at the end.
    pub raw: Vec<u8>,
}

/// The framing of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A body of this number of bytes.
    Length(u64),
    /// A chunked body.
    Chunked,
    /// A body up to the end of the connection.
    Rest,
}

/// The kind of a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// A part of the content.
    Content,
    /// The framing of chunks.
    Frame,
}

impl Head {
    /// Reads a head; none if the other side has closed the connection.
    ///
    /// # Errors
    /// The connection fails, or the bytes are not a head.
    pub fn read(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut head = Self::default();
        loop {
            let start = head.raw.len();
            from.take((HEAD - start) as u64).read_until(b'\n', &mut head.raw)?;
            let line = &head.raw[start..];
            if line.is_empty() && start == 0 {
                return Ok(None);
            }
            let Some(line) = line.strip_suffix(b"\n") else { return Err(wrong("a head without an end")) };
            let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned();
            if line.is_empty() {
                return Ok(Some(head));
            } else if head.line.is_empty() {
                head.line = line;
            } else {
                let (name, value) = line.split_once(':').ok_or_else(|| wrong("a header without a colon"))?;
                head.headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }

    /// The value of a header, without regard to the case of its name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The status of a reply.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.word(1).parse().unwrap_or(0)
    }

    /// A word of the first line: for a request its method and its target.
    #[must_use]
    pub fn word(&self, index: usize) -> &str {
        self.line.split(' ').nth(index).unwrap_or("")
    }

    /// The body that follows a request.
    #[must_use]
    pub fn body(&self) -> Body {
        self.framed().unwrap_or(Body::Length(0))
    }

    /// The body that follows a reply to a request of this method.
    #[must_use]
    pub fn reply_body(&self, method: &str) -> Body {
        if method == "HEAD" || matches!(self.status(), 100..=199 | 204 | 304) {
            return Body::Length(0);
        }
        self.framed().unwrap_or(Body::Rest)
    }

    fn framed(&self) -> Option<Body> {
        let chunked =
            self.header("transfer-encoding").is_some_and(|v| v.to_ascii_lowercase().contains("chunked"));
        let length = || self.header("content-length")?.parse().ok().map(Body::Length);
        if chunked { Some(Body::Chunked) } else { length() }
    }

    /// Whether the connection ends with this message.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.line.starts_with("HTTP/1.0")
            || self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// The value of a header, without regard to the case of its name.
#[must_use]
pub fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Passes the bytes of a body on as they arrive, with the framing of chunks.
///
/// # Errors
/// The connection fails or ends early, or `to` fails.
pub fn copy(
    from: &mut impl BufRead,
    body: Body,
    mut to: impl FnMut(Piece, &[u8]) -> Result<()>,
) -> Result<()> {
    match body {
        Body::Length(length) => content(from, Some(length), &mut to),
        Body::Rest => content(from, None, &mut to),
        Body::Chunked => loop {
            let line = line(from)?;
            to(Piece::Frame, &line)?;
            let text = String::from_utf8_lossy(&line);
            let size = text.split([';', '\r', '\n']).next().unwrap_or("").trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| wrong("a chunk without a size"))?;
            content(from, Some(size), &mut to)?;
            if size > 0 {
                let end = self::line(from)?;
                to(Piece::Frame, &end)?;
                continue;
            }
            // Trailers, then an empty line.
            loop {
                let line = self::line(from)?;
                to(Piece::Frame, &line)?;
                if matches!(line.as_slice(), b"\r\n" | b"\n") {
                    return Ok(());
                }
            }
        },
    }
}

/// The whole content of a body.
///
/// # Errors
/// The system cannot read the input.
pub fn content_of(from: &mut impl BufRead, body: Body) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    copy(from, body, |piece, bytes| {
        if piece == Piece::Content {
            content.extend_from_slice(bytes);
        }
        Ok(())
    })?;
    Ok(content)
}

/// Writes a reply that has a length and leaves the connection open.
///
/// # Errors
/// The system cannot write the file.
pub fn write_reply(
    to: &mut impl Write,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
    method: &str,
) -> Result<()> {
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("Content-Length: {}\r\n\r\n", body.len());
    let mut bytes = head.into_bytes();
    if method != "HEAD" {
        bytes.extend_from_slice(body);
    }
    to.write_all(&bytes)?;
    to.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        200..=299 => "OK",
        300..=399 => "Elsewhere",
        400..=499 => "Not so",
        _ => "Not now",
    }
}

fn content(
    from: &mut impl BufRead,
    mut left: Option<u64>,
    to: &mut impl FnMut(Piece, &[u8]) -> Result<()>,
) -> Result<()> {
    while left != Some(0) {
        let bytes = from.fill_buf()?;
        let count = left.map_or(bytes.len() as u64, |left| left.min(bytes.len() as u64));
        if count == 0 {
            return if left.is_none() { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) };
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        to(Piece::Content, &bytes[..count])?;
        from.consume(count);
        left = left.map(|left| left - count as u64);
    }
    Ok(())
}

fn line(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut line = Vec::new();
    from.take(HEAD as u64).read_until(b'\n', &mut line)?;
    if line.ends_with(b"\n") { Ok(line) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_chunked_body_passes_unchanged_and_gives_its_content() {
        let sent = b"5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 1\r\n\r\nnext";
        let mut from = &sent[..];
        let (mut all, mut content) = (Vec::new(), Vec::new());
        copy(&mut from, Body::Chunked, |piece, bytes| {
            all.extend_from_slice(bytes);
            if piece == Piece::Content {
                content.extend_from_slice(bytes);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!((all.as_slice(), content.as_slice()), (&sent[..sent.len() - 4], &b"hello world"[..]));
        assert_eq!(from, b"next");
    }

    #[test]
    fn a_body_that_ends_early_is_an_error() {
        assert!(content_of(&mut &b"abc"[..], Body::Length(4)).is_err());
        assert!(content_of(&mut &b"5\r\nabc"[..], Body::Chunked).is_err());
        assert_eq!(content_of(&mut &b"abc"[..], Body::Rest).unwrap(), b"abc");
    }

    #[test]
    fn heads_are_read_one_after_the_other() {
        let mut from = &b"GET /a?b=1 HTTP/1.1\r\nHost: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"[..];
        let head = Head::read(&mut from).unwrap().unwrap();
        assert_eq!((head.word(0), head.word(1), head.header("HOST")), ("GET", "/a?b=1", Some("x")));
        assert_eq!((head.body(), head.raw.len()), (Body::Length(0), 32));
        let head = Head::read(&mut from).unwrap().unwrap();
        assert_eq!((head.status(), head.reply_body("GET")), (204, Body::Length(0)));
        assert!(Head::read(&mut from).unwrap().is_none());
        assert!(Head::read(&mut &b"GET / HTTP/1.1\r\nno colon\r\n\r\n"[..]).is_err());
        assert!(Head::read(&mut &b"GET / HT"[..]).is_err());
    }
}
