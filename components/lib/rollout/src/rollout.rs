//! Watches a cluster until every target is ready, one has failed, or the deadline is over. The crate `lockstep-workload`
//! decides the status of targets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_sdk::cluster::Event;
use lockstep_sdk::report::Level;
use lockstep_sdk::types::Error;
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter, Watch};
use lockstep_workload::{ClusterState, Kind, Rules, State, Status, TargetId};

use crate::end::{End, RolloutError};
use crate::messages;
use crate::watch_plan::{Role, WatchPlan};

/// The longest wait for events, in milliseconds; the interval of progress reports.
const MAX_WAIT_MS: u64 = 5_000;
/// The shortest wait for events, in milliseconds.
const MIN_WAIT_MS: u64 = 50;
/// How long a target may have no known status while all others are ready, in seconds.
const UNKNOWN_TIMEOUT: u64 = 60;
/// How long a target may be missing, in seconds.
const MISSING_TIMEOUT: u64 = 30;
/// With more targets, notes about single targets have the level `debug`.
const MAX_NOTED_TARGETS: usize = 20;
/// How many Events are kept for evidence.
const MAX_EVENTS: usize = 500;

/// A rollout that is being watched.
pub struct Rollout<W> {
    watcher: W,
    plan: WatchPlan,
    /// What progress counts.
    unit: &'static str,
    /// The known objects.
    pub cluster: ClusterState,
    /// The objects that must become ready.
    pub targets: BTreeSet<TargetId>,
    /// The newest Events as JSON.
    pub events: VecDeque<String>,
    /// The namespaces of the inputs, by their names in the cluster.
    input_namespaces: BTreeMap<String, String>,
    /// The selections that are not yet synced.
    unsynced: BTreeSet<usize>,
    /// The selections that have found an object.
    found: BTreeSet<usize>,
    /// When all selections were synced.
    began: Option<u64>,
    /// The last note about an interruption.
    interrupted: Option<String>,
}

impl<W: Watch> Rollout<W> {
    /// Starts to watch. `unit` is what progress counts, such as `resources ready`.
    ///
    /// # Errors
    /// The host cannot watch the cluster, or a kind does not exist.
    pub fn start(
        host: &mut impl Cluster<Watcher = W>,
        plan: WatchPlan,
        rules: Rules,
        unit: &'static str,
    ) -> Result<Self, RolloutError> {
        let selections: Vec<_> = plan.selections.iter().map(|(selection, _)| selection.clone()).collect();
        let watcher = host.watch(&selections).map_err(RolloutError::Host)?;
        let mut cluster = ClusterState::new(rules);
        let named = plan.named.iter();
        let targets = named
            .map(|object| {
                cluster.target(&Kind::of(&object.kind), state_namespace(&object.namespace), &object.name)
            })
            .collect();
        Ok(Self {
            watcher,
            unsynced: (0..plan.selections.len()).collect(),
            plan,
            unit,
            cluster,
            targets,
            found: BTreeSet::new(),
            events: VecDeque::new(),
            input_namespaces: BTreeMap::new(),
            began: None,
            interrupted: None,
        })
    }

    /// The name that the inputs have for a namespace of the cluster. The grant covers this name only.
    pub fn input_namespace<'a>(&'a self, namespace: &'a str) -> &'a str {
        match namespace {
            "" => "-",
            real => self.input_namespaces.get(real).map_or(real, String::as_str),
        }
    }

    /// Why the cluster never delivered all objects; none if it did.
    pub fn sync_failure(&self) -> Option<&str> {
        self.interrupted.as_deref().filter(|_| !self.unsynced.is_empty())
    }

