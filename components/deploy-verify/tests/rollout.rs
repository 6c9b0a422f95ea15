//! Whole runs against a model of the cluster whose time is made up: when a run ends, how, and in which order it acts.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{Model, deployment, inputs, pod, replica_set};
use deploy_verify::problem::Code;
use deploy_verify::settings::Inputs;
use deploy_verify::verify::{Done, Verdict};
use deploy_verify::web::Fault;
use lockstep_rollout::Event;
use serde_json::json;

/// The number of the selection of a kind, in the order in which they are followed for one Deployment.
const DEPLOYMENT: u32 = 0;
const POD: u32 = 1;
const REPLICA_SET: u32 = 3;

fn present(object: &serde_json::Value) -> Event {
    Event::Present(object.to_string())
}

fn rejected(done: &Done) -> Code {
    done.rejection.as_ref().unwrap().code
}

#[test]
fn what_is_ready_passes_at_once() {
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, present(&deployment("web", 2, 2)));
    let done = model.complete().run(&inputs("deployment/web")).unwrap();
    assert_eq!((done.verdict, model.now), (Verdict::Passed, 0));
    assert_eq!(model.log, ["watch 8"]);
    assert_eq!(done.resources[0].namespace, "shop");
}

#[test]
fn what_is_not_there_fails_after_half_a_minute() {
    let mut model = Model::default();
    let done = model.complete().run(&inputs("deployment/web")).unwrap();
    assert_eq!((done.verdict, rejected(&done)), (Verdict::Failed, Code::RolloutFailed));
    assert!((30_000..40_000).contains(&model.now), "{}", model.now);

    // One that comes meanwhile is waited for.
    let mut model = Model::default();
    model.complete().at(20_000, DEPLOYMENT, present(&deployment("web", 1, 0)));
    model.at(90_000, DEPLOYMENT, present(&deployment("web", 1, 1)));
    assert_eq!(model.run(&inputs("deployment/web")).unwrap().verdict, Verdict::Passed);
}

#[test]
fn the_time_is_up_for_all_of_it() {
    let mut model = Model::default();
    model.complete().at(0, DEPLOYMENT, present(&deployment("web", 2, 1)));
    let done = model.run(&Inputs { timeout: "2m".into(), ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, rejected(&done), model.now), (Verdict::TimedOut, Code::TimedOut, 120_000));
    assert!(done.rejection.unwrap().message.contains("1 of 2 pods ready"));
}

#[test]
fn a_cluster_that_never_told_everything_is_unavailable() {
    let mut model = Model::default();
    model.at(1_000, POD, Event::Interrupted("follow `./Pod`: the cluster cannot be reached".into()));
    let problems = model.run(&inputs("deployment/web")).unwrap_err();
    assert_eq!(problems[0].code, Code::Unavailable);
    assert!(problems[0].message.contains("cannot be reached"), "{problems:?}");
}

#[test]
fn without_a_right_to_explain_it_goes_on_and_without_one_to_verify_it_ends() {
    let mut model = Model::default();
    model.at(0, POD, Event::Failed(Fault::Unauthorized("pods is forbidden".into())));
    model.at(0, DEPLOYMENT, present(&deployment("web", 1, 1)));
    let done = model.complete().run(&inputs("deployment/web")).unwrap();
    assert_eq!(done.verdict, Verdict::Passed);
    assert!(model.said.iter().any(|line| line.contains("pods is forbidden")), "{:?}", model.said);

    let mut model = Model::default();
    model.at(0, DEPLOYMENT, Event::Failed(Fault::Unauthorized("deployments is forbidden".into())));
    let problems = model.complete().run(&inputs("deployment/web")).unwrap_err();
    assert_eq!(problems[0].code, Code::Credentials);
    let mut model = Model::default();
    model.at(0, POD, Event::Failed(Fault::Limit("more than 100000 objects to follow".into())));
    assert_eq!(model.complete().run(&inputs("deployment/web")).unwrap_err()[0].code, Code::Limit);
}

