//! How runs end with resources that are gone, passed over or unclear, and with one bad pod among good ones.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{Model, deployment, inputs, pod, replica_set, several, updated};
use deploy_verify::{Inputs, Verdict};
use lockstep_sdk::cluster::Event;
use serde_json::{Value, json};

/// The selections of a Deployment and a Job.
const DEPLOYMENT: u32 = 0;
const JOB: u32 = 1;

/// A manifest of the Deployment `web` and the Job `migrate`, as JSON is YAML too.
fn manifest(job: &Value) -> Model {
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}});
    let mut model = Model::default();
    model.files.insert("all.yaml".to_owned(), format!("{web}\n---\n{job}\n"));
    model.at(0, DEPLOYMENT, updated(&deployment("web", 1, 1)));
    model.synced();
    model
}

fn job(annotations: &Value, spec: &Value) -> Value {
    let metadata = json!({"name": "migrate", "annotations": annotations});
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
}

fn running(job: &Value) -> Value {
    let mut job = job.clone();
    (job["metadata"]["namespace"], job["metadata"]["uid"]) = (json!("shop"), json!("u-job"));
    job["status"] = json!({"active": 1});
    job
}

#[test]
fn a_hook_that_is_deleted_after_success_may_be_gone() {
    let hook = job(
        &json!({"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": "hook-succeeded"}),
        &json!({}),
    );
    let mut model = manifest(&hook);
    let done = model.run(&inputs("all.yaml")).unwrap();
    assert_eq!((done.verdict, model.now, done.resources.len()), (Verdict::Passed, 0, 1));
    let told = model.reporter.text();
    assert!(
        told.contains("job/migrate is passed over: it is not there, and Helm deletes this hook"),
        "{told}"
    );

    // While it runs, the step waits for it.
    let mut model = manifest(&hook);
    model.at(0, JOB, updated(&running(&hook))).at(20_000, JOB, Event::Deleted("u-job".into()));
    assert_eq!(model.run(&inputs("all.yaml")).unwrap().verdict, Verdict::Passed);
    assert_eq!(model.now, 20_000);

    // What has failed is the reason of a failure, not what may be gone.
    let mut model = manifest(&hook);
    let done = model.run(&several(&["all.yaml", "deployment/none"], &["."])).unwrap();
    assert_eq!(done.verdict, Verdict::Failed);
    let rejection = model.reporter.rejection.unwrap();
    assert!(rejection.message.starts_with("deployment/none: missing"), "{rejection:?}");

    // Without that policy it is missing.
    let stays = job(&json!({"helm.sh/hook": "pre-install,pre-upgrade"}), &json!({}));
    assert_eq!(manifest(&stays).run(&inputs("all.yaml")).unwrap().verdict, Verdict::Failed);
}

#[test]
fn a_test_hook_is_passed_over() {
    let test = job(&json!({"helm.sh/hook": "test"}), &json!({}));
    let mut model = manifest(&test);
    let done = model.run(&inputs("all.yaml")).unwrap();
    assert_eq!((done.verdict, done.resources.len()), (Verdict::Passed, 1));
    assert!(model.reporter.text().contains("passed over: Job migrate: it is a Helm hook of `test`"));
}

#[test]
fn a_missing_job_with_a_time_to_live_is_inconclusive() {
    let expired = job(&json!({}), &json!({"ttlSecondsAfterFinished": 60}));
    let mut model = manifest(&expired);
    let done = model.run(&inputs("all.yaml")).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Inconclusive, "inconclusive"));
    assert!((10_000..16_000).contains(&model.now), "{}", model.now);
    let rejection = model.reporter.rejection.clone().unwrap();
    assert!(rejection.message.contains("Kubernetes removes it 60 s after it has ended"), "{rejection:?}");
    assert!(rejection.hint.unwrap().contains("`ignore Job.batch/migrate`"));
    assert!(done.resources.iter().any(|one| one.message.contains("ttlSecondsAfterFinished")));

    let rules = vec!["ignore Job/migrate".to_owned()];
    let mut model = manifest(&expired);
    let done = model.run(&Inputs { rules, ..inputs("all.yaml") }).unwrap();
    assert_eq!((done.verdict, done.resources.len()), (Verdict::Passed, 1));
    assert!(model.reporter.text().contains("passed over: Job migrate: the rule `ignore Job.batch/migrate`"));
}

