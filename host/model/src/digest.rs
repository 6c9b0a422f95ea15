//! Digests: SHA-256 for names and receipts, CRC-32 for the embedded machine code.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::{self, Read};

/// The SHA-256 of some bytes, printed as `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of all bytes of a reader, and their number. It holds only one buffer of them.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn of_reader(mut reader: impl Read) -> io::Result<(Self, u64)> {
        let (mut hash, mut total) = (Sha256::new(), 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok((Self(hash.finalize().into()), total)),
                Ok(length) => {
                    hash.update(&buffer[..length]);
                    total += length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The digest of a value's JSON without white space. It holds only a part of the text at a time.
    #[must_use]
    pub fn of_json(value: &impl serde::Serialize) -> Self {
        let mut hash = Hash(Sha256::new());
        // Hashing cannot fail, and every value here has a JSON form.
        let _ = serde_json::to_writer(io::BufWriter::new(&mut hash), value);
        Self(hash.0.finalize().into())
    }

    /// Parses the printed form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64)?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
            let lower = pair.iter().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(c));
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|_| lower)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The 64 digits alone.
    #[must_use]
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    // Each record of a run has some digests, so this does without the slower formatter.
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// A hash as a writer.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

/// The CRC-32 of the machine code that is embedded in the program. The program checks it at every start, so it must be
/// fast. It shows damage. It cannot show an attack, because an attacker could change code and checksum together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum(u32);

impl Checksum {
    /// The checksum of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(crc32fast::hash(bytes))
    }

    /// Parses the printed form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("crc32:").filter(|digits| digits.len() == 8)?;
        u32::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crc32:{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_form_is_read_back() {
        let digest = Digest::of(b"");
        let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest.to_string(), text);
        assert_eq!(Digest::parse(text), Some(digest));
        assert_eq!(Digest::parse(&text.to_uppercase()), None);
        assert_eq!(Digest::parse("sha256:e3"), None);
    }

    #[test]
    fn a_value_has_the_digest_of_its_text() {
        let value = serde_json::json!({"b": [1, "x"], "a": null});
        assert_eq!(Digest::of_json(&value), Digest::of(br#"{"b":[1,"x"],"a":null}"#));
    }

    #[test]
    fn a_reader_has_the_digest_of_its_bytes() {
        let bytes = vec![7; 200_000];
        assert_eq!(Digest::of_reader(bytes.as_slice()).unwrap(), (Digest::of(&bytes), 200_000));
    }

    #[test]
    fn a_checksum_is_read_back() {
        let checksum = Checksum::of(b"code");
        assert_eq!(Checksum::parse(&checksum.to_string()), Some(checksum));
        assert_eq!(Checksum::parse("crc32:00"), None);
        assert_ne!(Checksum::of(b"code"), Checksum::of(b"c0de"));
    }
}
