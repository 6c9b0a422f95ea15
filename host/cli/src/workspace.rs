//! What a run says about its workspace: what it means to do there, what a killed run had left, why its own changes are
//! not in place. What is done on disk the crate of the workspace decides.

use crate::conclude::ending;
use lockstep_model::capability::{Capability, Right};
use lockstep_model::exit::Exit;
use lockstep_model::grant::Grant;
use lockstep_model::report::{Change, Level, Note, RunEnd};
use lockstep_workspace::{AppliedCommit, CommitError, Purpose, Recovery, WorkspaceError};
use std::collections::HashSet;

/// What a run with this grant means to do with the workspace.
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

/// Says what a killed run had left, and gives the files that were put back.
pub(crate) fn recovery(recovered: &Recovery) -> (Note, Vec<Change>) {
    let hint = "`lockstep recover` shows and ends it";
    let (message, changes) = match recovered {
        Recovery::Undone(changes) if changes.is_empty() => {
            ("removed the temporary files of a killed run".to_owned(), Vec::new())
        }
        Recovery::Undone(changes) => {
            let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
            let message = format!("put back what a killed run had replaced: {}", paths.join(", "));
            (message, changes.clone())
        }
        Recovery::Left => {
            (format!("a killed run left temporary files, and this run leaves them: {hint}"), Vec::new())
        }
        Recovery::Unseen => (
            format!("another run is at work here or was killed; this run looks at no file: {hint}"),
            Vec::new(),
        ),
        Recovery::Underway => {
            ("another run is putting its files in place at this moment".to_owned(), Vec::new())
        }
    };
    (notice(message), changes)
}

/// All that this process changed: what it put in place, and what it put back of a killed run and then left so. Of the
/// latter also the number.
pub(crate) fn all_changes(mut made: Vec<Change>, put_back: &[Change]) -> (Vec<Change>, usize) {
    let again: HashSet<&str> = made.iter().map(|change| change.path.as_str()).collect();
    let only_back = put_back.iter().filter(|change| !again.contains(change.path.as_str()));
    let only_back: Vec<Change> = only_back.cloned().collect();
    let count = only_back.len();
    made.extend(only_back);
    made.sort_by(|one, other| one.path.cmp(&other.path));
    (made, count)
}

/// What is worth knowing of how the files were put in place.
pub(crate) fn manner(committed: &AppliedCommit) -> Option<Note> {
    let message =
        "this file system cannot exchange two files: each file that was replaced was missing for a moment";
    committed.were_missing.then(|| notice(message.to_owned()))
}

fn notice(message: String) -> Note {
    Note { level: Level::Notice, message, location: None }
}

/// Why the workspace cannot be used.
pub(crate) fn refused(error: &WorkspaceError) -> RunEnd {
    let (exit, code) = match error {
        WorkspaceError::Busy => (Exit::Rejected, "busy"),
        WorkspaceError::Closed { .. } => (Exit::Denied, "denied"),
        WorkspaceError::Pending { .. } => (Exit::Invalid, "pending"),
        _ => (Exit::Invalid, "bad-workspace"),
    };
    ending(exit, code, error.to_string(), error.hint())
}

/// Why what was staged is not in place.
pub(crate) fn not_put(error: &CommitError) -> RunEnd {
    let (exit, code) = match error {
        CommitError::Conflict { .. } => (Exit::Rejected, "conflict"),
        CommitError::Workspace(error) => return refused(error),
        CommitError::Unwritable { .. } => (Exit::Invalid, "unwritable"),
        CommitError::Unfinished { .. } => (Exit::Invalid, "unfinished"),
    };
    ending(exit, code, error.to_string(), error.hint())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::digest::Digest;
    use lockstep_model::grant::Permission;

    #[test]
    fn a_run_means_to_do_what_its_grant_allows() {
        let grant = |verbs: &[&str]| {
            let right =
                |verb: &&str| Permission::parse(Capability::Workspace, &format!("{verb} **")).unwrap();
            Grant { requested: verbs.iter().map(right).collect(), ceilings: vec![] }
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
