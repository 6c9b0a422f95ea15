//! Multipart uploads: creates, resumes, fills and aborts them. It holds a part in memory only while it sends it.

use super::batch::{BatchTask, run_batch};
use super::checksums::{Checksums, add_checksum, checksum_in};
use super::connect::content_timeouts;
use super::evidence::{Evidence, PartsEvidence};
use super::location::ObjectLocation;
use super::options::apply_options;
use super::s3::{S3Store, unquoted};
use super::types::{PartInfo, PartRange, PutOptions};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};
use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_workspace::OpenFile;
use lockstep_workspace::hash::{Algorithm, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The most bytes of a part: several are in memory at once.
const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;
/// The most parts of an upload. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub(super) const MAX_PARTS: u32 = 10_000;
/// The most times that the host sends a part that arrives with other bytes.
const PART_ATTEMPTS: u32 = 3;

/// A multipart upload that is open in its store.
#[derive(Debug)]
pub struct MultipartUpload {
    pub(super) location: ObjectLocation,
    pub(super) id: String,
    pub(super) checksum: Algorithm,
    /// The SHA-256 of the file from its start to an offset, while the run sends the parts in order; and that offset.
    whole: Option<(Hasher, u64)>,
    /// What the store has proven about the parts that this run sent.
    pub(super) evidence: PartsEvidence,
}

impl MultipartUpload {
    pub(super) fn of(location: ObjectLocation, id: String, checksum: Algorithm) -> Self {
        let whole = Some((Hasher::new(Algorithm::Sha256), 0));
        Self { location, id, checksum, whole, evidence: PartsEvidence::default() }
    }

    /// A placeholder for an upload that is in use elsewhere.
    #[must_use]
    pub fn none() -> Self {
        let location = ObjectLocation { bucket: String::new(), key: String::new(), name: String::new() };
        let evidence = PartsEvidence::default();
        Self { location, id: String::new(), checksum: Algorithm::Sha256, whole: None, evidence }
    }

    /// The name of the object that the upload creates.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.location.name
    }

    /// Adds bytes of the file to the digest of the whole, if they are the next ones.
    fn take(&mut self, offset: u64, bytes: &[u8]) {
        self.whole = match self.whole.take() {
            Some((mut hasher, end)) if end == offset => {
                hasher.update(bytes);
                Some((hasher, end + bytes.len() as u64))
            }
            // The run sends the part again.
            Some((hasher, end)) if offset + bytes.len() as u64 <= end => Some((hasher, end)),
            _ => None,
        };
    }

    /// The digest of the whole file, if the run sent all of these bytes in order.
    pub(super) fn digest(&mut self, size: u64) -> Option<Digest> {
        let (hasher, _) = self.whole.take().filter(|(_, end)| *end == size)?;
        <[u8; 32]>::try_from(hasher.finish()).ok().map(Digest::from)
    }
}

impl S3Store {
    pub(super) async fn create(
        &self,
        location: &ObjectLocation,
        options: &PutOptions,
    ) -> Result<MultipartUpload, CallError> {
        let retries = self.connection.monitor.retries();
        let upload = self.send_create(location, options).await?;
        if self.connection.monitor.retries() > retries {
            self.abort_duplicates(&upload).await;
        }
        Ok(upload)
    }

    /// Aborts the uploads of this object without a part: lost replies can leave them behind. If that fails, the next
    /// run finds them.
    async fn abort_duplicates(&self, upload: &MultipartUpload) {
        for other in self.list_multipart_uploads(&upload.location).await.unwrap_or_default() {
            let other = MultipartUpload::of(upload.location.clone(), other.upload_id, upload.checksum);
            let empty = other.id != upload.id && self.parts(&other).await.is_ok_and(|parts| parts.is_empty());
            if empty {
                let _ = self.abort(&other).await;
            }
        }
    }

