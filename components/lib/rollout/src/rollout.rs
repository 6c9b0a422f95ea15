//! Watches a cluster until every target is ready, one has failed, or the deadline is over. The crate `lockstep-workload`
//! decides the status of targets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_sdk::cluster::Event;
use lockstep_sdk::report::Level;
use lockstep_sdk::types::Error;
use lockstep_sdk::{Clock, Cluster, Deadline, InputError, Reporter, Watch};
use lockstep_workload::{Class, ClusterState, IgnoreRule, Kind, Removal, Rules, State, TargetId};

use crate::end::{End, RolloutError};
use crate::interruptions::Interruptions;
use crate::messages;
use crate::watch_plan::{Role, WatchPlan};

/// The longest wait for events, in milliseconds; the interval of progress reports.
const MAX_WAIT_MS: u64 = 5_000;
/// The shortest wait for events, in milliseconds.
const MIN_WAIT_MS: u64 = 50;
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
    /// Why targets may be gone although nothing is wrong.
    pub(crate) removals: BTreeMap<TargetId, Removal>,
    /// The objects that the run passes over.
    ignored: Vec<IgnoreRule>,
    /// When all selections were synced.
    began: Option<u64>,
    interruptions: Interruptions,
    /// What was noted once: causes, and that the run waits for a status.
    pub(crate) noted: BTreeSet<String>,
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
        let ignored = rules.ignored().to_vec();
        let mut cluster = ClusterState::new(rules);
        let (mut targets, mut removals) = (BTreeSet::new(), BTreeMap::new());
        for object in &plan.named {
            let kind = Kind::of(&object.kind);
            let id = cluster.target(&kind, state_namespace(&object.namespace), &object.name);
            targets.insert(id);
            removals.extend(plan.removals.get(object).map(|removal| (id, removal.clone())));
        }
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
            removals,
            ignored,
            began: None,
            interruptions: Interruptions::default(),
            noted: BTreeSet::new(),
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
        self.interruptions.last().filter(|_| !self.unsynced.is_empty())
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
                let is_synced = self.unsynced.is_empty();
                return Ok(if is_synced { self.end_at_deadline() } else { End::TimedOut });
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
            Event::Updated(json) => {
                if let Some(note) = self.observe(index, json, now) {
                    reporter.note(Level::Info, &note);
                }
            }
            Event::Deleted(uid) => self.cluster.remove(&uid),
            Event::Synced => drop(self.unsynced.remove(&index)),
            Event::Interrupted(text) => {
                if let Some(note) = self.interruptions.add(&text, now) {
                    reporter.note(Level::Warning, &note);
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

    /// Adds an object. Returns a note about one that the run passes over.
    fn observe(&mut self, index: usize, json: String, now: u64) -> Option<String> {
        let (selection, role) = &self.plan.selections[index];
        let kind = Kind::of(&selection.kind);
        let namespace = state_namespace(&selection.namespace);
        let object = self.cluster.observe(&kind, namespace, &json, now)?;
        if object.namespace != namespace {
            self.input_namespaces.insert(object.namespace.clone(), namespace.to_owned());
        }
        if kind == Kind::Event {
            self.keep_event(json);
            return None;
        }
        let is_selected = *role == Role::Selected;
        if is_selected {
            self.found.insert(index);
            if let Some(rule) = self.ignored.iter().find(|rule| rule.is_for(&kind, Some(&object.name))) {
                let (kind, name) = (kind.short_name().to_ascii_lowercase(), &object.name);
                let note = format!("passed over: {kind}/{name}: the rule `{}`", rule.text());
                return self.noted.insert(note.clone()).then_some(note);
            }
        }
        let removal = Removal::of_object(&json).filter(|_| *role != Role::Explaining);
        if is_selected || removal.is_some() {
            let id = self.cluster.target(&kind, namespace, &object.name);
            self.targets.extend(is_selected.then_some(id));
            self.removals.extend(removal.map(|removal| (id, removal)));
        }
        None
    }

    fn keep_event(&mut self, json: String) {
        self.events.push_back(json);
        if self.events.len() > MAX_EVENTS {
            self.events.pop_front();
        }
    }

    /// Evaluates the targets. Returns the end if there is one. `judge.rs` decides it.
    fn evaluate(&mut self, reporter: &mut impl Reporter, now: u64) -> Result<Option<End>, RolloutError> {
        let began = *self.began.get_or_insert(now);
        let unmatched = self.plan.unmatched(&self.found);
        if !unmatched.is_empty() {
            return Err(RolloutError::NoMatch(unmatched.into_iter().map(messages::no_match).collect()));
        }
        if self.targets.is_empty() {
            let message = "the `ignore` rules pass over everything that the selectors find";
            let hint = "remove such a rule, or select other resources";
            return Err(RolloutError::NoMatch(vec![InputError::new(message, hint)]));
        }
        for id in self.cluster.evaluate(now) {
            if self.targets.contains(&id) {
                self.note_status(reporter, id);
            }
        }
        let ready = self.targets.len() - self.unready().count();
        reporter.progress(ready as u64, Some(self.targets.len() as u64), self.unit);
        Ok(self.end(reporter, now, began))
    }

    fn note_status(&mut self, reporter: &mut impl Reporter, id: TargetId) {
        let level = match self.cluster.status(id).state {
            State::Failed | State::Superseded => Level::Error,
            _ if self.targets.len() > MAX_NOTED_TARGETS => Level::Debug,
            _ => Level::Info,
        };
        reporter.note(level, &messages::line(&self.cluster, id));
        // A certain cause ends the run, which notes all of them then.
        let causes = self.cluster.causes(id).iter().filter(|cause| !cause.is_certain);
        for cause in causes.filter(|cause| cause.rule.rule().class == Class::Permanent) {
            let key =
                format!("{} {} {:?} {}", cause.resource, cause.namespace, cause.container, cause.reason);
            if self.noted.insert(key) {
                reporter.note(level, &lockstep_workload::messages::cause(cause));
            }
        }
    }
}

/// The namespace of an input as [`ClusterState`] has it.
fn state_namespace(namespace: &str) -> &str {
    if namespace == "-" { "" } else { namespace }
}
