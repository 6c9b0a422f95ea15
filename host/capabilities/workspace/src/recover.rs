//! Recovers a workspace from a killed run: it puts the old files back, so that the next run makes and reports all changes
//! itself. It never overwrites a later change of somebody else, and does nothing for a run that changes nothing.

use super::entry_state::{self, EntryState, OldFile};
use super::error::WorkspaceError;
use super::journal::{self, CommitPlan, JOURNAL, NAMES, REPORTED, STAGING};
use super::lock::WorkspaceLock;
use super::protected_paths::ProtectedPaths;
use super::purpose::Purpose;
use super::replace;
use super::undo;
use super::{Workspace, open_root};
use lockstep_model::report::Change;
use rustix::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// The recovery of a workspace from a killed run, at the start of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// The run undid the commit: these files have the content from before it.
    Undone(Vec<Change>),
    /// The run left temporary files in place, which no step sees. All other files are complete.
    Left,
    /// The run did not look, since it uses no file.
    Unseen,
    /// Another run is putting its files in place.
    Underway,
}

/// Whether there is a journal of a killed run, or of a run that is committing.
pub(super) fn is_needed(root: BorrowedFd<'_>) -> bool {
    NAMES.iter().any(|name| journal::exists(root, name))
}

/// Recovers the workspace as far as a run of this purpose may.
pub(super) fn at_start(
    root: BorrowedFd<'_>,
    protected: &ProtectedPaths,
    purpose: Purpose,
) -> Result<Option<Recovery>, WorkspaceError> {
    if purpose == Purpose::Nothing {
        return Ok(Some(Recovery::Unseen));
    }
    if purpose == Purpose::Change {
        let _lock = WorkspaceLock::take(root)?;
        return undo_all(root, protected);
    }
    let lock = match purpose {
        // Only this journal means that some files are old and others new.
        Purpose::Read if journal::exists(root, JOURNAL) => Some(WorkspaceLock::take(root)?),
        _ => WorkspaceLock::try_take(root)?,
    };
    let Some(_lock) = lock else {
        return Ok(Some(Recovery::Underway));
    };
    if let Some(plan) = journal::load(root, JOURNAL, protected)? {
        return Err(pending(&plan));
    }
    let mut left = false;
    for name in [STAGING, REPORTED] {
        left |= journal::load(root, name, protected)?.is_some();
    }
    Ok(left.then_some(Recovery::Left))
}

/// Removes the journals that appeared since this run began. It fails if that would change a file, because the run may have
/// read that file. The caller holds the lock.
pub(super) fn before_commit(root: BorrowedFd<'_>, protected: &ProtectedPaths) -> Result<(), WorkspaceError> {
    if let Some(plan) = journal::load(root, JOURNAL, protected)? {
        return Err(pending(&plan));
    }
    undo_all(root, protected).map(drop)
}

fn pending(plan: &CommitPlan) -> WorkspaceError {
    WorkspaceError::Pending { files: plan.entries.iter().map(|entry| entry.path.to_string()).collect() }
}

/// Undoes the commits of all journals. The caller holds the lock.
fn undo_all(root: BorrowedFd<'_>, protected: &ProtectedPaths) -> Result<Option<Recovery>, WorkspaceError> {
    // An unreadable journal must stop the recovery before it changes a file.
    let [staging, decided, told] =
        [STAGING, JOURNAL, REPORTED].map(|name| journal::load(root, name, protected));
    let (staging, decided, told) = (staging?, decided?, told?);
    let mut recovered = None;
    if let Some(plan) = told {
        undo::clear(root, &plan, REPORTED)?;
        recovered = Some(Vec::new());
    }
    if let Some(plan) = decided {
        let in_place = undo::put_back(root, &plan)?;
        let back = |index: usize| {
            let change = plan.entries[index].change();
            Change { before: change.after, after: change.before, ..change }
        };
        recovered = Some(in_place.into_iter().map(back).collect());
    }
    if let Some(plan) = staging {
        undo::unstage(root, &plan)?;
        recovered = recovered.or(Some(Vec::new()));
    }
    Ok(recovered.map(Recovery::Undone))
}

/// How far a killed run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalStage {
    /// It was making temporary files. No other file has changed.
    Staging,
    /// It was putting files in place, or had done so and not yet reported it.
    Decided,
    /// It had reported its changes. Only temporary files are left.
    Reported,
}

/// How far the change of one file got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileProgress {
    /// The old file is there.
    Waiting,
    /// The new file is there.
    InPlace,
    /// The old file was there, and somebody changed it or the temporary file. No run can finish this change.
    Edited,
    /// The file is neither the old nor the new one, or the other one is lost. No run can finish or undo this change.
    Changed,
}

/// The content of one journal in a workspace, with the progress of its commit.
#[derive(Debug)]
pub struct JournalReport {
    /// The journal's name.
    pub journal: &'static str,
    /// How far the run got.
    pub stage: JournalStage,
    /// The run, as it is in the names of its temporary files.
    pub run: String,
    /// When its commit began, in seconds since 1970.
    pub begun: Option<u64>,
    /// Why Lockstep does not obey the journal; none if it does.
    pub refused: Option<String>,
    /// Its changes, with the progress of each.
    pub files: Vec<(Change, FileProgress)>,
}

