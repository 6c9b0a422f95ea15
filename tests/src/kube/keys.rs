//! The key with which the control plane signs the tokens of service accounts. Each cluster has a new key in its folder.

use crate::services::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use std::fs;
use std::path::Path;

/// The bytes before the point of a P-256 public key in its `SubjectPublicKeyInfo`. RFC 5480.
const PUBLIC: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Writes `sa.key` and `sa.pub` into the folder.
pub(super) fn write(folder: &Path) -> Result<()> {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|error| error.to_string())?;
    let pair =
        EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random).map_err(|error| error.to_string())?;
    let public = [&PUBLIC, pair.public_key().as_ref()].concat();
    fs::write(folder.join("sa.key"), pem("PRIVATE KEY", private.as_ref()))
        .and_then(|()| fs::write(folder.join("sa.pub"), pem("PUBLIC KEY", &public)))
        .map_err(|error| error.to_string())
}

fn pem(label: &str, content: &[u8]) -> String {
    let text = BASE64.encode(content);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
