//! Whole runs against a model of the cluster whose time is made up: when a run ends, how, and in which order it acts.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{Model, deployment, inputs, pod, replica_set, several, updated};
use deploy_verify::{Inputs, Rollback, Verdict};
use lockstep_sdk::cluster::Event;
use lockstep_sdk::types::Error;
use serde_json::json;

/// The number of the selection of a kind, in the order in which they are followed for one Deployment.
const DEPLOYMENT: u32 = 0;
const POD: u32 = 1;
const REPLICA_SET: u32 = 3;

#[test]
fn a_ready_deployment_passes_at_once() {
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, updated(&deployment("web", 2, 2)));
    let done = model.synced().run(&inputs("deployment/web")).unwrap();
    assert_eq!((done.verdict, model.now), (Verdict::Passed, 0));
    assert_eq!(model.log, ["watch 8"]);
    assert_eq!(done.resources[0].namespace, "shop");
}

#[test]
fn a_missing_object_fails_after_30_seconds() {
    let mut model = Model::default();
    let done = model.synced().run(&inputs("deployment/web")).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Failed, "rollout-failed"));
    assert!((30_000..40_000).contains(&model.now), "{}", model.now);

    // One that comes meanwhile is waited for.
    let mut model = Model::default();
    model.synced().at(20_000, DEPLOYMENT, updated(&deployment("web", 1, 0)));
    model.at(90_000, DEPLOYMENT, updated(&deployment("web", 1, 1)));
    assert_eq!(model.run(&inputs("deployment/web")).unwrap().verdict, Verdict::Passed);
}

#[test]
fn the_timeout_ends_the_wait() {
    let mut model = Model::default();
    model.synced().at(0, DEPLOYMENT, updated(&deployment("web", 2, 1)));
    let done = model.run(&Inputs { timeout: "2m".into(), ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, model.rejection(), model.now), (Verdict::TimedOut, "timed-out", 120_000));
    assert!(model.reporter.rejection.as_ref().unwrap().message.contains("1 of 2 pods ready"));
}

#[test]
fn a_cluster_that_never_syncs_is_unavailable() {
    let mut model = Model::default();
    model.at(1_000, POD, Event::Interrupted("follow `./Pod`: the cluster cannot be reached".into()));
    let failure = model.run(&inputs("deployment/web")).unwrap_err();
    assert_eq!(failure.code, "unavailable");
    assert!(failure.message.contains("cannot be reached"), "{failure:?}");
}

#[test]
fn only_a_missing_permission_for_a_target_ends_the_run() {
    let mut model = Model::default();
    model.at(0, POD, Event::Failed(Error::Unauthorized("pods is forbidden".into())));
    model.at(0, DEPLOYMENT, updated(&deployment("web", 1, 1)));
    let done = model.synced().run(&inputs("deployment/web")).unwrap();
    assert_eq!(done.verdict, Verdict::Passed);
    assert!(model.reporter.text().contains("pods is forbidden"), "{}", model.reporter.text());

    let mut model = Model::default();
    model.at(0, DEPLOYMENT, Event::Failed(Error::Unauthorized("deployments is forbidden".into())));
    let failure = model.synced().run(&inputs("deployment/web")).unwrap_err();
    assert_eq!(failure.code, "credentials");
    let mut model = Model::default();
    model.at(0, POD, Event::Failed(Error::LimitExceeded("more than 100000 objects to follow".into())));
    assert_eq!(model.synced().run(&inputs("deployment/web")).unwrap_err().code, "limit-exceeded");
}

#[test]
fn an_object_without_known_status_is_never_ready() {
    let widget = json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "main", "namespace": "shop", "uid": "u1", "generation": 1}, "spec": {},
    });
    let mut model = Model::default();
    model.at(0, 0, updated(&widget));
    let done = model.synced().run(&inputs("Widget.example.com/main")).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Inconclusive, "inconclusive"));
    assert!((10_000..16_000).contains(&model.now), "{}", model.now);
    let hint = model.reporter.rejection.as_ref().unwrap().hint.clone().unwrap();
    assert!(
        hint.contains("`ready Widget.example.com=") && hint.contains("`ignore Widget.example.com`"),
        "{hint}"
    );
    let told = model.reporter.text();
    assert!(
        told.contains("1 resource without a known status (widget/main), and all else is ready"),
        "{told}"
    );

    // Also if the time is up before: more of it would not help.
    let mut model = Model::default();
    model.at(0, 0, updated(&widget));
    let short = Inputs { timeout: "5s".into(), ..inputs("Widget.example.com/main") };
    let done = model.synced().run(&short).unwrap();
    assert_eq!((done.verdict, model.now), (Verdict::Inconclusive, 5_000));

    // While another resource is on its way, a status may still come.
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 0))).at(0, 1, updated(&widget));
    model.at(60_000, 0, updated(&deployment("web", 1, 1)));
    let done = model.synced().run(&several(&["deployment/web", "Widget.example.com/main"], &["."])).unwrap();
    assert_eq!((done.verdict, model.now), (Verdict::Inconclusive, 60_000));

    let mut ready = widget.clone();
    ready["status"] = json!({"phase": "Running"});
    let mut model = Model::default();
    model.at(0, 0, updated(&widget)).at(80_000, 0, updated(&ready));
    let rules = vec!["ready Widget.example.com=.status.phase=Running".to_owned()];
    let done = model.synced().run(&Inputs { rules, ..inputs("Widget.example.com/main") }).unwrap();
    assert_eq!(done.verdict, Verdict::Passed, "{}", model.reporter.text());
}

