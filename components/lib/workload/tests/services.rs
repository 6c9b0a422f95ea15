//! When a Service is ready: by its endpoints, or because nothing that it selects wants pods. And when a claim is ready that
//! waits for its first pod.

mod common;
use common::*;
use lockstep_workload::State::{Progressing, Ready};
use lockstep_workload::{Kind, SELECTABLE_KINDS};
use serde_json::{Value, json};

fn service() -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": meta("web", "v1", None),
        "spec": {"type": "ClusterIP", "clusterIP": "10.2.0.1", "selector": {"app": "web"}}, "status": {}})
}

#[test]
fn services_wait_for_an_endpoint() {
    let none = "no endpoint is ready";
    let rows = [
        (json!({}), Progressing, "NoEndpoints", none),
        (json!({"spec": {"selector": null}}), Ready, "Exists", "exists"),
        (json!({"spec": {"type": "ExternalName"}}), Ready, "Exists", "exists"),
        (
            json!({"spec": {"type": "LoadBalancer"}}),
            Progressing,
            "NoLoadBalancer",
            "its load balancer has no address yet",
        ),
        (
            json!({"spec": {"type": "LoadBalancer"},
                    "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}),
            Progressing,
            "NoEndpoints",
            none,
        ),
    ];
    for (patch, state, reason, message) in rows {
        let found = status(&merge(service(), &patch));
        assert_eq!(found, (state, reason.to_owned(), message.to_owned()), "{patch}");
    }
    let mut world = TestCluster::new();
    let id = world.target("Service", "web");
    let slice = |ready: Value| {
        let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": meta("web-x", "e1", None),
            "addressType": "IPv4", "endpoints": [{"addresses": ["10.1.0.1"], "conditions": {"ready": ready}},
                {"addresses": []}]});
        merge(slice, &json!({"metadata": {"labels": {"kubernetes.io/service-name": "web"}}}))
    };
    world.put(&slice(json!(false))).put(&service());
    assert_eq!(world.state(id), Progressing);
    world.put(&slice(json!(true)));
    assert_eq!(world.look(id), (Ready, "Serving".into(), "1 endpoint is ready".into()));
    world.cluster.remove("e1");
    assert_eq!(world.state(id), Progressing);
}

#[test]
fn a_service_whose_workloads_want_no_pods_is_ready() {
    let asleep = |name: &str, labels: &Value| {
        let zero = json!({"metadata": {"name": name, "uid": format!("d-{name}")}, "spec": {"replicas": 0,
            "template": {"metadata": {"labels": labels}}}});
        merge(deployment("web:2", 0, 0), &zero)
    };
    let awake = |name: &str| merge(asleep(name, &json!({"app": "web"})), &json!({"spec": {"replicas": 2}}));
    let own = asleep("idle", &json!({"app": "web", "tier": "front"}));
    let other = merge(awake("other"), &json!({"spec": {"template": {"metadata": {"labels": {"app": "x"}}}}}));
    let owner = ("ReplicaSet", "web-r2", "r2");
    let finished = merge(pod("old", owner), &json!({"status": {"phase": "Succeeded"}}));
    let dying =
        merge(pod("dying", owner), &json!({"metadata": {"deletionTimestamp": "2026-05-28T20:01:00Z"}}));
    let sets = merge(replica_set("r2", "web:2", "2", 0), &json!({"spec": {"replicas": 0}}));
    for (objects, state) in [
        (vec![own.clone()], Ready),
        (vec![own.clone(), other.clone(), finished, dying, sets], Ready),
        // A workload of another controller may want pods: its pods or ReplicaSets show that.
        (vec![own.clone(), replica_set("r2", "web:2", "2", 0)], Progressing),
        (vec![own.clone(), pod("web-a", owner)], Progressing),
        (vec![own.clone(), awake("second")], Progressing),
        (vec![asleep("idle", &json!({"app": "x"}))], Progressing),
        (vec![other], Progressing),
        (Vec::new(), Progressing),
    ] {
        let mut world = TestCluster::new();
        let id = world.target("Service", "web");
        world.put_all(&objects).put(&service());
        assert_eq!(world.state(id), state, "{objects:#?}");
    }
    let mut world = TestCluster::new();
    let id = world.target("Service", "web");
    world.put(&own).put(&service());
    let ready = (Ready, "ScaledToZero".to_owned(), "no pods are wanted by Deployment idle".to_owned());
    assert_eq!(world.look(id), ready);
    // Somebody wakes it, and puts it to sleep again.
    world.put(&merge(own.clone(), &json!({"spec": {"replicas": 1}}))).pass(2);
    assert_eq!(world.look(id).1, "NoEndpoints");
    world.put(&own).pass(2);
    assert_eq!(world.look(id).1, "ScaledToZero");
}

#[test]
fn a_service_is_not_ready_by_what_the_run_may_not_read() {
    let zero = merge(deployment("web:2", 0, 0), &json!({"spec": {"replicas": 0}}));
    for kind in SELECTABLE_KINDS {
        let mut world = TestCluster::new();
        let id = world.target("Service", "web");
        world.put(&zero).put(&service());
        world.cluster.set_unreadable(kind.clone());
        let (state, reason, message) = world.look(id);
        assert_eq!((state, reason.as_str()), (Progressing, "NoEndpoints"));
        assert!(message.contains(&format!("may not read all {}s", kind.short_name())), "{message}");
    }
}

#[test]
fn a_daemon_set_wants_no_pods_only_if_its_status_is_current() {
    let set = |observed: u32, wanted: u32| {
        json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta("agent", "s1", None),
            "spec": {"template": template("web:2")},
            "status": {"observedGeneration": observed, "desiredNumberScheduled": wanted}})
    };
    for (object, state) in [(set(1, 0), Ready), (set(0, 0), Progressing), (set(1, 2), Progressing)] {
        let mut world = TestCluster::new();
        let id = world.target("Service", "web");
        world.put(&object).put(&service());
        assert_eq!(world.state(id), state);
    }
}

#[test]
fn a_claim_that_waits_for_its_first_pod_is_ready_until_there_is_one() {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data", "p1", None),
        "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"}});
    let waits = event("p1", "Normal", "WaitForFirstConsumer", "waiting for first consumer to be created", 5);
    let user = |phase: &str| {
        let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
        merge(
            pod("web-a", ("ReplicaSet", "web-r2", "r2")),
            &json!({"spec": {"volumes": volumes}, "status": {"phase": phase}}),
        )
    };
    let mut world = TestCluster::new();
    let id = world.target("PersistentVolumeClaim", "data");
    world.put(&claim);
    assert_eq!(world.look(id).1, "Pending");
    world.put(&waits);
    assert_eq!((world.state(id), world.look(id).1), (Ready, "WaitForFirstConsumer".to_owned()));
    world.put(&user("Pending")).pass(2);
    assert_eq!((world.state(id), world.look(id).1), (Progressing, "Pending".to_owned()));
    // The pod of a Job is done, and the claim was never bound.
    world.put(&user("Succeeded")).pass(2);
    assert_eq!(world.state(id), Ready);
    world.cluster.set_unreadable(Kind::Pod);
    world.pass(2);
    assert_eq!(world.state(id), Progressing);
    assert!(world.look(id).2.contains("may not read pods"));
}
