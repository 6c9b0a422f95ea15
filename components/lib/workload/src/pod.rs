//! A pod, reduced to what the rules read. It has no environment and no arguments, because these may contain secrets.

use serde_json::Value;

use crate::container::{Container, Role};
use crate::fingerprint;
use crate::value::{clipped, condition, has_condition, list, text};

/// A pod.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) phase: Phase,
    pub(crate) is_ready: bool,
    /// The fingerprints of its labels.
    pub(crate) labels: Box<[u64]>,
    /// Its revision of a StatefulSet or DaemonSet: the label `controller-revision-hash`.
    pub(crate) hash: Box<str>,
    /// Its template generation of a DaemonSet.
    pub(crate) template: u64,
    /// The reason and message of a pod without a node.
    pub(crate) unscheduled: Option<(Box<str>, Box<str>)>,
    /// Whether the kubelet reports that volumes and network are ready.
    pub(crate) is_set_up: bool,
    /// The reason and message of its status, such as `Evicted`.
    pub(crate) reason: Box<str>,
    pub(crate) message: Box<str>,
    /// The init containers, then the others.
    pub(crate) containers: Box<[Container]>,
    /// The names of the claims that it uses.
    pub(crate) claims: Box<[Box<str>]>,
}

/// The phase of a pod. <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// `Pending`, `Unknown`, or none yet.
    Pending,
    Running,
    Succeeded,
    Failed,
}

impl Pod {
    pub(crate) fn parse(value: &Value) -> Self {
        let (spec, status) = (&value["spec"], &value["status"]);
        let labels = &value["metadata"]["labels"];
        let phase = match text(status, "phase") {
            "Running" => Phase::Running,
            "Succeeded" => Phase::Succeeded,
            "Failed" => Phase::Failed,
            _ => Phase::Pending,
        };
        let unscheduled = condition(status, "PodScheduled")
            .filter(|condition| text(condition, "status") == "False")
            .map(|condition| (clipped(condition, "reason"), clipped(condition, "message")));
        Self {
            phase,
            is_ready: has_condition(status, "Ready"),
            labels: fingerprint::labels(labels),
            hash: text(labels, "controller-revision-hash").into(),
            template: text(labels, "pod-template-generation").parse().unwrap_or_default(),
            unscheduled,
            is_set_up: has_condition(status, "PodReadyToStartContainers"),
            reason: clipped(status, "reason"),
            message: clipped(status, "message"),
            containers: containers(spec, status),
            claims: list(spec, "volumes").iter().filter_map(|volume| claim(value, volume)).collect(),
        }
    }

    /// Takes over from an earlier version since when containers run on the caller's clock, and why their image could not be
    /// pulled, which the kubelet reports only at times.
    pub(crate) fn follow(&mut self, before: Option<&Self>, now: u64) {
        for container in &mut self.containers {
            let before = before.and_then(|pod| pod.containers.iter().find(|old| old.name == container.name));
            container.follow(before, now);
        }
    }
}

fn containers(spec: &Value, status: &Value) -> Box<[Container]> {
    let sidecars: Vec<&str> = list(spec, "initContainers")
        .iter()
        .filter(|container| text(container, "restartPolicy") == "Always")
        .map(|container| text(container, "name"))
        .collect();
    let inits = list(status, "initContainerStatuses").iter().map(|one| {
        let is_sidecar = sidecars.contains(&text(one, "name"));
        Container::parse(if is_sidecar { Role::Main } else { Role::Init }, one)
    });
    let main = list(status, "containerStatuses").iter().map(|one| Container::parse(Role::Main, one));
    inits.chain(main).collect()
}

/// The claim of a volume: the named one, or the generated one of an ephemeral volume, which is called after the pod.
fn claim(pod: &Value, volume: &Value) -> Option<Box<str>> {
    let named = text(&volume["persistentVolumeClaim"], "claimName");
    if !named.is_empty() {
        return Some(named.into());
    }
    let is_generated = volume["ephemeral"].is_object();
    is_generated.then(|| format!("{}-{}", text(&pod["metadata"], "name"), text(volume, "name")).into())
}
