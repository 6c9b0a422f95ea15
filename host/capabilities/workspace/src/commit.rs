//! Puts all staged changes in place, or none. It writes temporary files, makes the commit final with one rename, and then
//! exchanges each file with its temporary file, which holds the old content until the run has reported its changes. A kill
//! at any moment is safe; a loss of power is not, since the commit flushes nothing to the device. It never writes into a
//! file that exists.

use super::disk;
use super::file_state::{FileState, state_of};
use super::journal::{self, CommitEntry, CommitPlan};
use super::lock::WorkspaceLock;
use super::parallel;
use super::protected_paths::ProtectedPaths;
use super::recover;
use super::replace::{conflict, put_in_place, unwritable};
use super::staged::{Staged, StagedFile};
use super::undo;
use super::walk::{self, FolderCache, Obstacle};
use super::{CommitError, WorkspaceError};
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, statat};
use std::collections::{BTreeSet, HashSet};

/// A commit whose files are in place. If the run is killed before [`AppliedCommit::finish`], the next run puts the old files
/// back, and then makes and reports all changes itself.
#[derive(Debug)]
#[must_use = "the next run takes back what is not finished"]
pub struct AppliedCommit {
    /// The changes, sorted by path.
    pub changes: Vec<Change>,
    /// Whether files were missing for a moment, because the file system cannot exchange two files.
    pub were_missing: bool,
    open: Option<UnreportedCommit>,
}

/// A commit that the run has not reported yet.
#[derive(Debug)]
struct UnreportedCommit {
    root: OwnedFd,
    plan: CommitPlan,
    // While the run holds the lock, no other run takes it for a killed one.
    _lock: WorkspaceLock,
}

impl AppliedCommit {
    /// Removes the old files, so that nobody can undo the commit. The caller has written the receipt and the outputs before.
    ///
    /// # Errors
    /// The system refused a change: `lockstep recover` removes the rest.
    pub fn finish(self) -> Result<(), WorkspaceError> {
        let Some(UnreportedCommit { root, plan, _lock }) = self.open else {
            return Ok(());
        };
        let told = journal::mark_reported(root.as_fd());
        told.map_err(|source| WorkspaceError::Io { path: journal::JOURNAL.into(), source })?;
        undo::clear(root.as_fd(), &plan, journal::REPORTED)
    }
}

/// Commits all staged changes. The run reads no file of more than `max` bytes, so such a file is a conflict.
pub(super) fn commit(
    root: OwnedFd,
    staged: &Staged,
    protected: &ProtectedPaths,
    max: u64,
) -> Result<AppliedCommit, CommitError> {
    if staged.is_empty() {
        return Ok(AppliedCommit { changes: Vec::new(), were_missing: false, open: None });
    }
    let lock = WorkspaceLock::take(root.as_fd())?;
    recover::before_commit(root.as_fd(), protected)?;
    let plan = missing_folders(root.as_fd(), staged).and_then(|folders| {
        CommitPlan::of(staged, folders).map_err(|source| CommitError::Unwritable { path: ".".into(), source })
    })?;
    if let Err(error) = prepare(root.as_fd(), &plan, staged, max) {
        // After an error here the journal is still there, and the next run undoes the commit.
        let _ = undo::unstage(root.as_fd(), &plan);
        return Err(error);
    }
    match put_in_place(root.as_fd(), &plan, max) {
        Ok(were_missing) => {
            let changes = plan.entries.iter().map(CommitEntry::change).collect();
            Ok(AppliedCommit {
                changes,
                were_missing,
                open: Some(UnreportedCommit { root, plan, _lock: lock }),
            })
        }
        Err(error) => Err(match undo::put_back(root.as_fd(), &plan) {
            Ok(_) => error,
            Err(source) => CommitError::Unfinished { cause: Box::new(error), source },
        }),
    }
}

/// Writes the journal and the temporary files, and makes the commit final.
fn prepare(root: BorrowedFd<'_>, plan: &CommitPlan, staged: &Staged, max: u64) -> Result<(), CommitError> {
    let journal = |source| CommitError::Unwritable { path: journal::STAGING.into(), source };
    journal::begin(root, plan).map_err(journal)?;
    let mut folders = FolderCache::below(root);
    for folder in &plan.folders {
        make_folder(&mut folders, folder).map_err(|obstacle| unwritable(folder, obstacle))?;
    }
    let files: Vec<&StagedFile> = staged.iter().collect();
    let all = 0..files.len();
    let made = parallel::for_each(root, all.clone(), |folders, index| {
        let file = files[index];
        stage(folders, file, &plan.temp(index)).map_err(|obstacle| unwritable(&file.path, obstacle))
    });
    // This check comes last, to keep the time between it and the rename short.
    let looked = made.and_then(|()| {
        parallel::for_each(root, all, |folders, index| unchanged(folders, &plan.entries[index], max))
    });
    looked.map_err(|(_, error)| error)?;
    journal::decide(root).map_err(journal)
}

/// Fails if somebody changed an entry's file since the run read it.
fn unchanged(folders: &mut FolderCache<'_>, entry: &CommitEntry, max: u64) -> Result<(), CommitError> {
    let found =
        state_of(folders, &entry.path, max).map_err(|source| unwritable(&entry.path, source.into()))?;
    if found == FileState::Content(entry.before) {
        return Ok(());
    }
    Err(conflict(&entry.path))
}

/// The missing folders of new files, outer ones first.
fn missing_folders(root: BorrowedFd<'_>, staged: &Staged) -> Result<Vec<WorkspacePath>, CommitError> {
    let (mut known, mut missing) = (HashSet::new(), BTreeSet::new());
    for file in staged.iter().filter(|file| file.before.is_none()) {
        let path = file.path.as_str();
        // From the inside out, up to the first folder that exists.
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

fn make_folder(folders: &mut FolderCache<'_>, path: &WorkspacePath) -> Result<(), Obstacle> {
    let (parent, name) = folders.of(path)?;
    Ok(disk::make_folder(parent, name)?)
}

/// Makes the temporary file. A removal has an empty one, which proves that the run can write to the folder.
fn stage(folders: &mut FolderCache<'_>, file: &StagedFile, temp: &str) -> Result<(), Obstacle> {
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
        // A private file belongs to the user who writes it, so it does not get the old owner.
        if let Some(old) = old.as_ref().filter(|_| !file.private) {
            disk::resemble(&made, old)?;
        }
    }
    Ok(())
}
