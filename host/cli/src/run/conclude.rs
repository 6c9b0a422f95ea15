//! The last stage: decides how the run ended, and puts the staged files in place.

use super::execute::ExecutedStep;
use crate::args::RunArgs;
use crate::run_facts::{RunFacts, StageResult};
use crate::signals::Signals;
use crate::verdict::{self, bug};
use crate::workspace;
use lockstep_engine::guest::GuestExit;
use lockstep_model::outputs::Output;
use lockstep_model::report::{Change, RunEnd};
use lockstep_workspace::{AppliedCommit, Workspace};

/// A run whose step succeeded.
pub(crate) struct ConcludedRun {
    pub(crate) facts: RunFacts,
    pub(crate) outputs: Vec<Output>,
    /// The changed files.
    pub(crate) changes: Vec<Change>,
    /// How many of them the run only restored after a killed run.
    pub(crate) only_restored: usize,
    /// The files in place. Until the host finishes this, the next run puts the old files back.
    pub(crate) committed: Option<AppliedCommit>,
    /// The diff of a dry run.
    pub(crate) diff: Option<String>,
    /// The failure with which the step rejected its result.
    pub(crate) rejected: Option<RunEnd>,
}

/// The files that the run put in place, or would put in place in a dry run.
struct FileChanges {
    changes: Vec<Change>,
    only_restored: usize,
    committed: Option<AppliedCommit>,
    diff: Option<String>,
}

impl ExecutedStep {
    /// Decides how the run ended. A denial decides before a signal, and a signal before the result of the component.
    pub(crate) fn conclude(self, args: &RunArgs, signals: &Signals) -> StageResult<ConcludedRun> {
        let Self { mut facts, ended, workspace, rejected, diff } = self;
        let cancelled = signals.begin_end().filter(|_| facts.log.denial.is_none());
        if let Some(exit) = cancelled {
            return facts.stop(verdict::cancelled(exit));
        }
        if let Some(ending) = verdict::of_run(&ended, &facts.log) {
            return facts.stop(ending);
        }
        let (GuestExit::Done(outputs), Some(workspace)) = (ended, workspace) else {
            return facts.stop(bug("the component ended without outputs and without a failure"));
        };
        let rejected = rejected.map(|rejected| verdict::rejection(rejected, &facts.log));
        match commit_files(args, workspace, &diff, &mut facts) {
            Ok(FileChanges { changes, only_restored, committed, diff }) => {
                Ok(ConcludedRun { facts, outputs, changes, only_restored, committed, diff, rejected })
            }
            Err(ending) => facts.stop(ending),
        }
    }
}

/// Puts the staged files in place; in a dry run it only makes their diff.
fn commit_files(
    args: &RunArgs,
    workspace: Workspace,
    branches: &str,
    facts: &mut RunFacts,
) -> Result<FileChanges, RunEnd> {
    if args.dry_run {
        let diff = workspace.dry_run_diff().map_err(|error| workspace::commit_failure(&error))? + branches;
        let changes = workspace.changes();
        return Ok(FileChanges { changes, only_restored: 0, committed: None, diff: Some(diff) });
    }
    let committed = workspace.commit().map_err(|error| workspace::commit_failure(&error))?;
    facts.notes.extend(workspace::exchange_note(&committed));
    let (changes, only_restored) = workspace::all_changes(committed.changes.clone(), &facts.restored);
    Ok(FileChanges { changes, only_restored, committed: Some(committed), diff: None })
}
