//! What Events say about an object, as little of it as is needed. Never keeps more than two of them for an
//! object.

use serde_json::Value;

use crate::value::{clip, int, kept, micros, text};

/// An Event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    /// When it was seen last, on the cluster's clock, and its version, which tells Events of one second
    /// apart.
    at: (u64, i64),
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    is_warning: bool,
}

/// The Events about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// The newest of all.
    pub(crate) last: Option<Note>,
    /// The newest warning.
    pub(crate) warning: Option<Note>,
    /// The newest message about an image that could not be pulled.
    pub(crate) pull: Option<Note>,
    /// When an autoscaler was last seen to bring a node, on the caller's clock.
    pub(crate) scaling_up: Option<u64>,
}

impl Note {
    /// Reads an Event of either API group; which object it is about, by UID, comes with it.
    pub(crate) fn parse(event: &Value) -> Option<(Box<str>, Self)> {
        let about = ["involvedObject", "regarding"].map(|key| text(&event[key], "uid"));
        let about = about.into_iter().find(|uid| !uid.is_empty())?;
        let times = [
            text(event, "lastTimestamp"),
            text(event, "deprecatedLastTimestamp"),
            text(&event["series"], "lastObservedTime"),
            text(event, "eventTime"),
            text(&event["metadata"], "creationTimestamp"),
        ];
        let message = if event["message"].is_string() { kept(event, "message") } else { kept(event, "note") };
        let version = int(&event["metadata"]["resourceVersion"]).unwrap_or_default();
        let note = Self {
            at: (times.into_iter().filter_map(micros).max().unwrap_or_default(), version),
            reason: kept(event, "reason"),
            message,
            is_warning: text(event, "type") == "Warning",
        };
        Some((about.into(), note))
    }

    /// The Event as a line.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.reason, clip(&self.message))
    }
}

impl Notes {
    pub(crate) fn add(&mut self, note: Note, now: u64) {
        // cluster-autoscaler and Karpenter say so when a node is on its way.
        let is_scaling = matches!(&*note.reason, "TriggeredScaleUp" | "Nominated");
        let is_newer = |old: &Option<Note>| old.as_ref().is_none_or(|old| *old < note);
        if is_scaling {
            self.scaling_up = self.scaling_up.max(Some(now));
        }
        if &*note.reason == "Failed" && note.message.contains("pull image") && is_newer(&self.pull) {
            self.pull = Some(note.clone());
        }
        if note.is_warning && is_newer(&self.warning) {
            self.warning = Some(note.clone());
        }
        if is_newer(&self.last) {
            self.last = Some(note);
        }
    }

    /// The newest Event if it is a warning with this reason: a later one of any kind says that it is over.
    pub(crate) fn stuck(&self, reasons: &[&str]) -> Option<&Note> {
        self.last.as_ref().filter(|note| note.is_warning && reasons.contains(&&*note.reason))
    }
}
