//! What the responses to the writes of parts prove about the content in the store. It sends nothing.

use super::checksums::Checksums;
use super::types::PartInfo;
use lockstep_workspace::hash::{self, Algorithm, Hasher};
use std::collections::BTreeMap;

/// What the response to the write of a part proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    /// The store computed the checksum of the sent part.
    Checksum,
    /// The entity tag is the MD5 of the sent part.
    Md5Tag,
    /// Nothing: the store told no checksum, and the entity tag is something else.
    Nothing,
    /// The store computed another checksum.
    OtherChecksum,
}

/// Bytes of the sent content that follow each other, and their digest.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub(super) size: u64,
    pub(super) algorithm: Algorithm,
    pub(super) digest: Vec<u8>,
}

/// The very object that a write made: another job can replace it meanwhile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WrittenObject<'w> {
    pub(super) etag: &'w str,
    pub(super) version_id: Option<&'w str>,
}

impl Evidence {
    /// The evidence of a response.
    pub(super) fn of(checksums: &Checksums, server_checksum: Option<&str>, etag: &str, bytes: &[u8]) -> Self {
        match server_checksum {
            Some(checksum) if checksum == checksums.checksum_base64() => Self::Checksum,
            Some(_) => Self::OtherChecksum,
            None if etag == checksums.md5_hex(bytes) => Self::Md5Tag,
            None => Self::Nothing,
        }
    }
}

/// The evidence for the parts that this run sent in one upload.
#[derive(Debug, Clone, Default)]
pub(super) struct PartsEvidence(BTreeMap<u32, Evidence>);

impl PartsEvidence {
    pub(super) fn record(&mut self, part_number: u32, evidence: Evidence) {
        self.0.insert(part_number, evidence);
    }

    /// Whether a part arrived with other bytes. If the entity tags of other parts are MD5s, all are, because all parts
    /// of an upload are stored in the same way.
    pub(super) fn is_damaged(&self, part_number: u32) -> bool {
        let has_md5_tags = || self.0.values().any(|evidence| *evidence == Evidence::Md5Tag);
        match self.0.get(&part_number) {
            Some(Evidence::OtherChecksum) => true,
            Some(Evidence::Nothing) => has_md5_tags(),
            _ => false,
        }
    }

    /// Whether the store has proven each of these parts. A part that an earlier run sent is here only if its digest
    /// in the list of parts is that of the file.
    pub(super) fn prove_all(&self, parts: &[PartInfo]) -> bool {
        let proven = |part: &PartInfo| {
            !matches!(self.0.get(&part.part_number), Some(Evidence::Nothing | Evidence::OtherChecksum))
        };
        parts.iter().all(proven)
    }
}

/// Whether the store says that it made an object of exactly these parts: its entity tag is the MD5 of the MD5s of the
/// parts, or its checksum, in hexadecimal digits, is that of the checksums of the parts.
pub(super) fn is_made_of(
    parts: &[PartInfo],
    algorithm: Algorithm,
    etag: &str,
    composite: Option<&str>,
) -> bool {
    let digest = |algorithm, digests: &mut dyn Iterator<Item = Option<Vec<u8>>>| {
        let mut hasher = Hasher::new(algorithm);
        for digest in digests {
            hasher.update(&digest?);
        }
        Some(hash::hex(&hasher.finish()))
    };
    let mut tags = parts.iter().map(|part| hash::unhex(&part.etag).filter(|tag| tag.len() == 16));
    let mut checksums = parts.iter().map(|part| hash::unhex(part.checksum.as_deref()?));
    digest(Algorithm::Md5, &mut tags).is_some_and(|md5| etag == format!("{md5}-{}", parts.len()))
        || composite.is_some() && digest(algorithm, &mut checksums).as_deref() == composite
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(part_number: u32, etag: &str) -> PartInfo {
        PartInfo { part_number, size: 1, etag: etag.to_owned(), checksum: None }
    }

    #[test]
    fn a_part_is_damaged_only_if_the_store_says_something_else_than_silence() {
        let evidence = |all: &[Evidence]| {
            let mut parts = PartsEvidence::default();
            all.iter().zip(1..).for_each(|(evidence, number)| parts.record(number, *evidence));
            parts
        };
        let parts = [part(1, ""), part(2, ""), part(3, "")];
        let silent = evidence(&[Evidence::Nothing, Evidence::Nothing]);
        assert!(!silent.is_damaged(1) && !silent.prove_all(&parts));
        let tagged = evidence(&[Evidence::Md5Tag, Evidence::Nothing]);
        assert!(!tagged.is_damaged(1) && tagged.is_damaged(2) && !tagged.is_damaged(3));
        assert!(!tagged.prove_all(&parts) && tagged.prove_all(&[part(1, ""), part(3, "")]));
        let other = evidence(&[Evidence::Checksum, Evidence::OtherChecksum]);
        assert!(!other.is_damaged(1) && other.is_damaged(2));
    }

    #[test]
    fn the_entity_tag_or_the_checksum_of_an_object_names_its_parts() {
        // `printf a | md5sum`, `printf b | md5sum`; both as bytes through `md5sum`.
        let (a, b) = ("0cc175b9c0f1b6a831c399e269772661", "92eb5ffee6ae2fec3ad71c777531578f");
        let parts = [part(1, a), part(2, b)];
        let made = |parts: &[PartInfo], etag: &str| is_made_of(parts, Algorithm::Crc32c, etag, None);
        assert!(made(&parts, "96e024ba2074fe77e8e965ba43a704be-2"));
        for other in ["96e024ba2074fe77e8e965ba43a704be-3", "96e024ba2074fe77e8e965ba43a704be", ""] {
            assert!(!made(&parts, other), "{other}");
        }
        assert!(!made(&parts[..1], "96e024ba2074fe77e8e965ba43a704be-2"));
        assert!(!made(&[part(1, "x")], "x-1"));
        let summed = PartInfo { checksum: Some("00000001".into()), ..part(1, "x") };
        let mut hasher = Hasher::new(Algorithm::Crc32c);
        hasher.update(&[0, 0, 0, 1]);
        let composite = hash::hex(&hasher.finish());
        assert!(is_made_of(std::slice::from_ref(&summed), Algorithm::Crc32c, "x", Some(&composite)));
        assert!(!is_made_of(&[summed, part(2, "y")], Algorithm::Crc32c, "x", Some(&composite)));
    }
}
