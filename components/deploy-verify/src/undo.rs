//! Goes back to the revision that still serves, where that is known, allowed and nobody else's business. Never makes a
//! run succeed.

use lockstep_glue::{Clock, Deadline, Level, Tell};
use lockstep_rollout::{Effect, End, Rollout, words};
use lockstep_workload::{TargetId, gitops_owner};
use serde_json::Value;

use crate::host::{Back, Host};
use crate::problem::Problem;

/// How long going back may take at least, in milliseconds, however little time is left.
const LEAST: u64 = 60_000;

/// Goes back with each of these, and waits until they are ready again. Gives the names of those that went back.
pub fn undo<H: Host>(
    host: &mut H,
    clock: &impl Clock,
    tell: &mut impl Tell,
    (rollout, deadline): (&mut Rollout<H::Watcher>, Deadline),
    targets: &[TargetId],
) -> Vec<String> {
    let mut back = Vec::new();
    for id in targets {
        let name = words::name(&rollout.cluster, *id);
        match go_back(host, tell, rollout, *id) {
            Ok((revision, Effect::Made)) => {
                tell.note(Level::Notice, &format!("{name}: goes back to revision {revision}"));
                rollout.cluster.expect_change(*id);
                back.push((*id, name));
            }
            Ok((revision, Effect::Planned)) => {
                tell.note(Level::Notice, &format!("{name}: would go back to revision {revision}"));
            }
            Err(why) => tell.note(Level::Warning, &format!("{name} is not rolled back: {why}")),
        }
    }
    if back.is_empty() {
        return Vec::new();
    }
    let now = clock.now();
    let deadline = Deadline::after(now, deadline.left(now).max(LEAST));
    let all = std::mem::take(&mut rollout.targets);
    rollout.targets = back.iter().map(|(id, _)| *id).collect();
    let end = rollout.follow(host, clock, tell, deadline);
    rollout.targets = all;
    match end {
        Ok(End::Ready) => tell.note(Level::Notice, "what was rolled back is ready again"),
        Ok(_) => tell.note(Level::Error, "what was rolled back is not ready again"),
        Err(stop) => {
            let why = Problem::stop(stop).message;
            tell.note(Level::Error, &format!("whether the rollback is good is unknown: {why}"));
        }
    }
    back.into_iter().map(|(_, name)| name).collect()
}

/// Goes back with one of them; to which revision, or why not.
fn go_back<H: Host>(
    host: &mut H,
    tell: &mut impl Tell,
    rollout: &Rollout<H::Watcher>,
    id: TargetId,
) -> Result<(u64, Effect), String> {
    let revision = rollout.cluster.healthy_revision(id)?;
    let (kind, namespace, name) = rollout.cluster.name(id);
    let (kind, namespace) = (kind.name(), rollout.spelled(namespace));
    let json = host.get(namespace, kind, name).map_err(|fault| fault.message().to_owned())?;
    if let Some(owner) = gitops_owner(&json) {
        return Err(format!("it belongs to the {owner}, which would undo that; go back in its repository"));
    }
    let object: Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
    let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    let back = Back { namespace, kind, name, version, revision };
    let effect = host.rollback(back).map_err(|fault| fault.message().to_owned())?;
    for (pod, uid) in rollout.cluster.stuck_pods(id) {
        if let Err(fault) = host.evict(namespace, &pod, &uid) {
            let message = format!("pod {pod} is in the way of the rollback: {}", fault.message());
            tell.note(Level::Warning, &message);
        }
    }
    Ok((revision, effect))
}
