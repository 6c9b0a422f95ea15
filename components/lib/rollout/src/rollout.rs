//! Follows the cluster until everything is ready, something is doomed, or the time is up. Never decides what a state
//! means: the library of rules does.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_glue::Fault;
use lockstep_workload::{Cluster, Kind, Rules, State, TargetId};

use crate::host::{Event, Watch};
use crate::plan::{Plan, Role};
use crate::words;
use lockstep_glue::Mistake;
use lockstep_glue::{Clock, Deadline};
use lockstep_glue::{Level, Tell};

/// The longest wait for the cluster, in milliseconds: as often as that, people hear how it stands.
const PATIENCE: u64 = 5_000;
/// The shortest one: a time that has come is looked at with what comes with it.
const SHORTEST: u64 = 50;
/// How long something named may be missing, or say nothing of itself, in seconds, while all else is ready.
const UNSAID: u64 = 60;
/// How long something named may be missing, in seconds.
const MISSING: u64 = 30;
/// Up to so many resources each step of each is told.
const FEW: usize = 20;
/// How many Events are kept for evidence.
const EVENTS: usize = 500;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything is ready.
    Ready,
    /// Something is doomed.
    Failed,
    /// Somebody else changed something.
    Superseded,
    /// All that is not ready does not say what it is, or waits for a person.
    Unclear,
    /// The time was up.
    TimedOut,
}

/// Why it has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// There is no way into the cluster, something may not be read, or a budget is used up.
    Remote(Fault),
    /// There is nothing to follow.
    Nothing(Mistake),
}

/// A rollout that is followed.
pub struct Rollout<W> {
    watcher: W,
    plan: Plan,
    /// What is known of the cluster.
    pub cluster: Cluster,
    /// What is to become ready.
    pub targets: BTreeSet<TargetId>,
    /// Newest Events as JSON.
    pub events: VecDeque<String>,
    /// How inputs spell a namespace, by its name in the cluster.
    spelled: BTreeMap<String, String>,
    /// Which selections have not been passed on as a whole.
    open: BTreeSet<usize>,
    began: Option<u64>,
    /// What was said last about the way to the cluster.
    interrupted: Option<String>,
}

impl<W> Rollout<W> {
    /// Begins to follow.
    ///
    /// # Errors
    /// There is no way into the cluster, or a kind does not exist.
    pub fn begin(host: &mut impl Watch<Watcher = W>, plan: Plan, rules: Rules) -> Result<Self, Stop> {
        let selections: Vec<_> = plan.selections.iter().map(|(selection, _)| selection.clone()).collect();
        let watcher = host.watch(&selections).map_err(Stop::Remote)?;
        let mut cluster = Cluster::new(rules);
        let named = plan.named.iter();
        let targets = named
            .map(|named| {
                let namespace = if named.namespace == "-" { "" } else { &*named.namespace };
                cluster.target(&Kind::of(&named.kind), namespace, &named.name)
            })
            .collect();
        Ok(Self {
            watcher,
            open: (0..plan.selections.len()).collect(),
            plan,
            cluster,
            targets,
            events: VecDeque::new(),
            spelled: BTreeMap::new(),
            began: None,
            interrupted: None,
        })
    }

    /// How the run may spell a namespace of the cluster.
    pub fn spelled<'a>(&'a self, namespace: &'a str) -> &'a str {
        match namespace {
            "" => "-",
            real => self.spelled.get(real).map_or(real, String::as_str),
        }
    }

    /// What kept the cluster from answering, if it never told everything.
    pub fn unanswered(&self) -> Option<&str> {
        self.interrupted.as_deref().filter(|_| !self.open.is_empty())
    }

    /// Follows until it has ended.
    ///
    /// # Errors
    /// What is to be followed is not there or may not be read, or a budget is used up.
    pub fn follow(
        &mut self,
        host: &mut impl Watch<Watcher = W>,
        clock: &impl Clock,
        tell: &mut impl Tell,
        deadline: Deadline,
    ) -> Result<End, Stop> {
        loop {
            let now = clock.now();
            let due = if self.open.is_empty() { self.cluster.next_due() } else { None };
            let due = due.map_or(PATIENCE, |due| (due * 1000).saturating_sub(now).max(SHORTEST));
            let wait = deadline.left(now).min(due).min(PATIENCE);
            let changes = host.next(&mut self.watcher, wait as u32).map_err(Stop::Remote)?;
            let seconds = clock.now() / 1000;
            for (of, event) in changes {
                self.take(tell, of as usize, event, seconds)?;
            }
            if self.open.is_empty()
                && let Some(end) = self.judge(tell, seconds)?
            {
                return Ok(end);
            }
            if deadline.left(clock.now()) == 0 {
                return Ok(End::TimedOut);
            }
        }
    }

