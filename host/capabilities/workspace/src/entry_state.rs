//! How far the commit of each file of a journal got. It reads the files as they are now and changes nothing.

use super::WorkspaceError;
use super::file_state::{ANY_SIZE, FileState, state_in};
use super::journal::{CommitEntry, CommitPlan};
use super::parallel;
use super::walk::{FolderCache, Obstacle};
use lockstep_model::digest::Digest;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Mode, statat};
use std::io;
use std::sync::{Mutex, PoisonError};

/// How far the commit of one file got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    /// The new file is not in place. `is_ready`: the old file is unchanged and the temporary file complete.
    Waiting { is_ready: bool },
    /// The new file is in place, and the old file, if there was one, has another name.
    InPlace(OldFile),
    /// Somebody changed the file after the commit, or removed the old file.
    Changed,
}

/// The name of the old file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldFile {
    /// There was no old file.
    Absent,
    /// The temporary name; the new file is in place.
    Exchanged,
    /// The temporary name; the commit removed the file.
    Removed,
    /// The second temporary name; the new file or no file is in place.
    Aside,
}

/// How far the commit of this entry got.
pub(super) fn state(
    folders: &mut FolderCache<'_>,
    entry: &CommitEntry,
    temp: &str,
) -> io::Result<EntryState> {
    let (parent, name) = match folders.of(&entry.path) {
        Ok(found) => found,
        // Without its folder, no part of a new file is left, and an old file is lost.
        Err(Obstacle::Io(error)) => return Err(error),
        Err(_) if entry.before.is_none() => return Ok(EntryState::Waiting { is_ready: false }),
        Err(_) => return Ok(EntryState::Changed),
    };
    let now = state_in(parent, name, ANY_SIZE)?;
    let kept = state_in(parent, temp, ANY_SIZE)?;
    let (before, after) = (FileState::Content(entry.before), FileState::Content(entry.after));
    let gone = FileState::Content(None);
    // The temporary file of a removal is empty until the old file takes its name.
    let proof = FileState::Content(entry.after.is_none().then(|| Digest::of(b"")));
    if ![&gone, &before, &after, &proof].contains(&&kept) {
        return Ok(EntryState::Changed);
    }
    let waiting =
        Ok(EntryState::Waiting { is_ready: now == before && (kept == after || entry.after.is_none()) });
    let in_place = |kept| Ok(EntryState::InPlace(kept));
    if entry.before.is_none() {
        return match kept == gone {
            true if now == after => in_place(OldFile::Absent),
            true if now != gone => Ok(EntryState::Changed),
            _ => waiting,
        };
    }
    let aside = state_in(parent, &CommitPlan::aside(temp), ANY_SIZE)?;
    if aside != gone {
        return match now {
            _ if aside != before => Ok(EntryState::Changed),
            now if now == gone || now == after => in_place(OldFile::Aside),
            // Somebody created a file before the commit could put the new one there.
            now if now == before || kept == after => waiting,
            _ => Ok(EntryState::Changed),
        };
    }
    let is_kept = kept == before && (before != after || is_open(parent, temp)?);
    match entry.after {
        None if is_kept && now == gone => in_place(OldFile::Removed),
        // The old file has neither name.
        None if now == gone && kept != proof => Ok(EntryState::Changed),
        Some(_) if is_kept && now == after => in_place(OldFile::Exchanged),
        Some(_) if !is_kept && now == after && kept != after && before != after => Ok(EntryState::Changed),
        // The old file has the temporary name, so the new one was in place; now the file is neither.
        _ if is_kept && now != before => Ok(EntryState::Changed),
        _ => waiting,
    }
}

/// Whether others than its owner have a right on a file. If a commit only makes a file private, old and new content are
/// equal, and only the permissions differ.
fn is_open(parent: BorrowedFd<'_>, name: &str) -> io::Result<bool> {
    let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO))
}

/// How far each entry got.
pub(super) fn states(root: BorrowedFd<'_>, plan: &CommitPlan) -> Result<Vec<EntryState>, WorkspaceError> {
    let found: Mutex<Vec<(usize, EntryState)>> = Mutex::default();
    parallel::for_each(root, 0..plan.entries.len(), |folders, index| {
        let entry = &plan.entries[index];
        let state = state(folders, entry, &plan.temp(index))
            .map_err(|source| WorkspaceError::Io { path: entry.path.to_string(), source })?;
        found.lock().unwrap_or_else(PoisonError::into_inner).push((index, state));
        Ok(())
    })
    .map_err(|(_, error)| error)?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, state)| state).collect())
}
