//! Digests of bytes in memory, and entity tags. It reads no file.

use lockstep_sdk::objects::{ChecksumAlgorithm, PartInfo};
use lockstep_sdk::workspace::Algorithm;
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// The algorithm for files that computes the checksums of a store.
#[must_use]
pub fn file_algorithm(algorithm: ChecksumAlgorithm) -> Algorithm {
    match algorithm {
        ChecksumAlgorithm::Crc64nvme => Algorithm::Crc64nvme,
        ChecksumAlgorithm::Crc32c => Algorithm::Crc32c,
        ChecksumAlgorithm::Sha256 => Algorithm::Sha256,
    }
}

/// The digest of these bytes in lower-case hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8], algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Sha256 => hex(&Sha256::digest(bytes)),
        Algorithm::Md5 => hex(&Md5::digest(bytes)),
        Algorithm::Crc32c => format!("{:08x}", !crc(bytes, 0x82F6_3B78, u32::MAX.into()) as u32),
        Algorithm::Crc64nvme => format!("{:016x}", !crc(bytes, 0x9A6C_9329_AC4B_C9B5, u64::MAX)),
    }
}

/// The digests of the chunks of these bytes, or of all bytes; as the host computes them for files.
#[must_use]
pub fn chunk_digests(bytes: &[u8], algorithm: Algorithm, chunk_bytes: Option<u64>) -> Vec<String> {
    match chunk_bytes.filter(|_| !bytes.is_empty()) {
        None => vec![digest(bytes, algorithm)],
        Some(size) => {
            let size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
            bytes.chunks(size).map(|chunk| digest(chunk, algorithm)).collect()
        }
    }
}

/// A reflected CRC. One bit at a time is fast enough for a manifest.
fn crc(bytes: &[u8], polynomial: u64, start: u64) -> u64 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ (polynomial & (crc & 1).wrapping_neg()))
    })
}

/// What an entity tag may say about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityTag<'t> {
    /// The MD5 of the content.
    Md5(&'t str),
    /// The MD5 of the MD5s of this many parts.
    Multipart(u64),
    /// Nothing.
    Opaque,
}

/// Parses an entity tag.
#[must_use]
pub fn parse_etag(etag: &str) -> EntityTag<'_> {
    let is_md5 =
        |text: &str| text.len() == 32 && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    match etag.split_once('-') {
        None if is_md5(etag) => EntityTag::Md5(etag),
        Some((md5, count)) if is_md5(md5) => count.parse().map_or(EntityTag::Opaque, EntityTag::Multipart),
        _ => EntityTag::Opaque,
    }
}

/// The entity tag of an object whose parts have these MD5s; none if one of them is no MD5.
#[must_use]
pub fn multipart_etag<'m>(md5s: impl IntoIterator<Item = &'m str>) -> Option<String> {
    let (mut all, mut count) = (Md5::new(), 0);
    for md5 in md5s {
        let EntityTag::Md5(md5) = parse_etag(md5) else { return None };
        for index in (0..md5.len()).step_by(2) {
            all.update([u8::from_str_radix(&md5[index..index + 2], 16).ok()?]);
        }
        count += 1;
    }
    Some(format!("{}-{count}", hex(&all.finalize())))
}

/// The entity tag of an object of these parts.
#[must_use]
pub fn etag_of_parts(parts: &[PartInfo]) -> Option<String> {
    multipart_etag(parts.iter().map(|part| part.etag.as_str()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_published_check_values() {
        for (algorithm, expected) in [
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64nvme, "ae8b14860a799888"),
            (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ] {
            assert_eq!(digest(b"123456789", algorithm), expected);
        }
    }

    #[test]
    fn a_multipart_etag_is_the_md5_of_the_md5s_of_the_parts() {
        let (a, b) = (digest(b"a", Algorithm::Md5), digest(b"b", Algorithm::Md5));
        // `printf a | md5sum`, `printf b | md5sum`, both as bytes through `md5sum`.
        assert_eq!(multipart_etag([a.as_str(), &b]).as_deref(), Some("96e024ba2074fe77e8e965ba43a704be-2"));
        assert_eq!(multipart_etag(["x"]), None);
        assert_eq!(parse_etag(&format!("{a}-12")), EntityTag::Multipart(12));
        assert_eq!(parse_etag(&a), EntityTag::Md5(&a));
        assert_eq!(
            [parse_etag(""), parse_etag("\u{fc}-1"), parse_etag(&format!("{a}-x"))],
            [EntityTag::Opaque; 3]
        );
    }
}
