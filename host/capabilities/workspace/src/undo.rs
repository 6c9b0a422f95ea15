//! Takes a commit back, or tells how far it got. It goes by what is under the names now, so it can be cut off and done
//! again, and it never overwrites or removes what somebody else has put there since.

use super::WorkspaceError;
use super::commit::{Found, look_at};
use super::disk;
use super::journal::{self, Entry, Plan};
use super::spread;
use super::walk::{Folders, Obstacle};
use lockstep_model::digest::Digest;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Mode, statat};
use std::io;
use std::sync::{Mutex, PoisonError};

/// Files are looked at whatever their size: those of a killed run can be larger than this run allows itself.
pub(super) const ANY_SIZE: u64 = u64::MAX - 1;

/// How far the commit of one file got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is not in place. `is_ready`: what was there is still there, and what is to be there is complete.
    Waiting { is_ready: bool },
    /// It is in place, and the old one, if there was one, is kept under another name.
    InPlace(Kept),
    /// Somebody changed the file since, or took the old one away.
    Changed,
}

/// Where the old file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// There was none.
    Nowhere,
    /// Under the temporary name, and the new one in its place.
    Exchanged,
    /// Under the temporary name, and nothing in its place.
    Removed,
    /// Under the second temporary name, and the new one or nothing in its place.
    Aside,
}

/// How far the commit of this entry got.
pub(super) fn standing(folders: &mut Folders<'_>, entry: &Entry, temp: &str) -> io::Result<Standing> {
    let (parent, name) = match folders.of(&entry.path) {
        Ok(found) => found,
        // Without its folder nothing of a file that was new is left. An old file is gone with it.
        Err(Obstacle::Io(error)) => return Err(error),
        Err(_) if entry.before.is_none() => return Ok(Standing::Waiting { is_ready: false }),
        Err(_) => return Ok(Standing::Changed),
    };
    let now = look_at(parent, name, ANY_SIZE)?;
    let kept = look_at(parent, temp, ANY_SIZE)?;
    let (before, after) = (Found::Content(entry.before), Found::Content(entry.after));
    let gone = Found::Content(None);
    // The temporary file of a removal is empty until the old file takes its name.
    let proof = Found::Content(entry.after.is_none().then(|| Digest::of(b"")));
    if ![&gone, &before, &after, &proof].contains(&&kept) {
        return Ok(Standing::Changed);
    }
    let waiting =
        Ok(Standing::Waiting { is_ready: now == before && (kept == after || entry.after.is_none()) });
    let in_place = |kept| Ok(Standing::InPlace(kept));
    if entry.before.is_none() {
        return match kept == gone {
            true if now == after => in_place(Kept::Nowhere),
            true if now != gone => Ok(Standing::Changed),
            _ => waiting,
        };
    }
    let aside = look_at(parent, &Plan::aside(temp), ANY_SIZE)?;
    if aside != gone {
        return match now {
            _ if aside != before => Ok(Standing::Changed),
            now if now == gone || now == after => in_place(Kept::Aside),
            // Somebody put a file there before the new one could be.
            now if now == before || kept == after => waiting,
            _ => Ok(Standing::Changed),
        };
    }
    let is_kept = kept == before && (before != after || is_open(parent, temp)?);
    match entry.after {
        None if is_kept && now == gone => in_place(Kept::Removed),
        // The old file is under neither name.
        None if now == gone && kept != proof => Ok(Standing::Changed),
        Some(_) if is_kept && now == after => in_place(Kept::Exchanged),
        Some(_) if !is_kept && now == after && kept != after && before != after => Ok(Standing::Changed),
        // The old one is kept, so the new one was in place, and now it is neither.
        _ if is_kept && now != before => Ok(Standing::Changed),
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
pub(super) fn standings(root: BorrowedFd<'_>, plan: &Plan) -> Result<Vec<Standing>, WorkspaceError> {
    let found: Mutex<Vec<(usize, Standing)>> = Mutex::default();
    spread::each(root, 0..plan.entries.len(), |folders, index| {
        let entry = &plan.entries[index];
        let standing = standing(folders, entry, &plan.temp(index))
            .map_err(|source| WorkspaceError::Io { path: entry.path.to_string(), source })?;
        found.lock().unwrap_or_else(PoisonError::into_inner).push((index, standing));
        Ok(())
    })
    .map_err(|(_, error)| error)?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, standing)| standing).collect())
}

