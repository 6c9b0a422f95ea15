//! Undoes a commit. It reads the files as they are now, so that a later run can continue after a kill, and it never
//! overwrites or removes a file that somebody else has changed.

use super::WorkspaceError;
use super::disk;
use super::entry_state::{EntryState, OldFile, states};
use super::file_state::{ANY_SIZE, FileState, state_in};
use super::journal::{self, CommitEntry, CommitPlan};
use super::parallel;
use super::walk::{FolderCache, Obstacle};
use rustix::fd::BorrowedFd;
use std::io;

/// Puts the old files back, and removes the new files and the journal. Returns the indices of the files that were in place.
/// If somebody has changed one of those, it fails before it changes any file.
pub(super) fn put_back(root: BorrowedFd<'_>, plan: &CommitPlan) -> Result<Vec<usize>, WorkspaceError> {
    let states = states(root, plan)?;
    check_all(plan, &states, |state| *state != EntryState::Changed)?;
    let in_place: Vec<usize> =
        (0..states.len()).filter(|index| matches!(states[*index], EntryState::InPlace(_))).collect();
    parallel::for_each(root, 0..in_place.len(), |folders, at| {
        let index = in_place[at];
        let EntryState::InPlace(kept) = states[index] else { return Ok(()) };
        restore(folders, &plan.entries[index], &plan.temp(index), kept)
    })
    .map_err(|(_, error)| error)?;
    clear(root, plan, journal::JOURNAL)?;
    Ok(in_place)
}

/// Fails if the state of any file is not fine. The error names all such files.
pub(super) fn check_all(
    plan: &CommitPlan,
    states: &[EntryState],
    is_fine: impl Fn(&EntryState) -> bool,
) -> Result<(), WorkspaceError> {
    let all = plan.entries.iter().zip(states);
    let others = all.filter(|(_, state)| !is_fine(state));
    let files: Vec<String> = others.map(|(entry, _)| entry.path.to_string()).collect();
    if files.is_empty() { Ok(()) } else { Err(WorkspaceError::Changed { files }) }
}

/// Puts one old file back, or removes a new one.
fn restore(
    folders: &mut FolderCache<'_>,
    entry: &CommitEntry,
    temp: &str,
    kept: OldFile,
) -> Result<(), WorkspaceError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => changed(entry),
        _ => WorkspaceError::Io { path: entry.path.to_string(), source },
    };
    let (parent, name) = folders.of(&entry.path).map_err(|obstacle| io(obstacle.into_io()))?;
    // If the file is not the one that the killed run wrote, it goes back to its name.
    let is_new = |hidden: &str| {
        state_in(parent, hidden, ANY_SIZE).map(|found| found == FileState::Content(entry.after))
    };
    match kept {
        OldFile::Removed => disk::rename_new(parent, temp, name).map_err(io),
        OldFile::Exchanged => {
            disk::exchange(parent, temp, name).map_err(io)?;
            if is_new(temp).map_err(io)? {
                return Ok(());
            }
            disk::exchange(parent, temp, name).map_err(io)?;
            Err(changed(entry))
        }
        OldFile::Absent => {
            disk::rename_new(parent, name, temp).map_err(io)?;
            if is_new(temp).map_err(io)? {
                return Ok(());
            }
            disk::rename_new(parent, temp, name).map_err(io)?;
            Err(changed(entry))
        }
        OldFile::Aside => {
            // The new file, if it is in place already, gets the temporary name first.
            match disk::rename_new(parent, name, temp) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => {
                    moved.map_err(io)?;
                    if !is_new(temp).map_err(io)? {
                        disk::rename_new(parent, temp, name).map_err(io)?;
                        return Err(changed(entry));
                    }
                }
            }
            disk::rename_new(parent, &CommitPlan::aside(temp), name).map_err(io)
        }
    }
}

/// Removes the temporary files of a commit that is not final, and its journal last.
pub(super) fn unstage(root: BorrowedFd<'_>, plan: &CommitPlan) -> Result<(), WorkspaceError> {
    clear(root, plan, journal::STAGING)
}

/// Removes every temporary file, the folders of a commit that are empty, and the journal of this name last.
pub(super) fn clear(root: BorrowedFd<'_>, plan: &CommitPlan, name: &str) -> Result<(), WorkspaceError> {
    parallel::for_each(root, 0..plan.entries.len(), |folders, index| {
        let entry = &plan.entries[index];
        let temp = plan.temp(index);
        let removed = folders.of(&entry.path).and_then(|(parent, _)| {
            disk::remove(parent, &temp)?;
            Ok(disk::remove(parent, &CommitPlan::aside(&temp))?)
        });
        ignore_moved(entry.path.as_str(), removed)
    })
    .map_err(|(_, error)| error)?;
    let mut folders = FolderCache::below(root);
    for folder in plan.folders.iter().rev() {
        let removed = folders.of(folder).and_then(|(parent, name)| Ok(disk::remove_empty(parent, name)?));
        ignore_moved(folder.as_str(), removed)?;
    }
    journal::end(root, name).map_err(|source| WorkspaceError::Io { path: name.into(), source })
}

/// Ignores a missing folder, because it holds no temporary file.
fn ignore_moved(path: &str, removed: Result<(), Obstacle>) -> Result<(), WorkspaceError> {
    match removed {
        Err(Obstacle::Io(source)) => Err(WorkspaceError::Io { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

fn changed(entry: &CommitEntry) -> WorkspaceError {
    WorkspaceError::Changed { files: vec![entry.path.to_string()] }
}
