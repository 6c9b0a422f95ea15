//! A PersistentVolumeClaim, reduced to what the rules read.

use serde_json::Value;

use crate::value::text;

/// A PersistentVolumeClaim.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) phase: Phase,
    pub(crate) class: Box<str>,
}

/// The phase of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending,
    Bound,
    Lost,
}

impl Claim {
    pub(crate) fn parse(value: &Value) -> Self {
        let phase = match text(&value["status"], "phase") {
            "Bound" => Phase::Bound,
            "Lost" => Phase::Lost,
            _ => Phase::Pending,
        };
        Self { phase, class: text(&value["spec"], "storageClassName").into() }
    }
}
