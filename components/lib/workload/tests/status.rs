//! How objects stand by what they say themselves: a row for each state of each kind.

mod common;
use common::*;
use lockstep_workload::Kind;
use lockstep_workload::State::{self, Missing, Paused, Progressing, Ready};
use serde_json::{Value, json};

/// Applies each patch to an object and compares state, reason and message.
fn check(object: &Value, rows: &[(Value, State, &str, &str)]) {
    for (patch, state, reason, message) in rows {
        let (found, word, line) = status(&merge(object.clone(), patch));
        assert_eq!((found, word.as_str(), line.as_str()), (*state, *reason, *message), "{patch}");
    }
}

fn set(kind: &str, spec: &Value, status: &Value) -> Value {
    let object = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": meta("web", "s1", None),
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template("web:2")}, "status": {}});
    merge(object, &json!({"spec": spec, "status": status}))
}

#[test]
fn deployments() {
    let stale = "its controller has not taken up the newest specification";
    check(
        &deployment("web:2", 3, 3),
        &[
            (json!({}), Ready, "RolledOut", "3 of 3 pods ready"),
            (json!({"metadata": {"generation": 2}}), Progressing, "NotObserved", stale),
            (json!({"status": {"observedGeneration": null}}), Progressing, "NotObserved", stale),
            (json!({"status": null}), Progressing, "NotObserved", stale),
            (json!({"status": {"observedGeneration": "1"}}), Ready, "RolledOut", "3 of 3 pods ready"),
            (json!({"status": {"updatedReplicas": 1}}), Progressing, "RollingOut", "1 of 3 pods updated"),
            (
                json!({"status": {"replicas": 4}}),
                Progressing,
                "RollingOut",
                "3 of 3 pods updated, and 1 of an earlier revision still there",
            ),
            (
                json!({"status": {"availableReplicas": 2, "readyReplicas": 2}}),
                Progressing,
                "RollingOut",
                "2 of 3 pods ready",
            ),
            (
                json!({"status": {"availableReplicas": 2}}),
                Progressing,
                "RollingOut",
                "3 of 3 pods ready, not yet for `minReadySeconds`",
            ),
            (
                json!({"spec": {"paused": true}, "status": {"updatedReplicas": 0}}),
                Paused,
                "Paused",
                "paused with 0 of 3 pods updated",
            ),
            (json!({"spec": {"paused": true}}), Ready, "RolledOut", "3 of 3 pods ready"),
            (
                json!({"spec": {"replicas": 5}, "status": {"updatedReplicas": 3}}),
                Progressing,
                "RollingOut",
                "3 of 5 pods updated",
            ),
            (
                json!({"spec": {"replicas": 0}, "status": {"replicas": null, "updatedReplicas": null,
                    "availableReplicas": null}}),
                Ready,
                "RolledOut",
                "0 of 0 pods ready",
            ),
            (
                json!({"metadata": {"deletionTimestamp": "2026-05-28T20:01:00Z"}}),
                Progressing,
                "Terminating",
                "is being deleted",
            ),
            (
                json!({"status": {"availableReplicas": "many"}}),
                Progressing,
                "RollingOut",
                "3 of 3 pods ready, not yet for `minReadySeconds`",
            ),
        ],
    );
}

#[test]
fn stateful_sets() {
    let whole = json!({"observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "availableReplicas": 3,
        "updatedReplicas": 3,
        "currentReplicas": 3, "currentRevision": "web-b", "updateRevision": "web-b"});
    let object =
        set("StatefulSet", &json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate"}}), &whole);
    let rolling = |updated: u32| json!({"currentRevision": "web-a", "updatedReplicas": updated});
    check(
        &object,
        &[
            (json!({}), Ready, "RolledOut", "3 of 3 pods ready"),
            (json!({"status": rolling(1)}), Progressing, "RollingOut", "1 of 3 pods updated"),
            (json!({"status": {"replicas": 2}}), Progressing, "RollingOut", "2 of 3 pods created"),
            (
                json!({"status": {"readyReplicas": 2, "availableReplicas": 2}}),
                Progressing,
                "RollingOut",
                "2 of 3 pods ready",
            ),
            (json!({"status": {"replicas": 4}}), Progressing, "RollingOut", "1 more than 3 pods still there"),
            (
                json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
                    "status": rolling(1)}),
                Ready,
                "PartitionRolledOut",
                "3 of 3 pods ready, 1 of the new revision as its partition 2 says",
            ),
            (
                json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}},
                    "status": rolling(1)}),
                Progressing,
                "RollingOut",
                "1 of 2 pods updated",
            ),
            (
                json!({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": rolling(1)}),
                Paused,
                "OnDelete",
                "1 of 3 pods updated: `OnDelete` replaces the others only when somebody deletes them",
            ),
            (
                json!({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": rolling(3)}),
                Ready,
                "RolledOut",
                "3 of 3 pods ready",
            ),
            (
                json!({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"replicas": 2}}),
                Progressing,
                "RollingOut",
                "3 of 3 pods ready",
            ),
        ],
    );
}

