//! Waits until the targets are down or ready, and verifies their sizes. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_rollout::{End, Rollout, WatchPlan, messages};
use lockstep_sdk::cluster::{Event, ObjectRef, Selection};
use lockstep_sdk::report::Level;
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter, Watch};
use lockstep_workload::Rules;

use crate::applied::AppliedPlan;
use crate::failure::{Code, Error, cluster_error, rollout_error};
use crate::object::{Scalable, Size, TargetKey, scalable};
use crate::snapshot::Snapshot;

/// The longest wait for events, in milliseconds.
const MAX_WAIT_MS: u64 = 5_000;

/// Waits until no target has pods.
///
/// # Errors
/// Somebody set a target back, the deadline is over, or the cluster cannot be watched.
pub fn until_down(
    host: &mut impl Cluster,
    clock: &impl Clock,
    reporter: &mut impl Reporter,
    (applied, deadline): (&AppliedPlan, Deadline),
) -> Result<(), Error> {
    let mut wait = DownWait::new(applied);
    let all = wait.open.len();
    if all == 0 {
        return Ok(());
    }
    let selections = selections(applied);
    let mut watcher = host.watch(&selections).map_err(cluster_error)?;
    loop {
        let down = all - wait.open.len();
        reporter.progress(down as u64, Some(all as u64), "targets");
        if wait.open.is_empty() {
            return Ok(());
        }
        let left = deadline.left(clock.now());
        if left == 0 {
            let first = wait.open.first().map(TargetKey::title).unwrap_or_default();
            let message = format!("the time was up with {down} of {all} down: {first} still has pods");
            let error = Error::new(Code::TimedOut, message);
            return Err(error.hint("increase `timeout`, or find out why pods do not end"));
        }
        for event in watcher.next(left.min(MAX_WAIT_MS) as u32).map_err(cluster_error)? {
            let Some(selection) = selections.get(event.selection as usize) else { continue };
            if let Event::Interrupted(text) = &event.event {
                reporter.note(Level::Debug, text);
            }
            wait.receive(selection, event.event)?;
        }
    }
}

/// The targets of [`until_down`].
struct DownWait<'a> {
    applied: &'a AppliedPlan,
    /// The targets that still have pods.
    open: BTreeSet<TargetKey>,
    /// The existing objects by UID.
    existing: BTreeMap<String, TargetKey>,
}

impl<'a> DownWait<'a> {
    fn new(applied: &'a AppliedPlan) -> Self {
        let open = with_replicas(applied).map(|(key, _)| key.clone()).collect();
        Self { applied, open, existing: BTreeMap::new() }
    }

    fn receive(&mut self, selection: &Selection, event: Event) -> Result<(), Error> {
        match event {
            Event::Updated(json) => {
                let Some((key, target)) = scalable(&selection.kind, &selection.namespace, &json) else {
                    return Ok(());
                };
                self.existing.insert(target.uid.clone(), key.clone());
                if target.is_down {
                    self.open.remove(&key);
                } else if !target.size.is_asleep() && self.open.contains(&key) {
                    return Err(set_back(&key, &target));
                }
            }
            Event::Failed(error) => return Err(cluster_error(error)),
            Event::Interrupted(_) => {}
            // A deleted object has no pods.
            Event::Deleted(uid) => {
                if let Some(key) = self.existing.remove(&uid) {
                    self.open.remove(&key);
                }
            }
            Event::Synced => {
                let existing: BTreeSet<_> = self.existing.values().collect();
                let applied = self.applied;
                self.open.retain(|key| existing.contains(key) || !is_selected(applied, key, selection));
            }
        }
        Ok(())
    }
}

/// Waits until every target that has replicas is ready.
///
/// # Errors
/// A target does not become ready, the deadline is over, or the cluster cannot be watched.
pub fn until_ready(
    host: &mut impl Cluster,
    clock: &impl Clock,
    reporter: &mut impl Reporter,
    (applied, deadline): (&AppliedPlan, Deadline),
) -> Result<(), Error> {
    let is_awake = |key: &TargetKey| applied.goals.get(key).is_some_and(|goal| !goal.is_asleep());
    let named: BTreeSet<_> = with_replicas(applied)
        .filter(|(key, _)| is_awake(key))
        .map(|(key, target)| ObjectRef {
            namespace: target.input_namespace.clone(),
            kind: key.kind.clone(),
            name: key.name.clone(),
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let plan = WatchPlan::new(named, &[]);
    let mut rollout = Rollout::start(host, plan, Rules::default(), "targets").map_err(rollout_error)?;
    let end = rollout.follow(clock, reporter, deadline).map_err(rollout_error)?;
    let code = match end {
        End::Ready => return Ok(()),
        End::TimedOut => Code::TimedOut,
        End::Failed | End::Superseded | End::Inconclusive => Code::NotReady,
    };
    let all = rollout.targets.len();
    let ready = all - rollout.unready().count();
    let causes = messages::causes(&rollout.cluster, rollout.targets.iter().copied());
    for cause in &causes {
        reporter.note(Level::Error, cause);
    }
    let error = Error::new(code, messages::end(end, &causes, ready, all));
    Err(error.hint("the sizes are set; run `deploy-verify` to see why the target does not become ready"))
}

/// Verifies that every object has its goal.
///
/// # Errors
/// Somebody set an object back.
pub fn verify_sizes(now: &Snapshot, goals: &BTreeMap<TargetKey, Size>) -> Result<(), Error> {
    let pauses = now.autoscalers.iter();
    let pauses = pauses.filter_map(|autoscaler| Some((&autoscaler.key, autoscaler.pause.as_ref()?)));
    for (key, object) in now.targets.iter().chain(pauses) {
        let Some(goal) = goals.get(key) else { continue };
        // An autoscaler may have changed a target that has replicas.
        let is_autoscaled = !goal.is_asleep() && !object.size.is_asleep() && now.is_autoscaled(key);
        if object.size != *goal && !is_autoscaled {
            return Err(set_back(key, object));
        }
    }
    Ok(())
}

fn set_back(key: &TargetKey, object: &Scalable) -> Error {
    let owner = object.gitops.as_ref().map_or(String::new(), |owner| format!("; it belongs to the {owner}"));
    let message = format!("{} was set back to {}{owner}", key.title(), object.size);
    let hint = match &object.gitops {
        Some(_) => {
            "remove the number of replicas from the manifest in its repository, or configure the owner to ignore it"
        }
        None => "see who else sets it, with `kubectl get -o yaml --show-managed-fields`",
    };
    Error::new(Code::SetBack, message).hint(hint)
}

/// One selection per namespace and kind of the targets.
fn selections(applied: &AppliedPlan) -> Vec<Selection> {
    let kinds = with_replicas(applied).map(|(key, target)| (&target.input_namespace, &key.kind));
    let kinds: BTreeSet<_> = kinds.collect();
    kinds.into_iter().map(|(namespace, kind)| Selection::all(namespace, kind)).collect()
}

/// Whether a selection selects a target.
fn is_selected(applied: &AppliedPlan, key: &TargetKey, selection: &Selection) -> bool {
    let target = applied.snapshot.targets.get(key);
    key.kind == selection.kind && target.is_some_and(|target| target.input_namespace == selection.namespace)
}

/// The targets with a number of replicas.
fn with_replicas(applied: &AppliedPlan) -> impl Iterator<Item = (&TargetKey, &Scalable)> {
    applied.snapshot.targets.iter().filter(|(_, target)| matches!(target.size, Size::Replicas(_)))
}
