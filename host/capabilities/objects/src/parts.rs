//! An upload in parts: begun or gone on with, its parts sent, completed or given up. It keeps no part in memory that is
//! not on its way.

use super::batch::{Job, each};
use super::connect::sending;
use super::options::keep;
use super::proof::{Proof, prove, proven};
use super::s3::{LISTED, Place, S3, endless, hex_of, unquoted};
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

/// The largest part, in bytes: several are in memory at once.
const LARGEST: u64 = 64 * 1024 * 1024;
/// The most parts of an upload, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const MOST_PARTS: u32 = 10_000;

/// An upload that is open in its store.
#[derive(Debug)]
pub struct MultipartUpload {
    pub(super) place: Place,
    pub(super) id: String,
    pub(super) checksum: Algorithm,
    /// The SHA-256 of the file as far as its parts were sent in order from the first, and where that is.
    whole: Option<(Hasher, u64)>,
}

impl MultipartUpload {
    pub(super) fn of(place: Place, id: String, checksum: Algorithm) -> Self {
        Self { place, id, checksum, whole: Some((Hasher::new(Algorithm::Sha256), 0)) }
    }

    /// None at all: what stands in the place of one that is in use.
    #[must_use]
    pub fn none() -> Self {
        let place = Place { bucket: String::new(), key: String::new(), name: String::new() };
        Self { place, id: String::new(), checksum: Algorithm::Sha256, whole: None }
    }

    /// The name of the object that it makes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// Takes the next bytes of the file into the digest of the whole, if these are the next.
    fn take(&mut self, offset: u64, bytes: &[u8]) {
        self.whole = match self.whole.take() {
            Some((mut hasher, at)) if at == offset => {
                hasher.update(bytes);
                Some((hasher, at + bytes.len() as u64))
            }
            _ => None,
        };
    }

    /// The digest of the whole, if all of so many bytes were sent in order.
    pub(super) fn digest(&mut self, size: u64) -> Option<Digest> {
        let (hasher, _) = self.whole.take().filter(|(_, at)| *at == size)?;
        <[u8; 32]>::try_from(hasher.finish()).ok().map(Digest::from)
    }
}

impl S3 {
    pub(super) async fn begin(&self, at: &Place, options: &PutOptions) -> Result<MultipartUpload, CallError> {
        let repeated = self.connected.hearing.repeated();
        let upload = self.begin_one(at, options).await?;
        if self.connected.hearing.repeated() > repeated {
            self.clean_up(&upload).await;
        }
        Ok(upload)
    }

    /// Gives up what a beginning left whose reply was lost: uploads of this object without a part. If that fails, the
    /// next run finds them.
    async fn clean_up(&self, upload: &MultipartUpload) {
        for other in self.list_multipart_uploads(&upload.place).await.unwrap_or_default() {
            let other = MultipartUpload::of(upload.place.clone(), other.upload_id, upload.checksum);
            let empty = other.id != upload.id && self.parts(&other).await.is_ok_and(|parts| parts.is_empty());
            if empty {
                let _ = self.abort(&other).await;
            }
        }
    }

