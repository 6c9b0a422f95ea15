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
mod error_code;
mod evidence;
mod failure;
mod folder;
mod listing;
mod location;
mod multipart;
mod notes;
mod oidc;
mod options;
mod page_starts;
mod partition;
mod parts;
mod pause;
mod profiles;
mod put;
mod read_back;
mod region;
mod retry;
mod route;
mod s3;
mod source;
mod temporary;
#[cfg(test)]
mod tests;
mod types;
mod update;

pub use config::{AccessKey, ConfigFiles, IdentityToken, ObjectsConfig};
pub use notes::NoteWriter;
pub use parts::MultipartUpload;
pub use types::{
    Content, MultipartUploadInfo, ObjectInfo, ObjectPage, ObjectSummary, PartInfo, PartRange, Precondition,
    PutOptions, PutRequest, Retention, RetentionMode, UpdateRequest,
};

use batch::{BatchTask, run_batch};
use location::{locate, mixed_stores, object};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::object::{ObjectName, ObjectStore};
use lockstep_model::report::{ChangeVerb, Level, Note, ObjectChange};
use lockstep_model::secret_registry::SecretRegistry;
use notes::Notes;
use page_starts::PageStarts;
use s3::S3Store;
use std::sync::Arc;
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
    notes: Arc<Notes>,
    /// The client, created for the first call that needs a server.
    server: Option<(Runtime, Arc<S3Store>)>,
    changes: Vec<ObjectChange>,
    page_starts: PageStarts,
    sent: u64,
    swept: SweptFolders,
    has_noted_acl: bool,
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
        let (limits, notes) = (*limits, Arc::default());
        let (sent, has_noted_acl) = (0, false);
        Self {
            config,
            dry_run,
            limits,
            secrets,
            notes,
            server,
            changes,
            page_starts,
            sent,
            swept,
            has_noted_acl,
        }
    }

    /// The changes in their order; in a dry run, those that it would make.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// Writes the notes of this run to a log from now on, while its calls run.
    pub fn write_notes_with(&self, writer: NoteWriter) {
        self.notes.write_with(writer);
    }

    /// The notes since the last call of this function.
    pub fn notes(&mut self) -> Vec<Note> {
        self.notes.take()
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
            let connection = runtime.block_on(connect::connect(&self.config, &self.secrets, &self.notes))?;
            let (secrets, notes) = (Arc::clone(&self.secrets), Arc::clone(&self.notes));
            let s3 = Arc::new(S3Store { connection, secrets, no_checksums: false.into(), notes });
            self.server = Some((runtime, s3));
        }
        match &self.server {
            Some((runtime, s3)) => Ok((runtime, Arc::clone(s3))),
            None => Err(CallError::Unavailable("no connection".into())),
        }
    }

    /// Notes once that everybody can read objects: the inputs of a step can set this without anybody noticing.
    fn note_public_acl(&mut self, options: &[PutOptions]) {
        let Some(acl) = options.iter().find_map(options::public_acl).filter(|_| !self.has_noted_acl) else {
            return;
        };
        self.has_noted_acl = true;
        let who =
            if acl == "authenticated-read" { "everybody with an account of the store" } else { "everybody" };
        self.notes.add(Level::Notice, format!("objects get the ACL `{acl}`: {who} can read them"));
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
