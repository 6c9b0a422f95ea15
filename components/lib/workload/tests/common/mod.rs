//! Objects as an API server and a kubelet give them, and a cluster to put them in. Never used but by tests.
#![allow(dead_code, reason = "each test uses some of it")]

use lockstep_workload::{Cause, ClusterState, Kind, RuleId, Rules, State, TargetId};
use serde_json::{Value, json};

/// A cluster with a clock.
pub(crate) struct TestCluster {
    pub(crate) cluster: ClusterState,
    pub(crate) now: u64,
}

/// The time at which a test begins, on the caller's clock.
pub(crate) const START: u64 = 1_780_000_000;

impl TestCluster {
    pub(crate) fn new() -> Self {
        Self::with(Rules::default())
    }

    pub(crate) fn with(rules: Rules) -> Self {
        Self { cluster: ClusterState::new(rules), now: START }
    }

    pub(crate) fn target(&mut self, kind: &str, name: &str) -> TargetId {
        self.cluster.target(&Kind::of(kind), "shop", name)
    }

    pub(crate) fn put(&mut self, object: &Value) -> &mut Self {
        let kind = kind_of(object);
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("-");
        assert!(self.cluster.observe(&kind, namespace, &object.to_string(), self.now).is_some(), "{object}");
        self
    }

    pub(crate) fn put_all(&mut self, objects: &[Value]) -> &mut Self {
        objects.iter().for_each(|object| {
            self.put(object);
        });
        self
    }

    /// Lets time pass, looked at every second as a step would at most.
    pub(crate) fn pass(&mut self, seconds: u64) -> &mut Self {
        self.cluster.evaluate(self.now);
        for _ in 0..seconds {
            self.now += 1;
            self.cluster.evaluate(self.now);
        }
        self
    }

    pub(crate) fn look(&mut self, id: TargetId) -> (State, String, String) {
        self.cluster.evaluate(self.now);
        let status = self.cluster.status(id);
        (status.state, status.reason.clone(), status.message.clone())
    }

    pub(crate) fn state(&mut self, id: TargetId) -> State {
        self.look(id).0
    }

    /// The causes that are certain.
    pub(crate) fn doom(&mut self, id: TargetId) -> Vec<Cause> {
        self.cluster.evaluate(self.now);
        self.cluster.causes(id).iter().filter(|cause| cause.is_certain).cloned().collect()
    }

    /// The rules of all causes.
    pub(crate) fn rules(&mut self, id: TargetId) -> Vec<RuleId> {
        self.cluster.evaluate(self.now);
        self.cluster.causes(id).iter().map(|cause| cause.rule).collect()
    }
}

/// The kind as a selection would name it.
pub(crate) fn kind_of(object: &Value) -> Kind {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default();
    Kind::of(&version.split_once('/').map_or(kind.to_owned(), |(group, _)| format!("{kind}.{group}")))
}

/// Puts one object over another, as a merge patch does.
pub(crate) fn merge(mut object: Value, patch: &Value) -> Value {
    fn put(into: &mut Value, patch: &Value) {
        match (into, patch) {
            (Value::Object(into), Value::Object(patch)) => {
                for (key, value) in patch {
                    put(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, patch) => *into = patch.clone(),
        }
    }
    put(&mut object, patch);
    object
}

pub(crate) fn meta(name: &str, uid: &str, owner: Option<(&str, &str, &str)>) -> Value {
    let owners: Vec<Value> = owner
        .iter()
        .map(|(kind, name, uid)| {
            json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true,
                "blockOwnerDeletion": true})
        })
        .collect();
    json!({"name": name, "namespace": "shop", "uid": uid, "resourceVersion": "41822", "generation": 1,
        "creationTimestamp": "2026-05-28T20:00:00Z", "labels": {"app": "web"}, "annotations": {},
        "ownerReferences": owners})
}

pub(crate) fn template(image: &str) -> Value {
    json!({"metadata": {"creationTimestamp": null, "labels": {"app": "web"}}, "spec": {
        "containers": [{"name": "app", "image": image, "resources": {}, "imagePullPolicy": "IfNotPresent",
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}],
        "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "securityContext": {},
        "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30}})
}

/// A Deployment `web` of three pods: how many are updated and available.
pub(crate) fn deployment(image: &str, updated: u32, available: u32) -> Value {
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta("web", "d1", None),
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template(image),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%",
                "maxSurge": "25%"}},
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600},
        "status": {"observedGeneration": 1, "replicas": updated, "updatedReplicas": updated,
            "readyReplicas": available, "availableReplicas": available,
                "unavailableReplicas": 3_u32.saturating_sub(available),
            "conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
                "message": "ReplicaSet \"web-1\" is progressing.", "lastUpdateTime": "2026-05-28T20:00:00Z",
                "lastTransitionTime": "2026-05-28T20:00:00Z"}]}});
    merge(object, &json!({"metadata": {"annotations": {"deployment.kubernetes.io/revision": "2"}}}))
}