    async fn send_create(
        &self,
        location: &ObjectLocation,
        options: &PutOptions,
    ) -> Result<MultipartUpload, CallError> {
        let answer = loop {
            let no_checksums = self.no_checksums.load(Ordering::Relaxed);
            let request =
                self.connection.client.create_multipart_upload().bucket(&location.bucket).key(&location.key);
            let request = apply_options!(request, options);
            let request = match (no_checksums, options.checksum) {
                (true, _) => request,
                (_, Algorithm::Crc64Nvme) => request
                    .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
                    .checksum_type(ChecksumType::FullObject),
                (_, Algorithm::Crc32c) => request
                    .checksum_algorithm(ChecksumAlgorithm::Crc32C)
                    .checksum_type(ChecksumType::FullObject),
                _ => request
                    .checksum_algorithm(ChecksumAlgorithm::Sha256)
                    .checksum_type(ChecksumType::Composite),
            };
            match request.send().await {
                Ok(answer) => break answer,
                Err(error) if !no_checksums && self.falls_back_to_md5(&error) => {}
                Err(error) => return Err(self.request_error("create an upload of", &location.name, &error)),
            }
        };
        let id = answer.upload_id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| {
            CallError::Unavailable(format!(
                "create an upload of `{}`: the store returned no upload ID",
                location.name
            ))
        })?;
        Ok(MultipartUpload::of(location.clone(), id, options.checksum))
    }

    /// Sends parts of a file, several at once. It sends a part again that arrived with other bytes.
    pub(super) async fn put_parts(
        self: &Arc<Self>,
        upload: &mut MultipartUpload,
        file: &OpenFile,
        ranges: &[PartRange],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Vec<Result<PartInfo, CallError>> {
        let mut results = self.put_each(upload, file, ranges, progress).await;
        for attempt in 1..=PART_ATTEMPTS {
            let damaged = |index: &usize| {
                results[*index].is_ok() && upload.evidence.is_damaged(ranges[*index].part_number)
            };
            let damaged: Vec<usize> = (0..ranges.len()).filter(damaged).collect();
            if damaged.is_empty() {
                break;
            }
            if attempt == PART_ATTEMPTS {
                for index in damaged {
                    results[index] = Err(damaged_part(upload, ranges[index].part_number));
                }
                break;
            }
            let again: Vec<PartRange> = damaged.iter().map(|index| ranges[*index]).collect();
            let sent = self.put_each(upload, file, &again, &mut |_, _| {}).await;
            for (index, result) in damaged.into_iter().zip(sent) {
                results[index] = result;
            }
        }
        results
    }

    /// Sends each part once, and records what the store proves about it.
    async fn put_each(
        self: &Arc<Self>,
        upload: &mut MultipartUpload,
        file: &OpenFile,
        ranges: &[PartRange],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Vec<Result<PartInfo, CallError>> {
        let (location, id, algorithm) = (upload.location.clone(), upload.id.clone(), upload.checksum);
        let task = |range: &PartRange| {
            let read = read(file, *range);
            if let Ok(bytes) = &read {
                upload.take(range.offset, bytes);
            }
            let (s3, location, id, range) = (Arc::clone(self), location.clone(), id.clone(), *range);
            let work = async move { s3.put_part(&location, &id, range, read?, algorithm).await };
            BatchTask { bytes: range.length, work }
        };
        let sent = run_batch(&self.connection.monitor.limiter, ranges.iter().map(task), progress).await;
        let record = |sent: Result<(PartInfo, Evidence), CallError>| {
            let (part, evidence) = sent?;
            upload.evidence.record(part.part_number, evidence);
            Ok(part)
        };
        sent.into_iter().map(record).collect()
    }

    async fn put_part(
        &self,
        location: &ObjectLocation,
        id: &str,
        range: PartRange,
        bytes: Vec<u8>,
        algorithm: Algorithm,
    ) -> Result<(PartInfo, Evidence), CallError> {
        // Only a signature needs the SHA-256 of a part.
        let compute = if self.connection.is_protected { Checksums::without_digest } else { Checksums::of };
        let computed = tokio::task::spawn_blocking(move || {
            let checksums = compute(&bytes, algorithm);
            (bytes::Bytes::from(bytes), checksums)
        });
        let (bytes, checksums) =
            computed.await.map_err(|error| CallError::Unavailable(format!("cannot read: {error}")))?;
        let number = i32::try_from(range.part_number).unwrap_or(i32::MAX);
        let answer = loop {
            let no_checksums = self.no_checksums.load(Ordering::Relaxed);
            let request = self.connection.client.upload_part().bucket(&location.bucket).key(&location.key);
            let request = request.upload_id(id).part_number(number);
            let request = add_checksum!(request, checksums, &bytes, algorithm, no_checksums);
            let request = request.body(ByteStream::from(bytes.clone())).customize();
            let request = request.config_override(content_timeouts(range.length));
            match request.interceptor(checksums.signing(self.connection.is_protected)).send().await {
                Ok(answer) => break answer,
                Err(error)
                    if !no_checksums
                        && (self.falls_back_to_md5(&error) || super::failure::is_about_checksum(&error)) => {}
                Err(error) => {
                    return Err(self.request_error(&format!("put part {number} of"), &location.name, &error));
                }
            }
        };
        let server_checksum = checksum_in!(answer, algorithm);
        let etag = unquoted(answer.e_tag);
        let evidence = Evidence::of(&checksums, server_checksum.as_deref(), &etag, &bytes);
        let part = PartInfo {
            part_number: range.part_number,
            size: range.length,
            etag,
            checksum: Some(checksums.checksum_hex()),
        };
        Ok((part, evidence))
    }

    pub(super) async fn abort(&self, upload: &MultipartUpload) -> Result<(), CallError> {
        let location = &upload.location;
        let request =
            self.connection.client.abort_multipart_upload().bucket(&location.bucket).key(&location.key);
        match request
            .upload_id(&upload.id)
            .send()
            .await
            .map_err(|error| self.request_error("abort the upload of", &location.name, &error))
        {
            Ok(_) | Err(CallError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn damaged_part(upload: &MultipartUpload, part_number: u32) -> CallError {
    CallError::Integrity(format!(
        "put part {part_number} of `{}`: {PART_ATTEMPTS} times the store received other bytes than Lockstep sent",
        upload.location.name
    ))
}

fn read(file: &OpenFile, range: PartRange) -> Result<Vec<u8>, CallError> {
    if range.length > MAX_PART_BYTES || range.part_number == 0 || range.part_number > MAX_PARTS {
        let text = format!(
            "invalid part {} of {} bytes: expected a number from 1 to {MAX_PARTS} and at most {MAX_PART_BYTES} bytes",
            range.part_number, range.length
        );
        return Err(CallError::Invalid(text));
    }
    let bytes = file.read_at(range.offset, u32::try_from(range.length).unwrap_or(u32::MAX))?;
    file.check_unchanged()?;
    if bytes.len() as u64 != range.length {
        return Err(CallError::Invalid(format!("part {} ends after the end of the file", range.part_number)));
    }
    Ok(bytes)
}
