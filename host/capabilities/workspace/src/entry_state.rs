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
    /// It is not in place. `is_ready`: what was there is still there, and what is to be there is complete.
    Waiting { is_ready: bool },
    /// It is in place, and the old one, if there was one, is kept under another name.
    InPlace(OldFile),
    /// Somebody changed the file since, or took the old one away.
    Changed,
}

/// Where the old file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldFile {
    /// There was none.
    Absent,
    /// Under the temporary name, and the new one in its place.
    Exchanged,
    /// Under the temporary name, and nothing in its place.
    Removed,
    /// Under the second temporary name, and the new one or nothing in its place.
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
        // Without its folder nothing of a file that was new is left. An old file is gone with it.
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
            // Somebody put a file there before the new one could be.
            now if now == before || kept == after => waiting,
            _ => Ok(EntryState::Changed),
        };
    }
    let is_kept = kept == before && (before != after || is_open(parent, temp)?);
    match entry.after {
        None if is_kept && now == gone => in_place(OldFile::Removed),
        // The old file is under neither name.
        None if now == gone && kept != proof => Ok(EntryState::Changed),
        Some(_) if is_kept && now == after => in_place(OldFile::Exchanged),
        Some(_) if !is_kept && now == after && kept != after && before != after => Ok(EntryState::Changed),
        // The old one is kept, so the new one was in place, and now it is neither.
        _ if is_kept && now != before => Ok(EntryState::Changed),
        _ => waiting,
    }
}

/// Whether others than its owner have any right to a file. Where a file only becomes private, its content does not tell
/// the old from the new.
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
