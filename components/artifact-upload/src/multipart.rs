//! Sends one file as a multipart upload, and resumes the upload of an earlier run. All state is in the store.

use lockstep_sdk::objects::{ChecksumAlgorithm, PartInfo};
use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::types::UpstreamError;
use lockstep_sdk::workspace::Algorithm;
use lockstep_sdk::{Objects, OpenFile, Reporter, UploadParts, Workspace};

use crate::compare::{self, Comparison};
use crate::digest::{etag_of_parts, file_algorithm};
use crate::failure::{Code, Error, file_error};
use crate::files::Item;
use crate::host::StoreHost;
use crate::inspect::{self, StoredObject};
use crate::outcome::{ItemOutcome, changed, conflict, failed, verify, verify_stored};
use crate::parts::{PartDigest, part_digest};
use crate::sender::{MAX_RETRIES, Sender};

/// The most parts in one call.
const BATCH: usize = 1000;

/// An open upload, and its parts in the store.
struct OpenUpload<U> {
    upload: U,
    parts: Vec<PartInfo>,
}

/// How an attempt ended.
enum Attempt {
    /// The outcome of the item is known.
    Finished(ItemOutcome),
    /// Another job interfered, or its parts are unusable because of this error: the step starts another upload.
    Lost(Option<Error>),
}

/// Sends the item.
pub(crate) fn send<H: StoreHost, R: Reporter>(sender: &mut Sender<'_, H, R>, item: &Item) -> ItemOutcome {
    let before = sender.done_bytes;
    let outcome =
        attempts(sender, item).unwrap_or_else(|error| ItemOutcome::Failed(error.at(item.path(), None)));
    // The progress counts each file once, however many of its bytes the host sent.
    sender.done_bytes = before;
    sender.advance(item.size);
    outcome
}

fn attempts<H: StoreHost, R: Reporter>(
    sender: &mut Sender<'_, H, R>,
    item: &Item,
) -> Result<ItemOutcome, Error> {
    let file = sender.host.open(item.path()).map_err(|error| file_error(&error))?;
    if file.size() != item.size {
        return Err(changed(item));
    }
    let options = &sender.options[item.options as usize];
    let (mut sent_bytes, mut cause) = (0, None);
    for attempt in 0..=MAX_RETRIES {
        let resumed = if attempt == 0 { resume(sender.host, item, options.checksum)? } else { None };
        let open = match resumed {
            Some(open) => open,
            None => {
                let upload = sender.host.create_multipart_upload(&item.name, options);
                OpenUpload { upload: upload.map_err(|error| failed(item, &error))?, parts: Vec::new() }
            }
        };
        let transfer = Transfer { item, file: &file, open, sent_bytes: &mut sent_bytes };
        match transfer.run(sender)? {
            Attempt::Finished(outcome) => return Ok(outcome),
            Attempt::Lost(error) => cause = error,
        }
    }
    if let Some(cause) = cause {
        return Err(cause);
    }
    let message = format!("`{}`: another job ended the upload {} times", item.name, MAX_RETRIES + 1);
    Err(Error::new(Code::Unavailable, message)
        .hint("let no other job upload the same object at the same time"))
}

/// One attempt to send the missing parts and to complete the upload.
struct Transfer<'t, H: StoreHost> {
    item: &'t Item,
    file: &'t <H as Workspace>::File,
    open: OpenUpload<H::Upload>,
    /// How many bytes all attempts sent.
    sent_bytes: &'t mut u64,
}

