//! Decides when a rollout has ended, and how, from the states of its targets.

use lockstep_sdk::report::Level;
use lockstep_sdk::text::plural;
use lockstep_sdk::{Reporter, Watch};
use lockstep_workload::{Class, Removal, State, TargetId};

use crate::end::End;
use crate::messages;
use crate::rollout::Rollout;

/// How long a target may have no known status while all others are ready, in seconds. Controllers usually set one within a
/// few seconds.
const UNKNOWN_TIMEOUT: u64 = 10;
/// How long a target may wait for a person while all others are ready, in seconds.
const PAUSED_TIMEOUT: u64 = 60;
/// How long a target may be missing, in seconds.
const MISSING_TIMEOUT: u64 = 30;
/// How many names a note lists.
const MAX_NAMES: usize = 5;

/// What a target means for the end of the rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ready,
    /// It may become ready.
    Open,
    /// Nothing tells whether it is ready, and the run waits for that until this second.
    Unclear(u64),
    /// It is gone, and that is no fault.
    Gone,
    Failed,
    Superseded,
}

impl<W: Watch> Rollout<W> {
    /// The end at this second, if there is one. The watch began at `began`.
    pub(crate) fn end(&mut self, reporter: &mut impl Reporter, now: u64, began: u64) -> Option<End> {
        let standings: Vec<_> = self.targets.iter().map(|id| (*id, self.standing(*id, now, began))).collect();
        let has = |standing: Standing| standings.iter().any(|(_, own)| *own == standing);
        if has(Standing::Superseded) {
            return Some(End::Superseded);
        }
        if has(Standing::Failed) {
            return Some(End::Failed);
        }
        if has(Standing::Open) {
            return None;
        }
        let unclear = standings.iter().filter_map(|(id, standing)| match standing {
            Standing::Unclear(until) => Some((*id, *until)),
            _ => None,
        });
        let unclear: Vec<_> = unclear.collect();
        if let Some(until) = unclear.iter().map(|(_, until)| *until).max() {
            self.note_unclear(reporter, &unclear, now, until);
            return (now >= until).then_some(End::Inconclusive);
        }
        // If nothing is left, nothing was verified.
        if !has(Standing::Ready) {
            return Some(End::Inconclusive);
        }
        for (id, _) in standings.into_iter().filter(|(_, standing)| *standing == Standing::Gone) {
            let reason = self.removals.get(&id).map(Removal::reason).unwrap_or_default();
            let name = messages::name(&self.cluster, id);
            reporter.note(Level::Notice, &format!("{name} is passed over: it is not there, and {reason}"));
            self.targets.remove(&id);
        }
        Some(End::Ready)
    }

    /// The end of a rollout whose time is up. More time does not help a state that does not go away by itself and has lasted
    /// for its time, or a target whose status does not tell whether it is ready.
    pub(crate) fn end_at_deadline(&self) -> End {
        let is_unclear = |id: TargetId| match self.cluster.status(id).state {
            State::Unknown | State::Paused => true,
            State::Missing => {
                matches!(self.removals.get(&id), Some(Removal::Harmless(_) | Removal::Unclear(_)))
            }
            _ => false,
        };
        if self.unready().any(|id| self.is_stuck(id)) {
            End::Failed
        } else if self.unready().all(is_unclear) {
            End::Inconclusive
        } else {
            End::TimedOut
        }
    }

    /// Whether a state that does not go away by itself has lasted for its time, maybe of one pod beside others that are ready.
    pub(crate) fn is_stuck(&self, id: TargetId) -> bool {
        let causes = self.cluster.causes(id).iter();
        causes.filter(|cause| cause.has_lasted).any(|cause| cause.rule.rule().class == Class::Permanent)
    }

    /// Why the targets are not ready, a line per cause: what has failed comes first, and what may be gone last.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        let mut unready: Vec<_> = self.unready().collect();
        unready.sort_by_key(|id| match self.cluster.status(*id).state {
            State::Failed | State::Superseded => 0,
            _ if self.is_stuck(*id) => 0,
            State::Missing => {
                if self.removals.contains_key(id) {
                    3
                } else {
                    1
                }
            }
            _ => 2,
        });
        let lines = |id: TargetId| match self.removal_of_missing(id) {
            Some(reason) => vec![format!("{}; {reason}", messages::line(&self.cluster, id))],
            None => messages::causes(&self.cluster, std::iter::once(id)),
        };
        unready.into_iter().flat_map(lines).collect()
    }

    /// The message of the status of a target, with the reason why it may be gone.
    #[must_use]
    pub fn message(&self, id: TargetId) -> String {
        let message = &self.cluster.status(id).message;
        match self.removal_of_missing(id) {
            Some(reason) => format!("{message}; {reason}"),
            None => message.clone(),
        }
    }

    fn removal_of_missing(&self, id: TargetId) -> Option<&str> {
        let is_missing = self.cluster.status(id).state == State::Missing;
        self.removals.get(&id).filter(|_| is_missing).map(Removal::reason)
    }

    fn standing(&self, id: TargetId, now: u64, began: u64) -> Standing {
        let status = self.cluster.status(id);
        let since = status.since.max(began);
        match status.state {
            State::Ready => Standing::Ready,
            State::Progressing => Standing::Open,
            State::Superseded => Standing::Superseded,
            State::Failed => Standing::Failed,
            State::Unknown => Standing::Unclear(since + UNKNOWN_TIMEOUT),
            State::Paused => Standing::Unclear(since + PAUSED_TIMEOUT),
            State::Missing => match self.removals.get(&id) {
                Some(Removal::Harmless(_)) => Standing::Gone,
                Some(Removal::Unclear(_)) => Standing::Unclear(since + UNKNOWN_TIMEOUT),
                _ if now >= since + MISSING_TIMEOUT => Standing::Failed,
                _ => Standing::Open,
            },
        }
    }

    /// Notes once that all else is ready, and what the run waits for.
    fn note_unclear(
        &mut self,
        reporter: &mut impl Reporter,
        unclear: &[(TargetId, u64)],
        now: u64,
        until: u64,
    ) {
        let names: Vec<_> = unclear.iter().map(|(id, _)| messages::name(&self.cluster, *id)).collect();
        let listed = names[..names.len().min(MAX_NAMES)].join(", ");
        let more = if names.len() > MAX_NAMES { ", ..." } else { "" };
        if now < until && self.noted.insert(format!("unclear {}", names.join(" "))) {
            reporter.note(
                Level::Warning,
                &format!(
                    "{} without a known status ({listed}{more}), and all else is ready: the run waits {} s more for one",
                    plural(names.len(), "resource"),
                    until - now
                ),
            );
        }
    }
}
