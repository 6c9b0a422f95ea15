//! Multipart uploads: creates, resumes, fills and aborts them. It holds a part in memory only while it sends it.

use super::batch::{BatchTask, run_batch};
use super::checksums::{Checksums, add_checksum, checksum_in};
use super::connect::content_timeouts;
use super::location::ObjectLocation;
use super::options::apply_options;
use super::s3::{MAX_LISTED_BYTES, S3Store, endless_list, hex_of, unquoted};
use super::types::{PartInfo, PartRange, PutOptions};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType};
use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_workspace::OpenFile;
use lockstep_workspace::hash::{Algorithm, Hasher};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The most bytes of a part: several are in memory at once.
const MAX_PART_BYTES: u64 = 64 * 1024 * 1024;
/// The most parts of an upload. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_PARTS: u32 = 10_000;

/// A multipart upload that is open in its store.
#[derive(Debug)]
pub struct MultipartUpload {
    pub(super) location: ObjectLocation,
    pub(super) id: String,
    pub(super) checksum: Algorithm,
    /// The SHA-256 of the file from its start to an offset, while the run sends the parts in order; and that offset.
    whole: Option<(Hasher, u64)>,
}

impl MultipartUpload {
    pub(super) fn of(location: ObjectLocation, id: String, checksum: Algorithm) -> Self {
        Self { location, id, checksum, whole: Some((Hasher::new(Algorithm::Sha256), 0)) }
    }

    /// A placeholder for an upload that is in use elsewhere.
    #[must_use]
    pub fn none() -> Self {
        let location = ObjectLocation { bucket: String::new(), key: String::new(), name: String::new() };
        Self { location, id: String::new(), checksum: Algorithm::Sha256, whole: None }
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

    pub(super) async fn parts(&self, upload: &MultipartUpload) -> Result<Vec<PartInfo>, CallError> {
        let (location, mut parts, mut marker) = (&upload.location, Vec::<PartInfo>::new(), None);
        let (mut markers, mut bytes) = (HashSet::new(), 0);
        loop {
            let request = self.connection.client.list_parts().bucket(&location.bucket).key(&location.key);
            let request = request.upload_id(&upload.id).set_part_number_marker(marker.clone());
            let answer = request
                .send()
                .await
                .map_err(|error| self.request_error("list parts of", &location.name, &error))?;
            let before = parts.len();
            for part in answer.parts.unwrap_or_default() {
                bytes += part.e_tag().map_or(0, str::len);
                let checksum = checksum_in!(part, upload.checksum);
                parts.push(PartInfo {
                    part_number: part
                        .part_number
                        .and_then(|number| number.try_into().ok())
                        .unwrap_or_default(),
                    size: part.size.and_then(|size| size.try_into().ok()).unwrap_or_default(),
                    etag: unquoted(part.e_tag),
                    checksum: checksum.and_then(|text| hex_of(&text)),
                });
            }
            if answer.is_truncated != Some(true) {
                // Some servers list parts in the order of arrival.
                parts.sort_by_key(|part| part.part_number);
                return Ok(parts);
            }
            marker = answer.next_part_number_marker;
            let goes_on = parts.len() > before && marker.is_some() && markers.insert(marker.clone());
            if !goes_on || parts.len() > MAX_PARTS as usize || bytes > MAX_LISTED_BYTES {
                return Err(endless_list("list parts of", &location.name));
            }
        }
    }

    /// Sends parts of a file, several at once.
    pub(super) async fn put_parts(
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
        run_batch(&self.connection.monitor.limiter, ranges.iter().map(task), progress).await
    }

    async fn put_part(
        &self,
        location: &ObjectLocation,
        id: &str,
        range: PartRange,
        bytes: Vec<u8>,
        algorithm: Algorithm,
    ) -> Result<PartInfo, CallError> {
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
        if server_checksum.is_some_and(|server_checksum| server_checksum != checksums.checksum_base64()) {
            let text = format!(
                "put part {number} of `{}`: the store has a different checksum than the sent part",
                location.name
            );
            return Err(CallError::Integrity(text));
        }
        Ok(PartInfo {
            part_number: range.part_number,
            size: range.length,
            etag: unquoted(answer.e_tag),
            checksum: Some(checksums.checksum_hex()),
        })
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
