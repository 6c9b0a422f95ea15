//! Digests of content as it streams: SHA-256 for receipts, and the checksums of stores. It reads no file itself.

pub use lockstep_model::digest::hex;

use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha2::{Digest as _, Sha256};

/// The algorithm of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// SHA-256, FIPS 180-4.
    Sha256,
    /// MD5, RFC 1321. S3 makes entity tags with it. It does not protect against an attacker.
    Md5,
    /// CRC-32C (Castagnoli), RFC 3720 appendix B.4.
    Crc32c,
    /// CRC-64/NVME, NVM Express command set specification.
    Crc64Nvme,
}

/// A digest that takes its content in parts.
#[derive(Debug, Clone)]
pub struct Hasher(HasherState);

#[derive(Debug, Clone)]
enum HasherState {
    Sha256(Sha256),
    Md5(Md5),
    Crc(crc_fast::Digest, Algorithm),
}

impl Hasher {
    /// A digest without content yet.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Sha256 => HasherState::Sha256(Sha256::new()),
            Algorithm::Md5 => HasherState::Md5(Md5::new()),
            Algorithm::Crc32c | Algorithm::Crc64Nvme => {
                HasherState::Crc(crc_fast::Digest::new(crc(algorithm)), algorithm)
            }
        })
    }

    /// Adds bytes to the content.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            HasherState::Sha256(state) => state.update(bytes),
            HasherState::Md5(state) => state.update(bytes),
            HasherState::Crc(state, _) => state.update(bytes),
        }
    }

    /// The digest. A CRC has its highest byte first, as in S3.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        match self.0 {
            HasherState::Sha256(state) => state.finalize().to_vec(),
            HasherState::Md5(state) => state.finalize().to_vec(),
            HasherState::Crc(state, algorithm) => to_bytes(algorithm, state.finalize()),
        }
    }
}

/// The CRC of `a` followed by `b`, from the CRCs of both and the length of `b` in bytes. For an algorithm without this
/// property, the digest of `b`.
#[must_use]
pub fn combine(algorithm: Algorithm, a: &[u8], b: &[u8], length: u64) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha256 | Algorithm::Md5 => b.to_vec(),
        Algorithm::Crc32c | Algorithm::Crc64Nvme => {
            let whole = crc_fast::checksum_combine(crc(algorithm), number(a), number(b), length);
            to_bytes(algorithm, whole)
        }
    }
}

/// The bytes of a text of hexadecimal digits; none if the text has other characters.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    // The parser accepts a sign as part of a number.
    let digits = |at| text.get(at..at + 2).filter(|digits| !digits.starts_with('+'));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(digits(at)?, 16).ok()).collect()
}

fn crc(algorithm: Algorithm) -> CrcAlgorithm {
    match algorithm {
        Algorithm::Crc32c => CrcAlgorithm::Crc32Iscsi,
        _ => CrcAlgorithm::Crc64Nvme,
    }
}

fn to_bytes(algorithm: Algorithm, value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    match algorithm {
        Algorithm::Crc32c => bytes[4..].to_vec(),
        _ => bytes.to_vec(),
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Algorithm; 4] = [Algorithm::Sha256, Algorithm::Md5, Algorithm::Crc32c, Algorithm::Crc64Nvme];

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn digests_match_the_published_values() {
        let of = |algorithm| hex(&of(algorithm, b"123456789"));
        assert_eq!(of(Algorithm::Crc32c), "e3069283");
        assert_eq!(of(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(of(Algorithm::Md5), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(of(Algorithm::Sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }

    #[test]
    fn only_hexadecimal_digits_are_bytes() {
        assert_eq!(unhex(&hex(&[0, 0x7f, 0xff])), Some(vec![0, 0x7f, 0xff]));
        assert_eq!(unhex(""), Some(vec![]));
        for text in ["f", "fff", "fg", "+f", "-1", " f", "\u{e4}"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn pieces_give_the_digest_of_the_whole_file(a in proptest::collection::vec(any::<u8>(), 0..300), b in proptest::collection::vec(any::<u8>(), 0..300)) {
            let both = [a.clone(), b.clone()].concat();
            for algorithm in ALL {
                let mut hasher = Hasher::new(algorithm);
                hasher.update(&a);
                hasher.update(&b);
                prop_assert_eq!(hasher.finish(), of(algorithm, &both));
            }
            for algorithm in [Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let combined = combine(algorithm, &of(algorithm, &a), &of(algorithm, &b), b.len() as u64);
                prop_assert_eq!(combined, of(algorithm, &both));
            }
        }
    }
}
