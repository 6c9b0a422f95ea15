//! A custom resource, and the status that its conditions report. An unknown condition counts as missing.

use serde_json::Value;

use crate::fingerprint;
use crate::kind::Kind;
use crate::rules::Rules;
use crate::status::{State, Status};
use crate::value::{clip, clipped, condition, int, text};

/// The conditions that count.
const KNOWN: [&str; 8] = [
    "Ready",
    "Available",
    "Progressing",
    "Degraded",
    "Reconciling",
    "Stalled",
    "Established",
    "NamesAccepted",
];

/// A custom resource, or the definition of one.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) observed: Observed,
    /// The fingerprints of the values of its specification.
    pub(crate) values: Box<[u64]>,
    conditions: Box<[Condition]>,
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

#[derive(Debug)]
struct Condition {
    of: &'static str,
    status: Option<bool>,
    reason: Box<str>,
    message: Box<str>,
    observed: Option<i64>,
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
            conditions: KNOWN.iter().filter_map(|of| Condition::parse(of, condition(status, of)?)).collect(),
            // All `ready` rules must hold; the message has a value that violates one.
            ready: ready.reduce(|one, other| if one.0 { other } else { one }),
            failed: failed.into_iter().find(|(applies, _)| *applies).map(|(_, value)| value),
        }
    }

    /// Its status. <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions>
    ///
    /// `Ready` decides if it exists. Without it, `Available` decides while neither `Progressing` nor `Degraded` is true,
    /// because operators keep `Available` during a rollout. A status without a generation counts as up to date.
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
        let Some(decisive) = decisive else {
            return without_conditions(kind);
        };
        if self.observed == Observed::Other {
            let hint = hint(kind);
            return Status::new(
                State::Unknown,
                "UnknownGeneration",
                format!("`observedGeneration` is no number{hint}"),
            );
        }
        let mut blocking = ["Reconciling", "Stalled"].to_vec();
        if decisive.of == "Available" {
            blocking.extend(["Progressing", "Degraded"]);
        }
        if let Some(condition) =
            blocking.iter().filter_map(|of| self.get(of)).find(|condition| condition.status == Some(true))
        {
            return Status::progressing(condition.reason_or(condition.of), condition.line());
        }
        match decisive.status {
            Some(true) => Status::ready(decisive.of, decisive.line()),
            _ => Status::progressing(decisive.reason_or("NotReady"), decisive.line()),
        }
    }

    /// Why its controller does not continue: a reason and a message.
    pub(crate) fn stalled(&self, kind: &Kind) -> Option<(&str, String)> {
        let (of, bad) = if *kind == Kind::Definition { ("NamesAccepted", false) } else { ("Stalled", true) };
        let condition = self.get(of).filter(|condition| condition.status == Some(bad))?;
        Some((condition.reason_or(of), condition.line()))
    }

    fn get(&self, of: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.of == of)
    }
}

/// Whether a controller has observed the newest generation. One that reports no generation counts as up to date.
pub(crate) fn is_observed(generation: Option<i64>, observed: Option<i64>) -> bool {
    match (generation, observed) {
        (Some(generation), Some(observed)) => observed >= generation,
        _ => true,
    }
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

impl Condition {
    fn parse(of: &'static str, value: &Value) -> Option<Self> {
        let status = match text(value, "status") {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        };
        let observed = int(&value["observedGeneration"]);
        Some(Self {
            of,
            status,
            reason: clipped(value, "reason"),
            message: clipped(value, "message"),
            observed,
        })
    }

    /// Its reason, or a default.
    fn reason_or<'a>(&'a self, default: &'a str) -> &'a str {
        if self.reason.is_empty() { default } else { &self.reason }
    }

    fn line(&self) -> String {
        let status = match self.status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        };
        match self.message.is_empty() {
            true => format!("{} is {status}", self.of),
            false => format!("{} is {status}: {}", self.of, clip(&self.message)),
        }
    }
}
