//! Whole runs against a model of the cluster: which sizes are saved and set, in which order, while somebody else changes
//! objects.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use serde_json::json;
use workload_scale::saved::CONFIG_MAP;

/// Code and message of the rejection.
fn rejection(model: &Model) -> (&str, &str) {
    let rejection = model.rejection.as_ref().unwrap_or_else(|| panic!("{:?}", model.notes));
    (&rejection.code, &rejection.message)
}

#[test]
fn restore_sets_the_sizes_that_sleep_saved() {
    let mut model = Model::default().deployment("web", 5).deployment("api", 1);
    let done = model.good(&["--all"], "0");
    assert_eq!(done.changed, 2);
    assert_eq!(
        model.log,
        ["keep Deployment.apps_api=1 Deployment.apps_web=5", "scale api to 0", "scale web to 0",]
    );
    let done = model.good(&["--all"], "restore");
    assert_eq!((done.changed, model.replicas("web"), model.replicas("api")), (2, 5, 1));
    assert_eq!(model.log.last().unwrap(), "keep Deployment.apps_api- Deployment.apps_web-");
    let rows: Vec<_> = done.targets.iter().map(|row| (&*row.name, &*row.before, &*row.after)).collect();
    assert_eq!(rows, [("api", "0", "1"), ("web", "0", "5")]);
}

#[test]
fn a_second_run_changes_nothing() {
    let mut model = Model::default().deployment("web", 5);
    model.good(&["deployment/web"], "0");
    assert_eq!(model.good(&["deployment/web"], "0").changed, 0);
    assert!(model.log.is_empty(), "{:?}", model.log);
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.good(&["deployment/web"], "restore").changed, 0);
    assert!(model.log.is_empty() && model.replicas("web") == 5, "{:?}", model.log);
}

#[test]
fn an_apply_during_sleep_does_not_change_the_saved_size() {
    let mut model = Model::default().deployment("web", 5);
    model.good(&["deployment/web"], "0");
    // An apply from a repository: the number of the manifest, and no trace of what anybody else wrote.
    model = model.deployment("web", 2);
    model.good(&["deployment/web"], "0");
    assert_eq!(model.log, ["scale web to 0"]);
    assert!(
        model
            .notes
            .iter()
            .any(|note| note.contains("was scaled up meanwhile and has 2; the saved size stays 5")),
        "{:?}",
        model.notes
    );
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.replicas("web"), 5);
    // Applied while it sleeps, and restored then.
    model.good(&["deployment/web"], "0");
    model = model.deployment("web", 2);
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.replicas("web"), 5);
}

#[test]
fn a_workload_that_was_at_0_stays_at_0_and_a_later_size_is_saved() {
    let mut model = Model::default().deployment("web", 0);
    model.good(&["deployment/web"], "0");
    model.good(&["deployment/web"], "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (0, 0));
    model.good(&["deployment/web"], "0");
    model = model.deployment("web", 3);
    model.good(&["deployment/web"], "0");
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.replicas("web"), 3);
}

#[test]
fn the_step_saves_the_size_that_a_workload_has_right_before_sleep() {
    let mut model = Model::default().deployment("web", 5);
    model.meddling = vec![(1, ("Deployment.apps", "web"), |web| web["spec"]["replicas"] = json!(7))];
    model.good(&["deployment/web"], "0");
    assert_eq!(model.saved()["Deployment.apps_web"], "7");
    assert_eq!(model.replicas("web"), 0);
}

#[test]
fn conflicts_are_retried_up_to_a_limit() {
    let mut model = Model::default().deployment("web", 5).deployment("api", 2);
    let touch = ("Deployment.apps", "web");
    model.meddling = vec![(2, touch, |web| web["metadata"]["labels"] = json!({"x": "y"}))];
    model.good(&["--all"], "0");
    assert_eq!((model.replicas("web"), model.replicas("api")), (0, 0));
    let mut model = Model::default().deployment("web", 5);
    model.meddling = (0..100).map(|number| (number, touch, (|_| {}) as common::Meddle)).collect();
    let failure = model.run(&["deployment/web"], "3").unwrap_err();
    assert_eq!((&*failure.code, model.replicas("web")), ("contended", 5));
}