    async fn begin_one(&self, at: &Place, options: &PutOptions) -> Result<MultipartUpload, CallError> {
        let answer = loop {
            let plain = self.plain.load(Ordering::Relaxed);
            let request = self.connected.client.create_multipart_upload().bucket(&at.bucket).key(&at.key);
            let request = keep!(request, options);
            let request = match (plain, options.checksum) {
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
                Err(error) if !plain && self.goes_plain(&error) => {}
                Err(error) => return Err(self.told("begin an upload of", &at.name, &error)),
            }
        };
        let id = answer.upload_id.filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| {
            CallError::Unavailable(format!("begin an upload of `{}`: it got no id", at.name))
        })?;
        Ok(MultipartUpload::of(at.clone(), id, options.checksum))
    }

    pub(super) async fn parts(&self, upload: &MultipartUpload) -> Result<Vec<PartInfo>, CallError> {
        let (at, mut found, mut marker) = (&upload.place, Vec::<PartInfo>::new(), None);
        let (mut begun, mut bytes) = (HashSet::new(), 0);
        loop {
            let request = self.connected.client.list_parts().bucket(&at.bucket).key(&at.key);
            let request = request.upload_id(&upload.id).set_part_number_marker(marker.clone());
            let answer =
                request.send().await.map_err(|error| self.told("list parts of", &at.name, &error))?;
            let before = found.len();
            for part in answer.parts.unwrap_or_default() {
                bytes += part.e_tag().map_or(0, str::len);
                let checksum = proven!(part, upload.checksum);
                found.push(PartInfo {
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
                // Some servers list them as they came.
                found.sort_by_key(|part| part.part_number);
                return Ok(found);
            }
            marker = answer.next_part_number_marker;
            let goes_on = found.len() > before && marker.is_some() && begun.insert(marker.clone());
            if !goes_on || found.len() > MOST_PARTS as usize || bytes > LISTED {
                return Err(endless("list parts of", &at.name));
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
        let (place, id, algorithm) = (upload.place.clone(), upload.id.clone(), upload.checksum);
        let job = |range: &PartRange| {
            let read = read(file, *range);
            if let Ok(bytes) = &read {
                upload.take(range.offset, bytes);
            }
            let (s3, place, id, range) = (Arc::clone(self), place.clone(), id.clone(), *range);
            let work = async move { s3.put_part(&place, &id, range, read?, algorithm).await };
            Job { bytes: range.length, work }
        };
        each(&self.connected.hearing.pace, ranges.iter().map(job), progress).await
    }

    async fn put_part(
        &self,
        at: &Place,
        id: &str,
        range: PartRange,
        bytes: Vec<u8>,
        algorithm: Algorithm,
    ) -> Result<PartInfo, CallError> {
        // Nobody tells the SHA-256 of a part, so it is only made where it is signed.
        let proof_of = if self.connected.sealed { Proof::quick } else { Proof::of };
        let made = tokio::task::spawn_blocking(move || {
            let proof = proof_of(&bytes, algorithm);
            (bytes::Bytes::from(bytes), proof)
        });
        let (bytes, proof) =
            made.await.map_err(|error| CallError::Unavailable(format!("cannot read: {error}")))?;
        let number = i32::try_from(range.part_number).unwrap_or(i32::MAX);
        let answer = loop {
            let plain = self.plain.load(Ordering::Relaxed);
            let request = self.connected.client.upload_part().bucket(&at.bucket).key(&at.key);
            let request = request.upload_id(id).part_number(number);
            let request = prove!(request, proof, &bytes, algorithm, plain);
            let request = request.body(ByteStream::from(bytes.clone())).customize();
            let request = request.config_override(sending(range.length));
            match request.interceptor(proof.signature(self.connected.sealed)).send().await {
                Ok(answer) => break answer,
                Err(error)
                    if !plain && (self.goes_plain(&error) || super::failure::is_about_checksum(&error)) => {}
                Err(error) => return Err(self.told(&format!("put part {number} of"), &at.name, &error)),
            }
        };
        let told = proven!(answer, algorithm);
        if told.is_some_and(|told| told != proof.checksum_base64()) {
            let text =
                format!("put part {number} of `{}`: the store holds other bytes than were sent", at.name);
            return Err(CallError::Integrity(text));
        }
        Ok(PartInfo {
            part_number: range.part_number,
            size: range.length,
            etag: unquoted(answer.e_tag),
            checksum: Some(proof.checksum_hex()),
        })
    }

    pub(super) async fn abort(&self, upload: &MultipartUpload) -> Result<(), CallError> {
        let at = &upload.place;
        let request = self.connected.client.abort_multipart_upload().bucket(&at.bucket).key(&at.key);
        match request
            .upload_id(&upload.id)
            .send()
            .await
            .map_err(|error| self.told("give up", &at.name, &error))
        {
            Ok(_) | Err(CallError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn read(file: &OpenFile, range: PartRange) -> Result<Vec<u8>, CallError> {
    if range.length > LARGEST || range.part_number == 0 || range.part_number > MOST_PARTS {
        let text = format!(
            "part {} of {} bytes: there are at most {MOST_PARTS}, of {LARGEST}",
            range.part_number, range.length
        );
        return Err(CallError::Invalid(text));
    }
    let bytes = file.read_at(range.offset, u32::try_from(range.length).unwrap_or(u32::MAX))?;
    file.check_unchanged()?;
    if bytes.len() as u64 != range.length {
        return Err(CallError::Invalid(format!(
            "part {} reaches past the end of the file",
            range.part_number
        )));
    }
    Ok(bytes)
}
