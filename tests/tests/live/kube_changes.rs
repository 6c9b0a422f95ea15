//! Changes of single objects on a real control plane, each made by a component that has the right to: what becomes of the
//! object, what somebody else's change does, and what a dry run leaves alone.

use lockstep_tests::kube::Cluster;
use lockstep_tests::kube::verify::deployment;
use lockstep_tests::support::{ProgramOutput, Run, Scene, hostile};
use serde_json::{Value, json};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// A run in this namespace that may make every change there.
fn change<'s>(scene: &'s Scene, kubeconfig: &Path, namespace: &str, act: &str, word: &str) -> Run<'s> {
    let rights = format!("rollback,scale,suspend,evict,put-config-map {namespace}/*");
    let run = scene.allowed(&hostile("clusters"), &json!({ "cluster": [rights] }), "seconds: 300");
    let run = run.args(["--act", act, "--words"]).arg(format!("{namespace}|{word}"));
    run.env("KUBECONFIG", kubeconfig)
}

fn said(ended: &ProgramOutput) -> String {
    ended.expect(0, "done")["outputs"]["said"][0].as_str().unwrap().to_owned()
}

/// What a change by the administrator came to.
fn made(namespace: &str, act: &str, word: &str) -> String {
    let scene = Scene::new();
    said(&change(&scene, &Cluster::shared().kubeconfig(), namespace, act, word).end())
}

/// The same in a dry run.
fn dry_run(namespace: &str, act: &str, word: &str) -> String {
    let scene = Scene::new();
    said(&change(&scene, &Cluster::shared().kubeconfig(), namespace, act, word).arg("--dry-run").end())
}

/// An object of a namespace, by what follows that in its path.
fn object(api: &str, namespace: &str, rest: &str) -> Value {
    Cluster::shared().get(&format!("/{api}/namespaces/{namespace}/{rest}")).unwrap()
}

fn version(object: &Value) -> &str {
    object["metadata"]["resourceVersion"].as_str().unwrap()
}

/// A Deployment that nobody changes any more: all its pods are ready.
fn at_rest(namespace: &str, replicas: u32) -> Value {
    Cluster::shared().wait("a Deployment at rest", || {
        let web = object("apis/apps/v1", namespace, "deployments/web");
        let (status, is) = (&web["status"], json!(replicas));
        let whole =
            web["spec"]["replicas"] == is && status["readyReplicas"] == is && status["replicas"] == is;
        let calm = status["observedGeneration"] == web["metadata"]["generation"];
        let done = status["conditions"].as_array()?.iter().any(|c| c["reason"] == "NewReplicaSetAvailable");
        (whole && calm && done).then_some(web)
    })
}

fn web(name: &str, replicas: u32) -> String {
    let namespace = Cluster::shared().namespace(name);
    let web = deployment("web", replicas, "", &json!({}));
    Cluster::shared().apply(&namespace, &web.to_string()).unwrap();
    at_rest(&namespace, replicas);
    namespace
}

fn pods(namespace: &str) -> Vec<(String, String)> {
    let pods = Cluster::shared().pods(namespace, "app=web").unwrap();
    let left = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    left.map(|pod| (text(&pod["metadata"]["name"]), text(&pod["metadata"]["uid"]))).collect()
}