#[test]
fn restore_resumes_only_cron_jobs_that_sleep_suspended() {
    let mut model = Model::default().with("CronJob.batch", "report", &json!({"spec": {}})).with(
        "CronJob.batch",
        "old",
        &json!({"spec": {"suspend": true}}),
    );
    model.good(&["cronjobs --all"], "0");
    assert_eq!(model.log[1..], ["suspend report"]);
    model.good(&["cronjobs --all"], "restore");
    assert_eq!(model.log[..1], ["resume report"]);
    assert_eq!(model.saved().len(), 0);
    let wrong = model.run(&["cronjob/report"], "3").unwrap_err();
    assert!(wrong.message.contains("a CronJob cannot have 3"), "{wrong:?}");
    let mut model = model.deployment("web", 1);
    assert_eq!(model.good(&["--all"], "3").changed, 1);
}

fn keda(annotations: &serde_json::Value) -> serde_json::Value {
    json!({"metadata": {"annotations": annotations}, "spec": {"scaleTargetRef": {"name": "web"}, "maxReplicaCount": 10}})
}

#[test]
fn a_keda_scaled_object_is_paused_before_sleep_and_resumed_after_restore() {
    let mut model =
        Model::default().deployment("web", 4).with("ScaledObject.keda.sh", "web", &keda(&json!({})));
    model.good(&["deployment/web"], "0");
    assert_eq!(model.log[1..], ["suspend web", "scale web to 0"]);
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.log[..2], ["scale web to 4", "resume web"]);
    // What people have paused stays paused.
    let paused = keda(&json!({"autoscaling.keda.sh/paused": "true"}));
    let mut model = Model::default().deployment("web", 4).with("ScaledObject.keda.sh", "web", &paused);
    model.good(&["deployment/web"], "0");
    model.good(&["deployment/web"], "restore");
    assert_eq!(model.log[..1], ["scale web to 4"]);
    assert!(!model.log.iter().any(|line| line == "resume web"), "{:?}", model.log);
}

#[test]
fn a_horizontal_pod_autoscaler_limits_the_number_of_replicas() {
    let autoscaler = json!({"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 6,
    }});
    let mut model =
        Model::default().deployment("web", 4).with("HorizontalPodAutoscaler.autoscaling", "web", &autoscaler);
    let wrong = model.run(&["deployment/web"], "9").unwrap_err();
    assert_eq!(wrong.code, "bad-input");
    assert!(wrong.message.contains("horizontalpodautoscaler/web keeps it from 2 to 6"), "{wrong:?}");
    assert!(model.log.is_empty());
    model.good(&["deployment/web"], "0");
    assert_eq!(model.log[1..], ["scale web to 0"]);
    // It has moved what was restored before that was confirmed.
    model.meddling = vec![(1, ("Deployment.apps", "web"), |web| web["spec"]["replicas"] = json!(3))];
    model.good(&["deployment/web"], "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (3, 0));
    model.meddling = vec![];
    model.good(&["deployment/web"], "5");
    assert!(model.notes.iter().any(|note| note.contains("has an autoscaler")), "{:?}", model.notes);
}

