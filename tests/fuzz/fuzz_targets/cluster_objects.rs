//! Objects of a cluster with any value in any field, added and removed in any order: each target always has a status, and it
//! fails only if a cause is certain.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_workload::{ClusterState, Kind, Rules, State, messages};
use serde_json::{Value, json};

/// The kinds, in the order of [`objects`].
const KINDS: [&str; 6] =
    ["Deployment.apps", "ReplicaSet.apps", "Pod", "Event", "Job.batch", "Widget.example.com"];

fn objects() -> [Value; 6] {
    let owner = |kind: &str, uid: &str| json!([{"kind": kind, "uid": uid, "controller": true}]);
    let template = json!({"spec": {"containers": [{"name": "app", "image": "a:1"}]}});
    let meta = |name: &str, owners: Value| {
        json!({
            "name": name, "namespace": "shop", "uid": name, "generation": 1, "ownerReferences": owners,
            "annotations": {"deployment.kubernetes.io/revision": "1"}, "labels": {"pod-template-hash": "h"},
        })
    };
    let ended = json!({"exitCode": 1, "reason": "Error", "finishedAt": "2026-01-01T00:00:01Z"});
    [
        json!({
            "metadata": meta("web", json!([])), "spec": {"replicas": 2, "template": template},
            "status": {
                "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1,
                "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
            },
        }),
        json!({
            "metadata": meta("set", owner("Deployment", "web")), "spec": {"replicas": 2, "template": template},
            "status": {"replicas": 2, "readyReplicas": 1},
        }),
        json!({
            "metadata": meta("pod", owner("ReplicaSet", "set")), "spec": template["spec"],
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}], "containerStatuses": [{
                "name": "app", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": ended},
            }]},
        }),
        json!({
            "metadata": meta("event", json!([])), "involvedObject": {"kind": "Pod", "name": "pod", "uid": "pod"},
            "type": "Warning", "reason": "FailedMount", "message": "configmap \"a\" not found",
        }),
        json!({
            "metadata": meta("job", json!([])), "spec": {"template": template},
            "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]},
        }),
        json!({"metadata": meta("widget", json!([])), "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
    ]
}

/// The value at the so-manieth place of an object, counted in depth.
fn place<'v>(value: &'v mut Value, count: &mut usize) -> Option<&'v mut Value> {
    if *count == 0 {
        return Some(value);
    }
    *count -= 1;
    match value {
        Value::Object(fields) => fields.values_mut().find_map(|field| place(field, count)),
        Value::Array(items) => items.iter_mut().find_map(|item| place(item, count)),
        _ => None,
    }
}

fuzz_target!(|steps: Vec<(u8, u8, u8, &str)>| {
    let (kinds, objects) = (KINDS.map(Kind::of), objects());
    let mut cluster = ClusterState::new(Rules::default());
    let targets: Vec<_> = [("web", 0), ("job", 4), ("widget", 5)]
        .map(|(name, kind)| cluster.target(&kinds[kind], ".", name))
        .into();
    let mut now = 1_000;
    for (kind, at, wait, text) in steps.into_iter().take(50) {
        let index = kind as usize % kinds.len();
        let mut object = objects[index].clone();
        if let Some(field) = place(&mut object, &mut usize::from(at)) {
            *field = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        }
        match kind & 0x80 == 0 {
            true => drop(cluster.observe(&kinds[index], ".", &object.to_string(), now)),
            false => cluster.remove(text),
        }
        now += u64::from(wait);
        cluster.evaluate(now);
    }
    for target in targets {
        let certain = cluster.causes(target).iter().any(|cause| cause.is_certain);
        assert_eq!(certain, cluster.status(target).state == State::Failed, "{:?}", cluster.status(target));
        cluster.causes(target).iter().for_each(|cause| assert!(!messages::cause(cause).contains('\n')));
    }
});
