//! `workload-scale` on a real control plane: what sleeps, what wakes, what others do meanwhile, and what is not allowed.

use lockstep_tests::kube::proxy::fault::{ErrorStatus, KubeFault, KubeMatcher};
use lockstep_tests::kube::verify::{deployment, stateful_set};
use lockstep_tests::kube::{Cluster, stages};
use lockstep_tests::support::{ProgramOutput, Run, Scene, calls};
use serde_json::{Value, json};
use std::path::Path;
use std::thread;
use std::time::Duration;

const KEPT: &str = "lockstep-workload-scale";

fn scale<'s>(scene: &'s Scene, kubeconfig: &Path, namespace: &str, target: &str, to: &str) -> Run<'s> {
    let run = scene.run("workload-scale").args(["--namespace", namespace, "--targets", target, "--to", to]);
    run.env("KUBECONFIG", kubeconfig)
}

/// A run as the administrator that is to end well. Its result.
#[track_caller]
fn good(namespace: &str, target: &str, to: &str) -> Value {
    let scene = Scene::new();
    scale(&scene, &Cluster::shared().kubeconfig(), namespace, target, to).end().expect(0, "done")
}

fn object(namespace: &str, path: &str) -> Value {
    let (group, rest) = path.split_once('/').unwrap();
    let api = if group == "v1" { "/api/v1".to_owned() } else { format!("/apis/{group}/v1") };
    Cluster::shared().get(&format!("{api}/namespaces/{namespace}/{rest}")).unwrap()
}

fn replicas(namespace: &str, name: &str) -> u64 {
    object(namespace, &format!("apps/deployments/{name}"))["spec"]["replicas"].as_u64().unwrap()
}

/// The saved sizes, without the rest of their entries; nothing if there never was one.
fn kept(namespace: &str) -> Value {
    let path = format!("/api/v1/namespaces/{namespace}/configmaps/{KEPT}");
    let mut data = Cluster::shared().get(&path).map(|object| object["data"].clone()).unwrap_or_default();
    for entry in data.as_object_mut().into_iter().flat_map(|entries| entries.values_mut()) {
        let text = entry.as_str().unwrap();
        assert!(text.contains(", uid: "), "{text}");
        *entry = json!(text.split(',').next());
    }
    data
}

fn message(ended: &ProgramOutput) -> String {
    ended.result()["message"].as_str().unwrap_or_default().to_owned()
}

/// A namespace with a Deployment `web` of three pods, a StatefulSet `db` of two and a CronJob `report`.
fn shop(name: &str) -> String {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace(name);
    let job = json!({"spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": [{"name": "app", "image": "registry.test/app:1"}],
    }}}});
    let cron = json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report"},
        "spec": {"schedule": "0 0 1 1 *", "jobTemplate": job},
    });
    for object in [deployment("web", 3, "", &json!({})), stateful_set("db", 2, "", &json!({})), cron] {
        cluster.apply(&namespace, &object.to_string()).unwrap();
    }
    good(&namespace, "--all", "restore");
    namespace
}

