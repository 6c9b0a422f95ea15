//! What a run did, and what happened to each item. It sends nothing.

use lockstep_sdk::objects::ObjectInfo;
use lockstep_sdk::types::Error as HostError;

use crate::failure::{Code, Error, store_error};
use crate::files::Item;
use crate::inspect::StoredObject;
use crate::search::LeftOut;
use crate::stale_uploads::StaleUploads;

/// What happened to an item.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemOutcome {
    /// The host sent it.
    Uploaded {
        /// What the store says about the object.
        info: ObjectInfo,
        /// How many bytes this run sent.
        sent_bytes: u64,
    },
    /// The store has it already.
    Unchanged,
    /// The store does not have it.
    Failed(Error),
}

impl ItemOutcome {
    /// The error, if every other request would fail with it too.
    #[must_use]
    pub fn error_for_all(&self) -> Option<Error> {
        match self {
            Self::Failed(error) if error.code.affects_all() => Some(error.clone()),
            _ => None,
        }
    }
}

/// An uploaded object.
#[derive(Clone, Debug, PartialEq)]
pub struct UploadedObject {
    /// Its key below the prefix.
    pub key: String,
    /// What the store says about it.
    pub info: ObjectInfo,
    /// The SHA-256 of its content, if the step knows it.
    pub sha256: Option<String>,
}

/// What a run did.
#[derive(Clone, Debug, Default)]
pub struct UploadOutcome {
    /// How many files the sources match.
    pub files: usize,
    /// The uploaded objects.
    pub uploaded: Vec<UploadedObject>,
    /// How many items the store had already.
    pub unchanged: usize,
    /// How many objects the step deleted.
    pub deleted: usize,
    /// How many bytes the host sent.
    pub sent_bytes: u64,
    /// The key of the manifest below the prefix.
    pub manifest: Option<String>,
    /// What the step leaves out of the sources.
    pub left_out: LeftOut,
    /// The patterns of `exclude` that match nothing.
    pub unmatched_excludes: Vec<String>,
    /// The keys of objects that `delete` keeps, because the step skips or excludes their files.
    pub kept: Vec<String>,
    /// How many keys below the prefix no file can get.
    pub invalid_keys: u64,
    /// Open uploads of files that no source matches.
    pub stale_uploads: StaleUploads,
    /// The errors of single objects.
    pub errors: Vec<Error>,
    /// Why the step rejects the result although it changed something.
    pub rejection: Option<Error>,
}

impl UploadOutcome {
    /// Adds what happened to an item.
    pub fn add(&mut self, item: &Item, outcome: ItemOutcome) {
        match outcome {
            ItemOutcome::Uploaded { info, sent_bytes } => {
                let sha256 = info.sha256.clone().or_else(|| item.sha256.clone());
                self.uploaded.push(UploadedObject { key: item.key.clone(), info, sha256 });
                self.sent_bytes += sent_bytes;
            }
            ItemOutcome::Unchanged => self.unchanged += 1,
            ItemOutcome::Failed(error) => self.errors.push(error),
        }
    }

    /// Whether the run changed anything in the store.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.uploaded.is_empty() || self.deleted > 0
    }
}

/// Why a run ended that changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct UploadError {
    /// The failure of the run.
    pub failure: Error,
    /// All errors, if the failure stands for several.
    pub errors: Vec<Error>,
}

impl From<Error> for UploadError {
    fn from(failure: Error) -> Self {
        Self { failure, errors: Vec::new() }
    }
}

/// What happened to an item that the store says it has.
#[must_use]
pub fn verify(item: &Item, info: ObjectInfo, sent_bytes: u64) -> ItemOutcome {
    let differs = item.sha256.as_ref().zip(info.sha256.as_ref()).is_some_and(|(own, sent)| own != sent);
    if info.size != item.size || differs {
        return ItemOutcome::Failed(changed(item));
    }
    ItemOutcome::Uploaded { info, sent_bytes }
}

/// What happened to an item whose object the step requested after the upload.
#[must_use]
pub fn verify_stored(item: &Item, object: StoredObject, sent_bytes: u64) -> ItemOutcome {
    let StoredObject { size, etag, checksum, .. } = object;
    verify(item, ObjectInfo { size, etag, version_id: None, checksum, sha256: None }, sent_bytes)
}

/// The error of a file that changed during the run.
#[must_use]
pub fn changed(item: &Item) -> Error {
    let message = format!("`{}` changed during the upload", item.path());
    Error::new(Code::Changed, message)
        .hint("upload when nothing writes the file any more")
        .at(item.path(), None)
}

/// The error of an object that the step may not replace.
#[must_use]
pub fn conflict(item: &Item, is_different: bool) -> Error {
    let (name, path) = (&item.name, item.path());
    let message = if is_different {
        format!("`{name}` exists with other content than `{path}`")
    } else {
        format!("`{name}` exists, and the store tells no digest that proves that it is `{path}`")
    };
    let hint = "upload to another prefix, or set `immutable` to false to replace the object";
    Error::new(Code::Conflict, message).hint(hint).at(path, None)
}

/// The error of an item that the host could not send.
#[must_use]
pub fn failed(item: &Item, error: &HostError) -> Error {
    let error = store_error(error);
    let error = if error.message.contains(&item.name) {
        error
    } else {
        Error { message: format!("`{}`: {}", item.name, error.message), ..error }
    };
    error.at(item.path(), None)
}

/// The error of an item that the step did not try to send because of an earlier error.
#[must_use]
pub fn not_tried(item: &Item, cause: &Error) -> Error {
    let message = format!("the step did not try to send `{}`", item.name);
    Error { message, ..cause.clone() }.at(item.path(), None)
}
