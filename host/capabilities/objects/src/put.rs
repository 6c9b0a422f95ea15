//! Writes whole objects, several at once. It acts only on the names of permits.

use super::batch::{BatchTask, run_batch};
use super::location::{locate, mixed_stores, object};
use super::s3::ContentSource;
use super::types::{Content, ObjectInfo, PutOptions, PutRequest};
use super::{ObjectResults, Objects, ProgressCallback, byte_limit_error, check_count, folder, options};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::object::{ObjectName, ObjectStore};
use lockstep_workspace::Workspace;
use std::sync::Arc;

impl Objects {
    /// Writes the objects of the permits, several at once. Each has its own result.
    pub fn put_objects(
        &mut self,
        permits: &[Permit],
        puts: Vec<PutRequest>,
        options: &[PutOptions],
        workspace: &Workspace,
        progress: ProgressCallback<'_>,
    ) -> ObjectResults<Answer<ObjectInfo>> {
        let fail_all = |error: CallError| permits.iter().map(|_| Err(error.clone())).collect();
        if let Err(error) = check_count(puts.len()).and_then(|()| options.iter().try_for_each(options::check))
        {
            return fail_all(error);
        }
        if let Some(put) = puts.iter().find(|put| put.options as usize >= options.len()) {
            return fail_all(CallError::Invalid(format!(
                "invalid index of options {}: the call has fewer",
                put.options
            )));
        }
        let names = permits.iter().map(object).collect::<Result<Vec<_>, _>>();
        if let Err(error) = names.and_then(|names| folder::check_own(&self.config.own_files, "put", &names)) {
            return fail_all(error);
        }
        self.note_public_acl(options);
        let stored = if self.dry_run {
            permits.iter().zip(puts).map(|(permit, put)| dry_run_result(permit, put, workspace)).collect()
        } else {
            match self.write_objects(permits, puts, options, workspace, progress) {
                Ok(stored) => stored,
                Err(error) => return fail_all(error),
            }
        };
        let answers = permits.iter().zip(stored).map(|(permit, stored)| {
            let stored: ObjectInfo = stored?;
            self.record_change(object(permit)?, stored.sha256, false);
            Ok(Answer::new(stored.clone(), stored.size, stored.sha256))
        });
        answers.collect()
    }

    fn write_objects(
        &mut self,
        permits: &[Permit],
        puts: Vec<PutRequest>,
        options: &[PutOptions],
        workspace: &Workspace,
        progress: ProgressCallback<'_>,
    ) -> Result<ObjectResults<ObjectInfo>, CallError> {
        let names = permits.iter().map(object).collect::<Result<Vec<_>, _>>()?;
        let total = puts.len() as u64;
        let (mut sent, max) = (self.sent, self.limits.sent_bytes);
        let mut source = |permit: &Permit, put: &mut PutRequest| {
            let content = std::mem::replace(&mut put.content, Content::File);
            let source = ContentSource::of(content, || workspace.open_source(permit).map_err(source_changed));
            sent = sent.saturating_add(source.size());
            if sent > max { ContentSource::File(Err(byte_limit_error(max))) } else { source }
        };
        if names.iter().any(|name| name.store() == ObjectStore::Folder) {
            if names.iter().any(|name| name.store() != ObjectStore::Folder) {
                return Err(mixed_stores());
            }
            let (mut done, mut swept) = (0, std::mem::take(&mut self.swept));
            let one = |((permit, name), mut put): ((&Permit, &ObjectName), PutRequest)| {
                let source = source(permit, &mut put);
                let stored =
                    folder::put(name, source, &options[put.options as usize], &put.precondition, &mut swept);
                done += 1;
                progress(done, total);
                stored
            };
            let stored = permits.iter().zip(names).zip(puts).map(one).collect();
            (self.sent, self.swept) = (sent, swept);
            return Ok(stored);
        }
        let options: Vec<Arc<PutOptions>> = options.iter().cloned().map(Arc::new).collect();
        let (runtime, s3) = self.server()?;
        let task = |((permit, name), mut put): ((&Permit, &ObjectName), PutRequest)| {
            let (content, location) = (source(permit, &mut put), locate(name));
            let (s3, options) = (Arc::clone(&s3), Arc::clone(&options[put.options as usize]));
            let bytes = content.size();
            BatchTask {
                bytes,
                work: async move { s3.put(&location, content, &options, &put.precondition).await },
            }
        };
        let tasks = permits.iter().zip(names).zip(puts).map(task);
        let limiter = &s3.connection.monitor.limiter;
        let stored = runtime.block_on(run_batch(limiter, tasks, &mut |done, _| progress(done, total)));
        self.sent = sent;
        Ok(stored)
    }
}

/// A file that disappeared is a conflict: `not-found` would mean that the store lacks the object.
fn source_changed(error: CallError) -> CallError {
    match error {
        CallError::NotFound(text) => CallError::Conflict(text),
        error => error,
    }
}

/// The result of a write in a dry run.
fn dry_run_result(permit: &Permit, put: PutRequest, workspace: &Workspace) -> Result<ObjectInfo, CallError> {
    let (size, digest) = match put.content {
        Content::File => {
            let file = workspace.open_source(permit).map_err(source_changed)?;
            (file.size(), file.digest()?)
        }
        Content::Bytes(bytes) => (bytes.len() as u64, Digest::of(&bytes)),
    };
    Ok(ObjectInfo { size, sha256: Some(digest), ..ObjectInfo::default() })
}