/// The way to end the commit of a killed run, which the user chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverAction {
    /// Put the new files in place.
    Finish,
    /// Put the old files back.
    Undo,
    /// Leave all files as they are, and remove the temporary files.
    Keep,
}

/// Reads the journals in a workspace. It changes nothing.
///
/// # Errors
/// The system cannot open or read the folder, or another run commits for too long.
pub fn inspect(root: &Path) -> Result<Vec<JournalReport>, WorkspaceError> {
    let root = open_root(root)?;
    let _lock = WorkspaceLock::take(root.as_fd())?;
    let mut found = Vec::new();
    for (journal, stage) in [
        (STAGING, JournalStage::Staging),
        (JOURNAL, JournalStage::Decided),
        (REPORTED, JournalStage::Reported),
    ] {
        let none = JournalReport {
            journal,
            stage,
            run: String::new(),
            begun: None,
            refused: None,
            files: Vec::new(),
        };
        match journal::find(root.as_fd(), journal, &ProtectedPaths::default()) {
            Ok(None) => {}
            Ok(Some(journal::LoadedJournal { plan, begun, foreign })) => {
                let refused = foreign.map(str::to_owned);
                // Somebody else can have named these files, so the report must not show whether their content matches.
                let stage = if refused.is_some() { JournalStage::Staging } else { stage };
                let files = progress(root.as_fd(), &plan, stage)?;
                found.push(JournalReport { run: plan.run, begun, refused, files, ..none });
            }
            Err(WorkspaceError::Journal { reason, .. }) => {
                found.push(JournalReport { refused: Some(reason), ..none })
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn progress(
    root: BorrowedFd<'_>,
    plan: &CommitPlan,
    stage: JournalStage,
) -> Result<Vec<(Change, FileProgress)>, WorkspaceError> {
    let changes = plan.entries.iter().map(journal::CommitEntry::change);
    Ok(match stage {
        JournalStage::Staging => changes.map(|change| (change, FileProgress::Waiting)).collect(),
        JournalStage::Reported => changes.map(|change| (change, FileProgress::InPlace)).collect(),
        JournalStage::Decided => {
            changes.zip(entry_state::states(root, plan)?.iter().map(progress_of)).collect()
        }
    })
}

fn progress_of(state: &EntryState) -> FileProgress {
    match state {
        EntryState::Waiting { is_ready: false } => FileProgress::Edited,
        EntryState::Waiting { is_ready: true } | EntryState::InPlace(OldFile::Aside) => FileProgress::Waiting,
        EntryState::InPlace(_) => FileProgress::InPlace,
        EntryState::Changed => FileProgress::Changed,
    }
}

/// Ends the commit of a killed run, and returns the changes that this makes. If the journal is not from this machine, only
/// [`RecoverAction::Keep`] works, which removes it.
///
/// # Errors
/// As [`inspect`]; a journal is not from this machine; somebody changed a file after the killed run; the system refused a
/// change.
pub fn recover(root: &Path, action: RecoverAction) -> Result<Vec<Change>, WorkspaceError> {
    let root = open_root(root)?;
    let root = root.as_fd();
    let _lock = WorkspaceLock::take(root)?;
    match action {
        RecoverAction::Undo => Ok(match undo_all(root, &ProtectedPaths::default())? {
            Some(Recovery::Undone(changes)) => changes,
            _ => Vec::new(),
        }),
        RecoverAction::Finish => finish(root),
        RecoverAction::Keep => keep(root).map(|()| Vec::new()),
    }
}

fn finish(root: BorrowedFd<'_>) -> Result<Vec<Change>, WorkspaceError> {
    let protected = ProtectedPaths::default();
    if journal::load(root, STAGING, &protected)?.is_some() {
        return Err(WorkspaceError::Undecided);
    }
    if let Some(plan) = journal::load(root, REPORTED, &protected)? {
        undo::clear(root, &plan, REPORTED)?;
    }
    let Some(plan) = journal::load(root, JOURNAL, &protected)? else {
        return Ok(Vec::new());
    };
    let states = entry_state::states(root, &plan)?;
    undo::check_all(&plan, &states, |state| {
        matches!(state, EntryState::Waiting { is_ready: true } | EntryState::InPlace(_))
    })?;
    replace::put_rest(root, &plan, &states)?;
    journal::mark_reported(root).map_err(|source| WorkspaceError::Io { path: JOURNAL.into(), source })?;
    undo::clear(root, &plan, REPORTED)?;
    let put =
        plan.entries.iter().zip(states).filter(|(_, state)| progress_of(state) == FileProgress::Waiting);
    Ok(put.map(|(entry, _)| entry.change()).collect())
}

/// Removes every journal and the temporary files that it names. This is safe for a journal from elsewhere too, because the
/// names of temporary files are names that no step can give to a file.
fn keep(root: BorrowedFd<'_>) -> Result<(), WorkspaceError> {
    for name in NAMES {
        match journal::find(root, name, &ProtectedPaths::default()) {
            Ok(None) => {}
            Ok(Some(journal::LoadedJournal { plan, .. })) => {
                undo::clear(root, &CommitPlan { folders: Vec::new(), ..plan }, name)?;
            }
            Err(WorkspaceError::Journal { .. }) => {
                journal::end(root, name).map_err(|source| WorkspaceError::Io { path: name.into(), source })?
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Workspace {
    /// The recovery that [`Workspace::open`] made; none if there was no journal.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }
}