#[test]
fn daemon_sets_and_replica_sets() {
    let whole = json!({"observedGeneration": 1, "desiredNumberScheduled": 4, "currentNumberScheduled": 4,
        "updatedNumberScheduled": 4, "numberReady": 4, "numberAvailable": 4});
    check(
        &set("DaemonSet", &json!({"updateStrategy": {"type": "RollingUpdate"}}), &whole),
        &[
            (json!({}), Ready, "RolledOut", "4 of 4 pods ready"),
            (
                json!({"status": {"updatedNumberScheduled": 3}}),
                Progressing,
                "RollingOut",
                "3 of 4 pods updated",
            ),
            (
                json!({"status": {"numberReady": 3, "numberAvailable": 3}}),
                Progressing,
                "RollingOut",
                "3 of 4 pods ready",
            ),
            (
                json!({"status": {"desiredNumberScheduled": 0, "updatedNumberScheduled": 0}}),
                Ready,
                "RolledOut",
                "no node wants a pod of it",
            ),
            (
                json!({"spec": {"updateStrategy": {"type": "OnDelete"}},
                    "status": {"updatedNumberScheduled": 1}}),
                Paused,
                "OnDelete",
                "1 of 4 pods updated: `OnDelete` replaces the others only when somebody deletes them",
            ),
        ],
    );
    let patch = json!({"status": {"readyReplicas": 1, "availableReplicas": 1}});
    check(
        &replica_set("r2", "web:2", "2", 3),
        &[
            (json!({}), Ready, "RolledOut", "3 of 3 pods ready"),
            (patch, Progressing, "RollingOut", "1 of 3 pods ready"),
        ],
    );
}

#[test]
fn jobs_and_pods() {
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("web", "j1", None),
        "spec": {"completions": 2, "template": template("web:2")}, "status": {"active": 1, "succeeded": 1}});
    check(
        &job,
        &[
            (json!({}), Progressing, "Running", "1 of 2 pods succeeded, 1 running, 0 failed"),
            (json!({"spec": {"suspend": true}}), Paused, "Suspended", "suspended with 1 of 2 pods succeeded"),
            (
                json!({"status": {"succeeded": 2, "conditions": [{"type": "Complete", "status": "True"}]}}),
                Ready,
                "Completed",
                "2 of 2 pods succeeded",
            ),
        ],
    );
    let cron =
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("web", "c1", None), "spec": {}});
    check(
        &cron,
        &[
            (json!({}), Ready, "Scheduled", "exists"),
            (json!({"spec": {"suspend": true}}), Ready, "Suspended", "exists, and starts no Jobs: suspended"),
        ],
    );
    check(
        &pod("web", ("Node", "n", "n")),
        &[
            (json!({}), Ready, "Running", "1 of 1 containers ready"),
            (
                json!({"status": {"conditions": conditions(false)}}),
                Progressing,
                "NotReady",
                "1 of 1 containers ready",
            ),
            (json!({"status": {"phase": "Succeeded"}}), Ready, "Completed", "all containers are done"),
            (json!({"status": {"phase": "Pending"}}), Progressing, "NotReady", "1 of 1 containers ready"),
        ],
    );
}

#[test]
fn claims_namespaces_and_kinds_without_a_status() {
    let object = |version: &str, kind: &str| {
        json!({"apiVersion": version, "kind": kind,
        "metadata": meta("web", "o1", None)})
    };
    let phase = |phase: &str| json!({"status": {"phase": phase}, "spec": {"storageClassName": "fast"}});
    check(
        &object("v1", "PersistentVolumeClaim"),
        &[
            (phase("Bound"), Ready, "Bound", "bound to a volume"),
            (phase("Pending"), Progressing, "Pending", "waits for a volume (storage class fast)"),
        ],
    );
    check(
        &object("v1", "Namespace"),
        &[
            (phase("Active"), Ready, "Active", "exists"),
            (phase("Terminating"), Progressing, "Terminating", "is being deleted"),
        ],
    );
    for (version, kind) in
        [("v1", "ConfigMap"), ("rbac.authorization.k8s.io/v1", "Role"), ("policy/v1", "PodDisruptionBudget")]
    {
        check(&object(version, kind), &[(json!({}), Ready, "Exists", "exists")]);
    }
}

#[test]
fn an_object_that_was_never_observed_is_missing() {
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    assert_eq!(world.look(id), (Missing, "NotFound".into(), "is not in the namespace `shop`".into()));
    let id = world.cluster.target(&Kind::Deployment, ".", "web");
    assert_eq!(world.look(id).2, "is not in the namespace of the context");
    let id = world.cluster.target(&Kind::Namespace, "", "shop");
    assert_eq!(world.look(id).2, "is not there");
}
