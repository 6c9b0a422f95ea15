//! The checksums of S3, a bit at a time and so in few lines. It is slow, and shares nothing with what it judges.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The value of `x-amz-checksum-crc64nvme`.
#[must_use]
pub fn crc64nvme(bytes: &[u8]) -> String {
    const POLYNOMIAL: u64 = 0x9a6c_9329_ac4b_c9b5;
    let sum = bytes.iter().fold(u64::MAX, |sum, byte| {
        (0..8).fold(sum ^ u64::from(*byte), |sum, _| (sum >> 1) ^ (POLYNOMIAL & (sum & 1).wrapping_neg()))
    });
    STANDARD.encode((!sum).to_be_bytes())
}

/// The value of `x-amz-checksum-crc32`.
#[must_use]
pub fn crc32(bytes: &[u8]) -> String {
    crc_of_32(bytes, 0xedb8_8320)
}

/// The value of `x-amz-checksum-crc32c`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> String {
    crc_of_32(bytes, 0x82f6_3b78)
}

/// The value of `x-amz-checksum-sha256`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// The value of the checksum with this name.
///
/// # Panics
/// There is none of this name.
#[must_use]
pub fn of(name: &str, bytes: &[u8]) -> String {
    match name {
        "crc64nvme" => crc64nvme(bytes),
        "crc32" => crc32(bytes),
        "crc32c" => crc32c(bytes),
        "sha256" => sha256(bytes),
        _ => panic!("no checksum {name}"),
    }
}

fn crc_of_32(bytes: &[u8], polynomial: u32) -> String {
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (polynomial & (sum & 1).wrapping_neg()))
    });
    STANDARD.encode((!sum).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogue_of_checksums_come_out() {
        let check = b"123456789";
        assert_eq!(crc64nvme(check), STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(crc32(check), STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        assert_eq!(crc32c(check), STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        assert_eq!(sha256(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
