//! How a multipart upload divides a file, and which parts in a store belong to it. It reads no file.

use std::collections::BTreeSet;

use lockstep_sdk::objects::{ChecksumAlgorithm, PartInfo, PartRange, PutOptions, RetentionMode};
use md5::{Digest as _, Md5};

use crate::digest::{EntityTag, parse_etag};

/// The step sends files up to this size whole.
pub const MAX_WHOLE_SIZE: u64 = 32 * MIB;
/// The most parts of an upload.
pub const MAX_PARTS: u64 = 10_000;
/// The size of the largest file.
pub const MAX_FILE_SIZE: u64 = MAX_PART_SIZE * MAX_PARTS;

const MIB: u64 = 1024 * 1024;
/// The sizes of parts, without the difference that the options make. The host accepts parts of up to 64 MiB, because it
/// holds several in memory.
const PART_SIZES: [u64; 4] = [8 * MIB, 16 * MIB, 32 * MIB, MAX_PART_SIZE];
const MAX_PART_SIZE: u64 = 60 * MIB;

/// How a multipart upload divides a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLayout {
    /// The size of the file.
    pub size: u64,
    /// The size of each part except the last.
    pub part_size: u64,
}

impl PartLayout {
    /// The layout for a file with these options. A store does not tell the options of an open upload, so the size of its
    /// parts does: each set of options adds its own number of KiB, less than 4 MiB.
    #[must_use]
    pub fn new(size: u64, options: &PutOptions) -> Self {
        let base = PART_SIZES.into_iter().find(|part| size.div_ceil(*part) <= MAX_PARTS);
        Self { size, part_size: base.unwrap_or(MAX_PART_SIZE) + fingerprint(options) * 1024 }
    }

    /// The number of parts. An empty file has one.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.size.div_ceil(self.part_size).max(1)
    }

    /// The bytes of the part with this number, counted from 1; none if there is no such part.
    #[must_use]
    pub fn range(&self, part_number: u32) -> Option<PartRange> {
        let offset = u64::from(part_number.checked_sub(1)?).checked_mul(self.part_size)?;
        (u64::from(part_number) <= self.count()).then(|| PartRange {
            part_number,
            offset,
            length: self.part_size.min(self.size - offset),
        })
    }

    /// The parts that the store lacks, in order.
    #[must_use]
    pub fn missing(&self, stored: &[PartInfo]) -> Vec<PartRange> {
        let all = (1..).map_while(|number| self.range(number));
        let stored: BTreeSet<u32> = stored.iter().map(|part| part.part_number).collect();
        all.filter(|range| !stored.contains(&range.part_number)).collect()
    }

    /// Whether these parts have the sizes of this layout.
    #[must_use]
    pub fn has_sizes(&self, parts: &[PartInfo]) -> bool {
        let fits =
            |part: &PartInfo| self.range(part.part_number).is_some_and(|range| range.length == part.size);
        !parts.is_empty() && parts.iter().all(fits)
    }
}

/// Whether the sizes of these parts are those of an upload that this step created with one of these options. Other tools
/// seldom use such sizes; the step does not claim sizes that other tools often use.
#[must_use]
pub fn have_sizes_of_step(parts: &[PartInfo], options: &[PutOptions]) -> bool {
    let Some(largest) = parts.iter().map(|part| part.size).max() else { return false };
    let matches = |number: u64| number != 0 && PART_SIZES.iter().any(|size| size + number * 1024 == largest);
    options.iter().any(|options| matches(fingerprint(options)))
}

/// A digest of a part that the store tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartDigest<'p> {
    /// The checksum of the upload's algorithm.
    Checksum(&'p str),
    /// The MD5.
    Md5(&'p str),
}

/// The digest of a part: the checksum, or else the MD5.
#[must_use]
pub fn part_digest(part: &PartInfo) -> Option<PartDigest<'_>> {
    match (&part.checksum, parse_etag(&part.etag)) {
        (Some(checksum), _) => Some(PartDigest::Checksum(checksum)),
        (None, EntityTag::Md5(md5)) => Some(PartDigest::Md5(md5)),
        _ => None,
    }
}

/// A number below 4,096 that differs between options. The end of a retention does not count, because it is later in every run.
#[must_use]
pub fn fingerprint(options: &PutOptions) -> u64 {
    let mut hash = Md5::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for pairs in [&options.headers, &options.metadata, &options.tags] {
        add(&pairs.len().to_string());
        for pair in pairs {
            add(&pair.name);
            add(&pair.value);
        }
    }
    add(match options.checksum {
        ChecksumAlgorithm::Sha256 => "sha256",
        ChecksumAlgorithm::Crc32c => "crc32c",
        ChecksumAlgorithm::Crc64nvme => "crc64nvme",
    });
    add(options.encryption.as_deref().unwrap_or_default());
    add(match options.retention.map(|retention| retention.mode) {
        None => "",
        Some(RetentionMode::Compliance) => "compliance",
        Some(RetentionMode::Governance) => "governance",
    });
    let others = [
        ("acl", &options.acl),
        ("storage-class", &options.storage_class),
        ("website-redirect", &options.website_redirect),
    ];
    for (name, value) in others.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        add(name);
        add(value);
    }
    let hash = hash.finalize();
    u64::from(u16::from_le_bytes([hash[0], hash[1]])) % 4096
}