impl<H: StoreHost> Transfer<'_, H> {
    fn run<R: Reporter>(mut self, sender: &mut Sender<'_, H, R>) -> Result<Attempt, Error> {
        sender.advance(self.open.parts.iter().map(|part| part.size).sum());
        for batch in self.item.layout.missing(&self.open.parts).chunks(BATCH) {
            let answers =
                self.open.upload.upload_parts(self.file, batch).unwrap_or_else(|error| vec![Err(error)]);
            let mut first_error = None;
            for answer in answers {
                match answer {
                    Ok(part) => {
                        *self.sent_bytes += part.size;
                        self.open.parts.push(part);
                    }
                    Err(error) => first_error = first_error.or(Some(error)),
                }
            }
            sender.advance(batch.iter().map(|range| range.length).sum());
            match first_error {
                None => {}
                Some(HostError::NotFound(_)) => return self.ended_elsewhere(sender),
                Some(HostError::Conflict(_)) => return Err(changed(self.item)),
                Some(error @ HostError::Upstream(UpstreamError { status: 400 | 409, .. })) => {
                    return self.refused(sender, &error);
                }
                Some(error) => return Err(failed(self.item, &error)),
            }
        }
        self.complete(sender)
    }

    fn complete<R: Reporter>(mut self, sender: &mut Sender<'_, H, R>) -> Result<Attempt, Error> {
        self.open.parts.sort_by_key(|part| part.part_number);
        match self.open.upload.complete(&self.open.parts, &sender.precondition()) {
            Ok(info) => Ok(Attempt::Finished(verify(self.item, info, *self.sent_bytes))),
            Err(HostError::NotFound(_) | HostError::Conflict(_)) => self.ended_elsewhere(sender),
            // These parts will never make the object.
            Err(error @ HostError::Integrity(_)) => {
                abort(&self.open.upload);
                // The object with the wrong bytes exists, and the run may not replace it.
                if sender.settings.immutable {
                    return Err(failed(self.item, &error));
                }
                Ok(Attempt::Lost(Some(failed(self.item, &error))))
            }
            Err(error @ HostError::Upstream(_)) => self.refused(sender, &error),
            Err(error) => Err(failed(self.item, &error)),
        }
    }

    /// The store refuses a part or the completion. If a part arrives while another job completes or aborts the upload, a
    /// store can open it again without its checksums and other parts, and then refuses what does not fit to it.
    fn refused<R: Reporter>(
        self,
        sender: &mut Sender<'_, H, R>,
        error: &HostError,
    ) -> Result<Attempt, Error> {
        match self.current(sender.host) {
            Ok(Some((object, Comparison::Same))) => {
                abort(&self.open.upload);
                Ok(Attempt::Finished(self.completed(object)))
            }
            _ if !self.has_its_parts() => self.ended_elsewhere(sender),
            _ => Err(failed(self.item, error)),
        }
    }

    /// Whether the store still has all parts that arrived. If it does not say, it has.
    fn has_its_parts(&self) -> bool {
        match self.open.upload.list_parts() {
            Ok(listed) => self.open.parts.iter().all(|own| {
                listed.iter().any(|part| (part.part_number, &part.etag) == (own.part_number, &own.etag))
            }),
            Err(HostError::NotFound(_)) => false,
            Err(_) => true,
        }
    }

    /// Another job ended the upload or wrote the object first, or this run completed it and the reply was lost.
    fn ended_elsewhere<R: Reporter>(self, sender: &mut Sender<'_, H, R>) -> Result<Attempt, Error> {
        let current = self.current(sender.host)?;
        // A part that arrives while another job completes the upload can leave the upload open in the store.
        abort(&self.open.upload);
        Ok(match current {
            Some((object, Comparison::Same)) => Attempt::Finished(self.completed(object)),
            Some((_, comparison)) if sender.settings.immutable => self.conflict(comparison),
            _ => Attempt::Lost(None),
        })
    }

    /// The outcome of an object that exists with the content of the item: this run uploaded it if it sent any part.
    fn completed(&self, object: StoredObject) -> ItemOutcome {
        match *self.sent_bytes {
            0 => ItemOutcome::Unchanged,
            bytes => verify_stored(self.item, object, bytes),
        }
    }

    fn conflict(&self, comparison: Comparison) -> Attempt {
        let error = conflict(self.item, comparison == Comparison::Different);
        Attempt::Finished(ItemOutcome::Failed(error))
    }

    /// The object that now has the name of the item, and how it compares.
    fn current(&self, host: &mut H) -> Result<Option<(StoredObject, Comparison)>, Error> {
        let Some(object) = inspect::head(host, &[self.item])?.into_iter().next().flatten() else {
            return Ok(None);
        };
        let has_all = self.open.parts.len() as u64 == self.item.layout.count();
        let etag = etag_of_parts(&self.open.parts).filter(|_| has_all && object.size == self.item.size);
        if etag.is_some_and(|etag| etag == object.etag) {
            return Ok(Some((object, Comparison::Same)));
        }
        let comparison = compare::compare(host, &[(self.item, &object)])?.into_iter().next();
        Ok(Some((object, comparison.unwrap_or(Comparison::Unknown))))
    }
}

