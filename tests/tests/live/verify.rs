//! `deploy-verify` on a real control plane: what is ready, what is doomed and why, and what is no longer what was
//! deployed.

use lockstep_tests::kube::verify::{deployment, state, stateful_set, verdict, verify};
use lockstep_tests::kube::{Cluster, stages};
use lockstep_tests::support::{ProgramOutput, Scene};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

fn apply(namespace: &str, object: &Value) {
    Cluster::shared().apply(namespace, &object.to_string()).unwrap();
}

/// A run about one resource.
fn run(namespace: &str, resource: &str, more: &[&str]) -> ProgramOutput {
    let scene = Scene::new();
    let run = verify(&scene, &Cluster::shared().kubeconfig(), namespace).args(["--resources", resource]);
    run.args(more.iter().copied()).end()
}

#[test]
fn a_finished_rollout_is_ready() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("ready");
    apply(&namespace, &deployment("web", 3, "slow-ready", &json!({stages::DELAY: "2s"})));
    let ended = run(&namespace, "deployment/web", &[]);
    let result = ended.expect(0, "done");
    assert_eq!((verdict(&ended).as_str(), state(&ended)), ("passed", ("ready".into(), "RolledOut".into())));
    let resource = &result["outputs"]["resources"][0];
    assert_eq!(
        (&resource["kind"], &resource["message"]),
        (&json!("Deployment"), &json!("3 of 3 pods ready"))
    );
    assert_eq!(resource["namespace"], namespace.as_str());
    assert_eq!(result["changed"], json!([]));

    // Again: it is so at once.
    assert_eq!(verdict(&run(&namespace, "deploy/web", &[])), "passed");
}

#[test]
fn each_kind_is_verified_by_a_name_a_label_or_its_manifest() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("kinds");
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "labels": {"app": "web"}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "a:1"}]}}},
    });
    let mut daemons = deployment("agent", 1, "", &json!({}));
    daemons["kind"] = json!("DaemonSet");
    daemons["spec"].as_object_mut().unwrap().remove("replicas");
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    });
    let settings =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {}});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "data": {}});
    let all = [
        deployment("web", 2, "", &json!({})),
        stateful_set("db", 2, "", &json!({"type": "RollingUpdate"})),
        daemons,
        job,
        service,
        settings,
        secret,
    ];
    let scene = Scene::new();
    for (at, object) in all.iter().enumerate() {
        apply(&namespace, object);
        scene.put(&format!("workspace/manifests/{at}.yaml"), &object.to_string());
    }
    let kubeconfig = cluster.kubeconfig();
    let ended = verify(&scene, &kubeconfig, &namespace).args(["--resources", "manifests/*.yaml"]).end();
    let result = ended.expect(0, "done");
    let kinds: Vec<_> =
        result["outputs"]["resources"].as_array().unwrap().iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(
        kinds,
        ["ConfigMap", "DaemonSet", "Deployment", "Job", "Service", "StatefulSet"].map(Value::from)
    );
    assert!(ended.stderr.contains("skipped: Secret"), "{}", ended.stderr);

    let by_label = verify(&scene, &kubeconfig, &namespace).args(["--resources", "-l app=web"]).end();
    let result = by_label.expect(0, "done");
    assert_eq!(result["outputs"]["resources"].as_array().unwrap().len(), 2, "{result:#}");
    for (resource, reason) in [
        ("statefulset/db", "RolledOut"),
        ("ds/agent", "RolledOut"),
        ("job/migrate", "Completed"),
        ("svc/web", "Endpoints"),
        ("cm/settings", "Exists"),
    ] {
        let ended = verify(&scene, &kubeconfig, &namespace).args(["--resources", resource]).end();
        assert_eq!(
            (verdict(&ended).as_str(), state(&ended).0.as_str()),
            ("passed", "ready"),
            "{resource} {reason}"
        );
    }
}

#[test]
fn a_selection_without_a_match_is_an_error() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("nothing");
    run(&namespace, "-l app=nobody", &[]).expect(1, "no-match");
    run(&namespace, "manifests/*.yaml", &[]).expect(1, "no-match");
    run(&namespace, "widgets.example.com/a", &[]).expect(2, "bad-input");
    run(&namespace, "thing/a", &[]).expect(2, "bad-input");
    let ended = run(&namespace, "deployment/nobody", &[]);
    ended.expect(1, "rollout-failed");
    assert_eq!(state(&ended), ("missing".into(), "NotFound".into()));
}

/// Doomed states, each with the rule, and what the message must hold.
const DOOMED: [(&str, &str, &[&str]); 8] = [
    ("crash-loop", "crash-loop", &["container app", "exit code 3"]),
    ("oom-killed", "crash-loop", &["OOMKilled"]),
    ("init-crash", "init-crash", &["container setup", "exit code"]),
    ("image-not-found", "image-not-found", &["not found", "registry.test/app:1"]),
    ("image-denied", "image-denied", &["denied"]),
    ("invalid-image", "invalid-image-name", &["InvalidImageName"]),
    ("config-missing", "config-missing", &["settings"]),
    ("create-error", "container-cannot-run", &["no command specified"]),
];

