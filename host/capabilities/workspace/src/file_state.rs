//! The content that a file has at this moment, by its digest. It changes nothing.

use super::walk::{self, Folders, Obstacle};
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use rustix::fd::BorrowedFd;
use std::io;

/// The size limit for files of a killed run, which can be larger than this run allows itself.
pub(super) const ANY_SIZE: u64 = u64::MAX - 1;

/// What is under the name of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file of this content, or nothing.
    Content(Option<Digest>),
    /// Something that this run can neither have read nor put there.
    Other,
}

/// What is under the name of a file now.
pub(super) fn look(folders: &mut Folders<'_>, path: &WorkspacePath, most: u64) -> io::Result<Found> {
    match folders.of(path) {
        Ok((parent, name)) => look_at(parent, name, most),
        Err(Obstacle::Missing) => Ok(Found::Content(None)),
        Err(Obstacle::Io(error)) => Err(error),
        Err(_) => Ok(Found::Other),
    }
}

/// What is under this name in a folder.
pub(super) fn look_at(parent: BorrowedFd<'_>, name: &str, most: u64) -> io::Result<Found> {
    match walk::file_in(parent, name) {
        Ok((file, stat)) => Ok(match walk::digest(&file, &stat, most)? {
            Some(digest) => Found::Content(Some(digest)),
            None => Found::Other,
        }),
        Err(Obstacle::Missing) => Ok(Found::Content(None)),
        Err(Obstacle::Io(error)) => Err(error),
        Err(_) => Ok(Found::Other),
    }
}