#[test]
fn what_says_nothing_of_itself_is_never_ready() {
    let widget = json!({
        "apiVersion": "example.com/v1", "kind": "Widget",
        "metadata": {"name": "main", "namespace": "shop", "uid": "u1", "generation": 1}, "spec": {},
    });
    let mut model = Model::default();
    model.at(0, 0, present(&widget));
    let done = model.complete().run(&inputs("Widget.example.com/main")).unwrap();
    assert_eq!((done.verdict, rejected(&done)), (Verdict::Inconclusive, Code::Inconclusive));
    assert!((60_000..70_000).contains(&model.now), "{}", model.now);

    let mut ready = widget.clone();
    ready["status"] = json!({"phase": "Running"});
    let mut model = Model::default();
    model.at(0, 0, present(&widget)).at(80_000, 0, present(&ready));
    let rules = vec!["ready Widget.example.com=.status.phase=Running".to_owned()];
    let done = model.complete().run(&Inputs { rules, ..inputs("Widget.example.com/main") }).unwrap();
    assert_eq!(done.verdict, Verdict::Passed, "{:?}", done.causes);
}

#[test]
fn a_selector_verifies_all_that_it_finds_and_something_at_least() {
    let mut model = Model::default();
    let problems = model.complete().run(&inputs("deployment -l app=web")).unwrap_err();
    assert_eq!(problems[0].code, Code::NoMatch);

    let mut model = Model::default();
    model.at(0, DEPLOYMENT, present(&deployment("web", 1, 1)));
    model.at(0, DEPLOYMENT, present(&deployment("worker", 1, 0)));
    model.complete().at(9_000, DEPLOYMENT, present(&deployment("worker", 1, 1)));
    let done = model.run(&inputs("deployment -l app=web")).unwrap();
    assert_eq!((done.verdict, done.resources.len(), model.now), (Verdict::Passed, 2, 9_000));
}

#[test]
fn what_somebody_else_changed_ends_the_wait_at_once() {
    let mut other = deployment("web", 1, 0);
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:2");
    other["metadata"]["generation"] = json!(2);
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, present(&deployment("web", 1, 0))).complete();
    model.at(4_000, DEPLOYMENT, present(&other));
    let done = model.run(&Inputs { rollback: true, ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, rejected(&done), model.now), (Verdict::Superseded, Code::Superseded, 4_000));
    assert!(done.rolled_back.is_empty() && !model.log.iter().any(|call| call.starts_with("rollback")));
}

/// A cluster in which the new pods crash and the old ones serve.
fn crashing() -> Model {
    let mut model = Model::default();
    model.at(0, DEPLOYMENT, present(&deployment("web", 1, 0)));
    model.at(0, REPLICA_SET, present(&replica_set("web-1", 1, 1)));
    model.at(0, REPLICA_SET, present(&replica_set("web-2", 2, 0)));
    model.at(0, POD, present(&pod("web-2", true)));
    model.complete();
    model
}

#[test]
fn evidence_is_gathered_before_anything_goes_back() {
    let mut model = crashing();
    model.on_rollback = Some(deployment("web", 1, 1));
    let given = Inputs {
        rollback: true,
        evidence: "why".into(),
        grace: Some("10s".into()),
        ..inputs("deployment/web")
    };
    let done = model.run(&given).unwrap();
    assert_eq!((done.verdict, rejected(&done)), (Verdict::Failed, Code::RolloutFailed));
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
    assert_eq!((done.verdict, done.logs.len()), (Verdict::Failed, 1));
    assert!(
        !model.log.iter().any(|call| call.starts_with("rollback") || call.starts_with("write")),
        "{:?}",
        model.log
    );
}

#[test]
fn a_claim_is_followed_for_what_has_pods_only() {
    let mut model = Model::default();
    let settings = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop", "uid": "u1"},
    });
    model.at(0, 0, present(&settings));
    assert_eq!(model.complete().run(&inputs("configmap/settings")).unwrap().verdict, Verdict::Passed);
    assert_eq!(model.log, ["watch 1"]);
}
