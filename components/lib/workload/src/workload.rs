//! Objects that create pods, reduced to what the rules read; of the template, only its fingerprint.

use serde_json::Value;

use crate::fingerprint;
use crate::kind::Kind;
use crate::value::{clipped, condition, count, int, is_true, text};

/// A Deployment, StatefulSet, DaemonSet or ReplicaSet.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) observed: Option<i64>,
    /// The fingerprint of its template.
    pub(crate) template: u64,
    /// The fingerprints of the labels of its pods.
    pub(crate) labels: Box<[u64]>,
    /// The number of desired pods.
    pub(crate) wanted: u32,
    /// The number of pods of any revision.
    pub(crate) total: u32,
    pub(crate) updated: u32,
    pub(crate) ready: u32,
    /// The number of pods that have been ready for `minReadySeconds`.
    pub(crate) available: u32,
    pub(crate) is_paused: bool,
    pub(crate) is_on_delete: bool,
    pub(crate) partition: u32,
    /// The number of its revision: of a Deployment, ReplicaSet or DaemonSet.
    pub(crate) revision: u64,
    /// The names of a StatefulSet's revisions.
    pub(crate) current_revision: Box<str>,
    pub(crate) update_revision: Box<str>,
    /// The message of a Deployment without progress for its deadline.
    pub(crate) stopped: Option<Box<str>>,
    /// The message of a Deployment or ReplicaSet that cannot create pods.
    pub(crate) refused: Option<Box<str>>,
}

/// A Job.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) template: u64,
    pub(crate) is_suspended: bool,
    pub(crate) wanted: u32,
    pub(crate) active: u32,
    pub(crate) succeeded: u32,
    pub(crate) failed: u32,
    pub(crate) is_complete: bool,
    /// The reason and message of a failed Job.
    pub(crate) failure: Option<(Box<str>, Box<str>)>,
}

impl Workload {
    pub(crate) fn parse(kind: &Kind, value: &Value) -> Self {
        let (spec, status) = (&value["spec"], &value["status"]);
        let annotations = &value["metadata"]["annotations"];
        let is_daemon_set = *kind == Kind::DaemonSet;
        let wanted = match is_daemon_set {
            true => count(status, "desiredNumberScheduled"),
            // The default is 1.
            false => int(&spec["replicas"]).map_or(1, |wanted| u32::try_from(wanted).unwrap_or_default()),
        };
        let strategy = &spec["updateStrategy"];
        let revision = match is_daemon_set {
            true => &annotations["deprecated.daemonset.template.generation"],
            false => &annotations["deployment.kubernetes.io/revision"],
        };
        let named =
            |daemon_set: &str, other: &str| count(status, if is_daemon_set { daemon_set } else { other });
        Self {
            observed: int(&status["observedGeneration"]),
            template: fingerprint::template(&spec["template"]),
            labels: fingerprint::labels(&spec["template"]["metadata"]["labels"]),
            wanted,
            total: named("currentNumberScheduled", "replicas"),
            updated: named("updatedNumberScheduled", "updatedReplicas"),
            ready: named("numberReady", "readyReplicas"),
            available: named("numberAvailable", "availableReplicas"),
            is_paused: is_true(spec, "paused"),
            is_on_delete: text(strategy, "type") == "OnDelete",
            partition: count(&strategy["rollingUpdate"], "partition"),
            revision: int(revision).and_then(|number| u64::try_from(number).ok()).unwrap_or_default(),
            current_revision: text(status, "currentRevision").into(),
            update_revision: text(status, "updateRevision").into(),
            stopped: stopped(status),
            refused: condition(status, "ReplicaFailure")
                .filter(|condition| text(condition, "status") == "True")
                .map(|condition| clipped(condition, "message")),
        }
    }
}

/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#failed-deployment>
fn stopped(status: &Value) -> Option<Box<str>> {
    let condition = condition(status, "Progressing")?;
    let is_over =
        text(condition, "status") == "False" && text(condition, "reason") == "ProgressDeadlineExceeded";
    is_over.then(|| clipped(condition, "message"))
}

impl Job {
    /// <https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup>
    pub(crate) fn parse(value: &Value) -> Self {
        let (spec, status) = (&value["spec"], &value["status"]);
        let failed = condition(status, "Failed").filter(|condition| text(condition, "status") == "True");
        let complete = condition(status, "Complete").filter(|condition| text(condition, "status") == "True");
        Self {
            template: fingerprint::template(&spec["template"]),
            is_suspended: is_true(spec, "suspend"),
            // A Job with a work queue has no `completions`; one pod must succeed.
            wanted: int(&spec["completions"]).map_or(1, |wanted| u32::try_from(wanted).unwrap_or_default()),
            active: count(status, "active"),
            succeeded: count(status, "succeeded"),
            failed: count(status, "failed"),
            is_complete: complete.is_some(),
            failure: failed.map(|condition| (clipped(condition, "reason"), clipped(condition, "message"))),
        }
    }
}
