//! Digests of bytes that are in memory, and entity tags. It reads no file.

use md5::Md5;
use sha2::{Digest as _, Sha256};

use crate::host::{Algorithm, Part};

/// The digest of these bytes in lower-case hexadecimal digits.
#[must_use]
pub fn of_bytes(bytes: &[u8], algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
        Algorithm::Md5 => hex(&Md5::digest(bytes)),
        Algorithm::Crc32c => format!("{:08x}", !crc(bytes, 0x82F6_3B78, u32::MAX.into()) as u32),
        Algorithm::Crc64nvme => format!("{:016x}", !crc(bytes, 0x9A6C_9329_AC4B_C9B5, u64::MAX)),
    }
}

/// A checksum whose polynomial is written with its lowest power first. A bit at a time is quick enough for a manifest.
fn crc(bytes: &[u8], polynomial: u64, start: u64) -> u64 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ (polynomial & (crc & 1).wrapping_neg()))
    })
}

/// What an entity tag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag<'t> {
    /// It may be this MD5 of the content.
    Whole(&'t str),
    /// It may be the MD5 of the MD5s of so many parts.
    Parts(u64),
    /// Nothing about the content.
    Other,
}

/// Reads an entity tag.
#[must_use]
pub fn read_tag(tag: &str) -> Tag<'_> {
    let is_md5 =
        |text: &str| text.len() == 32 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    match tag.split_once('-') {
        None if is_md5(tag) => Tag::Whole(tag),
        Some((md5, count)) if is_md5(md5) => count.parse().map_or(Tag::Other, Tag::Parts),
        _ => Tag::Other,
    }
}

/// The entity tag of an object of parts with these MD5s; none if they are no MD5s.
#[must_use]
pub fn tag_of_parts<'m>(md5s: impl IntoIterator<Item = &'m str>) -> Option<String> {
    let (mut all, mut count) = (Md5::new(), 0);
    for md5 in md5s {
        let Tag::Whole(md5) = read_tag(md5) else { return None };
        for at in (0..md5.len()).step_by(2) {
            all.update([u8::from_str_radix(&md5[at..at + 2], 16).ok()?]);
        }
        count += 1;
    }
    Some(format!("{}-{count}", hex(&all.finalize())))
}

/// The entity tag of an object of these parts.
#[must_use]
pub fn tag_of(parts: &[Part]) -> Option<String> {
    tag_of_parts(parts.iter().map(|part| part.etag.as_str()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_catalogues() {
        for (algorithm, expected) in [
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64nvme, "ae8b14860a799888"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            assert_eq!(of_bytes(b"123456789", algorithm), expected);
        }
    }

    #[test]
    fn a_tag_of_parts_is_the_md5_of_their_md5s() {
        let (a, b) = (of_bytes(b"a", Algorithm::Md5), of_bytes(b"b", Algorithm::Md5));
        // `printf a | md5sum`, `printf b | md5sum`, both as bytes through `md5sum`.
        assert_eq!(tag_of_parts([a.as_str(), &b]).as_deref(), Some("96e024ba2074fe77e8e965ba43a704be-2"));
        assert_eq!(tag_of_parts(["x"]), None);
        assert_eq!(read_tag(&format!("{a}-12")), Tag::Parts(12));
        assert_eq!(read_tag(&a), Tag::Whole(&a));
        assert_eq!([read_tag(""), read_tag("\u{fc}-1"), read_tag(&format!("{a}-x"))], [Tag::Other; 3]);
    }
}
