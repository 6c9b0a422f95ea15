//! Puts the new files of a commit in place, each by one exchange with the old one. It checks that the old file is the one
//! that the run has read, and decides nothing about the journal.

use super::disk;
use super::entry_state::{EntryState, OldFile};
use super::file_state::{ANY_SIZE, FileState, state_in};
use super::journal::{CommitEntry, CommitPlan};
use super::parallel;
use super::walk::{FolderCache, Obstacle};
use super::{CommitError, WorkspaceError};
use lockstep_model::path::WorkspacePath;
use rustix::fd::BorrowedFd;
use std::io::{self, ErrorKind::AlreadyExists, ErrorKind::NotFound};
use std::sync::atomic::{AtomicBool, Ordering};

/// Puts every file in place, and leaves the old files under the temporary names. Returns whether any file was missing for a
/// moment. It leaves the journal, even after an error.
pub(super) fn put_in_place(root: BorrowedFd<'_>, plan: &CommitPlan, max: u64) -> Result<bool, CommitError> {
    let were_missing = AtomicBool::new(false);
    let put = |folders: &mut FolderCache<'_>, index: usize| {
        put(folders, &plan.entries[index], &plan.temp(index), max, &were_missing)
    };
    parallel::for_each(root, 0..plan.entries.len(), put).map_err(|(_, error)| error)?;
    Ok(were_missing.into_inner())
}

/// Puts the files in place that a killed run had not reached.
pub(super) fn put_rest(
    root: BorrowedFd<'_>,
    plan: &CommitPlan,
    states: &[EntryState],
) -> Result<(), WorkspaceError> {
    let put = |folders: &mut FolderCache<'_>, index: usize| {
        let (entry, temp) = (&plan.entries[index], plan.temp(index));
        match states[index] {
            EntryState::Waiting { .. } => put(folders, entry, &temp, ANY_SIZE, &AtomicBool::new(false)),
            EntryState::InPlace(OldFile::Aside) => {
                let (parent, name) =
                    folders.of(&entry.path).map_err(|obstacle| unwritable(&entry.path, obstacle))?;
                match disk::rename_new(parent, &temp, name) {
                    // The new file is in place already.
                    Err(error) if matches!(error.kind(), NotFound | AlreadyExists) => Ok(()),
                    renamed => renamed.map_err(|error| unwritable(&entry.path, error.into())),
                }
            }
            _ => Ok(()),
        }
    };
    parallel::for_each(root, 0..plan.entries.len(), put).map_err(|(index, error)| {
        let path = plan.entries[index].path.to_string();
        match error {
            CommitError::Unwritable { source, .. } => WorkspaceError::Io { path, source },
            _ => WorkspaceError::Changed { files: vec![path] },
        }
    })
}

/// Puts one file in place. If the old file is not the one that the run read, it goes back to its name.
fn put(
    folders: &mut FolderCache<'_>,
    entry: &CommitEntry,
    temp: &str,
    max: u64,
    were_missing: &AtomicBool,
) -> Result<(), CommitError> {
    let (parent, name) = folders.of(&entry.path).map_err(|obstacle| unwritable(&entry.path, obstacle))?;
    let failed = |source: io::Error| match source.kind() {
        // Somebody removed or created the file.
        NotFound | AlreadyExists => conflict(&entry.path),
        _ => unwritable(&entry.path, source.into()),
    };
    let is_old = |hidden: &str| {
        state_in(parent, hidden, max).map(|found| found == FileState::Content(entry.before)).map_err(failed)
    };
    match (entry.before, entry.after) {
        (None, _) => disk::rename_new(parent, temp, name).map_err(failed),
        (Some(_), None) => {
            disk::rename(parent, name, temp).map_err(failed)?;
            if is_old(temp)? {
                return Ok(());
            }
            disk::rename_new(parent, temp, name).map_err(failed)?;
            Err(conflict(&entry.path))
        }
        (Some(_), Some(_)) if disk::exchange(parent, temp, name).map_err(failed)? => {
            if is_old(temp)? {
                return Ok(());
            }
            disk::exchange(parent, temp, name).map_err(failed)?;
            Err(conflict(&entry.path))
        }
        (Some(_), Some(_)) => {
            let aside = CommitPlan::aside(temp);
            disk::rename_new(parent, name, &aside).map_err(failed)?;
            were_missing.store(true, Ordering::Relaxed);
            if is_old(&aside)? {
                return disk::rename_new(parent, temp, name).map_err(failed);
            }
            disk::rename_new(parent, &aside, name).map_err(failed)?;
            Err(conflict(&entry.path))
        }
    }
}

pub(super) fn unwritable(path: &WorkspacePath, obstacle: Obstacle) -> CommitError {
    match obstacle {
        Obstacle::Io(source) => CommitError::Unwritable { path: path.to_string(), source },
        // The folders of the file have changed since the run staged it.
        _ => conflict(path),
    }
}

pub(super) fn conflict(path: &WorkspacePath) -> CommitError {
    CommitError::Conflict { path: path.to_string() }
}