#[test]
fn a_selector_verifies_all_matches_and_needs_at_least_one() {
    let mut model = Model::default();
    let failure = model.synced().run(&inputs("deployment -l app=web")).unwrap_err();
    assert_eq!(failure.code, "no-match");

    let mut model = Model::default();
    model.at(0, DEPLOYMENT, updated(&deployment("web", 1, 1)));
    model.at(0, DEPLOYMENT, updated(&deployment("worker", 1, 0)));
    model.synced().at(9_000, DEPLOYMENT, updated(&deployment("worker", 1, 1)));
    let done = model.run(&inputs("deployment -l app=web")).unwrap();
    assert_eq!((done.verdict, done.resources.len(), model.now), (Verdict::Passed, 2, 9_000));
}

#[test]
fn a_change_by_somebody_else_ends_the_wait_at_once() {
    let mut other = deployment("web", 1, 0);
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    other["metadata"]["generation"] = json!(2);
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, updated(&deployment("web", 1, 0))).synced();
    model.at(4_000, DEPLOYMENT, updated(&other));
    let done = model.run(&Inputs { rollback: Rollback::OnFailure, ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, model.rejection(), model.now), (Verdict::Superseded, "superseded", 4_000));
    assert!(done.rolled_back.is_empty() && !model.log.iter().any(|call| call.starts_with("rollback")));
}

/// A cluster in which the new pods crash and the old ones serve.
fn crashing() -> Model {
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, updated(&deployment("web", 1, 0)));
    model.at(0, REPLICA_SET, updated(&replica_set("web-1", 1, 1)));
    model.at(0, REPLICA_SET, updated(&replica_set("web-2", 2, 0)));
    model.at(0, POD, updated(&pod("web-2", true)));
    model.synced();
    model
}

#[test]
fn evidence_is_gathered_before_the_rollback() {
    let mut model = crashing();
    model.on_rollback = Some(deployment("web", 1, 1));
    let given = Inputs {
        rollback: Rollback::OnFailure,
        evidence: "why".into(),
        grace: Some("10s".into()),
        ..inputs("deployment/web")
    };
    let done = model.run(&given).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Failed, "rollout-failed"));
    assert_eq!(done.rolled_back, ["deployment/web"]);
    assert!((10_000..16_000).contains(&model.failed_at.unwrap()), "{:?}", model.failed_at);
    let at = |part: &str| {
        model
            .log
            .iter()
            .position(|call| call.starts_with(part))
            .unwrap_or_else(|| panic!("{part}: {:?}", model.log))
    };
    assert!(at("logs . web-2-x app previous") < at("write why/causes.txt"), "{:?}", model.log);
    assert!(at("write why/causes.txt") < at("rollback . Deployment.apps web to 1"), "{:?}", model.log);
    // A namespace is called what the run may call it.
    assert!(!model.log.iter().any(|call| call.contains(" shop ")), "{:?}", model.log);
}

#[test]
fn without_rollback_nothing_is_changed() {
    let mut model = crashing();
    let done = model.run(&Inputs { grace: Some("10s".into()), ..inputs("deployment/web") }).unwrap();
    assert_eq!(done.verdict, Verdict::Failed);
    let logs = model.log.iter().filter(|call| call.starts_with("logs")).count();
    assert_eq!((logs, model.reporter.text().matches("Last lines of").count()), (1, 1));
    assert!(
        !model.log.iter().any(|call| call.starts_with("rollback") || call.starts_with("write")),
        "{:?}",
        model.log
    );
}

#[test]
fn volume_claims_are_watched_only_for_workloads_with_pods() {
    let mut model = Model::default();
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop", "uid": "u1"},
    });
    model.at(0, 0, updated(&settings));
    assert_eq!(model.synced().run(&inputs("configmap/settings")).unwrap().verdict, Verdict::Passed);
    assert_eq!(model.log, ["watch 1"]);
}
