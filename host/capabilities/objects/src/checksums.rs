//! Computes the checksums of content before the host sends it, and compares them with those of the server. It sends
//! nothing.

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sigv4::http_request::SignableBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_model::digest::Digest;
use lockstep_workspace::hash::{self, Algorithm, Hasher};

/// The checksums of some content.
#[derive(Debug, Clone)]
pub(super) struct Checksums {
    digest: Option<Digest>,
    checksum: Vec<u8>,
}

impl Checksums {
    /// The checksum and the SHA-256.
    pub(super) fn of(bytes: &[u8], algorithm: Algorithm) -> Self {
        let digest = Digest::of(bytes);
        let checksum = match algorithm {
            Algorithm::Sha256 => digest.bytes().to_vec(),
            other => hash(other, bytes),
        };
        Self { digest: Some(digest), checksum }
    }

    /// The checksum only, for content whose SHA-256 nobody needs.
    pub(super) fn without_digest(bytes: &[u8], algorithm: Algorithm) -> Self {
        Self { digest: None, checksum: hash(algorithm, bytes) }
    }

    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest
    }

    pub(super) fn checksum_hex(&self) -> String {
        hash::hex(&self.checksum)
    }

    pub(super) fn checksum_base64(&self) -> String {
        BASE64.encode(&self.checksum)
    }

    pub(super) fn md5_base64(&self, bytes: &[u8]) -> String {
        BASE64.encode(hash(Algorithm::Md5, bytes))
    }

    /// The MD5, as an entity tag has it.
    pub(super) fn md5_hex(&self, bytes: &[u8]) -> String {
        hash::hex(&hash(Algorithm::Md5, bytes))
    }

    /// Whether the server has the same content: by the checksum that it computed, or by an entity tag that is the MD5.
    pub(super) fn matches(&self, server_checksum: Option<&str>, etag: &str, bytes: &[u8]) -> bool {
        match server_checksum {
            Some(server_checksum) => server_checksum == self.checksum_base64(),
            None => etag == self.md5_hex(bytes),
        }
    }

    /// How to sign the body. The signature takes the known digest, so that the SDK does not read the content again. If
    /// nobody on the way can change the content, the signature leaves it out: the checksum is a header, which is
    /// signed.
    pub(super) fn signing(&self, is_protected: bool) -> PayloadSigning {
        PayloadSigning(match is_protected {
            true => Some(SignableBody::UnsignedPayload),
            // Without a digest the SDK computes one.
            false => self.digest.map(|digest| SignableBody::Precomputed(digest.hex())),
        })
    }
}

/// Adds the checksum to a request that sends content; the MD5 for a server without checksums. The two kinds of request
/// have the same setters and no type in common.
macro_rules! add_checksum {
    ($request:expr, $checksums:expr, $bytes:expr, $algorithm:expr, $no_checksums:expr) => {
        match ($no_checksums, $algorithm) {
            (true, _) => $request.content_md5($checksums.md5_base64($bytes)),
            (_, Algorithm::Crc64Nvme) => $request.checksum_crc64_nvme($checksums.checksum_base64()),
            (_, Algorithm::Crc32c) => $request.checksum_crc32_c($checksums.checksum_base64()),
            _ => $request.checksum_sha256($checksums.checksum_base64()),
        }
    };
}
pub(super) use add_checksum;

/// The checksum in a response to such content.
macro_rules! checksum_in {
    ($answer:expr, $algorithm:expr) => {
        match $algorithm {
            Algorithm::Crc64Nvme => $answer.checksum_crc64_nvme,
            Algorithm::Crc32c => $answer.checksum_crc32_c,
            _ => $answer.checksum_sha256,
        }
    };
}
pub(super) use checksum_in;

fn hash(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    let mut hasher = Hasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish()
}

/// Tells the signer how to sign the body of a request.
#[derive(Debug)]
pub(super) struct PayloadSigning(Option<SignableBody<'static>>);

impl Intercept for PayloadSigning {
    fn name(&self) -> &'static str {
        "PayloadSigning"
    }

    fn modify_before_signing(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(mut signing) = config.load::<SigV4OperationSigningConfig>().cloned() {
            signing.signing_options.payload_override = self.0.clone();
            config.interceptor_state().store_put(signing);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_words_prove_content() {
        let checksums = Checksums::of(b"123456789", Algorithm::Crc64Nvme);
        assert_eq!(checksums.checksum_hex(), "ae8b14860a799888");
        assert!(checksums.matches(Some("rosUhgp5mIg="), "", b"123456789"));
        assert!(!checksums.matches(Some("rosUhgp5mIk="), "25f9e794323b453885f5181f1b624d0b", b"123456789"));
        assert!(checksums.matches(None, "25f9e794323b453885f5181f1b624d0b", b"123456789"));
        assert!(!checksums.matches(None, "25f9e794323b453885f5181f1b624d0c", b"123456789"));
        let checksums = Checksums::of(b"", Algorithm::Sha256);
        assert_eq!(Some(checksums.checksum_hex()), checksums.digest().map(|digest| digest.hex()));
    }
}
