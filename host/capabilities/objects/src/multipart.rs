//! The functions of multipart uploads. They act only on the names of permits, and in a dry run they change nothing.

use super::location::{locate, locate_in_bucket, object};
use super::parts::MultipartUpload;
use super::types::{MultipartUploadInfo, ObjectInfo, PartInfo, PartRange, Precondition, PutOptions};
use super::{ObjectResults, Objects, ProgressCallback, check_count, options, sum};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::gate::Permit;
use lockstep_model::object::ObjectStore;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_workspace::OpenFile;
use lockstep_workspace::hash::Algorithm;

impl Objects {
    /// Lists the open multipart uploads of the permit's object, or below its prefix.
    ///
    /// # Errors
    /// The store returns an error.
    pub fn list_multipart_uploads(
        &mut self,
        permit: &Permit,
    ) -> Result<Answer<Vec<MultipartUploadInfo>>, CallError> {
        let name = object(permit)?;
        if name.store() == ObjectStore::Folder {
            return Ok(Answer::plain(Vec::new()));
        }
        let location = locate(name);
        let (runtime, s3) = self.server()?;
        runtime.block_on(s3.list_multipart_uploads(&location)).map(Answer::plain)
    }

    /// Creates a multipart upload.
    ///
    /// # Errors
    /// The store is a local folder, which has no multipart uploads, or returns an error.
    pub fn create_multipart_upload(
        &mut self,
        permit: &Permit,
        options: &PutOptions,
    ) -> Result<Answer<MultipartUpload>, CallError> {
        options::check(options)?;
        self.note_public_acl(std::slice::from_ref(options));
        let location = locate_in_bucket(permit)?;
        if self.dry_run {
            return Ok(Answer::plain(MultipartUpload::of(location, String::new(), options.checksum)));
        }
        let (runtime, s3) = self.server()?;
        runtime.block_on(s3.create(&location, options)).map(Answer::plain)
    }

    /// Continues a multipart upload. It asks the store nothing yet.
    ///
    /// # Errors
    /// The store is a local folder, or the upload ID is invalid.
    pub fn resume_multipart_upload(
        &mut self,
        permit: &Permit,
        id: &str,
        checksum: Algorithm,
    ) -> Result<Answer<MultipartUpload>, CallError> {
        if id.is_empty() || id.len() > 1024 || !id.chars().all(|c| c.is_ascii_graphic()) {
            return Err(CallError::Invalid(
                "invalid upload ID: expected 1 to 1,024 visible ASCII characters".into(),
            ));
        }
        Ok(Answer::plain(MultipartUpload::of(locate_in_bucket(permit)?, id.to_owned(), checksum)))
    }

    /// Lists the parts in the store.
    ///
    /// # Errors
    /// The upload is no longer open, or the store returns an error.
    pub fn list_parts(&mut self, upload: &MultipartUpload) -> Result<Answer<Vec<PartInfo>>, CallError> {
        if upload.id.is_empty() {
            return Ok(Answer::plain(Vec::new()));
        }
        let (runtime, s3) = self.server()?;
        runtime.block_on(s3.parts(upload)).map(Answer::plain)
    }

    /// Sends parts of a file, several at once. Each has its own result.
    ///
    /// # Errors
    /// The call has too many parts, or the host cannot connect to the store.
    pub fn upload_parts(
        &mut self,
        upload: &mut MultipartUpload,
        file: &OpenFile,
        ranges: &[PartRange],
        progress: ProgressCallback<'_>,
    ) -> Result<Answer<ObjectResults<PartInfo>>, CallError> {
        check_count(ranges.len())?;
        let total = sum(ranges.iter().map(|range| range.length));
        if self.dry_run {
            let part = |range: &PartRange| {
                Ok(PartInfo {
                    part_number: range.part_number,
                    size: range.length,
                    etag: String::new(),
                    checksum: None,
                })
            };
            return Ok(Answer::plain(ranges.iter().map(part).collect()));
        }
        self.send(total)?;
        let (runtime, s3) = self.server()?;
        let parts =
            runtime.block_on(s3.put_parts(upload, file, ranges, &mut |_, done| progress(done, total)));
        let bytes = sum(parts.iter().flatten().map(|part| part.size));
        Ok(Answer::new(parts, bytes, None))
    }

    /// Completes a multipart upload with these parts.
    ///
    /// # Errors
    /// The precondition fails, the upload is no longer open, or the store returns an error.
    pub fn complete(
        &mut self,
        upload: &mut MultipartUpload,
        parts: &[PartInfo],
        precondition: &Precondition,
    ) -> Result<Answer<ObjectInfo>, CallError> {
        check_count(parts.len())?;
        let stored = if self.dry_run {
            ObjectInfo { size: sum(parts.iter().map(|part| part.size)), ..ObjectInfo::default() }
        } else {
            let (runtime, s3) = self.server()?;
            runtime.block_on(s3.complete(upload, parts, precondition))?
        };
        let change = ObjectChange {
            name: upload.location.name.clone(),
            digest: stored.sha256,
            verb: ChangeVerb::Uploaded,
        };
        self.changes.push(change);
        Ok(Answer::new(stored.clone(), 0, stored.sha256))
    }

    /// Aborts a multipart upload.
    ///
    /// # Errors
    /// The store returns an error.
    pub fn abort(&mut self, upload: &MultipartUpload) -> Result<Answer<()>, CallError> {
        if self.dry_run {
            return Ok(Answer::plain(()));
        }
        let (runtime, s3) = self.server()?;
        runtime.block_on(s3.abort(upload)).map(Answer::plain)
    }
}
