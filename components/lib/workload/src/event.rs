//! Events about an object: the newest ones that the rules read.

use serde_json::Value;

use crate::value::{clip, clipped, int, micros, text};

/// An Event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    /// The last time on the cluster's clock, in microseconds, and the version, which orders Events of the same second.
    time: (u64, i64),
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    is_warning: bool,
}

/// The Events about an object.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectEvents {
    /// The newest of all.
    pub(crate) last: Option<Event>,
    /// The newest warning.
    pub(crate) warning: Option<Event>,
    /// The newest one about a failed image pull.
    pub(crate) pull: Option<Event>,
    /// When an autoscaler last announced a node, on the caller's clock.
    pub(crate) scaling_up: Option<u64>,
}

impl Event {
    /// Reads an Event of either API group, with the UID of the object that it is about.
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
        let message =
            if event["message"].is_string() { clipped(event, "message") } else { clipped(event, "note") };
        let version = int(&event["metadata"]["resourceVersion"]).unwrap_or_default();
        let event = Self {
            time: (times.into_iter().filter_map(micros).max().unwrap_or_default(), version),
            reason: clipped(event, "reason"),
            message,
            is_warning: text(event, "type") == "Warning",
        };
        Some((about.into(), event))
    }

    /// The Event in one line.
    pub(crate) fn line(&self) -> String {
        format!("{}: {}", self.reason, clip(&self.message))
    }
}

impl ObjectEvents {
    pub(crate) fn add(&mut self, event: Event, now: u64) {
        // cluster-autoscaler and Karpenter announce a node with these.
        let is_scaling = matches!(&*event.reason, "TriggeredScaleUp" | "Nominated");
        let is_newer = |old: &Option<Event>| old.as_ref().is_none_or(|old| *old < event);
        if is_scaling {
            self.scaling_up = self.scaling_up.max(Some(now));
        }
        if &*event.reason == "Failed"
            && event.message.starts_with("Failed to pull image")
            && is_newer(&self.pull)
        {
            self.pull = Some(event.clone());
        }
        if event.is_warning && is_newer(&self.warning) {
            self.warning = Some(event.clone());
        }
        if is_newer(&self.last) {
            self.last = Some(event);
        }
    }

    /// The newest Event if it is a warning with one of these reasons. A later Event of any kind ends it.
    pub(crate) fn stuck(&self, reasons: &[&str]) -> Option<&Event> {
        self.last.as_ref().filter(|event| event.is_warning && reasons.contains(&&*event.reason))
    }
}
