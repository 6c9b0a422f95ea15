//! Content without bytes: a number that stands for all of it, and the range.

use artifact_upload::digest::{digest, file_algorithm};
use lockstep_sdk::objects::ChecksumAlgorithm;
use lockstep_sdk::workspace::Algorithm;
use lockstep_sdk::{HostResult, OpenFile};

/// The content of a file, a part or an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// `size` bytes of the content with this number, from this offset.
    Slice { content: u64, offset: u64, size: u64 },
    /// These bytes.
    Bytes(Vec<u8>),
    /// Parts of different contents, which no file has.
    Mixed(Vec<Data>),
}

impl Data {
    pub(crate) fn new(content: u64, size: u64) -> Self {
        Self::Slice { content, offset: 0, size }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Slice { size, .. } => *size,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Mixed(all) => all.iter().map(Self::size).sum(),
        }
    }

    pub(crate) fn cut(&self, from: u64, length: u64) -> Self {
        match self {
            Self::Slice { content, offset, .. } => {
                Self::Slice { content: *content, offset: offset + from, size: length }
            }
            other => panic!("{other:?} is not cut"),
        }
    }

    pub(crate) fn digest(&self, algorithm: Algorithm) -> String {
        match self {
            Self::Bytes(bytes) => digest(bytes, algorithm),
            other => digest(format!("{other:?}").as_bytes(), algorithm),
        }
    }

    pub(crate) fn checksum(&self, algorithm: ChecksumAlgorithm) -> String {
        self.digest(file_algorithm(algorithm))
    }

    /// One slice, if the parts are those of one content, in order and without a gap.
    pub(crate) fn join(parts: Vec<Self>) -> Self {
        let mut end = None;
        for part in &parts {
            match (part, end) {
                (Self::Slice { content, offset: 0, size }, None) => end = Some((*content, *size)),
                (Self::Slice { content, offset, size }, Some((same, to)))
                    if *content == same && *offset == to =>
                {
                    end = Some((same, to + size));
                }
                _ => return Self::Mixed(parts),
            }
        }
        end.map_or(Self::Mixed(parts), |(content, size)| Self::new(content, size))
    }
}

impl OpenFile for Data {
    fn size(&self) -> u64 {
        Data::size(self)
    }

    fn read_at(&self, _: u64, _: u32) -> HostResult<Vec<u8>> {
        unreachable!("the step reads no file itself")
    }

    fn digest(&self) -> HostResult<String> {
        unreachable!("the step asks for many digests at once")
    }
}