#[test]
fn ignored_objects_of_a_selector_are_no_targets() {
    let rules = |rule: &str| vec![rule.to_owned()];
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 1))).at(0, 0, updated(&deployment("broken", 1, 0))).synced();
    let given = Inputs { rules: rules("ignore deployment/broken"), ..inputs("deployment --all") };
    let done = model.run(&given).unwrap();
    assert_eq!((done.verdict, done.resources.len()), (Verdict::Passed, 1));
    assert!(model.reporter.text().contains("passed over: deployment/broken: the rule"));

    // If nothing is left, nothing was verified.
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("broken", 1, 0))).synced();
    let given = Inputs { rules: rules("ignore deployment/broken"), ..inputs("deployment --all") };
    assert_eq!(model.run(&given).unwrap_err().code, "no-match");

    // A whole kind is not watched, and an entry for it contradicts the rule.
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 1))).synced();
    let given = Inputs { rules: rules("ignore Job"), ..inputs("-l app=web") };
    assert_eq!(model.run(&given).unwrap().verdict, Verdict::Passed);
    for entry in ["job/migrate", "job --all"] {
        let failure =
            Model::default().run(&Inputs { rules: rules("ignore Job"), ..inputs(entry) }).unwrap_err();
        assert_eq!(failure.code, "bad-input", "{failure:?}");
        assert!(failure.message.contains("`rules` has `ignore Job.batch`"), "{failure:?}");
    }
}

/// A Deployment of two pods, of which one is ready and the other as given.
fn one_bad(bad: &Value) -> Model {
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 2, 1))).at(0, 3, updated(&replica_set("web-2", 2, 1)));
    let mut good = pod("web-2", false);
    (good["metadata"]["name"], good["metadata"]["uid"]) = (json!("web-2-y"), json!("uid-y"));
    model.at(0, 1, updated(&good)).at(0, 1, updated(bad)).synced();
    model
}

#[test]
fn one_pod_that_crashes_without_end_fails_the_run() {
    let mut bad = pod("web-2", true);
    bad["status"]["containerStatuses"][0]["restartCount"] = json!(12);
    let mut model = one_bad(&bad);
    let done = model.run(&Inputs { timeout: "2m".into(), ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Failed, "rollout-failed"));
    assert!((60_000..66_000).contains(&model.now), "{}", model.now);
    let first = model.reporter.notes.iter().find(|note| note.message.contains("exit code 3")).unwrap();
    assert!(
        first.message.starts_with("Deployment web: crash-loop: container app of pod web-2-x"),
        "{first:?}"
    );
}

#[test]
fn a_permanent_state_of_one_pod_is_the_verdict_when_the_time_is_up() {
    let mut bad = pod("web-2", true);
    let waiting = json!({"waiting": {"reason": "ErrImagePull", "message": "web:1: not found"}});
    bad["status"]["containerStatuses"][0]["state"] = waiting;
    bad["status"]["containerStatuses"][0]["restartCount"] = json!(0);
    let mut model = one_bad(&bad);
    let done = model.run(&Inputs { timeout: "2m".into(), ..inputs("deployment/web") }).unwrap();
    assert_eq!((done.verdict, model.rejection(), model.now), (Verdict::Failed, "rollout-failed", 120_000));
    let rejection = model.reporter.rejection.as_ref().unwrap();
    assert!(rejection.message.contains("image-not-found") && rejection.hint.is_none(), "{rejection:?}");
}

#[test]
fn more_time_is_advised_only_where_it_can_help() {
    let hint = |mut model: Model, resource: &str| {
        let given = Inputs { timeout: "20s".into(), ..inputs(resource) };
        let done = model.synced().run(&given).unwrap();
        assert_eq!(done.verdict, Verdict::TimedOut);
        model.reporter.rejection.unwrap().hint
    };
    let mut slow = Model::default();
    slow.at(0, 0, updated(&deployment("web", 2, 1)));
    assert_eq!(hint(slow, "deployment/web").unwrap(), "increase `timeout` if the rollout needs more time");
    let mut service = Model::default();
    let object = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u1"}, "spec": {"selector": {"app": "web"}}});
    service.at(0, 0, updated(&object));
    let advice = "compare the selector of the Service with the labels of the pods";
    assert_eq!(hint(service, "service/web").unwrap(), advice);
}

#[test]
fn the_same_interruption_is_noted_once_a_minute() {
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 0))).synced();
    for second in 0..90 {
        let text = format!("follow `./Pod`: HTTP 429, attempt {second}");
        model.at(second * 1_000, 1 + (second % 7) as u32, Event::Interrupted(text));
    }
    model.run(&Inputs { timeout: "2m".into(), ..several(&["deployment/web"], &["."]) }).unwrap();
    let told = model.reporter.text();
    assert_eq!(told.matches("HTTP 429").count(), 2, "{told}");
}
