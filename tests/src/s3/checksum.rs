//! The checksums of S3, computed a byte at a time with little code. It is slow, and shares no code with the tested program.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The value of `x-amz-checksum-crc64nvme`.
#[must_use]
pub fn crc64nvme(bytes: &[u8]) -> String {
    const TABLE: [u64; 256] = table(0x9a6c_9329_ac4b_c9b5);
    STANDARD.encode(crc(&TABLE, u64::MAX, bytes).to_be_bytes())
}

/// The value of `x-amz-checksum-crc32`.
#[must_use]
pub fn crc32(bytes: &[u8]) -> String {
    const TABLE: [u64; 256] = table(0xedb8_8320);
    STANDARD.encode(&crc(&TABLE, u32::MAX.into(), bytes).to_be_bytes()[4..])
}

/// The value of `x-amz-checksum-crc32c`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> String {
    const TABLE: [u64; 256] = table(0x82f6_3b78);
    STANDARD.encode(&crc(&TABLE, u32::MAX.into(), bytes).to_be_bytes()[4..])
}

/// The value of `x-amz-checksum-sha256`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// The value of the checksum with this name.
///
/// # Panics
/// There is no checksum of this name.
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

/// A remainder of 32 bits is the lower half of a 64-bit value.
fn crc(table: &[u64; 256], ones: u64, bytes: &[u8]) -> u64 {
    let mut sum = ones;
    for byte in bytes {
        sum = (sum >> 8) ^ table[usize::from(sum.to_le_bytes()[0] ^ byte)];
    }
    sum ^ ones
}

const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut sum, mut bit) = (byte as u64, 0);
        while bit < 8 {
            sum = (sum >> 1) ^ (polynomial & (sum & 1).wrapping_neg());
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_match_the_check_values_of_the_catalogue() {
        let check = b"123456789";
        assert_eq!(crc64nvme(check), STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(crc32(check), STANDARD.encode(0xcbf4_3926_u32.to_be_bytes()));
        assert_eq!(crc32c(check), STANDARD.encode(0xe306_9283_u32.to_be_bytes()));
        assert_eq!(sha256(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
