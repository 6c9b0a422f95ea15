//! How objects come and go: names, namespaces, what is looked at again and when. Never looks at a rule.

mod common;
use common::*;
use lockstep_workload::{ClusterState, Kind, Rules, State};
use serde_json::{Value, json};

/// A cluster of so many Deployments, each with a ReplicaSet and three pods, all ready; and the objects.
fn many(count: usize) -> (ClusterState, Vec<(Kind, Value)>) {
    let mut cluster = ClusterState::new(Rules::default());
    let mut objects = Vec::new();
    for n in 0..count {
        let (deployment_uid, set_uid) = (format!("d{n}"), format!("r{n}"));
        let name = json!({"metadata": {"name": format!("web-{n}"), "uid": deployment_uid}});
        let deployment = merge(deployment("web:2", 3, 3), &name);
        let set = merge(
            replica_set(&set_uid, "web:2", "2", 3),
            &json!({"metadata": {"ownerReferences": [
            {"controller": true, "uid": deployment_uid}]}}),
        );
        cluster.target(&kind_of(&deployment), "shop", &format!("web-{n}"));
        let pods = (0..3).map(|p| pod(&format!("web-{n}-{p}"), ("ReplicaSet", "web", &set_uid)));
        let all: Vec<Value> = [deployment, set].into_iter().chain(pods).collect();
        objects.extend(all.into_iter().map(|object| (kind_of(&object), object)));
    }
    for (kind, object) in &objects {
        cluster.observe(kind, "shop", &object.to_string(), START);
    }
    (cluster, objects)
}

#[test]
fn only_changed_targets_are_evaluated() {
    let (mut cluster, objects) = many(20);
    assert_eq!(cluster.evaluate(START).len(), 20);
    assert!(cluster.targets().all(|id| cluster.status(id).state == State::Ready));
    assert!(cluster.evaluate(START + 1).is_empty());
    assert_eq!(cluster.next_due(), None);
    // A pod touches the Deployment two owners above, and nothing it says is news.
    let (kind, pod) = &objects[4];
    assert_eq!(kind, &Kind::Pod);
    assert!(!cluster.observe(kind, "shop", &pod.to_string(), START + 2).unwrap().is_new);
    assert!(cluster.evaluate(START + 2).is_empty());
    let behind =
        merge(objects[0].1.clone(), &json!({"status": {"availableReplicas": 2, "readyReplicas": 2}}));
    cluster.observe(&objects[0].0, "shop", &behind.to_string(), START + 3);
    let changed = cluster.evaluate(START + 3);
    assert_eq!(changed.len(), 1);
    assert_eq!((cluster.status(changed[0]).since, cluster.name(changed[0]).2), (START + 3, "web-0"));
    assert_eq!(cluster.status(changed[0]).pods, Some((2, 3)));
}

#[test]
fn the_namespace_of_the_context_is_resolved() {
    let mut world = TestCluster::new();
    let id = world.cluster.target(&Kind::Deployment, ".", "web");
    assert_eq!(world.cluster.name(id), (&Kind::Deployment, ".", "web"));
    let seen =
        world.cluster.observe(&Kind::Deployment, ".", &deployment("web:2", 3, 3).to_string(), START).unwrap();
    assert_eq!((seen.namespace.as_str(), seen.name.as_str(), seen.is_new), ("shop", "web", true));
    assert_eq!(world.state(id), State::Ready);
    assert_eq!(world.cluster.name(id).1, "shop");
    assert_eq!(world.cluster.target(&Kind::Deployment, ".", "web"), id);
    assert_eq!(world.cluster.target(&Kind::Deployment, "shop", "web"), id);
    // One of the same name elsewhere is another one.
    let other = world.cluster.target(&Kind::Deployment, "other", "web");
    assert_eq!(world.state(other), State::Missing);
}

#[test]
fn cluster_scoped_kinds_are_found() {
    let mut world = TestCluster::new();
    let id = world.cluster.target(&Kind::Namespace, "-", "shop");
    let object = json!({"metadata": {"name": "shop", "uid": "n1"}, "status": {"phase": "Active"}});
    world.cluster.observe(&Kind::Namespace, "-", &object.to_string(), START);
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn an_object_without_a_namespace_is_ignored() {
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    let mut odd = replica_set("r9", "web:9", "9", 0);
    odd["metadata"]["namespace"] = Value::Null;
    world.cluster.observe(&Kind::ReplicaSet, "shop", &odd.to_string(), START);
    world.put(&deployment("web:2", 3, 3));
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn a_repeated_pod_event_does_not_restart_its_grace_period() {
    let (mut world, id) = rollout(&[]);
    let status = restarted(true, 1, "2026-05-28T20:26:40Z");
    let pod = merge(
        pod("web-a", ("ReplicaSet", "web-r2", "r2")),
        &json!({"status": {"containerStatuses": [status]}}),
    );
    world.put(&deployment("web:2", 3, 3)).put(&pod).pass(6);
    assert_eq!(world.look(id).1, "Recovering");
    world.put(&pod).pass(4);
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn texts_that_are_not_objects_are_ignored() {
    let mut world = TestCluster::new();
    for text in [
        "",
        "no JSON",
        "[]",
        "null",
        "{}",
        "{\"metadata\": {\"name\": \"web\"}}",
        "{\"metadata\": {\"uid\": 3, \"name\": \"web\"}}",
    ] {
        assert_eq!(world.cluster.observe(&Kind::Deployment, ".", text, START), None, "{text}");
    }
}

#[test]
fn pods_that_arrive_before_their_owners_are_found() {
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    world
        .put(&event("u-web-a", "Warning", "BackOff", "Back-off", 1))
        .put(&sick("web-a", crashed(3, 1, "Error")));
    world.put(&replica_set("r2", "web:2", "2", 0)).put(&deployment("web:2", 1, 0)).pass(60);
    let causes = world.doom(id);
    assert_eq!(causes[0].last_event.as_deref(), Some("BackOff: Back-off"));
    // A pod that is gone dooms nothing.
    world.cluster.remove("u-web-a");
    assert_eq!(world.state(id), State::Progressing);
}

#[test]
fn a_changed_message_keeps_the_start_time_of_the_state() {
    let (mut world, id) = rollout(&[]);
    world.put(&deployment("web:2", 3, 1)).pass(10).put(&deployment("web:2", 3, 2));
    assert_eq!(world.look(id).2, "2 of 3 pods ready");
    assert_eq!(world.cluster.status(id).since, START);
    world.pass(5).put(&deployment("web:2", 3, 3));
    world.state(id);
    assert_eq!(world.cluster.status(id).since, START + 15);
}

#[test]
fn an_outdated_observed_generation_keeps_the_causes() {
    let (mut world, id) = rollout(&[sick("web-a", crashed(3, 1, "Error"))]);
    world.pass(59);
    // An autoscaler moves the count, and the controller comes after it.
    let scaled = json!({"metadata": {"generation": 2}, "spec": {"replicas": 4}});
    world.put(&merge(deployment("web:2", 3, 0), &scaled)).pass(1);
    assert!(world.doom(id).is_empty());
    world.put(&merge(
        deployment("web:2", 3, 0),
        &merge(scaled, &json!({"status": {"observedGeneration": 2}})),
    ));
    assert_eq!(world.doom(id).len(), 1);
}
