//! Rolls targets back to the revision that still serves, if it is known and no GitOps controller owns the target. The run
//! still fails.

use lockstep_rollout::{End, Rollout, messages};
use lockstep_sdk::cluster::ObjectRef;
use lockstep_sdk::report::Level;
use lockstep_sdk::text::first_of;
use lockstep_sdk::types::Outcome;
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter};
use lockstep_workload::{Kind, State, TargetId, gitops_owner};
use serde_json::Value;

use crate::failure::rollout_errors;

/// The time for a rollback, in milliseconds, if less is left before the deadline.
const MIN_TIMEOUT_MS: u64 = 60_000;

/// The targets to roll back: those that are not ready, or all of them after a failed smoke check or metric.
pub fn candidates<W: lockstep_sdk::Watch>(rollout: &Rollout<W>) -> Vec<TargetId> {
    let unready: Vec<_> = rollout.unready().collect();
    let targets = if unready.is_empty() { rollout.targets.iter().copied().collect() } else { unready };
    let has_revisions = |id: &TargetId| {
        let (kind, ..) = rollout.cluster.name(*id);
        matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet)
            && rollout.cluster.status(*id).state != State::Missing
    };
    targets.into_iter().filter(has_revisions).collect()
}

/// Rolls the targets back, and waits until they are ready again. Returns the names of those that were rolled back.
pub fn roll_back<H: Cluster>(
    host: &mut H,
    clock: &impl Clock,
    reporter: &mut impl Reporter,
    (rollout, deadline): (&mut Rollout<H::Watcher>, Deadline),
    targets: &[TargetId],
) -> Vec<String> {
    let mut rolled_back = Vec::new();
    for id in targets {
        let name = messages::name(&rollout.cluster, *id);
        match roll_back_target(host, reporter, rollout, *id) {
            Ok((revision, Outcome::DryRun)) => {
                let message = format!("{name}: would be rolled back to revision {revision}");
                reporter.note(Level::Notice, &message);
            }
            Ok((revision, _)) => {
                reporter.note(Level::Notice, &format!("{name}: rolled back to revision {revision}"));
                rollout.cluster.expect_change(*id);
                rolled_back.push((*id, name));
            }
            Err(why) => reporter.note(Level::Warning, &format!("{name} is not rolled back: {why}")),
        }
    }
    if rolled_back.is_empty() {
        return Vec::new();
    }
    let now = clock.now();
    let deadline = Deadline::after(now, deadline.left(now).max(MIN_TIMEOUT_MS));
    let all = std::mem::take(&mut rollout.targets);
    rollout.targets = rolled_back.iter().map(|(id, _)| *id).collect();
    let end = rollout.follow(clock, reporter, deadline);
    rollout.targets = all;
    match end {
        Ok(End::Ready) => reporter.note(Level::Notice, "what was rolled back is ready again"),
        Ok(_) => reporter.note(Level::Error, "what was rolled back is not ready again"),
        Err(error) => {
            let why = first_of(rollout_errors(error).into_iter().map(|error| error.message), "error");
            let message = format!("the step could not verify the rollback: {why}");
            reporter.note(Level::Error, &message);
        }
    }
    rolled_back.into_iter().map(|(_, name)| name).collect()
}

/// Rolls a target back. Returns the revision, or why the target is not rolled back.
fn roll_back_target<H: Cluster>(
    host: &mut H,
    reporter: &mut impl Reporter,
    rollout: &Rollout<H::Watcher>,
    id: TargetId,
) -> Result<(u64, Outcome), String> {
    let revision = rollout.cluster.healthy_revision(id)?;
    let (kind, namespace, name) = rollout.cluster.name(id);
    let namespace = rollout.input_namespace(namespace).to_owned();
    let object = ObjectRef { namespace, kind: kind.name().to_owned(), name: name.to_owned() };
    let json = host.get(&object).map_err(|error| error.into_message())?;
    if let Some(owner) = gitops_owner(&json) {
        return Err(format!(
            "it belongs to the {owner}, which would revert that; roll back in its repository"
        ));
    }
    let value: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let version = value["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let outcome = host.rollback(&object, version, revision).map_err(|error| error.into_message())?;
    for (pod, uid) in rollout.cluster.stuck_pods(id) {
        if let Err(error) = host.evict(&object.namespace, &pod, &uid) {
            let message = format!("pod {pod} blocks the rollback: {}", error.message());
            reporter.note(Level::Warning, &message);
        }
    }
    Ok((revision, outcome))
}
