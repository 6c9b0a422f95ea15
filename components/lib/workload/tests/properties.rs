//! What holds for any objects: nothing panics, order does not matter, what is not known is not looked at, and
//! nothing is doomed without a cause. Never relies on a real object but as a beginning.

mod common;
use common::*;
use lockstep_workload::{Cause, Kind, Status, TargetId, gitops_owner, messages};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

const KINDS: [&str; 18] = [
    "Deployment.apps",
    "StatefulSet.apps",
    "DaemonSet.apps",
    "ReplicaSet.apps",
    "ControllerRevision.apps",
    "Job.batch",
    "CronJob.batch",
    "Pod",
    "PersistentVolumeClaim",
    "Service",
    "EndpointSlice.discovery.k8s.io",
    "Event",
    "Event.events.k8s.io",
    "Namespace",
    "ConfigMap",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "Widget.example.com",
    "",
];

/// Keys and values that rules look at, so that arbitrary objects get that far.
const WORDS: [&str; 48] = [
    "metadata",
    "spec",
    "status",
    "name",
    "namespace",
    "uid",
    "ownerReferences",
    "controller",
    "conditions",
    "type",
    "reason",
    "message",
    "True",
    "False",
    "Ready",
    "PodScheduled",
    "Unschedulable",
    "containerStatuses",
    "initContainerStatuses",
    "state",
    "lastState",
    "waiting",
    "running",
    "terminated",
    "startedAt",
    "finishedAt",
    "exitCode",
    "restartCount",
    "replicas",
    "observedGeneration",
    "generation",
    "template",
    "labels",
    "annotations",
    "deletionTimestamp",
    "phase",
    "Pending",
    "Failed",
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "2026-05-28T20:00:03Z",
    "involvedObject",
    "updateRevision",
    "Progressing",
    "ProgressDeadlineExceeded",
    "volumes",
    "endpoints",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 80, 6, |inner| {
        let key =
            prop_oneof![4 => proptest::sample::select(&WORDS[..]).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Real objects of a rollout that is doomed, and of others beside it.
fn objects() -> Vec<Value> {
    let daemon_set = json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("agent", "s1",
        None),
        "spec": {"template": template("agent:1")}, "status": {"observedGeneration": 1,
            "desiredNumberScheduled": 1}});
    let daemon_set = merge(
        daemon_set,
        &json!({"metadata": {"annotations": {"deprecated.daemonset.template.generation": "2"}}}),
    );
    let agent = merge(
        sick("agent-x", crashed(4, 1, "Error")),
        &json!({"metadata": meta("agent-x", "u-x", Some(("DaemonSet", "agent", "s1")))}),
    );
    let agent = merge(agent, &json!({"metadata": {"labels": {"pod-template-generation": "2"}}}));
    let widget = json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": meta("w", "w1", None),
        "spec": {"n": 1},
        "status": {"conditions": [{"type": "Stalled", "status": "True", "reason": "Bad"}, {"type": "Ready",
            "status": "False"}]}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data", "c1",
        None),
        "spec": {}, "status": {"phase": "Pending"}});
    vec![
        deployment("web:2", 3, 0),
        replica_set("r1", "web:1", "1", 2),
        replica_set("r2", "web:2", "2", 0),
        pod("web-old", ("ReplicaSet", "web-r1", "r1")),
        sick("web-a", crashed(4, 137, "OOMKilled")),
        sick("web-b", container("app", false, 0, &waiting("ErrImagePull", "web:2: not found"))),
        event("u-web-a", "Warning", "BackOff", "Back-off restarting failed container", 5),
        event("u-web-b", "Warning", "Failed", "Failed to pull image \"web:2\": not found", 6),
        event("c1", "Warning", "ProvisioningFailed", "no storage class", 7),
        daemon_set,
        agent,
        widget,
        claim,
    ]
}

/// What is said of a target.
type Said = (Status, Vec<Cause>, Result<u64, String>);

/// All that is said of the targets after the objects came in this order and time has passed.
fn said(objects: &[Value]) -> Vec<Said> {
    let mut world = TestCluster::new();
    let targets = [
        ("Deployment.apps", "web"),
        ("DaemonSet.apps", "agent"),
        ("Widget.example.com", "w"),
        ("PersistentVolumeClaim", "data"),
    ];
    let ids: Vec<TargetId> = targets.iter().map(|(kind, name)| world.target(kind, name)).collect();
    for object in objects {
        world.cluster.observe(&kind_of(object), "shop", &object.to_string(), world.now);
    }
    for second in [0, 5, 30, 60, 120] {
        world.now = START + second;
        world.cluster.evaluate(world.now);
    }
    let cluster = &world.cluster;
    ids.iter()
        .map(|id| (cluster.status(*id).clone(), cluster.causes(*id).to_vec(), cluster.healthy_revision(*id)))
        .collect()
}