#[test]
fn a_count_is_set_at_its_version_and_at_no_other() {
    let namespace = web("scale", 1);
    let before = at_rest(&namespace, 1);
    let stale = format!("Deployment.apps|web|{}", version(&before));
    assert_eq!(made(&namespace, "scale", &format!("{stale}|3")), "Outcome::Applied");
    let after = at_rest(&namespace, 3);
    assert_eq!(before["spec"]["template"], after["spec"]["template"]);
    assert_eq!(made(&namespace, "scale", &format!("{stale}|5")), "conflict");
    assert_eq!(version(&at_rest(&namespace, 3)), version(&after), "a conflict changes nothing");
    let now = format!("Deployment.apps|web|{}", version(&after));
    assert_eq!(dry_run(&namespace, "scale", &format!("{now}|7")), "Outcome::DryRun");
    assert_eq!(
        dry_run(&namespace, "scale", &format!("{stale}|7")),
        "conflict",
        "a dry run says what would be"
    );
    assert_eq!(version(&at_rest(&namespace, 3)), version(&after), "a dry run changes nothing");
    assert_eq!(made(&namespace, "scale", &format!("{now}|0")), "Outcome::Applied");
    assert_eq!(object("apis/apps/v1", &namespace, "deployments/web")["spec"]["replicas"], 0);
    // There is no such subresource of these, and no such object.
    assert_eq!(made(&namespace, "scale", "Pod|web|1|0"), "not-found");
    assert_eq!(made(&namespace, "scale", "Deployment.apps|other|1|0"), "not-found");
}

#[test]
fn a_custom_resource_has_a_count() {
    let (cluster, namespace) = (Cluster::shared(), Cluster::shared().namespace("widget"));
    cluster.define("example.test", "v1", "Widget");
    let widget = json!({
        "apiVersion": "example.test/v1", "kind": "Widget", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "other": "stays"},
    });
    cluster.apply(&namespace, &widget.to_string()).unwrap();
    let path = "widgets/web";
    let before = object("apis/example.test/v1", &namespace, path);
    let word = format!("Widget.example.test|web|{}", version(&before));
    assert_eq!(dry_run(&namespace, "scale", &format!("{word}|0")), "Outcome::DryRun");
    assert_eq!(object("apis/example.test/v1", &namespace, path), before);
    assert_eq!(made(&namespace, "scale", &format!("{word}|0")), "Outcome::Applied");
    let spec = json!({"replicas": 0, "other": "stays"});
    assert_eq!(object("apis/example.test/v1", &namespace, path)["spec"], spec);
    assert_eq!(made(&namespace, "scale", &format!("{word}|4")), "conflict");
    assert_eq!(object("apis/example.test/v1", &namespace, path)["spec"], spec);
}

#[test]
fn a_cron_job_is_suspended_and_resumed_and_nothing_else_of_it_changes() {
    let (cluster, namespace) = (Cluster::shared(), Cluster::shared().namespace("cron"));
    let cron = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": "nightly", "annotations": {"note": "stays"}},
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "app", "image": "registry.test/app:1"}],
        }}}}},
    });
    cluster.apply(&namespace, &cron.to_string()).unwrap();
    let look = || object("apis/batch/v1", &namespace, "cronjobs/nightly");
    let suspend = |at: &Value, to: bool| format!("CronJob.batch|nightly|{}|{to}", version(at));
    let before = look();
    assert_eq!(dry_run(&namespace, "suspend", &suspend(&before, true)), "Outcome::DryRun");
    assert_eq!(look(), before);
    assert_eq!(made(&namespace, "suspend", &suspend(&before, true)), "Outcome::Applied");
    let suspended = look();
    let mut expected = before["spec"].clone();
    expected["suspend"] = json!(true);
    assert_eq!(suspended["spec"], expected);
    assert_eq!(suspended["metadata"]["annotations"], before["metadata"]["annotations"]);
    assert_eq!(made(&namespace, "suspend", &suspend(&before, false)), "conflict");
    assert_eq!(look(), suspended);
    assert_eq!(made(&namespace, "suspend", &suspend(&suspended, false)), "Outcome::Applied");
    expected["suspend"] = json!(false);
    assert_eq!(look()["spec"], expected);
}

