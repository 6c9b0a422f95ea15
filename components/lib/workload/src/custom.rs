//! A custom resource, and the status that its conditions report. An unknown condition counts as missing.

use serde_json::Value;

use crate::builtin;
use crate::conditions::{Condition, is_observed};
use crate::fingerprint;
use crate::kind::Kind;
use crate::rules::Rules;
use crate::status::{State, Status};
use crate::value::int;

/// The conditions that count.
const KNOWN: [&str; 9] = [
    "Ready",
    "Synced",
    "Available",
    "Progressing",
    "Degraded",
    "Reconciling",
    "Stalled",
    "Established",
    "NamesAccepted",
];

/// The reasons with which `Progressing` is true although nothing is left to do, as for a Deployment.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#complete-deployment>
const DONE: [&str; 6] =
    ["NewReplicaSetAvailable", "RolloutCompleted", "Completed", "Complete", "Succeeded", "AsExpected"];

/// The reason with which `Progressing` is false because the rollout goes on no more.
const DEADLINE_EXCEEDED: &str = "ProgressDeadlineExceeded";

/// A custom resource, or the definition of one.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) observed: Observed,
    /// The fingerprints of the values of its specification.
    pub(crate) values: Box<[u64]>,
    conditions: Box<[Condition]>,
    /// The fingerprints of the labels of its pods, and their number, if it has a template for them.
    pub(crate) pods: Option<(Box<[u64]>, i64)>,
    /// The status by the rule of its kind.
    builtin: Option<Status>,
    /// Whether it fulfils the `ready` rules of the run, and the value that it has; none without such a rule.
    ready: Option<(bool, Box<str>)>,
    /// The value with which it fulfils a `failed` rule of the run.
    pub(crate) failed: Option<Box<str>>,
}

/// The generation that a status is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    Nothing,
    Generation(i64),
    /// The field is not a number.
    Other,
}

impl Custom {
    pub(crate) fn parse(kind: &Kind, value: &Value, rules: &Rules) -> Self {
        let status = &value["status"];
        let observed = &status["observedGeneration"];
        let custom_rules = || rules.custom.iter().filter(|rule| rule.is_for(kind));
        let ready = custom_rules().filter(|rule| rule.is_ready).map(|rule| rule.apply(value));
        let failed = custom_rules().filter(|rule| !rule.is_ready).map(|rule| rule.apply(value));
        Self {
            observed: match (int(observed), observed) {
                (Some(generation), _) => Observed::Generation(generation),
                (None, Value::Null) => Observed::Nothing,
                (None, _) => Observed::Other,
            },
            values: fingerprint::leaves(&value["spec"]),
            conditions: KNOWN.iter().filter_map(|of| Condition::find(of, status)).collect(),
            pods: pods(&value["spec"]),
            builtin: builtin::status(kind, value),
            // All `ready` rules must hold; the message has a value that violates one.
            ready: ready.reduce(|one, other| if one.0 { other } else { one }),
            failed: failed.into_iter().find(|(applies, _)| *applies).map(|(_, value)| value),
        }
    }

    /// Its status: by the `ready` rules of the run, the rule of its kind, or its conditions.
    pub(crate) fn status(&self, kind: &Kind, generation: Option<i64>) -> Status {
        let decisive = if *kind == Kind::Definition {
            self.get("Established")
        } else {
            self.get("Ready").or_else(|| self.get("Available"))
        };
        let observed = match self.observed {
            Observed::Generation(generation) => Some(generation),
            _ => decisive.and_then(|condition| condition.observed),
        };
        if !is_observed(generation, observed) {
            return Status::progressing(
                "NotObserved",
                "its controller has not taken up the newest specification",
            );
        }
        if let Some((is_ready, value)) = &self.ready {
            return match is_ready {
                true => Status::ready("DeclaredReady", &**value),
                false => Status::progressing("NotReady", &**value),
            };
        }
        let status = match (&self.builtin, decisive) {
            // The rule `stalled` fails the object; a run can switch that rule off.
            (Some(status), _) if status.state == State::Failed => {
                Status { state: State::Progressing, ..status.clone() }
            }
            (Some(status), _) => status.clone(),
            (None, Some(decisive)) => self.by_conditions(decisive),
            (None, None) => return without_conditions(kind),
        };
        if self.observed == Observed::Other {
            let message = format!("`observedGeneration` is no number{}", hint(kind));
            return Status::new(State::Unknown, "UnknownGeneration", message);
        }
        status
    }

