//! Puts everything staged in place, or nothing. Temporary files first, then one rename that decides,
//! then the renames that show. Safe against a kill at any moment; not against a loss of power, since
//! nothing is flushed to the device. It never writes into a file that exists.

use super::disk;
use super::journal::{self, Entry, Plan};
use super::lock::Lock;
use super::reach::Reach;
use super::recover;
use super::spread;
use super::staged::{Staged, StagedFile};
use super::walk::{self, Folders, Obstacle};
use super::{CommitError, WorkspaceError};
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Mode, statat};
use std::collections::{BTreeSet, HashSet};
use std::io;

/// What is under the name of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A file of this content, or nothing.
    Content(Option<Digest>),
    /// Something that this run can neither have read nor put there.
    Other,
}

/// Commits what is staged. Files of more than `most` bytes were never looked at, so one found is a conflict.
pub(super) fn commit(
    root: BorrowedFd<'_>,
    staged: &Staged,
    reach: &Reach,
    most: u64,
) -> Result<Vec<Change>, CommitError> {
    if staged.is_empty() {
        return Ok(Vec::new());
    }
    let _lock = Lock::take(root)?;
    recover::recover(root, reach, most)?;
    let plan = missing_folders(root, staged).and_then(|folders| {
        Plan::of(staged, folders).map_err(|source| CommitError::Unwritable { path: ".".into(), source })
    })?;
    if let Err(error) = prepare(root, &plan, staged, most) {
        // What cannot be undone now, the next run undoes: the journal is still there.
        let _ = undo(root, &plan);
        return Err(error);
    }
    match put_in_place(root, &plan, most) {
        Ok(()) => Ok(staged.iter().map(StagedFile::change).collect()),
        Err((0, source)) if journal::reconsider(root).is_ok() => {
            let _ = undo(root, &plan);
            let path = plan.entries[0].path.to_string();
            Err(CommitError::Unwritable { path, source })
        }
        Err((index, source)) => Err(CommitError::Unfinished {
            path: plan.entries.get(index).map_or(journal::JOURNAL, |entry| entry.path.as_str()).to_owned(),
            source,
        }),
    }
}

/// Everything up to and including the decision.
fn prepare(root: BorrowedFd<'_>, plan: &Plan, staged: &Staged, most: u64) -> Result<(), CommitError> {
    let journal = |source| CommitError::Unwritable { path: journal::STAGING.into(), source };
    journal::begin(root, plan).map_err(journal)?;
    let mut folders = Folders::below(root);
    for folder in &plan.folders {
        make_folder(&mut folders, folder).map_err(|obstacle| unwritable(folder, obstacle))?;
    }
    let files: Vec<&StagedFile> = staged.iter().collect();
    let all = 0..files.len();
    let made = spread::each(root, all.clone(), |folders, index| {
        let file = files[index];
        stage(folders, file, &plan.temp(index)).map_err(|obstacle| unwritable(&file.path, obstacle))
    });
    // Not before all are made: the less time there is between this look and the decision, the better.
    let looked = made.and_then(|()| {
        spread::each(root, all, |folders, index| unchanged(folders, &plan.entries[index], most))
    });
    looked.map_err(|(_, error)| error)?;
    journal::decide(root).map_err(journal)
}

/// That an entry's file is still what the run saw.
fn unchanged(folders: &mut Folders<'_>, entry: &Entry, most: u64) -> Result<(), CommitError> {
    let found = look(folders, &entry.path, most).map_err(|source| unwritable(&entry.path, source.into()))?;
    if found == Found::Content(entry.before) {
        return Ok(());
    }
    Err(CommitError::Conflict { path: entry.path.to_string() })
}

fn unwritable(path: &WorkspacePath, obstacle: Obstacle) -> CommitError {
    match obstacle {
        Obstacle::Io(source) => CommitError::Unwritable { path: path.to_string(), source },
        // The way to the file was another one when it was staged.
        _ => CommitError::Conflict { path: path.to_string() },
    }
}

/// The folders that new files need and that are not there, outer ones first.
fn missing_folders(root: BorrowedFd<'_>, staged: &Staged) -> Result<Vec<WorkspacePath>, CommitError> {
    let (mut known, mut missing) = (HashSet::new(), BTreeSet::new());
    for file in staged.iter().filter(|file| file.before.is_none()) {
        let path = file.path.as_str();
        // From the inside out, up to the first folder that is there.
        for (at, _) in path.rmatch_indices('/') {
            let folder = &path[..at];
            if !known.insert(folder) {
                break;
            }
            match walk::folder(root, folder) {
                Ok(_) => break,
                Err(Obstacle::Missing) => missing.extend(WorkspacePath::parse(folder)),
                Err(obstacle) => return Err(unwritable(&file.path, obstacle)),
            }
        }
    }
    Ok(missing.into_iter().collect())
}

