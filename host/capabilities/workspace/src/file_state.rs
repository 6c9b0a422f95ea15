//! The content that a file has at this moment, by its digest. It changes nothing.

use super::walk::{self, FolderCache, Obstacle};
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use rustix::fd::BorrowedFd;
use std::io;

/// The size limit for files of a killed run, which can be larger than this run allows itself.
pub(super) const ANY_SIZE: u64 = u64::MAX - 1;

/// What is under the name of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// A file of this content, or nothing.
    Content(Option<Digest>),
    /// Something that this run can neither have read nor put there.
    Other,
}

/// What is under the name of a file now.
pub(super) fn state_of(
    folders: &mut FolderCache<'_>,
    path: &WorkspacePath,
    max: u64,
) -> io::Result<FileState> {
    match folders.of(path) {
        Ok((parent, name)) => state_in(parent, name, max),
        Err(Obstacle::Missing) => Ok(FileState::Content(None)),
        Err(Obstacle::Io(error)) => Err(error),
        Err(_) => Ok(FileState::Other),
    }
}

/// What is under this name in a folder.
pub(super) fn state_in(parent: BorrowedFd<'_>, name: &str, max: u64) -> io::Result<FileState> {
    match walk::file_in(parent, name) {
        Ok((file, stat)) => Ok(match walk::digest(&file, &stat, max)? {
            Some(digest) => FileState::Content(Some(digest)),
            None => FileState::Other,
        }),
        Err(Obstacle::Missing) => Ok(FileState::Content(None)),
        Err(Obstacle::Io(error)) => Err(error),
        Err(_) => Ok(FileState::Other),
    }
}
