//! Ends what a killed run left: what it had not decided is undone, what it had decided is finished. It
//! never overwrites a change that somebody made in between.

use super::WorkspaceError;
use super::commit::{self, Found};
use super::journal::{self, JOURNAL, Plan, STAGING};
use super::reach::Reach;
use super::walk::Folders;
use lockstep_model::report::Change;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, statat};

/// What a killed run had left in the workspace, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovered {
    /// It had not decided its commit yet: its temporary files are removed, nothing else has changed.
    Undone,
    /// It had decided its commit: these files are now as it wanted them.
    Finished(Vec<Change>),
}

/// Whether a run left something, or is committing at this moment.
pub(super) fn is_needed(root: BorrowedFd<'_>) -> bool {
    [STAGING, JOURNAL].iter().any(|name| statat(root, *name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

/// Ends it. The caller holds the lock.
pub(super) fn recover(
    root: BorrowedFd<'_>,
    reach: &Reach,
    most: u64,
) -> Result<Option<Recovered>, WorkspaceError> {
    let mut recovered = None;
    if let Some(plan) = journal::load(root, JOURNAL, reach)? {
        check(root, &plan, most)?;
        commit::put_in_place(root, &plan, most).map_err(|(index, source)| WorkspaceError::Io {
            path: plan.entries.get(index).map_or(JOURNAL, |entry| entry.path.as_str()).to_owned(),
            source,
        })?;
        recovered = Some(Recovered::Finished(plan.changes()));
    }
    if let Some(plan) = journal::load(root, STAGING, reach)? {
        commit::undo(root, &plan)?;
        recovered = recovered.or(Some(Recovered::Undone));
    }
    Ok(recovered)
}

/// Makes sure that each file still is the old or already the new one, before any is touched.
fn check(root: BorrowedFd<'_>, plan: &Plan, most: u64) -> Result<(), WorkspaceError> {
    let mut folders = Folders::below(root);
    for (index, entry) in plan.entries.iter().enumerate() {
        let io = |source| WorkspaceError::Io { path: entry.path.to_string(), source };
        let changed = || WorkspaceError::Changed { path: entry.path.to_string(), run: plan.run.clone() };
        let found = commit::look(&mut folders, &entry.path, most).map_err(io)?;
        let temp = match folders.of(&entry.path) {
            Ok((parent, _)) => commit::look_at(parent, &plan.temp(index), most).map_err(io)?,
            Err(_) => Found::Content(None),
        };
        let done = found == Found::Content(entry.after);
        let old = found == Found::Content(entry.before);
        // What has not been put in place yet must be there, and whole.
        let ready = entry.after.is_none() || temp == Found::Content(entry.after);
        let spent = temp == Found::Content(None);
        if !(old && ready || done && (ready || spent)) {
            return Err(changed());
        }
    }
    Ok(())
}
