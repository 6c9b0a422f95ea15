//! Completes a multipart upload, and verifies that the store made the object of the sent content. It sends no content.

use super::connect::completion_timeouts;
use super::evidence::WrittenObject;
use super::evidence::is_made_of;
use super::parts::MultipartUpload;
use super::read_back::segments;
use super::s3::{S3Store, hex_of, unquoted};
use super::sum;
use super::types::{ObjectInfo, PartInfo, Precondition};
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder;
use aws_sdk_s3::types::{ChecksumType, CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lockstep_model::call::CallError;
use lockstep_workspace::hash::{self, Algorithm};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The attempts after a success that holds an error: S3 sends the status before it is done.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const ATTEMPTS: u32 = 6;
/// The first wait between two attempts; each wait is twice as long as the one before, so all take about 16 s.
const WAIT: Duration = Duration::from_millis(500);

impl S3Store {
    pub(super) async fn complete(
        &self,
        upload: &mut MultipartUpload,
        parts: &[PartInfo],
        precondition: &Precondition,
    ) -> Result<ObjectInfo, CallError> {
        let no_checksums = self.no_checksums.load(Ordering::Relaxed);
        let whole = (!no_checksums).then(|| combined(upload.checksum, parts)).flatten();
        let (mut attempt, mut wait) = (1, WAIT);
        let answer = loop {
            let request = self.completion(upload, parts, precondition, whole.as_deref());
            let failed = match request.customize().config_override(completion_timeouts()).send().await {
                Ok(answer) if answer.e_tag.is_some() => break answer,
                Ok(_) => CallError::Unavailable(format!(
                    "complete `{}`: the store reports success without an object",
                    upload.location.name
                )),
                Err(error) => {
                    let failure = self.request_error("complete", &upload.location.name, &error);
                    if !is_hidden(&error) {
                        return Err(failure);
                    }
                    failure
                }
            };
            if attempt == ATTEMPTS {
                return Err(failed);
            }
            tokio::time::sleep(wait).await;
            (attempt, wait) = (attempt + 1, wait * 2);
        };
        let size = sum(parts.iter().map(|part| part.size));
        self.verify(upload, parts, whole.as_deref(), &answer).await?;
        Ok(ObjectInfo {
            size,
            etag: unquoted(answer.e_tag),
            version_id: answer.version_id,
            checksum: whole.map(|whole| (upload.checksum, hash::hex(&whole))),
            sha256: upload.digest(size),
        })
    }

    fn completion(
        &self,
        upload: &MultipartUpload,
        parts: &[PartInfo],
        precondition: &Precondition,
        whole: Option<&[u8]>,
    ) -> CompleteMultipartUploadFluentBuilder {
        let size = sum(parts.iter().map(|part| part.size));
        let parts = completed(parts, upload.checksum, self.no_checksums.load(Ordering::Relaxed));
        let request = self.connection.client.complete_multipart_upload().bucket(&upload.location.bucket);
        let request = request.key(&upload.location.key).upload_id(&upload.id).multipart_upload(parts);
        let request = request.mpu_object_size(i64::try_from(size).unwrap_or(i64::MAX));
        let request = match precondition {
            Precondition::None => request,
            Precondition::IfNoneMatch => request.if_none_match("*"),
            Precondition::IfMatch(etag) => request.if_match(format!("\"{etag}\"")),
        };
        match (upload.checksum, whole.map(|whole| BASE64.encode(whole))) {
            (Algorithm::Crc64Nvme, Some(whole)) => {
                request.checksum_type(ChecksumType::FullObject).checksum_crc64_nvme(whole)
            }
            (Algorithm::Crc32c, Some(whole)) => {
                request.checksum_type(ChecksumType::FullObject).checksum_crc32_c(whole)
            }
            _ => request,
        }
    }

    /// Verifies that the store made the object of the sent bytes. If the response does not prove that, the host reads
    /// the object back: some servers ignore checksums, or compute that of the whole in another way.
    async fn verify(
        &self,
        upload: &MultipartUpload,
        parts: &[PartInfo],
        whole: Option<&[u8]>,
        answer: &CompleteMultipartUploadOutput,
    ) -> Result<(), CallError> {
        let server_checksum = match upload.checksum {
            Algorithm::Crc64Nvme => answer.checksum_crc64_nvme(),
            Algorithm::Crc32c => answer.checksum_crc32_c(),
            _ => answer.checksum_sha256(),
        };
        // A checksum that ends with `-N` is one of the parts' checksums.
        let (of_whole, composite) = match server_checksum.map(|text| (text, text.split_once('-'))) {
            Some((_, Some((composite, _)))) => (None, hex_of(composite)),
            Some((text, None)) => (hex_of(text), None),
            None => (None, None),
        };
        let etag = unquoted(answer.e_tag.clone());
        let is_proven = match (of_whole, whole) {
            (Some(server), Some(whole)) => server == hash::hex(whole),
            // The store can call the checksum of the parts' checksums like one of the whole.
            (of_whole, _) => {
                let composite = composite.or(of_whole);
                upload.evidence.prove_all(parts)
                    && is_made_of(parts, upload.checksum, &etag, composite.as_deref())
            }
        };
        if is_proven {
            return Ok(());
        }
        let written = WrittenObject { etag: &etag, version_id: answer.version_id() };
        self.read_back(&upload.location, &segments(upload.checksum, parts)?, written).await
    }
}

/// Whether an error came with a status of success.
fn is_hidden<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_success())
}

fn completed(parts: &[PartInfo], algorithm: Algorithm, no_checksums: bool) -> CompletedMultipartUpload {
    let part = |part: &PartInfo| {
        let checksum = part.checksum.as_deref().filter(|_| !no_checksums).and_then(base64_of);
        let builder = CompletedPart::builder()
            .part_number(i32::try_from(part.part_number).unwrap_or(i32::MAX))
            .e_tag(format!("\"{}\"", part.etag));
        match algorithm {
            Algorithm::Crc64Nvme => builder.set_checksum_crc64_nvme(checksum),
            Algorithm::Crc32c => builder.set_checksum_crc32_c(checksum),
            _ => builder.set_checksum_sha256(checksum),
        }
        .build()
    };
    CompletedMultipartUpload::builder().set_parts(Some(parts.iter().map(part).collect())).build()
}

/// The checksum of the whole object, computed from those of its parts; none for a digest, which cannot be combined.
fn combined(algorithm: Algorithm, parts: &[PartInfo]) -> Option<Vec<u8>> {
    if !matches!(algorithm, Algorithm::Crc64Nvme | Algorithm::Crc32c) {
        return None;
    }
    let mut whole: Option<Vec<u8>> = None;
    for part in parts {
        let next = hash::unhex(part.checksum.as_deref()?)?;
        whole = Some(match whole {
            None => next,
            Some(whole) => hash::combine(algorithm, &whole, &next, part.size),
        });
    }
    whole
}

fn base64_of(hex: &str) -> Option<String> {
    hash::unhex(hex).map(|bytes| BASE64.encode(bytes))
}
