//! The next act after a rollout that did not become ready.

use lockstep_sdk::Watch;
use lockstep_workload::{State, TargetId};

use crate::end::End;
use crate::messages;
use crate::rollout::Rollout;

impl<W: Watch> Rollout<W> {
    /// The next act, if there is one.
    #[must_use]
    pub fn hint(&self, end: End) -> Option<String> {
        match end {
            End::Ready => None,
            End::Failed => self.missing_hint(),
            End::Superseded => Some("verify the newest deployment instead".to_owned()),
            End::Inconclusive => self.unready().find_map(|id| self.inconclusive_hint(id)),
            End::TimedOut if self.unready().any(|id| self.needs_time(id)) => {
                Some("increase `timeout` if the rollout needs more time".to_owned())
            }
            End::TimedOut => self
                .unready()
                .find(|id| self.cluster.status(*id).reason == "NoEndpoints")
                .map(|_| "compare the selector of the Service with the labels of the pods".to_owned()),
        }
    }

    /// What to do about a target that is missing, if none has failed.
    fn missing_hint(&self) -> Option<String> {
        let is_failed = |id: &TargetId| self.cluster.status(*id).state == State::Failed || self.is_stuck(*id);
        let is_missing = |id: &TargetId| {
            self.cluster.status(*id).state == State::Missing && !self.removals.contains_key(id)
        };
        if self.unready().any(|id| is_failed(&id)) {
            return None;
        }
        let (kind, namespace, _) = self.cluster.name(self.unready().find(is_missing)?);
        let flag = match namespace {
            "" | "." => String::new(),
            name => format!(" --namespace {name}"),
        };
        let kinds = kind.short_name().to_ascii_lowercase() + "s";
        Some(format!("apply it before this step, or correct its name: see `kubectl get {kinds}{flag}`"))
    }

    /// How to make a target conclusive.
    fn inconclusive_hint(&self, id: TargetId) -> Option<String> {
        let (kind, _, name) = self.cluster.name(id);
        let kind = kind.name();
        match self.cluster.status(id).state {
            State::Unknown => Some(format!(
                "add a rule that says when it is ready, such as `ready {kind}=.status.phase=Running`, or pass over it with \
                 the rule `ignore {kind}`"
            )),
            State::Paused => Some(format!("resume {}", messages::name(&self.cluster, id))),
            State::Missing => Some(format!(
                "let it stay until this step has run, or pass over it with the rule `ignore {kind}/{name}`"
            )),
            _ => None,
        }
    }

    /// Whether a target that is not ready may become ready with more time.
    fn needs_time(&self, id: TargetId) -> bool {
        let status = self.cluster.status(id);
        status.state == State::Progressing && status.reason != "NoEndpoints" && !self.is_stuck(id)
    }
}