    /// Takes in what happened to a selection.
    fn take(&mut self, tell: &mut impl Tell, of: usize, event: Event, now: u64) -> Result<(), Stop> {
        let Some((selection, role)) = self.plan.selections.get(of) else { return Ok(()) };
        match event {
            Event::Present(json) => {
                let (kind, role) = (Kind::of(&selection.kind), *role);
                let namespace = if selection.namespace == "-" { "" } else { &*selection.namespace };
                let Some(seen) = self.cluster.present(&kind, namespace, &json, now) else { return Ok(()) };
                if seen.namespace != namespace {
                    self.spelled.insert(seen.namespace.clone(), namespace.to_owned());
                }
                if role == Role::Selected {
                    self.targets.insert(self.cluster.target(&kind, namespace, &seen.name));
                }
                if kind == Kind::Event {
                    self.events.push_back(json);
                    if self.events.len() > EVENTS {
                        self.events.pop_front();
                    }
                }
            }
            Event::Gone(uid) => self.cluster.gone(&uid),
            Event::Complete => drop(self.open.remove(&of)),
            Event::Interrupted(text) => {
                if self.interrupted.as_ref() != Some(&text) {
                    tell.note(Level::Warning, &format!("{text}; it is tried again"));
                    self.interrupted = Some(text);
                }
            }
            Event::Failed(fault) if *role == Role::Explaining && !matches!(fault, Fault::Limit(_)) => {
                let less = "failures of pods will be explained less well";
                tell.note(Level::Warning, &format!("{}; without it {less}", fault.message()));
                self.open.remove(&of);
            }
            Event::Failed(fault) => return Err(Stop::Remote(fault)),
        }
        Ok(())
    }

    /// Whether it has ended, once everything that there was is known.
    fn judge(&mut self, tell: &mut impl Tell, now: u64) -> Result<Option<End>, Stop> {
        let began = *self.began.get_or_insert(now);
        if self.targets.is_empty() {
            return Err(Stop::Nothing(self.nothing()));
        }
        for id in self.cluster.evaluate(now) {
            if self.targets.contains(&id) {
                self.say(tell, id);
            }
        }
        let states: Vec<_> = self.targets.iter().map(|id| self.cluster.status(*id)).collect();
        let count = |state: State| states.iter().filter(|status| status.state == state).count();
        let (all, ready) = (states.len(), count(State::Ready));
        tell.progress(ready, all);
        if count(State::Superseded) > 0 {
            return Ok(Some(End::Superseded));
        }
        let missing = |status: &&&lockstep_workload::Status| {
            status.state == State::Missing && now >= status.since.max(began) + MISSING
        };
        if count(State::Failed) > 0 || states.iter().any(|status| missing(&status)) {
            return Ok(Some(End::Failed));
        }
        if ready == all {
            return Ok(Some(End::Ready));
        }
        let unsaid = states.iter().filter(|status| matches!(status.state, State::Unknown | State::Paused));
        let since = unsaid.clone().map(|status| status.since).max().unwrap_or(now).max(began);
        let unclear = ready + unsaid.count() == all && now >= since + UNSAID;
        Ok(unclear.then_some(End::Unclear))
    }

    /// What was looked for in vain.
    fn nothing(&self) -> Mistake {
        let of = |role: Role| move |(_, other): &&(_, Role)| *other == role;
        let selections = self.plan.selections.iter().filter(of(Role::Selected)).map(|(one, _)| one);
        let kinds: BTreeSet<_> =
            selections.clone().map(|one| Kind::of(&one.kind).word().to_ascii_lowercase() + "s").collect();
        let kinds = kinds.into_iter().collect::<Vec<_>>().join(",");
        let message = match selections.clone().find_map(|one| one.labels.as_deref()) {
            Some(labels) => format!("nothing has the labels `{labels}`"),
            None => format!("there are no {kinds}"),
        };
        Mistake::new(message, format!("see `kubectl get {kinds} --show-labels` in this namespace"))
    }

    fn say(&self, tell: &mut impl Tell, id: TargetId) {
        let status = self.cluster.status(id);
        let level = match status.state {
            State::Failed | State::Superseded => Level::Error,
            _ if self.targets.len() > FEW => Level::Debug,
            _ => Level::Info,
        };
        tell.note(level, &words::line(&self.cluster, id));
    }
}
