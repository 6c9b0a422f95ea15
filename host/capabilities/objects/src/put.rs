//! Writes whole objects, several at once: the part of the objects that has most to decide. It acts only on what permits
//! name.

use super::batch::{Job, each};
use super::s3::Source;
use super::types::{Content, ObjectInfo, PutOptions, PutRequest};
use super::{Each, Objects, Progress, few, folder, mixed, object, options, place, too_much};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::object::{ObjectName, ObjectStore};
use lockstep_workspace::Workspace;
use std::sync::Arc;

impl Objects {
    /// Writes the permits' objects, several at once. Each ends by itself.
    pub fn put_objects(
        &mut self,
        permits: &[Permit],
        puts: Vec<PutRequest>,
        options: &[PutOptions],
        workspace: &Workspace,
        progress: Progress<'_>,
    ) -> Each<Answer<ObjectInfo>> {
        let all = |error: CallError| permits.iter().map(|_| Err(error.clone())).collect();
        if let Err(error) = few(puts.len()).and_then(|()| options.iter().try_for_each(options::check)) {
            return all(error);
        }
        if let Some(put) = puts.iter().find(|put| put.options as usize >= options.len()) {
            return all(CallError::Invalid(format!("there is no options {}", put.options)));
        }
        let stored = if self.dry_run {
            permits.iter().zip(puts).map(|(permit, put)| plan(permit, put, workspace)).collect()
        } else {
            match self.put_now(permits, puts, options, workspace, progress) {
                Ok(stored) => stored,
                Err(error) => return all(error),
            }
        };
        let answers = permits.iter().zip(stored).map(|(permit, stored)| {
            let stored: ObjectInfo = stored?;
            self.did(object(permit)?, stored.sha256, false);
            Ok(Answer { bytes: stored.size, digest: stored.sha256, value: stored })
        });
        answers.collect()
    }

    fn put_now(
        &mut self,
        permits: &[Permit],
        puts: Vec<PutRequest>,
        options: &[PutOptions],
        workspace: &Workspace,
        progress: Progress<'_>,
    ) -> Result<Each<ObjectInfo>, CallError> {
        let places = permits.iter().map(object).collect::<Result<Vec<_>, _>>()?;
        let total = puts.len() as u64;
        let (mut sent, most) = (self.sent, self.limits.sent_bytes);
        let mut source = |permit: &Permit, put: &mut PutRequest| {
            let content = std::mem::replace(&mut put.content, Content::File);
            let source = Source::of(content, || workspace.open_source(permit).map_err(vanished));
            sent = sent.saturating_add(source.size());
            if sent > most { Source::File(Err(too_much(most))) } else { source }
        };
        if places.iter().any(|name| name.store() == ObjectStore::Folder) {
            if places.iter().any(|name| name.store() != ObjectStore::Folder) {
                return Err(mixed());
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
            let stored = permits.iter().zip(places).zip(puts).map(one).collect();
            (self.sent, self.swept) = (sent, swept);
            return Ok(stored);
        }
        let options: Vec<Arc<PutOptions>> = options.iter().cloned().map(Arc::new).collect();
        let (runtime, s3) = self.server()?;
        let job = |((permit, name), mut put): ((&Permit, &ObjectName), PutRequest)| {
            let (content, at) = (source(permit, &mut put), place(name));
            let (s3, options) = (Arc::clone(&s3), Arc::clone(&options[put.options as usize]));
            let bytes = content.size();
            Job { bytes, work: async move { s3.put(&at, content, &options, &put.precondition).await } }
        };
        let jobs = permits.iter().zip(places).zip(puts).map(job);
        let pace = &s3.connected.hearing.pace;
        let stored = runtime.block_on(each(pace, jobs, &mut |done, _| progress(done, total)));
        self.sent = sent;
        Ok(stored)
    }
}

/// A file that is not there any more: the store lacks nothing.
fn vanished(error: CallError) -> CallError {
    match error {
        CallError::NotFound(text) => CallError::Conflict(text),
        error => error,
    }
}

/// What a put would leave, for a run that is a dry run.
fn plan(permit: &Permit, put: PutRequest, workspace: &Workspace) -> Result<ObjectInfo, CallError> {
    let (size, digest) = match put.content {
        Content::File => {
            let file = workspace.open_source(permit).map_err(vanished)?;
            (file.size(), file.digest()?)
        }
        Content::Bytes(bytes) => (bytes.len() as u64, Digest::of(&bytes)),
    };
    Ok(ObjectInfo { size, sha256: Some(digest), ..ObjectInfo::default() })
}