    /// The targets that are not ready.
    pub fn unready(&self) -> impl Iterator<Item = TargetId> + '_ {
        let is_ready = |id: &TargetId| self.cluster.status(*id).state == State::Ready;
        self.targets.iter().copied().filter(move |id| !is_ready(id))
    }

    /// Watches until the rollout ends.
    ///
    /// # Errors
    /// The host cannot watch a selection, an entry selects no object, or a budget is used up.
    pub fn follow(
        &mut self,
        clock: &impl Clock,
        reporter: &mut impl Reporter,
        deadline: Deadline,
    ) -> Result<End, RolloutError> {
        loop {
            let now = clock.now();
            let due = if self.unsynced.is_empty() { self.cluster.next_due() } else { None };
            let due = due.map_or(MAX_WAIT_MS, |due| (due * 1000).saturating_sub(now).max(MIN_WAIT_MS));
            let wait = deadline.left(now).min(due).min(MAX_WAIT_MS);
            let events = self.watcher.next(wait as u32).map_err(RolloutError::Host)?;
            let seconds = clock.now() / 1000;
            for event in events {
                self.receive(reporter, event.selection as usize, event.event, seconds)?;
            }
            if self.unsynced.is_empty()
                && let Some(end) = self.evaluate(reporter, seconds)?
            {
                return Ok(end);
            }
            if deadline.left(clock.now()) == 0 {
                return Ok(End::TimedOut);
            }
        }
    }

    fn receive(
        &mut self,
        reporter: &mut impl Reporter,
        index: usize,
        event: Event,
        now: u64,
    ) -> Result<(), RolloutError> {
        let Some((selection, role)) = self.plan.selections.get(index) else { return Ok(()) };
        match event {
            Event::Updated(json) => self.observe(index, json, now),
            Event::Deleted(uid) => self.cluster.remove(&uid),
            Event::Synced => drop(self.unsynced.remove(&index)),
            Event::Interrupted(text) => {
                if self.interrupted.as_ref() != Some(&text) {
                    reporter.note(Level::Warning, &format!("{text}; retrying"));
                    self.interrupted = Some(text);
                }
            }
            Event::Failed(error)
                if *role == Role::Explaining && !matches!(error, Error::LimitExceeded(_)) =>
            {
                let kind = Kind::of(&selection.kind);
                let message = format!("{}; {}", error.message(), messages::missing_explanation(&kind));
                reporter.note(Level::Warning, &message);
                self.cluster.set_unreadable(kind);
                self.unsynced.remove(&index);
            }
            Event::Failed(error) => return Err(RolloutError::Host(error)),
        }
        Ok(())
    }

    fn observe(&mut self, index: usize, json: String, now: u64) {
        let (selection, role) = &self.plan.selections[index];
        let kind = Kind::of(&selection.kind);
        let namespace = state_namespace(&selection.namespace);
        let Some(object) = self.cluster.observe(&kind, namespace, &json, now) else { return };
        if object.namespace != namespace {
            self.input_namespaces.insert(object.namespace.clone(), namespace.to_owned());
        }
        if *role == Role::Selected {
            self.found.insert(index);
            self.targets.insert(self.cluster.target(&kind, namespace, &object.name));
        }
        if kind == Kind::Event {
            self.events.push_back(json);
            if self.events.len() > MAX_EVENTS {
                self.events.pop_front();
            }
        }
    }

    /// Evaluates the targets. Returns the end if there is one.
    fn evaluate(&mut self, reporter: &mut impl Reporter, now: u64) -> Result<Option<End>, RolloutError> {
        let began = *self.began.get_or_insert(now);
        let unmatched = self.plan.unmatched(&self.found);
        if !unmatched.is_empty() {
            return Err(RolloutError::NoMatch(unmatched.into_iter().map(messages::no_match).collect()));
        }
        for id in self.cluster.evaluate(now) {
            if self.targets.contains(&id) {
                self.note_status(reporter, id);
            }
        }
        let statuses: Vec<_> = self.targets.iter().map(|id| self.cluster.status(*id)).collect();
        let count = |state: State| statuses.iter().filter(|status| status.state == state).count();
        let (all, ready) = (statuses.len(), count(State::Ready));
        reporter.progress(ready as u64, Some(all as u64), self.unit);
        if count(State::Superseded) > 0 {
            return Ok(Some(End::Superseded));
        }
        let is_missing = |status: &Status| {
            status.state == State::Missing && now >= status.since.max(began) + MISSING_TIMEOUT
        };
        if count(State::Failed) > 0 || statuses.iter().any(|status| is_missing(status)) {
            return Ok(Some(End::Failed));
        }
        if ready == all {
            return Ok(Some(End::Ready));
        }
        let unknown = statuses.iter().filter(|status| matches!(status.state, State::Unknown | State::Paused));
        let since = unknown.clone().map(|status| status.since).max().unwrap_or(now).max(began);
        let is_inconclusive = ready + unknown.count() == all && now >= since + UNKNOWN_TIMEOUT;
        Ok(is_inconclusive.then_some(End::Inconclusive))
    }

    fn note_status(&self, reporter: &mut impl Reporter, id: TargetId) {
        let level = match self.cluster.status(id).state {
            State::Failed | State::Superseded => Level::Error,
            _ if self.targets.len() > MAX_NOTED_TARGETS => Level::Debug,
            _ => Level::Info,
        };
        reporter.note(level, &messages::line(&self.cluster, id));
    }
}

/// The namespace of an input as [`ClusterState`] has it.
fn state_namespace(namespace: &str) -> &str {
    if namespace == "-" { "" } else { namespace }
}