#[test]
fn a_workload_with_a_controller_is_skipped_or_rejected() {
    let owner = json!({"metadata": {"ownerReferences": [{"kind": "Shop", "name": "eu", "controller": true}]}, "spec": {"replicas": 2}});
    let mut model = Model::default().deployment("web", 1).with("Deployment.apps", "db", &owner);
    assert_eq!(model.good(&["--all"], "0").targets.len(), 1);
    assert_eq!(model.replicas("db"), 2);
    let wrong = model.run(&["deployment/db", "deployment/none"], "0").unwrap_err();
    assert_eq!(
        model.notes,
        [
            "Error: deployment/db belongs to Shop eu, which sets its number (hint: scale that instead)",
            "Error: there is no deployment/none in the namespace of the context (hint: see `kubectl get deployments` there)",
        ]
    );
    let message = "deployment/db belongs to Shop eu, which sets its number (and 1 more problem, noted above)";
    assert_eq!((&*wrong.code, &*wrong.message), ("no-match", message));
}

#[test]
fn each_selector_must_find_a_target() {
    let owner = json!({"metadata": {"ownerReferences": [{"kind": "Shop", "name": "eu", "controller": true}]}, "spec": {"replicas": 2}});
    let mut model = Model::default().deployment("web", 1).with("ReplicaSet.apps", "web-1", &owner);
    let wrong = model.run(&["deployment/web", "sts --all"], "0").unwrap_err();
    let message =
        "`targets`: `sts --all` finds nothing in the namespace of the context: no StatefulSet exists there";
    assert_eq!((&*wrong.code, &*wrong.message), ("no-match", message));
    assert_eq!(model.replicas("web"), 1);
    let wrong = model.run(&["deployment/web", "rs --all"], "0").unwrap_err();
    assert_eq!(wrong.message, "`targets`: `rs --all` finds only objects that other objects control");
    // One kind of three is enough.
    assert_eq!(model.good(&["deployment/web", "--all"], "0").targets.len(), 1);
}

#[test]
fn a_size_that_argo_cd_sets_back_is_rejected_with_its_application() {
    let argo = json!({
        "metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:dev/app"}}, "spec": {"replicas": 3},
    });
    let mut model = Model::default().with("Deployment.apps", "app", &argo).deployment("web", 1);
    // After `app` was scaled, before the next change.
    model.meddling = vec![(2, ("Deployment.apps", "app"), |web| web["spec"]["replicas"] = json!(3))];
    model.run(&["deployment/app", "deployment/web"], "0").unwrap();
    let message = "deployment/app was set back to 3; it belongs to the Argo CD application shop";
    assert_eq!(rejection(&model), ("set-back", message), "{:?}", model.log);
}

#[test]
fn restore_warns_about_a_sleeping_workload_without_a_saved_size() {
    let mut model = Model::default().deployment("web", 0).deployment("api", 2);
    model.good(&["--all"], "restore");
    let warnings: Vec<_> = model.notes.iter().filter(|note| note.starts_with("Warning")).collect();
    assert_eq!(warnings, ["Warning: there is no saved size of deployment/web: it stays at 0"]);
}

#[test]
fn a_misspelled_goal_has_a_suggestion() {
    let wrong = |to| Model::default().run(&["deployment/web"], to).unwrap_err().message;
    assert_eq!(wrong("restor"), "`to`: invalid number of replicas `restor`: did you mean `restore`?");
    assert!(wrong("sleep").contains("expected `restore` or a number"), "{}", wrong("sleep"));
}

#[test]
fn a_dry_run_changes_nothing_and_does_not_wait() {
    let mut model = Model::default().deployment("web", 5);
    model.is_dry_run = true;
    let done = model.good(&["deployment/web"], "0");
    assert_eq!((model.replicas("web"), model.saved().len(), done.changed), (5, 0, 1));
    assert!(model.notes.contains(&"Info: deployment/web: would be 5 -> 0".to_owned()), "{:?}", model.notes);
}

#[test]
fn a_missing_permission_and_a_timeout_have_their_codes() {
    let mut model = Model::default().deployment("web", 5);
    model.forbidden = Some("scale");
    assert_eq!(model.run(&["deployment/web"], "0").unwrap_err().code, "credentials");
    let mut model = Model::default();
    model.pods_stay = true;
    let mut model = model.deployment("web", 5);
    model.run(&["deployment/web"], "0").unwrap();
    let (code, message) = rejection(&model);
    assert_eq!(code, "timed-out");
    assert!(message.contains("deployment/web still has pods"));
}

