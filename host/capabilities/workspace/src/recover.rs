//! Ends what a killed run left. What it was putting in place goes back, so that the next run does and tells everything
//! itself; nothing that somebody changed in between is overwritten, and nothing is done for a run that changes nothing.

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

/// What a killed run had left in the workspace, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// It is undone: these files are again what they were before it.
    Undone(Vec<Change>),
    /// It is left where it is: temporary files that no step sees. All files are whole.
    Left,
    /// It is left where it is, whatever it is: this run looks at no file.
    Unseen,
    /// Another run is putting its files in place at this moment.
    Underway,
}

/// Whether a run left something, or is committing at this moment.
pub(super) fn is_needed(root: BorrowedFd<'_>) -> bool {
    NAMES.iter().any(|name| journal::exists(root, name))
}

/// Does what a run of this purpose does about what was left, where something was.
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
        // Only then are files of both kinds to be found.
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

/// Ends what was left since this run began, unless that takes changing a file: the run has looked at it already. The
/// caller holds the lock.
pub(super) fn before_commit(root: BorrowedFd<'_>, protected: &ProtectedPaths) -> Result<(), WorkspaceError> {
    if let Some(plan) = journal::load(root, JOURNAL, protected)? {
        return Err(pending(&plan));
    }
    undo_all(root, protected).map(drop)
}

fn pending(plan: &CommitPlan) -> WorkspaceError {
    WorkspaceError::Pending { files: plan.entries.iter().map(|entry| entry.path.to_string()).collect() }
}

/// Ends it. The caller holds the lock.
fn undo_all(root: BorrowedFd<'_>, protected: &ProtectedPaths) -> Result<Option<Recovery>, WorkspaceError> {
    // All are read before anything is done about one.
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
    /// It was putting files in place, or had and told nobody.
    Decided,
    /// It had told what it changed. Only temporary files are left.
    Reported,
}

/// How far the change of one file got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileProgress {
    /// The old file is there.
    Waiting,
    /// The new file is there.
    InPlace,
    /// The new file was not there yet, and somebody changed the old one or the one that waits. It cannot be finished.
    Edited,
    /// It is neither, or the other one is lost. It can be neither finished nor undone.
    Changed,
}

/// What one journal in a workspace says.
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
    /// Why the journal is not obeyed, if it is not.
    pub refused: Option<String>,
    /// The files it names, and how far each got.
    pub files: Vec<(Change, FileProgress)>,
}

/// How somebody wants what was left to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverAction {
    /// The new files are put in place.
    Finish,
    /// The old files are put back.
    Undo,
    /// All files stay as they are. Temporary files go.
    Keep,
}

/// What is pending in a folder. It changes nothing.
///
/// # Errors
/// The folder cannot be opened or read, or another run is committing and does not end.
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
                // Of files that anybody can have named it is not told how they stand.
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

/// Ends what is pending in a folder, and says which files it changed. A journal that is not this machine's own can only
/// be removed, with [`RecoverAction::Keep`].
///
/// # Errors
/// As [`inspect`]; a journal that is not obeyed; a file that somebody changed since; the system refused.
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

/// Removes every journal and the temporary files it names. Those lie in the workspace and have names that no step can
/// give to a file, so this is done for a journal that came from elsewhere as well.
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
    /// What a killed run had left here, and what [`Workspace::open`] did about it.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery> {
        self.recovery.as_ref()
    }
}
