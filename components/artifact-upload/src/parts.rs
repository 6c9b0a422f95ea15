//! How a large file is taken apart, and which parts that a store holds are parts of it. It reads no file.

use md5::{Digest as _, Md5};

use crate::digest::{Tag, read_tag};
use crate::host::{Keeping, Part, Range};

/// Files up to this size are sent whole.
pub const WHOLE: u64 = 16 * MIB;
/// The most parts an upload can have.
pub const MOST: u64 = 10_000;

const MIB: u64 = 1024 * 1024;
/// The sizes that parts have, before settings are told apart. The host takes parts of up to 64 MiB: several are in
/// memory at once.
const SIZES: [u64; 4] = [8 * MIB, 16 * MIB, 32 * MIB, LARGEST];
/// The size of parts of the largest files.
const LARGEST: u64 = 60 * MIB;
/// The largest file.
pub const LONGEST: u64 = LARGEST * MOST;

/// How a file is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The size of the file.
    pub size: u64,
    /// The size of each part but the last.
    pub part: u64,
}

impl Plan {
    /// The plan for a file that is kept so. Stores do not tell with what settings an open upload was begun, so the
    /// size of its parts does: up to 4 MiB above the least tell different settings apart.
    #[must_use]
    pub fn new(size: u64, keeping: &Keeping) -> Self {
        let part = SIZES.into_iter().find(|part| size.div_ceil(*part) <= MOST).unwrap_or(LARGEST);
        Self { size, part: part + fingerprint(keeping) * 1024 }
    }

    /// How many parts there are. An empty file has one.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.size.div_ceil(self.part).max(1)
    }

    /// The part of this number, from 1 on.
    #[must_use]
    pub fn range(&self, number: u32) -> Option<Range> {
        let offset = u64::from(number.checked_sub(1)?).checked_mul(self.part)?;
        (u64::from(number) <= self.count()).then(|| Range {
            number,
            offset,
            length: self.part.min(self.size - offset),
        })
    }

    /// The parts that are not among these, in order.
    #[must_use]
    pub fn missing(&self, have: &[Part]) -> Vec<Range> {
        let all = (1..).map_while(|number| self.range(number));
        let have: std::collections::BTreeSet<u32> = have.iter().map(|part| part.number).collect();
        all.filter(|range| !have.contains(&range.number)).collect()
    }

    /// Whether these parts, as far as their sizes tell, are of an upload with this plan.
    #[must_use]
    pub fn has_sizes(&self, parts: &[Part]) -> bool {
        let planned = |part: &Part| self.range(part.number).is_some_and(|range| range.length == part.size);
        !parts.is_empty() && parts.iter().all(planned)
    }
}

/// Whether these parts, as far as their sizes tell, are of an upload that this step has begun for a file that is kept in one
/// of these ways. Others seldom have parts of such a size, and the sizes that they often have are not taken for ours.
#[must_use]
pub fn are_of_settings(parts: &[Part], keepings: &[Keeping]) -> bool {
    let Some(largest) = parts.iter().map(|part| part.size).max() else { return false };
    let is_ours = |number: u64| number != 0 && SIZES.iter().any(|size| size + number * 1024 == largest);
    keepings.iter().any(|keeping| is_ours(fingerprint(keeping)))
}

/// How the content of a part can be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'p> {
    /// By the checksum that the store keeps for the upload.
    Checksum(&'p str),
    /// By its MD5.
    Md5(&'p str),
}

/// The best proof that a part offers.
#[must_use]
pub fn proof(part: &Part) -> Option<Proof<'_>> {
    match (&part.checksum, read_tag(&part.etag)) {
        (Some(checksum), _) => Some(Proof::Checksum(checksum)),
        (None, Tag::Whole(md5)) => Some(Proof::Md5(md5)),
        _ => None,
    }
}

/// A number below 4,096 that tells settings apart. Until when a lock holds does not count: it is later in every run.
#[must_use]
pub fn fingerprint(keeping: &Keeping) -> u64 {
    let mut hash = Md5::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for pairs in [&keeping.headers, &keeping.metadata, &keeping.tags] {
        add(&pairs.len().to_string());
        for (name, value) in pairs {
            add(name);
            add(value);
        }
    }
    add(keeping.checksum.word());
    add(keeping.encryption.as_deref().unwrap_or_default());
    add(match keeping.retention {
        None => "",
        Some(retention) if retention.compliance => "compliance",
        Some(_) => "governance",
    });
    let hash = hash.finalize();
    u64::from(u16::from_le_bytes([hash[0], hash[1]])) % 4096
}
