//! What is kept of a pod. Never keeps its environment or arguments, which may hold secrets.

use serde_json::Value;

use crate::container::{Container, Role};
use crate::value::{condition, holds, kept, list, text};

/// A pod.
#[derive(Debug)]
pub(crate) struct Pod {
    pub(crate) phase: Phase,
    pub(crate) is_ready: bool,
    /// The value of the label by which a StatefulSet or DaemonSet tells its revisions apart.
    pub(crate) hash: Box<str>,
    /// The number of the DaemonSet's template that it was made of.
    pub(crate) template: u64,
    /// Why it has no node, if it has none.
    pub(crate) unscheduled: Option<(Box<str>, Box<str>)>,
    /// Whether its volumes are mounted and its network is up, as far as the kubelet says.
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
            .map(|condition| (kept(condition, "reason"), kept(condition, "message")));
        Self {
            phase,
            is_ready: holds(status, "Ready"),
            hash: text(labels, "controller-revision-hash").into(),
            template: text(labels, "pod-template-generation").parse().unwrap_or_default(),
            unscheduled,
            is_set_up: holds(status, "PodReadyToStartContainers"),
            reason: kept(status, "reason"),
            message: kept(status, "message"),
            containers: containers(spec, status),
            claims: list(spec, "volumes").iter().filter_map(|volume| claim(value, volume)).collect(),
        }
    }

    /// The containers with what was known of them before: since when they run on the caller's clock, and why
    /// their image could not be pulled, which the kubelet says only now and then.
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
    let mains = list(status, "containerStatuses").iter().map(|one| Container::parse(Role::Main, one));
    inits.chain(mains).collect()
}

/// The claim behind a volume: one that it names, or one that was made for it, which has the pod's name in its
/// own.
fn claim(pod: &Value, volume: &Value) -> Option<Box<str>> {
    let named = text(&volume["persistentVolumeClaim"], "claimName");
    if !named.is_empty() {
        return Some(named.into());
    }
    let is_made = volume["ephemeral"].is_object();
    is_made.then(|| format!("{}-{}", text(&pod["metadata"], "name"), text(volume, "name")).into())
}