/// All places within a value, as pointers.
fn places(value: &Value, at: String, into: &mut Vec<String>) {
    into.push(at.clone());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            places(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), into);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| places(value, format!("{at}/{n}"), into))
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_json_panics(kind in proptest::sample::select(&KINDS[..]), mut object in anything(),
        more in anything()) {
        let mut world = TestCluster::new();
        let id = world.cluster.target(&Kind::of(kind), ".", "web");
        if let Value::Object(map) = &mut object {
            let meta = map.entry("metadata").or_insert_with(|| json!({}));
            if !meta.is_object() { *meta = Value::Object(Map::new()); }
            meta["name"] = json!("web");
            meta["uid"] = json!("u");
        }
        for object in [&object, &more, &object] {
            world.cluster.observe(&Kind::of(kind), ".", &object.to_string(), world.now);
            world.pass(2);
        }
        world.cluster.causes(id).iter().for_each(|cause| { messages::cause(cause); });
        let _ = world.cluster.healthy_revision(id);
        gitops_owner(&object.to_string());
        world.cluster.expect_change(id);
        world.cluster.remove("u");
        world.pass(1);
    }

    #[test]
    fn a_field_of_another_type_harms_nothing_else(which in 0_usize..13, place in any::<prop::sample::Index>(),
        other in anything()) {
        let mut objects = objects();
        let mut all = Vec::new();
        places(&objects[which], String::new(), &mut all);
        let place = place.get(&all).clone();
        if let Some(value) = objects[which].pointer_mut(&place) { *value = other; }
        let said = said(&objects);
        // Objects that have nothing to do with it are read as before.
        let untouched = said.iter().zip(as_they_are()).filter(|(one, other)| *one == other).count();
        prop_assert!(untouched >= 2, "{place}");
        for (_, causes, _) in &said { causes.iter().for_each(|cause| { messages::cause(cause); }); }
    }

    #[test]
    fn the_order_of_objects_does_not_matter(order in Just(objects()).prop_shuffle()) {
        prop_assert_eq!(said(&order), as_they_are());
    }

    #[test]
    fn fields_that_are_not_known_do_not_matter(which in 0_usize..13, place in any::<prop::sample::Index>(),
        key in "x[a-z]{3}", other in anything()) {
        let mut objects = objects();
        let mut all = Vec::new();
        places(&objects[which], String::new(), &mut all);
        // A template and a specification matter as a whole.
        all.retain(|place| !place.starts_with("/spec"));
        let place: &String = place.get(&all);
        if let Some(Value::Object(map)) = objects[which].pointer_mut(place) { map.insert(key, other); }
        prop_assert_eq!(said(&objects), as_they_are());
    }

    #[test]
    fn where_nothing_is_doomed_there_is_no_certain_cause(
        kinds in proptest::collection::vec(0_usize..7, 0..6), updated in 0_u32..5, available in 0_u32..5,
            time in 0_u64..59,
    ) {
        let pods: Vec<Value> = kinds.iter().enumerate().map(|(n, kind)| healthy(&format!("web-{n}"),
            *kind)).collect();
        let (mut world, id) = rollout(&pods);
        world.put(&deployment("web:2", updated, available)).pass(time);
        prop_assert!(world.doom(id).is_empty());
        prop_assert_ne!(world.cluster.status(id).state.name(), "failed");
    }
}

/// A pod on its way, or one that has had its troubles.
fn healthy(name: &str, kind: usize) -> Value {
    let of = |status: Value| sick(name, status);
    match kind {
        0 => pod(name, ("ReplicaSet", "web-r2", "r2")),
        1 => of(container("app", false, 0, &waiting("ContainerCreating", ""))),
        2 => of(container("app", false, 0, &running("2026-05-28T20:00:03Z"))),
        3 => of(restarted(false, 1, "2026-05-28T20:00:20Z")),
        4 => of(container("app", false, 1, &ended(1, "Error"))),
        5 => of(container("app", false, 0, &waiting("ErrImagePull", "toomanyrequests: rate limit"))),
        _ => of(crashed(2, 1, "Error")),
    }
}

/// What is said of the objects as they are.
fn as_they_are() -> Vec<Said> {
    static SAID: OnceLock<Vec<Said>> = OnceLock::new();
    SAID.get_or_init(|| said(&objects())).clone()
}

#[test]
fn recorded_objects_of_failed_rollouts_fail() {
    let all = as_they_are();
    assert!(
        all.iter().all(|(status, causes, _)| status.state.name() == "failed" && causes[0].is_certain),
        "{all:#?}"
    );
}
