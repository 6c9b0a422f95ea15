//! The run: changes the targets, waits until they have their sizes, and verifies them once more.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::types::Failure;
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter, finish_all, table};

use crate::applied::AppliedPlan;
use crate::apply;
use crate::failure::{Code, Error};
use crate::inputs::{Goal, Request};
use crate::inspect;
use crate::object::{Scalable, TargetKey};
use crate::snapshot::Snapshot;
use crate::{Inputs, Outputs, Target, messages, wait};

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut impl Cluster,
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    scale(host, reporter, clock, inputs).map_err(|errors| finish_all(reporter, errors))
}

fn scale(
    host: &mut impl Cluster,
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Vec<Error>> {
    let request = Request::parse(inputs).map_err(|errors| {
        let error = |error| Error::input(Code::BadInput, error);
        errors.into_iter().map(error).collect::<Vec<_>>()
    })?;
    let deadline = Deadline::after(clock.now(), request.timeout_ms);
    let applied = apply::apply(host, clock, reporter, (&request, deadline))?;
    let (after, error) = match applied.is_dry_run {
        true => (None, None),
        false => verify(host, clock, reporter, (&request, &applied, deadline)),
    };
    let targets: Vec<_> =
        applied.snapshot.targets.iter().map(|target| output(target, &applied, after.as_ref())).collect();
    let changed = targets.iter().filter(|target| target.before != target.after).count();
    reporter.note(Level::Info, &messages::result(&applied, changed, targets.len()));
    reporter.add_summary(Block::Table(table(&messages::COLUMNS, messages::rows(&targets))));
    if let Some(excluded) = messages::excluded(&applied.snapshot.excluded) {
        reporter.add_summary(Block::Paragraph(excluded));
    }
    if let Some(error) = error {
        reporter.reject(&error.into());
    }
    Ok(Outputs { changed: u32::try_from(changed).unwrap_or(u32::MAX), targets })
}

/// Waits until the targets have their sizes. Returns the targets as they are then, and what is wrong with them.
fn verify(
    host: &mut impl Cluster,
    clock: &impl Clock,
    reporter: &mut impl Reporter,
    (request, applied, deadline): (&Request, &AppliedPlan, Deadline),
) -> (Option<Snapshot>, Option<Error>) {
    let waited = match request.goal {
        Goal::Sleep => wait::until_down(host, clock, reporter, (applied, deadline)),
        Goal::Restore | Goal::Replicas(_) => wait::until_ready(host, clock, reporter, (applied, deadline)),
    };
    // A target may fail to become ready because somebody else set it back, which is the better message.
    match inspect::snapshot(host, clock, reporter, (request, deadline)) {
        Ok(snapshot) => {
            let error = wait::verify_sizes(&snapshot, &applied.goals).err().or(waited.err());
            (Some(snapshot), error)
        }
        Err(errors) => (None, waited.err().or(errors.into_iter().next())),
    }
}

/// A target for the outputs.
fn output((key, target): (&TargetKey, &Scalable), applied: &AppliedPlan, after: Option<&Snapshot>) -> Target {
    let size = match (after, applied.goals.get(key)) {
        (Some(snapshot), _) => snapshot.targets.get(key).map(|target| target.size),
        (None, goal) => goal.copied(),
    };
    Target {
        namespace: key.namespace.clone(),
        kind: key.kind_name().to_owned(),
        name: key.name.clone(),
        before: target.size.to_string(),
        after: size.unwrap_or(target.size).to_string(),
    }
}
