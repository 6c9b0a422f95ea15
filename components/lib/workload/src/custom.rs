//! What is kept of a custom resource, and what it says of itself by conditions. Never takes a condition that
//! it does not know for a good one.

use serde_json::Value;

use crate::facts::Object;
use crate::fingerprint;
use crate::kind::Kind;
use crate::rules::Rules;
use crate::status::{State, Status};
use crate::value::{clip, condition, int, kept, text};

/// The conditions that are looked at.
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
    /// If the run says when it is ready: whether that is so, and what it has.
    ready: Option<(bool, Box<str>)>,
    /// If the run says when it has failed, and it has: what it has.
    pub(crate) failed: Option<Box<str>>,
}

/// What an object says about which generation its status is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Observed {
    Nothing,
    Generation(i64),
    /// Something that is no number.
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
        let declared = || rules.declared.iter().filter(|declared| declared.is_for(kind));
        let ready = declared().filter(|declared| declared.is_ready).map(|declared| declared.apply(value));
        let failed = declared().filter(|declared| !declared.is_ready).map(|declared| declared.apply(value));
        Self {
            observed: match (int(observed), observed) {
                (Some(generation), _) => Observed::Generation(generation),
                (None, Value::Null) => Observed::Nothing,
                (None, _) => Observed::Other,
            },
            values: fingerprint::leaves(&value["spec"]),
            conditions: KNOWN.iter().filter_map(|of| Condition::parse(of, condition(status, of)?)).collect(),
            // All that is declared must hold; a value that does not is the one to show.
            ready: ready.reduce(|one, other| if one.0 { other } else { one }),
            failed: failed.into_iter().find(|(is_so, _)| *is_so).map(|(_, shown)| shown),
        }
    }

    /// What it says. <https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus#conditions>
    ///
    /// `Ready` decides, if it is there. `Available` does only without it, and only while neither
    /// `Progressing` nor `Degraded` is true: operators keep saying `Available` while they roll out something
    /// new. What does not say which generation its status is of is believed.
    pub(crate) fn status(&self, object: &Object) -> Status {
        let decisive = if object.kind == Kind::Definition {
            self.get("Established")
        } else {
            self.get("Ready").or_else(|| self.get("Available"))
        };
        let observed = match self.observed {
            Observed::Generation(generation) => Some(generation),
            _ => decisive.and_then(|condition| condition.observed),
        };
        if !object.is_observed(observed) {
            return Status::progressing(
                "NotObserved",
                "its controller has not taken up the newest specification",
            );
        }
        if let Some((is_ready, shown)) = &self.ready {
            return match is_ready {
                true => Status::ready("DeclaredReady", &**shown),
                false => Status::progressing("NotReady", &**shown),
            };
        }
        let Some(decisive) = decisive else {
            return self.without_conditions(object);
        };
        if self.observed == Observed::Other {
            let hint = hint(object);
            return Status::new(
                State::Unknown,
                "UnknownGeneration",
                format!("`observedGeneration` is no number{hint}"),
            );
        }
        let mut holding = ["Reconciling", "Stalled"].to_vec();
        if decisive.of == "Available" {
            holding.extend(["Progressing", "Degraded"]);
        }
        if let Some(holding) =
            holding.iter().filter_map(|of| self.get(of)).find(|held| held.status == Some(true))
        {
            return Status::progressing(holding.word(holding.of), holding.line());
        }
        match decisive.status {
            Some(true) => Status::ready(decisive.of, decisive.line()),
            _ => Status::progressing(decisive.word("NotReady"), decisive.line()),
        }
    }

    /// Why it does not go on by itself, if it says so: a word and a line.
    pub(crate) fn stalled(&self, kind: &Kind) -> Option<(&str, String)> {
        let (of, bad) = if *kind == Kind::Definition { ("NamesAccepted", false) } else { ("Stalled", true) };
        let condition = self.get(of).filter(|condition| condition.status == Some(bad))?;
        Some((condition.word(of), condition.line()))
    }

    fn without_conditions(&self, object: &Object) -> Status {
        match object.kind {
            Kind::Definition => Status::progressing("NotEstablished", "not yet established"),
            // It may be that its controller has not come round to it, so this is said as it is.
            _ => Status::new(
                State::Unknown,
                "NoKnownStatus",
                format!("has no condition `Ready` or `Available`{}", hint(object)),
            ),
        }
    }

    fn get(&self, of: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.of == of)
    }
}

/// How to say what the object does not.
fn hint(object: &Object) -> String {
    format!("; say when it is ready with the rule `ready {}=PATH=VALUE`", object.kind.name())
}

impl Condition {
    fn parse(of: &'static str, value: &Value) -> Option<Self> {
        let status = match text(value, "status") {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        };
        let observed = int(&value["observedGeneration"]);
        Some(Self { of, status, reason: kept(value, "reason"), message: kept(value, "message"), observed })
    }

    /// Its reason, or another word if it has none.
    fn word<'a>(&'a self, other: &'a str) -> &'a str {
        if self.reason.is_empty() { other } else { &self.reason }
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
