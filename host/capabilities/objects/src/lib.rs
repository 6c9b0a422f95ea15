//! Objects in buckets of S3-compatible stores, and files of local folders. It acts only on the names of permits, and no
//! credential leaves this crate. In a dry run it changes nothing.
#![forbid(unsafe_code)]

mod answer_limits;
mod batch;
mod checksums;
mod complete;
mod concurrency;
mod config;
mod connect;
mod credentials;
mod failure;
mod folder;
mod location;
mod oidc;
mod options;
mod page_starts;
mod parts;
mod profiles;
mod put;
mod retry;
mod route;
mod s3;
mod temporary;
#[cfg(test)]
mod tests;
mod types;

pub use config::{AccessKey, ConfigFiles, IdentityToken, ObjectsConfig};
pub use parts::MultipartUpload;
pub use types::{
    Content, MultipartUploadInfo, ObjectInfo, ObjectPage, ObjectSummary, PartInfo, PartRange, Precondition,
    PutOptions, PutRequest, Retention, RetentionMode,
};

use batch::{BatchTask, run_batch};
use location::{locate, locate_in_bucket, mixed_stores, object};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::object::{ObjectName, ObjectStore};
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::secret_registry::SecretRegistry;
use lockstep_workspace::OpenFile;
use lockstep_workspace::hash::Algorithm;
use page_starts::PageStarts;
use s3::S3Store;
use std::sync::{Arc, PoisonError};
use temporary::SweptFolders;
use tokio::runtime::Runtime;

/// The most objects of a call.
const MAX_OBJECTS: usize = 10_000;
/// The threads that sign, hash and send.
const THREADS: usize = 4;

/// A result for each object of a call, in the order of the call.
pub type ObjectResults<T> = Vec<Result<T, CallError>>;

/// Gets the progress of a call: how much of how much is done, in objects or in bytes.
pub type ProgressCallback<'a> = &'a mut dyn FnMut(u64, u64);

/// The objects of one run.
pub struct Objects {
    config: ObjectsConfig,
    dry_run: bool,
    limits: Limits,
    secrets: Arc<SecretRegistry>,
    /// The client, created for the first call that needs a server.
    server: Option<(Runtime, Arc<S3Store>)>,
    changes: Vec<ObjectChange>,
    page_starts: PageStarts,
    sent: u64,
    swept: SweptFolders,
}

impl Objects {
    /// The objects of a run. It sends nothing yet.
    #[must_use]
    pub fn new(config: ObjectsConfig, limits: &Limits, dry_run: bool) -> Self {
        let secrets = Arc::new(SecretRegistry::default());
        if let Some(keys) = &config.keys {
            secrets.add(&keys.secret);
            secrets.add(keys.token.as_deref().unwrap_or_default());
        }
        let (server, changes) = (None, Vec::new());
        let (page_starts, swept) = (PageStarts::default(), SweptFolders::default());
        Self { config, dry_run, limits: *limits, secrets, server, changes, page_starts, sent: 0, swept }
    }