#[test]
fn a_scaled_object_is_paused_by_its_annotation_and_keeps_its_others() {
    let (cluster, namespace) = (Cluster::shared(), Cluster::shared().namespace("keda"));
    cluster.define("keda.sh", "v1alpha1", "ScaledObject");
    let notes = json!({"autoscaling.keda.sh/paused-replicas": "2", "note": "stays"});
    let scaled = json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "web", "annotations": notes},
        "spec": {"scaleTargetRef": {"name": "web"}, "suspend": "not this"},
    });
    cluster.create(&format!("/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects"), &scaled).unwrap();
    let look = || object("apis/keda.sh/v1alpha1", &namespace, "scaledobjects/web");
    let suspend = |at: &Value, to: bool| format!("ScaledObject.keda.sh|web|{}|{to}", version(at));
    let before = look();
    assert_eq!(made(&namespace, "suspend", &suspend(&before, true)), "Outcome::Applied");
    let paused = look();
    let mut expected = notes.clone();
    expected["autoscaling.keda.sh/paused"] = json!("true");
    assert_eq!((&paused["metadata"]["annotations"], &paused["spec"]), (&expected, &before["spec"]));
    assert_eq!(made(&namespace, "suspend", &suspend(&paused, false)), "Outcome::Applied");
    let resumed = look();
    assert_eq!((&resumed["metadata"]["annotations"], &resumed["spec"]), (&notes, &before["spec"]));
}

#[test]
fn only_the_named_pod_is_evicted_and_no_disruption_budget_is_broken() {
    let cluster = Cluster::shared();
    let namespace = web("evict", 1);
    let (name, uid) = pods(&namespace).remove(0);
    assert_eq!(
        made(&namespace, "evict", &format!("{name}|00000000-0000-0000-0000-000000000000")),
        "conflict"
    );
    assert_eq!(dry_run(&namespace, "evict", &format!("{name}|{uid}")), "Outcome::DryRun");
    assert_eq!(pods(&namespace), [(name.clone(), uid.clone())], "it is still there");

    let budget = json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    });
    cluster.apply(&namespace, &budget.to_string()).unwrap();
    cluster.wait("a budget that counts", || {
        let budget = object("apis/policy/v1", &namespace, "poddisruptionbudgets/web");
        (budget["status"]["currentHealthy"] == 1).then_some(())
    });
    let started = Instant::now();
    assert_eq!(made(&namespace, "evict", &format!("{name}|{uid}")), "unavailable");
    assert!(started.elapsed() < Duration::from_secs(30), "it is told in time: {:?}", started.elapsed());
    assert_eq!(pods(&namespace), [(name.clone(), uid.clone())], "it is still there");

    cluster.kubectl(&["-n", &namespace, "delete", "pdb", "web"]).unwrap();
    assert_eq!(made(&namespace, "evict", &format!("{name}|{uid}")), "Outcome::Applied");
    cluster.wait("another pod", || pods(&namespace).iter().all(|(_, other)| *other != uid).then_some(()));
    assert_eq!(made(&namespace, "evict", &format!("{name}|{uid}")), "not-found");
}