#[test]
fn a_doomed_rollout_ends_the_wait_with_the_reason() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("doomed");
    for (stage, ..) in &DOOMED {
        apply(&namespace, &deployment(stage, 2, stage, &json!({stages::EXIT_CODE: "3"})));
    }
    for (stage, rule, parts) in &DOOMED {
        let ended = run(&namespace, &format!("deployment/{stage}"), &["--grace", "2s"]);
        let message = ended.expect(1, "rollout-failed")["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("Deployment {stage}: {rule}:")), "{stage}: {message}");
        for part in *parts {
            assert!(message.contains(part), "{stage}: {message}");
        }
        assert_eq!(verdict(&ended), "failed");
    }
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": {stages::STAGE: "fail"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "a:1"}]},
        }},
    });
    apply(&namespace, &job);
    let ended = run(&namespace, "job/migrate", &[]);
    let message = ended.expect(1, "rollout-failed")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("job-failed") && message.contains("BackoffLimitExceeded"), "{message}");
}

#[test]
fn the_step_waits_while_a_state_may_pass() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("passes");
    // Two crashes, and an image that comes after a while: both are well in the end.
    let notes = json!({stages::CRASHES: "2", stages::DELAY: "100ms"});
    apply(&namespace, &deployment("recovers", 1, "crash-loop", &notes));
    apply(&namespace, &deployment("throttled", 1, "image-throttled", &json!({stages::HEALS_AFTER: "4s"})));
    for name in ["recovers", "throttled"] {
        let ended = run(&namespace, &format!("deployment/{name}"), &[]);
        assert_eq!(verdict(&ended), "passed", "{name}: {}", ended.stderr);
    }
    // Throttling that goes on is no doom, whatever is known of it is said at the end.
    apply(&namespace, &deployment("waits", 1, "image-throttled", &json!({})));
    let ended = run(&namespace, "deployment/waits", &["--timeout", "8s"]);
    let message = ended.expect(1, "timed-out")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("image-pull") && message.contains("toomanyrequests"), "{message}");
    apply(&namespace, &deployment("never", 1, "never-ready", &json!({})));
    let ended = run(&namespace, "deployment/never", &["--timeout", "8s", "--grace", "1s"]);
    ended.expect(1, "timed-out");
    assert_eq!(verdict(&ended), "timed-out");
}

#[test]
fn a_pod_that_fits_no_node_is_doomed_unless_a_node_is_on_its_way() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("fits");
    let mut picky = deployment("picky", 1, "", &json!({}));
    picky["spec"]["template"]["spec"]["nodeSelector"] = json!({"disk": "fast"});
    apply(&namespace, &picky);
    let ended = run(&namespace, "deployment/picky", &["--grace", "2s"]);
    let message = ended.expect(1, "rollout-failed")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("unschedulable") && message.contains("didn't match"), "{message}");

    let pod = cluster.pods(&namespace, "app=picky").unwrap().remove(0);
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "picky."},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": namespace,
            "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"],
        },
        "type": "Normal", "reason": "TriggeredScaleUp", "message": "pod triggered scale-up",
        "firstTimestamp": pod["metadata"]["creationTimestamp"], "lastTimestamp": pod["metadata"]["creationTimestamp"],
        "source": {"component": "cluster-autoscaler"},
    });
    cluster.create(&format!("/api/v1/namespaces/{namespace}/events"), &event).unwrap();
    run(&namespace, "deployment/picky", &["--grace", "2s", "--timeout", "8s"]).expect(1, "timed-out");
}

#[test]
fn an_error_names_the_exhausted_quota() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("quota");
    apply(
        &namespace,
        &json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "pods"}, "spec": {"hard": {"pods": "1"}},
        }),
    );
    thread::sleep(Duration::from_secs(1));
    apply(&namespace, &deployment("web", 3, "", &json!({})));
    let ended = run(&namespace, "deployment/web", &["--rules", "quota=2s"]);
    let message = ended.expect(1, "rollout-failed")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("quota") && message.contains("pods=1"), "{message}");
}

#[test]
fn a_rollout_that_somebody_else_changed_is_superseded() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("superseded");
    apply(&namespace, &deployment("web", 2, "never-ready", &json!({})));
    let scene = Scene::new();
    let run =
        verify(&scene, &cluster.kubeconfig(), &namespace).args(["--resources", "deployment/web"]).start();
    thread::sleep(Duration::from_secs(3));
    // Another count is no other revision: an autoscaler changes it at any time.
    cluster.kubectl(&["scale", "-n", &namespace, "deployment/web", "--replicas=3"]).unwrap();
    thread::sleep(Duration::from_secs(2));
    cluster
        .kubectl(&["set", "image", "-n", &namespace, "deployment/web", "app=registry.test/app:2"])
        .unwrap();
    let ended = run.end(&scene);
    ended.expect(1, "superseded");
    assert_eq!(state(&ended), ("superseded".into(), "NewRevision".into()));
}

#[test]
fn a_rollout_that_waits_for_a_person_is_not_ready() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("paused");
    apply(&namespace, &stateful_set("db", 2, "", &json!({"type": "OnDelete"})));
    assert_eq!(verdict(&run(&namespace, "sts/db", &[])), "passed");
    apply(
        &namespace,
        &stateful_set("part", 3, "", &json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}})),
    );
    assert_eq!(verdict(&run(&namespace, "sts/part", &[])), "passed");
    cluster.kubectl(&["set", "image", "-n", &namespace, "sts/part", "app=registry.test/app:2"]).unwrap();
    let ended = run(&namespace, "sts/part", &[]);
    assert_eq!((verdict(&ended).as_str(), state(&ended).1.as_str()), ("passed", "PartitionRolledOut"));
    cluster.kubectl(&["set", "image", "-n", &namespace, "sts/db", "app=registry.test/app:2"]).unwrap();
    let ended = run(&namespace, "sts/db", &["--timeout", "6s"]);
    ended.expect(1, "inconclusive");
    assert_eq!(state(&ended), ("paused".into(), "OnDelete".into()));
}
