//! Notes and errors about the workspace, and the purpose for which a run opens it. The crate of the workspace decides
//! about the files.

use crate::verdict::run_end;
use lockstep_model::capability::{Capability, Right};
use lockstep_model::grant::Grant;
use lockstep_model::host_code::HostCode;
use lockstep_model::report::{Change, Level, Note, RunEnd};
use lockstep_workspace::{AppliedCommit, CommitError, Purpose, Recovery, WorkspaceError};
use std::collections::HashSet;

/// The most files that a note names.
const MAX_NAMES: usize = 20;

/// The purpose for which a run with this grant opens the workspace.
pub(crate) fn purpose(dry_run: bool, grant: &Grant) -> Purpose {
    let on_files = grant.requested.iter().filter(|one| one.capability == Capability::Workspace);
    let rights: Vec<Right> = on_files.flat_map(|one| one.rights.iter().copied()).collect();
    let only_reads = || rights.iter().all(|right| Capability::Workspace.only_reads(*right));
    match dry_run {
        _ if rights.is_empty() => Purpose::Nothing,
        true => Purpose::DryRun,
        false if only_reads() => Purpose::Read,
        false => Purpose::Change,
    }
}

/// Makes the note about a killed run. Returns it with the files that the host put back.
pub(crate) fn recovery_note(recovered: &Recovery) -> (Note, Vec<Change>) {
    let hint = "`lockstep recover` shows and ends it";
    let (message, changes) = match recovered {
        Recovery::Undone(changes) if changes.is_empty() => {
            ("removed the temporary files of a killed run".to_owned(), Vec::new())
        }
        Recovery::Undone(changes) => {
            let paths = changes.iter().take(MAX_NAMES).map(|change| change.path.as_str());
            let mut message = "put back the files that a killed run had replaced: ".to_owned();
            message.push_str(&paths.collect::<Vec<_>>().join(", "));
            if let Some(more) = changes.len().checked_sub(MAX_NAMES).filter(|more| *more > 0) {
                message.push_str(&format!(" and {more} more"));
            }
            (message, changes.clone())
        }
        Recovery::Left => {
            (format!("a killed run left temporary files, and this run leaves them: {hint}"), Vec::new())
        }
        Recovery::Unseen => {
            (format!("another run works here or was killed; this run reads no file: {hint}"), Vec::new())
        }
        Recovery::Underway => ("another run is putting its files in place now".to_owned(), Vec::new()),
    };
    (notice(message), changes)
}

/// All files that this run changed: those that it put in place, and those that it only restored after a killed run.
/// Returns them with the number of the latter.
pub(crate) fn all_changes(mut made: Vec<Change>, put_back: &[Change]) -> (Vec<Change>, usize) {
    let again: HashSet<&str> = made.iter().map(|change| change.path.as_str()).collect();
    let only_back = put_back.iter().filter(|change| !again.contains(change.path.as_str()));
    let only_back: Vec<Change> = only_back.cloned().collect();
    let count = only_back.len();
    made.extend(only_back);
    made.sort_by(|one, other| one.path.cmp(&other.path));
    (made, count)
}

/// The note about a file system that cannot exchange files.
pub(crate) fn exchange_note(committed: &AppliedCommit) -> Option<Note> {
    let message =
        "this file system cannot exchange two files: each file that was replaced was missing for a moment";
    committed.were_missing.then(|| notice(message.to_owned()))
}

fn notice(message: String) -> Note {
    Note { level: Level::Notice, message, location: None }
}

/// The end of a run that cannot use its workspace.
pub(crate) fn workspace_failure(error: &WorkspaceError) -> RunEnd {
    let code = match error {
        WorkspaceError::Busy => HostCode::Busy,
        WorkspaceError::Closed { .. } => HostCode::Denied,
        WorkspaceError::Pending { .. } => HostCode::Pending,
        _ => HostCode::BadWorkspace,
    };
    run_end(code, error.to_string(), error.hint())
}

/// The end of a run whose staged files are not in place.
pub(crate) fn commit_failure(error: &CommitError) -> RunEnd {
    let code = match error {
        CommitError::Conflict { .. } => HostCode::Conflict,
        CommitError::Workspace(error) => return workspace_failure(error),
        CommitError::Unwritable { .. } => HostCode::Unwritable,
        CommitError::Unfinished { .. } => HostCode::Unfinished,
    };
    run_end(code, error.to_string(), error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::digest::Digest;
    use lockstep_model::grant::Permission;

    #[test]
    fn the_purpose_of_a_run_follows_from_its_grant() {
        let grant = |verbs: &[&str]| {
            let right =
                |verb: &&str| Permission::parse(Capability::Workspace, &format!("{verb} **")).unwrap();
            Grant { requested: verbs.iter().map(right).collect(), ceilings: vec![], policy: None }
        };
        assert_eq!(purpose(false, &grant(&[])), Purpose::Nothing);
        assert_eq!(purpose(true, &grant(&[])), Purpose::Nothing);
        assert_eq!(purpose(false, &grant(&["read"])), Purpose::Read);
        assert_eq!(purpose(false, &grant(&["read", "write"])), Purpose::Change);
        assert_eq!(purpose(false, &grant(&["remove"])), Purpose::Change);
        assert_eq!(purpose(true, &grant(&["read", "write"])), Purpose::DryRun);
    }

    #[test]
    fn a_file_that_was_put_back_and_changed_again_counts_once() {
        let change = |path: &str, after: &str| Change {
            path: path.into(),
            before: None,
            after: Some(Digest::of(after.as_bytes())),
            private: false,
        };
        let all = all_changes(vec![change("b", "new")], &[change("a", "old"), change("b", "old")]);
        assert_eq!(all, (vec![change("a", "old"), change("b", "new")], 1));
    }
}