#[test]
fn workloads_sleep_and_get_their_counts_back() {
    let (cluster, namespace) = (Cluster::shared(), shop("sleep"));
    cluster
        .apply(
            &namespace,
            &json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"},
                "spec": {"minReplicas": 2, "maxReplicas": 5, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
            })
            .to_string(),
        )
        .unwrap();
    let result = good(&namespace, "--all", "0");
    assert_eq!(result["outputs"]["changed"], 3, "{result}");
    let pods = cluster.pods(&namespace, "app").unwrap();
    assert!(pods.iter().all(|pod| pod["metadata"]["deletionTimestamp"].is_string()), "{pods:?}");
    assert_eq!(
        kept(&namespace),
        json!({
            "CronJob.batch_report": "suspended: false", "Deployment.apps_web": "replicas: 3",
            "StatefulSet.apps_db": "replicas: 2",
        })
    );
    assert_eq!(object(&namespace, "batch/cronjobs/report")["spec"]["suspend"], true);

    // A second time nothing is written.
    let scene = Scene::new();
    let again = scale(&scene, &cluster.kubeconfig(), &namespace, "--all", "0").end().expect(0, "done");
    assert_eq!(again["outputs"]["changed"], 0);
    let written = |call: &&(String, String, String)| !matches!(&*call.0, "cluster.get" | "cluster.watch");
    assert_eq!(calls(&scene).iter().filter(written).count(), 0, "{:?}", calls(&scene));

    let result = good(&namespace, "--all", "restore");
    assert_eq!(result["outputs"]["changed"], 3, "{result}");
    assert_eq!(replicas(&namespace, "web"), 3);
    let (web, db) = (object(&namespace, "apps/deployments/web"), object(&namespace, "apps/statefulsets/db"));
    assert_eq!((&web["status"]["readyReplicas"], &db["status"]["readyReplicas"]), (&json!(3), &json!(2)));
    assert_eq!(object(&namespace, "batch/cronjobs/report")["spec"]["suspend"], false);
    assert!(kept(&namespace).as_object().is_none_or(|kept| kept.is_empty()), "{}", kept(&namespace));
}

#[test]
fn a_newer_manifest_replaces_a_count_and_a_scaled_workload_keeps_it() {
    let (cluster, namespace) = (Cluster::shared(), shop("apply"));
    let scene = Scene::new();
    let sleep = || scale(&scene, &cluster.kubeconfig(), &namespace, "deployment/web", "0").human().end();
    good(&namespace, "deployment/web", "0");
    cluster.kubectl(&["-n", &namespace, "scale", "deployment/web", "--replicas=1"]).unwrap();
    let ended = sleep();
    assert!(ended.stdout.contains("was scaled up meanwhile and has 1; the saved size stays 3"), "{ended:#?}");
    let changed = format!("changed {namespace}/Deployment.apps/web");
    assert!(ended.stdout.contains(&changed), "{ended:#?}");
    // The same manifest again, then a newer one, which may also have a smaller number.
    let manifest = |replicas: u32| deployment("web", replicas, "", &json!({})).to_string();
    cluster.apply(&namespace, &manifest(3)).unwrap();
    assert!(!sleep().stdout.contains("saved size"));
    for (replicas, before) in [(6, 3), (2, 6)] {
        cluster.apply(&namespace, &manifest(replicas)).unwrap();
        let text = format!(
            "the manifest that was applied last says {replicas}: that replaces the saved size {before}"
        );
        let ended = sleep();
        assert!(ended.stdout.contains(&text), "{ended:#?}");
    }
    good(&namespace, "deployment/web", "restore");
    assert_eq!(replicas(&namespace, "web"), 2);
}

#[test]
fn a_count_belongs_to_its_object() {
    let (cluster, namespace) = (Cluster::shared(), shop("again"));
    good(&namespace, "--all", "0");
    for object in ["deployment/web", "statefulset/db"] {
        cluster.kubectl(&["-n", &namespace, "delete", object, "--wait=true"]).unwrap();
    }
    cluster.apply(&namespace, &deployment("web", 2, "", &json!({})).to_string()).unwrap();
    let scene = Scene::new();
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "deployment/web", "0").human().end();
    for text in [
        "the step drops 1 saved size, because the object no longer exists: statefulset/db (2)",
        "the step drops 1 saved size, because another object has the name now: deployment/web (3)",
    ] {
        assert!(ended.stdout.contains(text), "{ended:#?}");
    }
    good(&namespace, "deployment/web", "restore");
    assert_eq!(replicas(&namespace, "web"), 2);
}