fn make_folder(folders: &mut Folders<'_>, path: &WorkspacePath) -> Result<(), Obstacle> {
    let (parent, name) = folders.of(path)?;
    Ok(disk::make_folder(parent, name)?)
}

/// Makes the temporary file. A removal has an empty one: it proves that the folder can be written.
fn stage(folders: &mut Folders<'_>, file: &StagedFile, temp: &str) -> Result<(), Obstacle> {
    let (parent, name) = folders.of(&file.path)?;
    let old = match file.before {
        Some(_) => Some(statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?),
        None => None,
    };
    if let Some(old) = &old {
        disk::check_replaceable(parent, name, old)?;
    }
    let own = Mode::RUSR | Mode::WUSR;
    let mode = match &old {
        _ if file.private => own,
        Some(old) => disk::permissions(old),
        None => own | Mode::RGRP | Mode::ROTH,
    };
    let made = disk::create(parent, temp, mode)?;
    if let Some(content) = &file.after {
        disk::write(&made, &content.bytes)?;
        // The owner of a private file is whoever wrote it.
        if let Some(old) = old.as_ref().filter(|_| !file.private) {
            disk::resemble(&made, old)?;
        }
    }
    Ok(())
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

/// Puts every file in place and ends the journal. Doing it again where it was cut off does the rest.
/// An error says at which entry, or past the last one for the journal itself.
pub(super) fn put_in_place(root: BorrowedFd<'_>, plan: &Plan, most: u64) -> Result<(), (usize, io::Error)> {
    let put =
        |folders: &mut Folders<'_>, index: usize| put(folders, &plan.entries[index], &plan.temp(index), most);
    // The first one alone: as long as it fails, nothing is in place and the commit can be taken back.
    let first = plan.entries.len().min(1);
    spread::each(root, 0..first, put)?;
    spread::each(root, first..plan.entries.len(), put)?;
    journal::end(root, journal::JOURNAL).map_err(|error| (plan.entries.len(), error))
}

fn put(folders: &mut Folders<'_>, entry: &Entry, temp: &str, most: u64) -> io::Result<()> {
    let (parent, name) = match folders.of(&entry.path) {
        Ok(found) => found,
        // Nothing is left to remove.
        Err(Obstacle::Missing) if entry.after.is_none() => return Ok(()),
        Err(obstacle) => return Err(obstacle.into_io()),
    };
    if entry.after.is_none() {
        // In this order, so that an error always means that the file is still there.
        disk::remove(parent, temp)?;
        return disk::remove(parent, name);
    }
    match disk::rename(parent, temp, name) {
        // In place already, unless somebody took the temporary file away.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match look_at(parent, name, most)? {
            found if found == Found::Content(entry.after) => Ok(()),
            _ => Err(error),
        },
        renamed => renamed,
    }
}

/// Removes what [`prepare`] made, and the journal last.
pub(super) fn undo(root: BorrowedFd<'_>, plan: &Plan) -> Result<(), WorkspaceError> {
    let mut folders = Folders::below(root);
    for (index, entry) in plan.entries.iter().enumerate() {
        let removed =
            folders.of(&entry.path).and_then(|(parent, _)| Ok(disk::remove(parent, &plan.temp(index))?));
        ignore_moved(&entry.path, removed)?;
    }
    for folder in plan.folders.iter().rev() {
        let removed = folders.of(folder).and_then(|(parent, name)| Ok(disk::remove_empty(parent, name)?));
        ignore_moved(folder, removed)?;
    }
    journal::end(root, journal::STAGING)
        .map_err(|source| WorkspaceError::Io { path: journal::STAGING.into(), source })
}

/// A folder that is not there any more holds nothing of ours.
fn ignore_moved(path: &WorkspacePath, removed: Result<(), Obstacle>) -> Result<(), WorkspaceError> {
    match removed {
        Err(Obstacle::Io(source)) => Err(WorkspaceError::Io { path: path.to_string(), source }),
        _ => Ok(()),
    }
}
