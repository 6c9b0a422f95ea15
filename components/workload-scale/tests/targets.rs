//! Which objects are targets, and how the log counts them: Rollouts of Argo Rollouts, excluded objects, targets without a saved
//! size, and all that a run changes.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use serde_json::{Value, json};

const ROLLOUT: &str = "Rollout.argoproj.io";

fn rollout(replicas: u32) -> Value {
    json!({"spec": {"replicas": replicas, "template": {"spec": {}}}})
}

fn replicas(model: &Model, kind: &str, name: &str) -> u64 {
    model.objects[&(kind.to_owned(), name.to_owned())]["spec"]["replicas"].as_u64().unwrap()
}

#[test]
fn a_rollout_sleeps_and_is_restored() {
    for target in
        ["rollout.argoproj.io/web", "rollouts.argoproj.io/web", "Rollout.argoproj.io --all", "--all"]
    {
        let mut model = Model::default().deployment("api", 1).with(ROLLOUT, "web", &rollout(4));
        model.good(&[target], "0");
        assert_eq!((replicas(&model, ROLLOUT, "web"), &*model.saved()["Rollout.argoproj.io_web"]), (0, "4"));
        let done = model.good(&[target], "restore");
        assert_eq!((replicas(&model, ROLLOUT, "web"), model.saved().len()), (4, 0), "{target}");
        assert!(done.targets.iter().any(|row| row.kind == "Rollout" && row.after == "4"), "{done:?}");
        assert!(model.has_note("rollout/web: ready"), "{:?}", model.notes);
    }
    let wrong = Model::default().deployment("web", 1).run(&["rollouts.argoproj.io/web"], "0").unwrap_err();
    assert_eq!((&*wrong.code, &*wrong.message), ("bad-input", "the cluster has no API group `argoproj.io`"));
}

#[test]
fn a_rollout_is_down_when_its_controller_has_observed_that() {
    let is_down = |observed: Value, replicas: u32| {
        let object = json!({
            "metadata": {"name": "web", "namespace": "dev", "generation": 12},
            "spec": {"replicas": 0}, "status": {"observedGeneration": observed, "replicas": replicas},
        });
        workload_scale::object::scalable(ROLLOUT, ".", &object.to_string()).unwrap().1.is_down
    };
    // Argo Rollouts writes the number as a text; compared as texts, 9 would be more than 12.
    assert!(is_down(json!("12"), 0) && !is_down(json!("9"), 0) && !is_down(json!("12"), 1));
    // Before its version 1.0 it was a hash.
    assert!(is_down(json!("5f79b78d7f"), 0) && !is_down(json!("5f79b78d7f"), 2));
    assert!(!is_down(Value::Null, 0));
}

#[test]
fn a_selector_ignores_rollouts_that_it_may_not_list_and_warns() {
    let mut model = Model::default().deployment("api", 1).with(ROLLOUT, "web", &rollout(4));
    model.unlisted = Some(ROLLOUT);
    assert_eq!(model.good(&["--all"], "0").targets.len(), 1);
    assert!(model.has_note("Warning: Rollout.argoproj.io may not be listed; the step ignores Rollouts"));
    assert_eq!(model.run(&["rollouts.argoproj.io --all"], "0").unwrap_err().code, "credentials");
}

#[test]
fn a_rollout_with_the_pod_template_of_a_deployment_runs_its_pods() {
    let mut web = json!({"spec": {"replicas": 4}});
    web["spec"]["workloadRef"] = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"});
    let mut model = Model::default().deployment("web", 0).with(ROLLOUT, "web", &web);
    model.good(&["--all"], "0");
    // The Deployment must not run the same pods beside it.
    model.good(&["--all"], "1");
    assert!(
        model.has_note("Info: deployment/web stays at 0: rollout/web runs its pods"),
        "{:?}",
        model.notes
    );
    assert_eq!((model.replicas("web"), replicas(&model, ROLLOUT, "web")), (0, 1));
    model.good(&["--all"], "restore");
    assert_eq!((model.replicas("web"), replicas(&model, ROLLOUT, "web"), model.saved().len()), (0, 4, 0));
    // One that has pods of its own is scaled.
    let mut model = Model::default().deployment("web", 2).with(ROLLOUT, "web", &web);
    model.good(&["--all"], "0");
    model.good(&["--all"], "1");
    assert_eq!((model.replicas("web"), replicas(&model, ROLLOUT, "web")), (1, 1));
}