#[test]
fn a_number_above_zero_keeps_the_count_and_an_excluded_workload_stays() {
    let (cluster, namespace) = (Cluster::shared(), shop("one"));
    let exclude = "workload-scale.lockstep.dev/exclude=true";
    cluster.kubectl(&["-n", &namespace, "annotate", "statefulset/db", exclude]).unwrap();
    let scene = Scene::new();
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "--all", "1").human().end();
    let text = "1 target is excluded by the annotation `workload-scale.lockstep.dev/exclude`: statefulset/db";
    assert!(ended.stdout.contains(text), "{ended:#?}");
    let db = || object(&namespace, "apps/statefulsets/db")["spec"]["replicas"].clone();
    assert_eq!((replicas(&namespace, "web"), db()), (1, json!(2)));
    good(&namespace, "--all", "0");
    assert_eq!(replicas(&namespace, "web"), 0);
    good(&namespace, "--all", "restore");
    assert_eq!((replicas(&namespace, "web"), db()), (3, json!(2)));
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "deployment/web", "restore").human().end();
    let text = "1 target without a saved size stays unchanged: deployment/web (3)";
    assert!(ended.stdout.contains(text), "{ended:#?}");
}

/// Argo Rollouts itself is not here: the status says from the beginning what its controller would say.
#[test]
fn a_rollout_sleeps_and_gets_its_count_back() {
    let (cluster, namespace) = (Cluster::shared(), shop("rollout"));
    cluster.define("argoproj.io", "v1alpha1", "Rollout");
    let objects = format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/rollouts");
    let rollout = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"},
        "spec": {"replicas": 4, "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}},
        "status": {"observedGeneration": "1000", "phase": "Healthy", "replicas": 0},
    });
    cluster.create(&objects, &rollout).unwrap();
    let count = || cluster.get(&format!("{objects}/shop")).unwrap()["spec"]["replicas"].clone();
    good(&namespace, "--all", "0");
    assert_eq!((count(), &kept(&namespace)["Rollout.argoproj.io_shop"]), (json!(0), &json!("replicas: 4")));
    good(&namespace, "rollouts.argoproj.io/shop", "restore");
    assert_eq!(count(), 4);
}

#[test]
fn a_killed_run_loses_no_count() {
    let (cluster, namespace) = (Cluster::shared(), shop("killed"));
    for (to, held) in
        [("0", "statefulsets/db/scale"), ("restore", "deployments/web/scale"), ("restore", KEPT)]
    {
        let proxy = cluster.proxy().unwrap();
        proxy.fault(KubeMatcher::verb("patch").with(held), KubeFault::Hold);
        let through = cluster.kubeconfig_of(&[proxy.context()]).unwrap();
        let scene = Scene::new();
        let mut run = scale(&scene, &through, &namespace, "--all", to).start();
        let reached =
            || proxy.log().iter().any(|one| one.request.target.contains(held) && one.request.verb == "patch");
        cluster.wait("the change that never ends", || reached().then_some(()));
        run.child.kill().unwrap();
        let _ = run.end(&scene);
        if to == "0" {
            assert_eq!(replicas(&namespace, "web"), 0);
            good(&namespace, "--all", "0");
        }
    }
    good(&namespace, "--all", "restore");
    let db = object(&namespace, "apps/statefulsets/db");
    assert_eq!((replicas(&namespace, "web"), &db["spec"]["replicas"]), (3, &json!(2)));
    assert_eq!(object(&namespace, "batch/cronjobs/report")["spec"]["suspend"], false);
}