#[test]
fn the_first_writer_creates_changes_and_removes_entries() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("keep");
    let path = "configmaps/memory";
    assert_eq!(dry_run(&namespace, "put-config-map", "memory|new|web|replicas: 3"), "Outcome::DryRun");
    assert!(
        cluster.get(&format!("/api/v1/namespaces/{namespace}/{path}")).is_err(),
        "a dry run creates nothing"
    );
    assert_eq!(made(&namespace, "put-config-map", "memory|7|web|replicas: 3"), "not-found");
    assert_eq!(made(&namespace, "put-config-map", "memory|new|web|replicas: 3"), "Outcome::Applied");
    let look = || object("api/v1", &namespace, path);
    let first = look();
    assert_eq!(first["data"], json!({"web": "replicas: 3"}));
    assert_eq!(first["metadata"]["labels"], json!({"app.kubernetes.io/managed-by": "lockstep"}));
    assert_eq!(
        made(&namespace, "put-config-map", "memory|new|web|replicas: 4"),
        "conflict",
        "there is one already"
    );
    assert_eq!(look(), first);

    let entry = |at: &Value, key: &str, text: &str| format!("memory|{}|{key}|{text}", version(at));
    assert_eq!(dry_run(&namespace, "put-config-map", &entry(&first, "db", "replicas: 2")), "Outcome::DryRun");
    assert_eq!(look(), first);
    assert_eq!(made(&namespace, "put-config-map", &entry(&first, "db", "replicas: 2")), "Outcome::Applied");
    let second = look();
    assert_eq!(second["data"], json!({"web": "replicas: 3", "db": "replicas: 2"}));
    assert_eq!(made(&namespace, "put-config-map", &entry(&first, "db", "replicas: 9")), "conflict");
    assert_eq!(look(), second);
    assert_eq!(made(&namespace, "put-config-map", &entry(&second, "web", "~")), "Outcome::Applied");
    assert_eq!(look()["data"], json!({"db": "replicas: 2"}));

    // Two at once, who have seen the same.
    let same = look();
    let (one, two) = thread::scope(|scope| {
        let write = |text: &str| entry(&same, "db", text);
        let (one, two) = (write("one"), write("two"));
        let one = scope.spawn(|| made(&namespace, "put-config-map", &{ one }));
        let two = scope.spawn(|| made(&namespace, "put-config-map", &{ two }));
        (one.join().unwrap(), two.join().unwrap())
    });
    let won = match (&*one, &*two) {
        ("Outcome::Applied", "conflict") => "one",
        ("conflict", "Outcome::Applied") => "two",
        other => panic!("{other:?}"),
    };
    assert_eq!(look()["data"], json!({ "db": won }));

    let theirs =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "theirs"}, "data": {"a": "b"}});
    cluster.apply(&namespace, &theirs.to_string()).unwrap();
    let theirs = object("api/v1", &namespace, "configmaps/theirs");
    let word = format!("theirs|{}|a|c", version(&theirs));
    assert_eq!(made(&namespace, "put-config-map", &word), "invalid");
    assert_eq!(object("api/v1", &namespace, "configmaps/theirs"), theirs);
}

#[test]
fn an_error_names_the_rule_that_a_user_lacks() {
    let cluster = Cluster::shared();
    let namespace = web("rules", 1);
    let cron = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "memory", "labels": {"app.kubernetes.io/managed-by": "lockstep"}}});
    cluster.apply(&namespace, &cron.to_string()).unwrap();
    let memory = object("api/v1", &namespace, "configmaps/memory");
    let (name, uid) = pods(&namespace).remove(0);
    // Everything may be read, and the objects themselves may be changed where a subresource is what is asked for.
    let all = json!([
        {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch", "update"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete", "create"]},
    ]);
    let reader = cluster.user(&namespace, "reader", &all).unwrap();
    let nobody = cluster.user(&namespace, "nobody", &json!([])).unwrap();
    for (user, act, word, group, resource, verb) in [
        (&reader, "scale", "Deployment.apps|web|1|0".to_owned(), "apps", "deployments/scale", "patch"),
        (&reader, "suspend", "CronJob.batch|nightly|1|true".to_owned(), "batch", "cronjobs", "patch"),
        (&reader, "evict", format!("{name}|{uid}"), "", "pods/eviction", "create"),
        (&reader, "put-config-map", format!("memory|{}|a|b", version(&memory)), "", "configmaps", "patch"),
        (&reader, "put-config-map", "other|new|a|b".to_owned(), "", "configmaps", "create"),
        (&nobody, "put-config-map", format!("memory|{}|a|b", version(&memory)), "", "configmaps", "get"),
        (&nobody, "rollback", "Deployment.apps|web|1|1".to_owned(), "apps", "deployments", "get"),
    ] {
        let scene = Scene::new();
        let said = said(&change(&scene, &user.kubeconfig, &namespace, act, &word).end());
        let rule = format!("apiGroups: [\"{group}\"], resources: [\"{resource}\"], verbs: [\"{verb}\"]");
        assert!(said.starts_with("unauthorized: ") && said.ends_with(&rule), "{act}: {said}");
    }
    assert_eq!(object("api/v1", &namespace, "configmaps/memory"), memory);
    assert_eq!(pods(&namespace), [(name, uid)]);
}