/// Puts the old files back, removes what the commit made, and ends the journal. Gives the indices of the files that were
/// in place. Where somebody has changed one of those, nothing is touched.
pub(super) fn put_back(root: BorrowedFd<'_>, plan: &Plan) -> Result<Vec<usize>, WorkspaceError> {
    let standings = standings(root, plan)?;
    none_but(plan, &standings, |standing| *standing != Standing::Changed)?;
    let in_place: Vec<usize> =
        (0..standings.len()).filter(|index| matches!(standings[*index], Standing::InPlace(_))).collect();
    spread::each(root, 0..in_place.len(), |folders, at| {
        let index = in_place[at];
        let Standing::InPlace(kept) = standings[index] else { return Ok(()) };
        restore(folders, &plan.entries[index], &plan.temp(index), kept)
    })
    .map_err(|(_, error)| error)?;
    clear(root, plan, journal::JOURNAL)?;
    Ok(in_place)
}

/// Refuses if any file stands otherwise, and names all such files.
pub(super) fn none_but(
    plan: &Plan,
    standings: &[Standing],
    is_fine: impl Fn(&Standing) -> bool,
) -> Result<(), WorkspaceError> {
    let all = plan.entries.iter().zip(standings);
    let others = all.filter(|(_, standing)| !is_fine(standing));
    let files: Vec<String> = others.map(|(entry, _)| entry.path.to_string()).collect();
    if files.is_empty() { Ok(()) } else { Err(WorkspaceError::Changed { files }) }
}

/// Puts one old file back, or takes a new one away.
fn restore(folders: &mut Folders<'_>, entry: &Entry, temp: &str, kept: Kept) -> Result<(), WorkspaceError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists => changed(entry),
        _ => WorkspaceError::Io { path: entry.path.to_string(), source },
    };
    let (parent, name) = folders.of(&entry.path).map_err(|obstacle| io(obstacle.into_io()))?;
    // What comes out from under the name must be what that run put there; else it goes back.
    let is_new =
        |hidden: &str| look_at(parent, hidden, ANY_SIZE).map(|found| found == Found::Content(entry.after));
    match kept {
        Kept::Removed => disk::rename_new(parent, temp, name).map_err(io),
        Kept::Exchanged => {
            disk::exchange(parent, temp, name).map_err(io)?;
            if is_new(temp).map_err(io)? {
                return Ok(());
            }
            disk::exchange(parent, temp, name).map_err(io)?;
            Err(changed(entry))
        }
        Kept::Nowhere => {
            disk::rename_new(parent, name, temp).map_err(io)?;
            if is_new(temp).map_err(io)? {
                return Ok(());
            }
            disk::rename_new(parent, temp, name).map_err(io)?;
            Err(changed(entry))
        }
        Kept::Aside => {
            // The new file, if it is there already, makes room first.
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
            disk::rename_new(parent, &Plan::aside(temp), name).map_err(io)
        }
    }
}

/// Removes what a commit that was not decided has made, and its journal last.
pub(super) fn unstage(root: BorrowedFd<'_>, plan: &Plan) -> Result<(), WorkspaceError> {
    clear(root, plan, journal::STAGING)
}

/// Removes every temporary file, the folders of a commit that are empty, and the journal of this name last.
pub(super) fn clear(root: BorrowedFd<'_>, plan: &Plan, name: &str) -> Result<(), WorkspaceError> {
    spread::each(root, 0..plan.entries.len(), |folders, index| {
        let entry = &plan.entries[index];
        let temp = plan.temp(index);
        let removed = folders.of(&entry.path).and_then(|(parent, _)| {
            disk::remove(parent, &temp)?;
            Ok(disk::remove(parent, &Plan::aside(&temp))?)
        });
        ignore_moved(entry.path.as_str(), removed)
    })
    .map_err(|(_, error)| error)?;
    let mut folders = Folders::below(root);
    for folder in plan.folders.iter().rev() {
        let removed = folders.of(folder).and_then(|(parent, name)| Ok(disk::remove_empty(parent, name)?));
        ignore_moved(folder.as_str(), removed)?;
    }
    journal::end(root, name).map_err(|source| WorkspaceError::Io { path: name.into(), source })
}

/// A folder that is not there any more holds nothing of ours.
fn ignore_moved(path: &str, removed: Result<(), Obstacle>) -> Result<(), WorkspaceError> {
    match removed {
        Err(Obstacle::Io(source)) => Err(WorkspaceError::Io { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

fn changed(entry: &Entry) -> WorkspaceError {
    WorkspaceError::Changed { files: vec![entry.path.to_string()] }
}