#[test]
fn the_step_tries_again_after_a_conflict() {
    let (cluster, namespace) = (Cluster::shared(), shop("conflict"));
    let conflict = KubeFault::Answer(ErrorStatus {
        code: 409,
        reason: "Conflict",
        message: "the object has been modified; please apply your changes to the latest version and try again",
        retry_after: None,
    });
    let proxy = cluster.proxy().unwrap();
    let through = cluster.kubeconfig_of(&[proxy.context()]).unwrap();
    proxy.fault(KubeMatcher::verb("patch").with("/scale").times(2), conflict.clone());
    let scene = Scene::new();
    scale(&scene, &through, &namespace, "--all", "0").end().expect(0, "done");
    assert_eq!(replicas(&namespace, "web"), 0);
    proxy.fault(KubeMatcher::verb("patch").with("deployments/web/scale"), conflict);
    let ended = scale(&scene, &through, &namespace, "deployment/web", "restore").end();
    ended.expect(1, "contended");
    assert_eq!(kept(&namespace)["Deployment.apps_web"], "replicas: 3");
    proxy.clear();

    // A real one: others write all the time.
    let stop = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
            for turn in 0.. {
                let patch = json!({"metadata": {"annotations": {"turn": turn.to_string()}}}).to_string();
                cluster.send("PATCH", &path, &patch).unwrap();
                thread::sleep(Duration::from_millis(50));
                if stop.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
            }
        });
        let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "--all", "restore").end();
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        ended.expect(0, "done");
    });
    assert_eq!(replicas(&namespace, "web"), 3);
}

#[test]
fn the_failure_names_the_controller_that_resets_a_count() {
    let (cluster, namespace) = (Cluster::shared(), shop("back"));
    let tracking = format!("shop:apps/Deployment:{namespace}/web");
    let annotation = format!("argocd.argoproj.io/tracking-id={tracking}");
    cluster.kubectl(&["-n", &namespace, "annotate", "deployment/web", &annotation]).unwrap();
    let ended = thread::scope(|scope| {
        scope.spawn(|| {
            cluster.wait("the sleep", || (replicas(&namespace, "web") == 0).then_some(()));
            cluster.kubectl(&["-n", &namespace, "scale", "deployment/web", "--replicas=3"]).unwrap();
        });
        let proxy = cluster.proxy().unwrap();
        // So that the run is not through before.
        proxy
            .fault(KubeMatcher::verb("patch").with("statefulsets"), KubeFault::Delay(Duration::from_secs(2)));
        let through = cluster.kubeconfig_of(&[proxy.context()]).unwrap();
        scale(&Scene::new(), &through, &namespace, "--all", "0").end()
    });
    ended.expect(1, "set-back");
    assert_eq!(
        message(&ended),
        "deployment/web was set back to 3; it belongs to the Argo CD application shop"
    );
}

#[test]
fn the_listed_rights_are_enough_and_an_error_names_a_missing_one() {
    let (cluster, namespace) = (Cluster::shared(), shop("rights"));
    let rule = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let look = ["get", "list", "watch"];
    let all = [
        rule("apps", &["deployments", "statefulsets"], &look),
        rule("batch", &["cronjobs"], &look),
        rule("autoscaling", &["horizontalpodautoscalers"], &look),
        rule("", &["pods", "events"], &look),
        rule("apps", &["deployments/scale", "statefulsets/scale"], &["patch"]),
        rule("batch", &["cronjobs"], &["patch"]),
        rule("", &["configmaps"], &["get", "create", "patch"]),
    ];
    let user = cluster.user(&namespace, "all", &json!(all)).unwrap();
    for to in ["0", "restore"] {
        let scene = Scene::new();
        scale(&scene, &user.kubeconfig, &namespace, "--all", to).end().expect(0, "done");
    }
    for (without, missing) in [
        (0, "resources: [\"deployments\"], verbs: [\"list\", \"watch\"]"),
        (4, "resources: [\"deployments/scale\"], verbs: [\"patch\"]"),
        (5, "resources: [\"cronjobs\"], verbs: [\"patch\"]"),
        (6, "resources: [\"configmaps\"], verbs: [\"get\"]"),
    ] {
        let rules: Vec<_> = (0..all.len()).filter(|at| *at != without).map(|at| &all[at]).collect();
        good(&namespace, "--all", "restore");
        let user = cluster.user(&namespace, &format!("without-{without}"), &json!(rules)).unwrap();
        let scene = Scene::new();
        let ended = scale(&scene, &user.kubeconfig, &namespace, "--all", "0").end();
        ended.expect(5, "credentials");
        assert!(message(&ended).contains(missing), "{}", message(&ended));
    }
}