/// A ReplicaSet of `web`.
pub(crate) fn replica_set(uid: &str, image: &str, revision: &str, ready: u32) -> Value {
    let mut template = template(image);
    template["metadata"]["labels"]["pod-template-hash"] = json!(uid);
    let meta = merge(
        meta(&format!("web-{uid}"), uid, Some(("Deployment", "web", "d1"))),
        &json!({"annotations": {"deployment.kubernetes.io/revision": revision,
            "deployment.kubernetes.io/desired-replicas": "3"},
            "labels": {"pod-template-hash": uid}}),
    );
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta,
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": {"observedGeneration": 1, "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": ready,
            "availableReplicas": ready}})
}

/// A pod of an owner, that runs and is ready.
pub(crate) fn pod(name: &str, owner: (&str, &str, &str)) -> Value {
    let spec = merge(
        template("web:2")["spec"].clone(),
        &json!({"nodeName": "node-1", "serviceAccountName": "default"}),
    );
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta(name, &format!("u-{name}"), Some(owner)),
        "spec": spec,
        "status": {"phase": "Running", "hostIP": "10.0.0.1", "podIP": "10.1.0.1", "qosClass": "BestEffort",
            "startTime": "2026-05-28T20:00:00Z", "conditions": conditions(true),
            "containerStatuses": [container("app", true, 0, &running("2026-05-28T20:00:03Z"))]}})
}

/// A pod of the ReplicaSet `r2`, with this status of its one container, which is not ready.
pub(crate) fn sick(name: &str, status: Value) -> Value {
    let patch = json!({"status": {"phase": "Pending", "conditions": conditions(false),
        "containerStatuses": [status]}});
    merge(pod(name, ("ReplicaSet", "web-r2", "r2")), &patch)
}

pub(crate) fn conditions(ready: bool) -> Value {
    let status = if ready { "True" } else { "False" };
    let at = "2026-05-28T20:00:04Z";
    json!([{"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": at},
        {"type": "Initialized", "status": "True", "lastTransitionTime": at},
        {"type": "Ready", "status": status, "reason": "ContainersNotReady", "lastTransitionTime": at},
        {"type": "ContainersReady", "status": status, "lastTransitionTime": at},
        {"type": "PodScheduled", "status": "True", "lastTransitionTime": at}])
}

pub(crate) fn container(name: &str, ready: bool, restarts: u32, state: &Value) -> Value {
    json!({"name": name, "ready": ready, "started": ready, "restartCount": restarts, "image": "web:2",
        "imageID": "",
        "containerID": "containerd://0f", "state": state, "lastState": {}})
}

pub(crate) fn running(started: &str) -> Value {
    json!({"running": {"startedAt": started}})
}

pub(crate) fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

/// How a container ended that had run for five seconds.
pub(crate) fn ended(code: i32, reason: &str) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": "2026-05-28T20:00:10Z",
        "finishedAt": "2026-05-28T20:00:15Z", "containerID": "containerd://0e"}})
}

/// A container that waits to be started again after it ended so.
pub(crate) fn crashed(restarts: u32, code: i32, reason: &str) -> Value {
    let back_off = "back-off 40s restarting failed container=app pod=web-a_shop(u-web-a)";
    merge(
        container("app", false, restarts, &waiting("CrashLoopBackOff", back_off)),
        &json!({"lastState": ended(code, reason)}),
    )
}

/// A container that runs again after it ended so.
pub(crate) fn restarted(ready: bool, restarts: u32, started: &str) -> Value {
    merge(container("app", ready, restarts, &running(started)), &json!({"lastState": ended(1, "Error")}))
}

/// An Event about an object, at a second of a minute.
pub(crate) fn event(about: &str, kind: &str, reason: &str, message: &str, second: u32) -> Value {
    let at = format!("2026-05-28T20:01:{second:02}Z");
    json!({"apiVersion": "v1", "kind": "Event",
        "metadata": {"name": format!("web.{about}.{reason}"), "namespace": "shop",
            "uid": format!("e-{about}-{reason}"),
            "resourceVersion": "9", "creationTimestamp": at},
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web", "uid": about}, "type": kind,
        "reason": reason, "message": message, "count": 1, "firstTimestamp": at, "lastTimestamp": at,
        "source": {"component": "kubelet"}})
}

/// A rollout of `web` whose newest pods are these.
pub(crate) fn rollout(pods: &[Value]) -> (TestCluster, TargetId) {
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    world.put(&deployment("web:2", 3, 0)).put(&replica_set("r2", "web:2", "2", 0)).put_all(pods);
    (world, id)
}

/// State, reason and message of one object.
pub(crate) fn status(object: &Value) -> (State, String, String) {
    status_by(Rules::default(), object)
}

pub(crate) fn status_by(rules: Rules, object: &Value) -> (State, String, String) {
    let mut world = TestCluster::with(rules);
    let id = world.target(kind_of(object).name(), object["metadata"]["name"].as_str().unwrap_or_default());
    world.put(object);
    world.look(id)
}