    /// The changes in their order; in a dry run, those that it would make.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// The warnings since the last call of this function.
    pub fn warnings(&mut self) -> Vec<String> {
        let Some((_, s3)) = &self.server else {
            return Vec::new();
        };
        std::mem::take(&mut *s3.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lists a page of objects below the prefix of the permit.
    ///
    /// # Errors
    /// The name is not a prefix, or the store returns an error.
    pub fn list_objects(
        &mut self,
        permit: &Permit,
        start: Option<&str>,
    ) -> Result<Answer<ObjectPage>, CallError> {
        let name = object(permit)?;
        if !name.is_prefix() {
            return Err(CallError::Invalid(format!("list `{name}`: a prefix ends with `/`")));
        }
        if name.store() == ObjectStore::Folder {
            return folder::list(name, start, self.limits.found_files, !self.dry_run).map(Answer::plain);
        }
        let location = locate(name);
        let key = match start {
            None => None,
            Some(start) => {
                let bucket_and_key = start.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
                let key = bucket_and_key
                    .filter(|(bucket, _)| *bucket == location.bucket)
                    .map(|(_, key)| key.to_owned());
                Some(key.ok_or_else(|| {
                    CallError::Invalid("invalid `start`: expected a name in the bucket of the prefix".into())
                })?)
            }
        };
        let (runtime, s3) = self.server()?;
        let page = runtime.block_on(s3.list(&location, key))?;
        self.page_starts.record(name.as_str(), start.is_none(), page.next.as_deref())?;
        Ok(Answer::plain(page))
    }

    /// Returns what the store says about each object of the permit.
    ///
    /// # Errors
    /// The call has too many objects, or the host cannot connect to the store. An error about one object is in its
    /// result.
    pub fn head_objects(
        &mut self,
        permit: &Permit,
    ) -> Result<Answer<ObjectResults<Option<ObjectInfo>>>, CallError> {
        let names = permit.objects();
        check_count(names.len())?;
        let (folders, buckets) =
            names.iter().partition::<Vec<&ObjectName>, _>(|name| name.store() == ObjectStore::Folder);
        if buckets.is_empty() {
            return Ok(Answer::plain(folders.into_iter().map(folder::head).collect()));
        }
        if !folders.is_empty() {
            return Err(mixed_stores());
        }
        let locations = buckets.into_iter().map(locate).collect();
        let (runtime, s3) = self.server()?;
        Ok(Answer::plain(runtime.block_on(s3.head_all(locations, &mut |_, _| {}))))
    }

    /// Deletes the objects of the permits.
    pub fn delete_objects(&mut self, permits: &[Permit]) -> ObjectResults<Answer<()>> {
        let fail_all = |error: CallError| permits.iter().map(|_| Err(error.clone())).collect();
        let names = match check_count(permits.len())
            .and_then(|()| permits.iter().map(object).collect::<Result<Vec<_>, _>>())
        {
            Ok(names) => names,
            Err(error) => return fail_all(error),
        };
        if let Err(error) = folder::check_own(&self.config.own_files, "delete", &names) {
            return fail_all(error);
        }
        if let Some(name) = names.iter().find(|name| name.is_prefix()) {
            return fail_all(CallError::Invalid(format!(
                "delete `{name}`: this is a prefix, because it ends with `/`; name an object"
            )));
        }
        let deleted: ObjectResults<()> = if self.dry_run {
            names.iter().map(|_| Ok(())).collect()
        } else if names.iter().all(|name| name.store() == ObjectStore::Folder) {
            names.iter().map(|name| folder::delete(name)).collect()
        } else if names.iter().any(|name| name.store() == ObjectStore::Folder) {
            return fail_all(mixed_stores());
        } else {
            let (runtime, s3) = match self.server() {
                Ok(server) => server,
                Err(error) => return fail_all(error),
            };
            let task = |name: &&ObjectName| {
                let (s3, location) = (Arc::clone(&s3), locate(name));
                BatchTask { bytes: 1, work: async move { s3.delete(&location).await } }
            };
            runtime.block_on(run_batch(
                &s3.connection.monitor.limiter,
                names.iter().map(task),
                &mut |_, _| {},
            ))
        };
        for (name, _) in names.iter().zip(&deleted).filter(|(_, deleted)| deleted.is_ok()) {
            self.record_change(name, None, true);
        }
        deleted.into_iter().map(|deleted| deleted.map(Answer::plain)).collect()
    }

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

    /// The client, which the first call connects.
    fn server(&mut self) -> Result<(&Runtime, Arc<S3Store>), CallError> {
        if self.server.is_none() {
            let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .thread_name("objects")
                .enable_all()
                .build()
                .map_err(|error| CallError::Local(format!("no threads for requests: {error}")))?;
            let mut connection = runtime.block_on(connect::connect(&self.config, &self.secrets))?;
            let warnings = std::mem::take(&mut connection.warnings).into();
            let secrets = Arc::clone(&self.secrets);
            let s3 = Arc::new(S3Store { connection, secrets, no_checksums: false.into(), warnings });
            self.server = Some((runtime, s3));
        }
        match &self.server {
            Some((runtime, s3)) => Ok((runtime, Arc::clone(s3))),
            None => Err(CallError::Unavailable("no connection".into())),
        }
    }

    /// Counts bytes before the host sends them.
    fn send(&mut self, bytes: u64) -> Result<(), CallError> {
        self.sent = self.sent.saturating_add(bytes);
        if self.sent > self.limits.sent_bytes {
            return Err(byte_limit_error(self.limits.sent_bytes));
        }
        Ok(())
    }

    fn record_change(&mut self, name: &ObjectName, digest: Option<Digest>, deleted: bool) {
        let verb = if deleted { ChangeVerb::Deleted } else { ChangeVerb::Uploaded };
        self.changes.push(ObjectChange { name: name.as_str().to_owned(), digest, verb });
    }
}

fn check_count(count: usize) -> Result<(), CallError> {
    if count > MAX_OBJECTS {
        return Err(CallError::LimitExceeded(format!(
            "the call has more than {MAX_OBJECTS} objects or parts"
        )));
    }
    Ok(())
}

/// The sum of sizes that a component claims. It does not overflow.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

fn byte_limit_error(max: u64) -> CallError {
    CallError::LimitExceeded(format!("the run would send more than {max} bytes"))
}
