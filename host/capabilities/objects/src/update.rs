//! Gives objects other options without sending their content again: a store copies each object onto itself. It acts only
//! on the names of permits.

use super::batch::{BatchTask, run_batch};
use super::connect::completion_timeouts;
use super::location::{ObjectLocation, locate, object};
use super::options::{self, apply_options, escaped};
use super::s3::S3Store;
use super::types::{ObjectInfo, PutOptions, UpdateRequest};
use super::{ObjectResults, Objects, ProgressCallback, check_count};
use aws_sdk_s3::types::{ChecksumAlgorithm, MetadataDirective, TaggingDirective};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::gate::Permit;
use lockstep_model::object::ObjectStore;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_workspace::hash::Algorithm;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The most bytes that a store copies at once.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
const MAX_COPY_BYTES: u64 = 5 * 1024 * 1024 * 1024;

impl Objects {
    /// Gives the objects of the permits other options, several at once. Each has its own result.
    pub fn update_objects(
        &mut self,
        permits: &[Permit],
        updates: Vec<UpdateRequest>,
        options: &[PutOptions],
        progress: ProgressCallback<'_>,
    ) -> ObjectResults<Answer<ObjectInfo>> {
        let fail_all = |error: CallError| permits.iter().map(|_| Err(error.clone())).collect();
        let locations = match check_count(updates.len())
            .and_then(|()| options.iter().try_for_each(options::check))
            .and_then(|()| check_indexes(&updates, options.len()))
            .and_then(|()| permits.iter().map(in_bucket).collect::<Result<Vec<_>, _>>())
        {
            Ok(locations) => locations,
            Err(error) => return fail_all(error),
        };
        self.note_public_acl(options);
        let names: Vec<String> = locations.iter().map(|location| location.name.clone()).collect();
        let updated = if self.dry_run {
            updates
                .into_iter()
                .map(|update| Ok(ObjectInfo { etag: update.etag, ..ObjectInfo::default() }))
                .collect()
        } else {
            match self.copy_objects(locations, updates, options, progress) {
                Ok(updated) => updated,
                Err(error) => return fail_all(error),
            }
        };
        let answers = names.into_iter().zip(updated).map(|(name, updated)| {
            let info: ObjectInfo = updated?;
            self.changes.push(ObjectChange { name, digest: None, verb: ChangeVerb::Changed });
            Ok(Answer::plain(info))
        });
        answers.collect()
    }

    fn copy_objects(
        &mut self,
        locations: Vec<ObjectLocation>,
        updates: Vec<UpdateRequest>,
        options: &[PutOptions],
        progress: ProgressCallback<'_>,
    ) -> Result<ObjectResults<ObjectInfo>, CallError> {
        let total = updates.len() as u64;
        let options: Vec<Arc<PutOptions>> = options.iter().cloned().map(Arc::new).collect();
        let (runtime, s3) = self.server()?;
        let task = |(location, update): (ObjectLocation, UpdateRequest)| {
            let (s3, options) = (Arc::clone(&s3), Arc::clone(&options[update.options as usize]));
            BatchTask { bytes: 1, work: async move { s3.update(&location, &update.etag, &options).await } }
        };
        let tasks = locations.into_iter().zip(updates).map(task);
        let limiter = &s3.connection.monitor.limiter;
        Ok(runtime.block_on(run_batch(limiter, tasks, &mut |done, _| progress(done, total))))
    }
}

/// The object of a permit, which must be in a bucket.
fn in_bucket(permit: &Permit) -> Result<ObjectLocation, CallError> {
    let name = object(permit)?;
    match name.store() {
        _ if name.is_prefix() => {
            Err(CallError::Invalid(format!("update `{name}`: this is a prefix, because it ends with `/`")))
        }
        ObjectStore::Folder => {
            Err(CallError::Invalid(format!("update `{name}`: a local folder keeps no options of objects")))
        }
        ObjectStore::Bucket(_) => Ok(locate(name)),
    }
}

fn check_indexes(updates: &[UpdateRequest], options: usize) -> Result<(), CallError> {
    match updates.iter().find(|update| update.options as usize >= options) {
        Some(update) => Err(CallError::Invalid(format!(
            "invalid index of options {}: the call has fewer",
            update.options
        ))),
        None => Ok(()),
    }
}

impl S3Store {
    async fn update(
        &self,
        location: &ObjectLocation,
        etag: &str,
        options: &PutOptions,
    ) -> Result<ObjectInfo, CallError> {
        let name = &location.name;
        let before = self.head(location).await?;
        let before =
            before.ok_or_else(|| CallError::NotFound(format!("update `{name}`: there is no such object")))?;
        if before.etag != etag {
            return Err(CallError::Conflict(format!(
                "update `{name}`: its entity tag is `{}`, no longer `{etag}`",
                before.etag
            )));
        }
        if before.size > MAX_COPY_BYTES {
            return Err(CallError::Invalid(format!(
                "update `{name}`: it has {} bytes, and a store copies at most 5 GiB at once; upload it again",
                before.size
            )));
        }
        let version_id = self.copy_onto_itself(location, etag, options).await?;
        let after = self.head(location).await?.unwrap_or_default();
        let checksums = before.checksum.as_ref().zip(after.checksum.as_ref());
        let differs = checksums.is_some_and(|(before, after)| before.0 == after.0 && before.1 != after.1);
        if after.size != before.size || differs {
            return Err(CallError::Integrity(format!(
                "update `{name}`: the object has other content after the copy, or another job replaced it; upload it \
                 again"
            )));
        }
        Ok(ObjectInfo { version_id: version_id.or(after.version_id.clone()), ..after })
    }

    /// Copies the object onto itself with other options, and returns the new version.
    async fn copy_onto_itself(
        &self,
        location: &ObjectLocation,
        etag: &str,
        options: &PutOptions,
    ) -> Result<Option<String>, CallError> {
        let ObjectLocation { bucket, key, name } = location;
        let path: Vec<String> = key.split('/').map(escaped).collect();
        loop {
            let no_checksums = self.no_checksums.load(Ordering::Relaxed);
            let request = self.connection.client.copy_object().bucket(bucket).key(key);
            let request = request.copy_source(format!("{bucket}/{}", path.join("/")));
            let request = request.copy_source_if_match(format!("\"{etag}\""));
            let request = apply_options!(request, options).metadata_directive(MetadataDirective::Replace);
            // Stores without tags reject this directive.
            let replaces_tags = !options.tags.is_empty() || self.has_tags(location).await?;
            let request = request.set_tagging_directive(replaces_tags.then_some(TaggingDirective::Replace));
            let checksum = match options.checksum {
                Algorithm::Crc64Nvme => ChecksumAlgorithm::Crc64Nvme,
                Algorithm::Crc32c => ChecksumAlgorithm::Crc32C,
                _ => ChecksumAlgorithm::Sha256,
            };
            let request = request.set_checksum_algorithm((!no_checksums).then_some(checksum));
            match request.customize().config_override(completion_timeouts()).send().await {
                Ok(answer) => return Ok(answer.version_id),
                Err(error) if !no_checksums && self.falls_back_to_md5(&error) => {}
                Err(error) => return Err(self.request_error("update", name, &error)),
            }
        }
    }

    async fn has_tags(&self, location: &ObjectLocation) -> Result<bool, CallError> {
        let request = self.connection.client.head_object().bucket(&location.bucket).key(&location.key);
        let answer =
            request.send().await.map_err(|error| self.request_error("update", &location.name, &error))?;
        Ok(answer.tag_count.is_some_and(|count| count > 0))
    }
}
