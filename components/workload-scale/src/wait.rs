//! Waits until the targets are as they should be: down to nothing, or ready. It changes nothing, and looks once more at
//! the end, for a controller that is content may be so with what somebody else has set.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_glue::{Clock, Deadline, Level, Tell};
use lockstep_rollout::{End, Event, Named, Plan, Rollout, Selection, words};
use lockstep_workload::{Rules, State};

use crate::act::Acted;
use crate::host::Host;
use crate::object::{Key, Size, Sized, sized};
use crate::plan::View;
use crate::problem::{Code, Problem};

/// The longest wait for the cluster, in milliseconds.
const PATIENCE: u64 = 5_000;

/// Waits until nothing runs.
///
/// # Errors
/// A target is set back or goes away, the time is up, or the cluster cannot be followed.
pub fn down(
    host: &mut impl Host,
    clock: &impl Clock,
    tell: &mut impl Tell,
    (acted, deadline): (&Acted, Deadline),
) -> Result<(), Problem> {
    let mut open: BTreeSet<Key> = counted(acted).map(|(key, _)| key.clone()).collect();
    let all = open.len();
    if all == 0 {
        return Ok(());
    }
    let kinds: BTreeSet<_> = counted(acted).map(|(key, target)| (&target.spelled, &key.kind)).collect();
    let selections: Vec<_> =
        kinds.into_iter().map(|(namespace, kind)| Selection::all(namespace, kind)).collect();
    let mut watcher = host.watch(&selections).map_err(|fault| Problem::remote(&fault))?;
    let mut seen: BTreeMap<String, Key> = BTreeMap::new();
    loop {
        tell.progress(all - open.len(), all);
        if open.is_empty() {
            return Ok(());
        }
        let left = deadline.left(clock.now());
        if left == 0 {
            let first = open.first().map(Key::short).unwrap_or_default();
            let message =
                format!("the time was up with {} of {all} down: {first} still has pods", all - open.len());
            return Err(Problem::new(Code::TimedOut, message)
                .hint("give `timeout` more time, or see why pods do not end"));
        }
        let changes = host.next(&mut watcher, left.min(PATIENCE) as u32);
        for (of, event) in changes.map_err(|fault| Problem::remote(&fault))? {
            let Some(selection) = selections.get(of as usize) else { continue };
            match event {
                Event::Present(json) => {
                    let Some((key, target)) = sized(&selection.kind, &selection.namespace, &json) else {
                        continue;
                    };
                    seen.insert(target.uid.clone(), key.clone());
                    if target.is_down {
                        open.remove(&key);
                    } else if !target.size.is_asleep() && open.contains(&key) {
                        return Err(set_back(&key, &target));
                    }
                }
                Event::Failed(fault) => return Err(Problem::remote(&fault)),
                Event::Interrupted(text) => tell.note(Level::Debug, &text),
                // What was taken away runs no more.
                Event::Gone(uid) => {
                    if let Some(key) = seen.remove(&uid) {
                        open.remove(&key);
                    }
                }
                Event::Complete => {
                    let there: BTreeSet<_> = seen.values().collect();
                    open.retain(|key| there.contains(key) || !is_of(acted, key, selection));
                }
            }
        }
    }
}

/// Waits until everything that is to run is ready.
///
/// # Errors
/// A target does not get ready, the time is up, or the cluster cannot be followed.
pub fn ready(
    host: &mut impl Host,
    clock: &impl Clock,
    tell: &mut impl Tell,
    (acted, deadline): (&Acted, Deadline),
) -> Result<(), Problem> {
    let awake = |key: &Key| acted.goals.get(key).is_some_and(|goal| !goal.is_asleep());
    let named: BTreeSet<_> = counted(acted)
        .filter(|(key, _)| awake(key))
        .map(|(key, target)| Named {
            namespace: target.spelled.clone(),
            kind: key.kind.clone(),
            name: key.name.clone(),
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let plan = Plan::of(named, &BTreeSet::new());
    let mut rollout = Rollout::begin(host, plan, Rules::default()).map_err(Problem::stop)?;
    let end = rollout.follow(host, clock, tell, deadline).map_err(Problem::stop)?;
    let (all, cluster) = (rollout.targets.len(), &rollout.cluster);
    let ready = rollout.targets.iter().filter(|id| cluster.status(**id).state == State::Ready).count();
    let causes = words::causes(cluster, rollout.targets.iter().copied());
    let code = match end {
        End::Ready => return Ok(()),
        End::TimedOut => Code::TimedOut,
        End::Failed | End::Superseded | End::Unclear => Code::NotReady,
    };
    for cause in &causes {
        tell.note(Level::Error, cause);
    }
    let problem = Problem::new(code, words::end(end, &causes, ready, all));
    Err(problem.hint("the numbers are set; verify the deployment to see why it does not get ready"))
}

/// Finds out whether everything still has what it was given.
///
/// # Errors
/// It has not.
pub fn confirm(now: &View, goals: &BTreeMap<Key, Size>) -> Result<(), Problem> {
    let own = now.targets.iter();
    let pauses = now.autoscalers.iter().filter_map(|one| Some((&one.key, one.pause.as_ref()?)));
    for (key, object) in own.chain(pauses) {
        let Some(goal) = goals.get(key) else { continue };
        // What scales by itself may have moved what is awake.
        let is_moved = !goal.is_asleep() && !object.size.is_asleep() && now.is_autoscaled(key);
        if object.size != *goal && !is_moved {
            return Err(set_back(key, object));
        }
    }
    Ok(())
}

fn set_back(key: &Key, object: &Sized) -> Problem {
    let by = match &object.gitops {
        Some(owner) => format!("; it belongs to the {owner}"),
        None => String::new(),
    };
    let message = format!("{} was set back to {}{by}", key.short(), object.size);
    let problem = Problem::new(Code::SetBack, message);
    match &object.gitops {
        Some(_) => problem.hint("leave the number out of the manifest in its repository, or let it ignore differences of the number"),
        None => problem.hint("see who else sets it, with `kubectl get -o yaml --show-managed-fields`"),
    }
}

/// Whether a target is one of a selection.
fn is_of(acted: &Acted, key: &Key, selection: &Selection) -> bool {
    key.kind == selection.kind
        && acted.view.targets.get(key).is_some_and(|target| target.spelled == selection.namespace)
}

/// The targets that have a count.
fn counted(acted: &Acted) -> impl Iterator<Item = (&Key, &Sized)> {
    acted.view.targets.iter().filter(|(_, target)| matches!(target.size, Size::Count(_)))
}
