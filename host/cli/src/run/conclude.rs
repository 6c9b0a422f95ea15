//! The last stage: decides how the run ended, and puts staged files in place.

use super::execute::Executed;
use crate::args::RunArgs;
use crate::conclude::{self, bug};
use crate::facts::{Facts, Stage};
use crate::signals::Signals;
use crate::workspace;
use lockstep_engine::guest::GuestExit;
use lockstep_model::outputs::Output;
use lockstep_model::report::{Change, RunEnd};
use lockstep_workspace::{AppliedCommit, Workspace};

/// A run whose step did its work.
pub(crate) struct Concluded {
    pub(crate) facts: Facts,
    pub(crate) outputs: Vec<Output>,
    /// The changed files.
    pub(crate) changes: Vec<Change>,
    /// How many of them the run only restored after a killed run.
    pub(crate) only_restored: usize,
    /// The files in place; the next run takes them back until this is finished.
    pub(crate) committed: Option<AppliedCommit>,
    /// The diff of a dry run.
    pub(crate) diff: Option<String>,
    /// The failure with which the step rejected its result.
    pub(crate) rejected: Option<RunEnd>,
}

/// Files that the run put in place, or would.
struct Settled {
    changes: Vec<Change>,
    only_restored: usize,
    committed: Option<AppliedCommit>,
    diff: Option<String>,
}

impl Executed {
    /// Decides how the run ended. A denial decides, and then a signal, whatever the component returned.
    pub(crate) fn conclude(self, args: &RunArgs, signals: &Signals) -> Stage<Concluded> {
        let Self { mut facts, ended, workspace, rejected, diff } = self;
        let cancelled = signals.decide().filter(|_| facts.log.denial.is_none());
        if let Some(exit) = cancelled {
            return facts.stop(conclude::cancelled(exit));
        }
        if let Some(ending) = conclude::verdict(&ended, &facts.log) {
            return facts.stop(ending);
        }
        let (GuestExit::Done(outputs), Some(workspace)) = (ended, workspace) else {
            return facts.stop(bug("the component ended in no known way"));
        };
        let rejected = rejected.map(|rejected| conclude::rejection(rejected, &facts.log));
        match settle(args, workspace, &diff, &mut facts) {
            Ok(Settled { changes, only_restored, committed, diff }) => {
                Ok(Concluded { facts, outputs, changes, only_restored, committed, diff, rejected })
            }
            Err(ending) => facts.stop(ending),
        }
    }
}

/// Puts staged files in place; in a dry run, only shows them.
fn settle(
    args: &RunArgs,
    workspace: Workspace,
    branches: &str,
    facts: &mut Facts,
) -> Result<Settled, RunEnd> {
    if args.dry_run {
        let diff = workspace.dry_run_diff().map_err(|error| workspace::not_put(&error))? + branches;
        let changes = workspace.changes();
        return Ok(Settled { changes, only_restored: 0, committed: None, diff: Some(diff) });
    }
    let committed = workspace.commit().map_err(|error| workspace::not_put(&error))?;
    facts.notes.extend(workspace::manner(&committed));
    let (changes, only_restored) = workspace::all_changes(committed.changes.clone(), &facts.restored);
    Ok(Settled { changes, only_restored, committed: Some(committed), diff: None })
}