#[test]
fn the_failure_names_workloads_that_do_not_get_ready_and_keeps_the_counts() {
    let (cluster, namespace) = (Cluster::shared(), shop("unready"));
    good(&namespace, "--all", "0");
    let stage = json!({"spec": {"template": {"metadata": {"labels": {stages::STAGE: "invalid-image"}}}}});
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    cluster.send("PATCH", &path, &stage.to_string()).unwrap();
    let scene = Scene::new();
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "--all", "restore").end();
    ended.expect(1, "not-ready");
    assert!(message(&ended).contains("invalid-image-name: container app"), "{}", message(&ended));
    assert_eq!(replicas(&namespace, "web"), 3);
}

#[test]
fn a_dry_run_changes_nothing() {
    let (cluster, namespace) = (Cluster::shared(), shop("dry-run"));
    let scene = Scene::new();
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "--all", "0").arg("--dry-run").end();
    let result = ended.result();
    assert_eq!((ended.exit, &result["outputs"]["changed"]), (Some(0), &json!(3)), "{ended:#?}");
    assert_eq!((replicas(&namespace, "web"), kept(&namespace)), (3, Value::Null));
    assert!(ended.stderr.contains("deployment/web: would be 3 -> 0"), "{}", ended.stderr);
}

#[test]
fn several_namespaces_are_scaled_and_no_workload_is_an_error() {
    let (cluster, one, other) = (Cluster::shared(), shop("one"), shop("other"));
    let scene = Scene::new();
    let run = scale(&scene, &cluster.kubeconfig(), &one, "-l app=web", "0").args(["--namespace", &other]);
    run.end().expect(0, "done");
    assert_eq!((replicas(&one, "web"), replicas(&other, "web")), (0, 0));
    assert_eq!(kept(&one), kept(&other));
    for (target, text) in [
        ("deployment/none", format!("there is no deployment/none in `{one}`")),
        (
            "-l app=none",
            format!(
                "`targets`: `-l app=none` finds nothing in the namespace `{one}`: no Deployment, StatefulSet, \
                 CronJob or Rollout has these labels"
            ),
        ),
    ] {
        let ended = scale(&scene, &cluster.kubeconfig(), &one, target, "0").end();
        ended.expect(1, "no-match");
        assert_eq!(message(&ended), text);
    }
    let set = cluster.pods(&other, "app=db").unwrap()[0]["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(set.starts_with("db-"), "{set}");
}

/// KEDA itself is not here: only what the step writes is shown.
#[test]
fn a_keda_scaled_object_is_paused_during_the_sleep() {
    let (cluster, namespace) = (Cluster::shared(), shop("keda"));
    cluster.define("keda.sh", "v1alpha1", "ScaledObject");
    let objects = format!("/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects");
    let scaled = json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
        "metadata": {"name": "web", "annotations": {"team": "payments"}},
        "spec": {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 1, "maxReplicaCount": 5, "triggers": []},
    });
    cluster.create(&objects, &scaled).unwrap();
    let annotations = || cluster.get(&format!("{objects}/web")).unwrap()["metadata"]["annotations"].clone();
    good(&namespace, "deployment/web", "0");
    assert_eq!(annotations(), json!({"team": "payments", "autoscaling.keda.sh/paused": "true"}));
    good(&namespace, "deployment/web", "restore");
    assert_eq!((annotations(), replicas(&namespace, "web")), (json!({"team": "payments"}), 3));
    let scene = Scene::new();
    let ended = scale(&scene, &cluster.kubeconfig(), &namespace, "deployment/web", "9").end();
    ended.expect(2, "bad-input");
    assert!(message(&ended).contains("scaledobject/web keeps it from 1 to 5"), "{}", message(&ended));
}