/// Finds the open upload that has most parts of this item, and aborts all others of this name.
fn resume<H: StoreHost>(
    host: &mut H,
    item: &Item,
    checksum: ChecksumAlgorithm,
) -> Result<Option<OpenUpload<H::Upload>>, Error> {
    let mut best: Option<OpenUpload<H::Upload>> = None;
    let mut digests = PartDigests::default();
    for open in open_uploads(host, item, checksum)? {
        let fits = digests.match_parts(host, item, checksum, &open.parts)?;
        if !fits || best.as_ref().is_some_and(|best| best.parts.len() >= open.parts.len()) {
            abort(&open.upload);
        } else if let Some(worse) = best.replace(open) {
            abort(&worse.upload);
        }
    }
    Ok(best)
}

/// Aborts the open uploads of an object that exists: an earlier run ended after it had created them.
///
/// # Errors
/// The host cannot read the file, or the store refuses a request.
pub(crate) fn abort_redundant<H: StoreHost>(
    host: &mut H,
    item: &Item,
    checksum: ChecksumAlgorithm,
) -> Result<(), Error> {
    let mut digests = PartDigests::default();
    for open in open_uploads(host, item, checksum)? {
        if digests.match_parts(host, item, checksum, &open.parts)? {
            abort(&open.upload);
        }
    }
    Ok(())
}

/// The open uploads of an item.
fn open_uploads<H: Objects>(
    host: &mut H,
    item: &Item,
    checksum: ChecksumAlgorithm,
) -> Result<Vec<OpenUpload<H::Upload>>, Error> {
    let listed = match host.list_multipart_uploads(&item.name) {
        Ok(listed) => listed,
        // Some stores and credentials do not allow the listing; the step then sends all parts.
        Err(HostError::Upstream(UpstreamError { status: 403 | 405 | 501, .. })) => return Ok(Vec::new()),
        Err(error) => return Err(failed(item, &error)),
    };
    let mut all = Vec::new();
    for info in listed.iter().filter(|info| info.name == item.name) {
        let upload = host.resume_multipart_upload(&info.name, &info.upload_id, checksum);
        match upload.and_then(|upload| Ok(OpenUpload { parts: upload.list_parts()?, upload })) {
            Ok(open) => all.push(open),
            // The upload ended after the listing.
            Err(HostError::NotFound(_)) => {}
            Err(error) => return Err(failed(item, &error)),
        }
    }
    Ok(all)
}

/// Aborts an upload. If that fails, the upload stays open and the next run tries again.
fn abort(upload: &impl UploadParts) {
    upload.abort().unwrap_or_default();
}

/// The digests of the parts of an item. Each kind is computed at most once.
#[derive(Default)]
struct PartDigests {
    checksums: Option<Vec<String>>,
    md5s: Option<Vec<String>>,
}

impl PartDigests {
    /// Whether all of these parts are parts of the item, by size and content.
    fn match_parts(
        &mut self,
        host: &mut impl Workspace,
        item: &Item,
        checksum: ChecksumAlgorithm,
        parts: &[PartInfo],
    ) -> Result<bool, Error> {
        if !item.layout.has_sizes(parts) {
            return Ok(false);
        }
        for part in parts {
            let (stored, cached, algorithm) = match part_digest(part) {
                None => return Ok(false),
                Some(PartDigest::Checksum(text)) => (text, &mut self.checksums, file_algorithm(checksum)),
                Some(PartDigest::Md5(text)) => (text, &mut self.md5s, Algorithm::Md5),
            };
            let digests = match cached {
                Some(digests) => digests,
                None => {
                    let chunk = Some(item.layout.part_size);
                    let computed = compare::chunk_digests(host, &[item], algorithm, chunk)?;
                    cached.insert(computed.into_iter().next().unwrap_or_default())
                }
            };
            let own = digests.get(part.part_number as usize - 1);
            if own.is_none_or(|own| !own.eq_ignore_ascii_case(stored)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