fn excluded(value: &str) -> Value {
    json!({"metadata": {"annotations": {"workload-scale.lockstep.dev/exclude": value}}, "spec": {"replicas": 2}})
}

#[test]
fn an_annotation_excludes_an_object() {
    let db =
        |value: &str| Model::default().deployment("web", 1).with("StatefulSet.apps", "db", &excluded(value));
    let note =
        "Info: 1 target is excluded by the annotation `workload-scale.lockstep.dev/exclude`: statefulset/db";
    for to in ["0", "3", "restore"] {
        let mut model = db("true");
        for targets in [&["--all"][..], &["statefulset/db", "deployment/web"], &["statefulset/db"]] {
            let done = model.good(targets, to);
            assert!(done.targets.iter().all(|row| row.name != "db"), "{done:?}");
            assert!(model.has_note(note), "{:?}", model.notes);
        }
        assert_eq!(replicas(&model, "StatefulSet.apps", "db"), 2);
    }
    let mut model = db("false");
    assert_eq!(model.good(&["--all"], "0").changed, 2);
    assert!(!model.has_note("excluded"));
}

#[test]
fn restore_wakes_an_object_that_was_excluded_during_its_sleep() {
    let mut model = Model::default().deployment("web", 3);
    model.good(&["--all"], "0");
    model.change_object("Deployment.apps", "web", |web| {
        web["metadata"]["annotations"] = json!({"workload-scale.lockstep.dev/exclude": "true"});
    });
    let done = model.good(&["--all"], "restore");
    assert_eq!((model.replicas("web"), model.saved().len(), &*done.targets[0].after), (3, 0, "3"));
    model.good(&["--all"], "0");
    assert_eq!(model.replicas("web"), 3);
}

#[test]
fn restore_lists_the_targets_without_a_saved_size() {
    let mut model = Model::default().deployment("api", 2).deployment("web", 5);
    model = model.with("CronJob.batch", "report", &json!({}));
    assert_eq!(model.good(&["--all"], "restore").changed, 0);
    let note = "Info: 3 targets without a saved size stay unchanged: cronjob/report (active), deployment/api (2), \
                deployment/web (5)";
    assert!(model.has_note(note), "{:?}", model.notes);
    model.good(&["deployment/web"], "0");
    model.good(&["--all"], "restore");
    assert!(model.has_note(
        "2 targets without a saved size stay unchanged: cronjob/report (active), deployment/api (2)"
    ));
    model.good(&["deployment/web"], "0");
    model.good(&["deployment/web"], "restore");
    assert!(!model.has_note("without a saved size"), "{:?}", model.notes);
}

#[test]
fn the_result_counts_all_that_the_run_changes() {
    let keda = json!({"spec": {"scaleTargetRef": {"name": "web"}}});
    let mut model = Model::default().deployment("api", 2).deployment("web", 5);
    model.good(&["--all"], "0");
    assert!(
        model.has_note("Info: changed 2 of 2 targets and 1 ConfigMap with saved sizes"),
        "{:?}",
        model.notes
    );
    model.good(&["--all"], "0");
    assert!(model.notes.contains(&"Info: changed 0 of 2 targets".to_owned()), "{:?}", model.notes);
    model = model.with("ScaledObject.keda.sh", "web", &keda);
    model.is_dry_run = true;
    model.good(&["--all"], "restore");
    let note = "Info: would change 2 of 2 targets and 1 ConfigMap with saved sizes";
    assert!(model.has_note(note), "{:?}", model.notes);
    model.is_dry_run = false;
    model.good(&["--all"], "0");
    assert!(
        model.has_note("changed 0 of 2 targets, 1 ScaledObject and 1 ConfigMap with saved sizes"),
        "{:?}",
        model.notes
    );
}