    /// Its status by its conditions. <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions>
    ///
    /// `Ready` decides if it exists. Without it, `Available` decides while neither `Progressing` nor `Degraded` is true,
    /// because operators keep `Available` during a rollout. A status without a generation counts as up to date.
    fn by_conditions(&self, decisive: &Condition) -> Status {
        let is_true = |of: &str| self.get(of).filter(|condition| condition.status == Some(true));
        let blocking = match decisive.of {
            "Available" => ["Reconciling", "Stalled", "Degraded"]
                .iter()
                .find_map(|of| is_true(of))
                .or(self.progressing()),
            // Crossplane keeps `Ready` while it cannot apply the newest specification.
            "Ready" => ["Reconciling", "Stalled"]
                .iter()
                .find_map(|of| is_true(of))
                .or(self.get("Synced").filter(|synced| synced.status != Some(true))),
            _ => None,
        };
        if let Some(condition) = blocking {
            let (reason, line) = (condition.reason_or(condition.of), condition.line());
            return match reason.ends_with("Paused") {
                true => Status::paused(reason, line),
                false => Status::progressing(reason, line),
            };
        }
        match decisive.status {
            Some(true) => Status::ready(decisive.of, decisive.line()),
            _ => Status::progressing(decisive.reason_or("NotReady"), decisive.line()),
        }
    }

    /// The condition `Progressing`, if its status and reason say that the rollout is not over. A Deployment, and what is
    /// like one, keeps it true with the reason `NewReplicaSetAvailable`.
    fn progressing(&self) -> Option<&Condition> {
        self.get("Progressing").filter(|condition| match condition.status {
            Some(true) => !DONE.contains(&&*condition.reason),
            Some(false) => &*condition.reason == DEADLINE_EXCEEDED,
            None => condition.reason.ends_with("Paused"),
        })
    }

    /// Why its controller does not continue: a reason and a message.
    pub(crate) fn stalled(&self, kind: &Kind) -> Option<(&str, String)> {
        let builtin = self.builtin.as_ref().filter(|_| self.ready.is_none());
        if let Some(status) = builtin.filter(|status| status.state == State::Failed) {
            return Some((&status.reason, status.message.clone()));
        }
        let late = self
            .get("Progressing")
            .filter(|condition| condition.status == Some(false) && &*condition.reason == DEADLINE_EXCEEDED);
        if let Some(late) = late {
            return Some((DEADLINE_EXCEEDED, late.line()));
        }
        let (of, bad) = if *kind == Kind::Definition { ("NamesAccepted", false) } else { ("Stalled", true) };
        let condition = self.get(of).filter(|condition| condition.status == Some(bad))?;
        Some((condition.reason_or(of), condition.line()))
    }

    fn get(&self, of: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.of == of)
    }
}

/// The fingerprints of the labels of its pods, and their number, if the specification has a template for them.
fn pods(spec: &Value) -> Option<(Box<[u64]>, i64)> {
    let labels = fingerprint::labels(&spec["template"]["metadata"]["labels"]);
    // The default is 1.
    (!labels.is_empty()).then(|| (labels, int(&spec["replicas"]).unwrap_or(1)))
}

/// The status of an object that has none of the known conditions.
fn without_conditions(kind: &Kind) -> Status {
    match kind {
        Kind::Definition => Status::progressing("NotEstablished", "not yet established"),
        // Its controller may still set one, so this is not a failure.
        _ => Status::new(
            State::Unknown,
            "NoKnownStatus",
            format!("has no condition `Ready` or `Available`{}", hint(kind)),
        ),
    }
}

/// The rule that tells when an object without known conditions is ready.
fn hint(kind: &Kind) -> String {
    format!("; say when it is ready with the rule `ready {}=PATH=VALUE`", kind.name())
}
