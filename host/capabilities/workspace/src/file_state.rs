//! The content that a file has at this moment, by its digest. It changes nothing.

use super::walk::{self, FolderCache, Obstacle};
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use rustix::fd::BorrowedFd;
use std::io;

/// The size limit for files of a killed run, which can be larger than this run allows itself.
pub(super) const ANY_SIZE: u64 = u64::MAX - 1;

/// The state of a file at this moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileState {
    /// A file of this content, or nothing.
    Content(Option<Digest>),
    /// Anything else, such as a link or a file that is too large. The run has neither read nor written it.
    Other,
}

/// The state of the file with this path.
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

/// The state of the file with this name in an open folder.
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