#[test]
fn restore_keeps_a_size_that_an_autoscaler_changed_after_it() {
    let autoscaler = json!({"spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 6,
    }});
    let mut model =
        Model::default().deployment("web", 5).with("HorizontalPodAutoscaler.autoscaling", "web", &autoscaler);
    model.good(&["deployment/web"], "0");
    model.cut_after = Some(1);
    assert!(model.run(&["deployment/web"], "restore").is_err());
    model.cut_after = None;
    assert_eq!((model.replicas("web"), model.saved().len()), (5, 1));
    model = model.deployment("web", 3);
    model.good(&["deployment/web"], "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (3, 0));
}

#[test]
fn restore_ignores_an_invalid_saved_size() {
    let mut model = Model::default().deployment("web", 5);
    model.good(&["deployment/web"], "0");
    for text in ["suspended: true", "replicas: many", ""] {
        let mut broken = model.clone();
        let kept = broken.objects.get_mut(&("ConfigMap".to_owned(), CONFIG_MAP.to_owned())).unwrap();
        kept["data"]["Deployment.apps_web"] = json!(text);
        broken.good(&["deployment/web"], "restore");
        assert_eq!(broken.replicas("web"), 0, "{text}");
        assert!(
            broken.notes.iter().any(|note| note.contains("there is no saved size of deployment/web")),
            "{text}"
        );
    }
}

#[test]
fn a_size_is_saved_before_sleep_and_removed_after_restore() {
    let mut model = Model::default().deployment("api", 1).deployment("web", 5);
    model.good(&["deployment/api"], "0");
    model.meddling = vec![(0, ("ConfigMap", CONFIG_MAP), |_| {})];
    model.good(&["deployment/web"], "0");
    let kept = "keep Deployment.apps_web=5";
    assert_eq!(model.log, [kept, kept, "scale web to 0"]);
    model.meddling = vec![(0, ("Deployment.apps", "web"), |web| web["spec"]["replicas"] = json!(1))];
    model.good(&["deployment/web"], "restore");
    assert_eq!((model.replicas("web"), model.log.len()), (5, 3));
}

#[test]
fn a_workload_that_is_scaled_up_during_the_run_keeps_its_saved_size() {
    let mut model = Model::default().deployment("app", 5).deployment("web", 2);
    model.meddling = vec![
        (2, ("Deployment.apps", "app"), |app| app["spec"]["replicas"] = json!(3)),
        (2, ("Deployment.apps", "web"), |web| web["spec"]["replicas"] = json!(4)),
    ];
    model.good(&["--all"], "0");
    assert_eq!(model.saved()["Deployment.apps_app"], "5");
    assert_eq!(model.saved()["Deployment.apps_web"], "4");
    assert_eq!((model.replicas("app"), model.replicas("web")), (0, 0));
}

#[test]
fn a_restored_workload_with_another_size_is_set_back() {
    let mut model = Model::default().deployment("web", 5);
    model.good(&["deployment/web"], "0");
    model.meddling = vec![(1, ("Deployment.apps", "web"), |web| web["spec"]["replicas"] = json!(1))];
    model.run(&["deployment/web"], "restore").unwrap();
    assert_eq!(rejection(&model), ("set-back", "deployment/web was set back to 1"));
}

#[test]
fn a_workload_is_down_only_if_its_controller_observed_the_generation() {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "dev", "generation": 2},
        "spec": {"replicas": 0}, "status": {"observedGeneration": 1, "replicas": 0},
    });
    let is_down = |object: &serde_json::Value| {
        workload_scale::object::scalable("Deployment.apps", ".", &object.to_string()).unwrap().1.is_down
    };
    assert!(!is_down(&object));
    object["status"]["observedGeneration"] = json!(2);
    assert!(is_down(&object));
}
