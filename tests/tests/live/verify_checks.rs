//! What `deploy-verify` does once pods are there, on a real control plane: smoke checks, metrics, evidence, rollback.

use lockstep_tests::kube::cluster::condition;
use lockstep_tests::kube::verify::{deployment, stateful_set, verdict, verify};
use lockstep_tests::kube::{Cluster, stages};
use lockstep_tests::support::{ProgramOutput, Scene, assert_absent};
use lockstep_tests::web::{Web, WebReply};
use serde_json::{Value, json};
use std::thread;
use std::time::Duration;

/// A namespace with one Deployment, which is ready.
fn ready(name: &str) -> String {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace(name);
    cluster.apply(&namespace, &deployment("web", 1, "", &json!({})).to_string()).unwrap();
    namespace
}

fn run(namespace: &str, scene: &Scene, more: &[&str]) -> ProgramOutput {
    let run =
        verify(scene, &Cluster::shared().kubeconfig(), namespace).args(["--resources", "deployment/web"]);
    run.args(more.iter().copied()).env("LOCKSTEP_SECRET_METRICS", "metr1cs-t0ken").end()
}

fn smoke(namespace: &str, check: &Value) -> ProgramOutput {
    run(namespace, &Scene::new(), &["--smoke", &check.to_string()])
}

fn message(ended: &ProgramOutput) -> String {
    ended.result()["message"].as_str().unwrap().to_owned()
}

#[test]
fn the_new_version_must_answer_several_times_in_a_row() {
    let namespace = ready("version");
    // The old one answers now and then, before the new one stays.
    let web = Web::new(|_, number| match number {
        1..=3 | 5 => WebReply::of(200, &["x-version: v1"], "ok"),
        _ => WebReply::of(200, &["x-version: v2"], r#"{"status": "ok"}"#),
    });
    let check = json!({"url": web.url("/health"), "expect-version": "v2", "version-at": "header x-version", "json": [".status=ok"]});
    let ended = smoke(&namespace, &check);
    assert_eq!(verdict(&ended), "passed", "{}", ended.stderr);
    assert_eq!(web.log().len(), 8);
    let check = json!({"url": web.url("/health"), "expect-version": "v3", "version-at": "header x-version", "retry": "2s"});
    let ended = smoke(&namespace, &check);
    ended.expect(1, "smoke-failed");
    assert!(
        message(&ended).contains("version: expected") && message(&ended).contains("v2"),
        "{}",
        message(&ended)
    );
}

#[test]
fn each_wrong_answer_has_its_reason() {
    let namespace = ready("flaws");
    let long = "x".repeat(1000);
    let web = Web::new(move |asked, _| match &*asked.target {
        "/redirect" => WebReply::of(302, &["location: /login"], ""),
        "/error" => WebReply::of(503, &[], "busy"),
        "/cut" => WebReply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        "/drip" => WebReply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nd")
            .then(Duration::from_secs(1), "r")
            .then(Duration::from_secs(30), "ip"),
        "/silent" => WebReply::raw("").then(Duration::from_secs(30), ""),
        "/noise" => WebReply::raw("SSH-2.0-OpenSSH_9.2\r\n"),
        "/json" => WebReply::of(200, &[], r#"{"up": false}"#),
        _ => WebReply::of(200, &[], &long),
    });
    for (path, more, reason) in [
        ("/redirect", json!({}), "redirect: "),
        ("/error", json!({}), "status: expected"),
        ("/cut", json!({}), "connection-closed: "),
        ("/drip", json!({}), "body-timeout: "),
        ("/silent", json!({}), "response-timeout: "),
        ("/noise", json!({}), "protocol-error: "),
        ("/json", json!({"json": [".up=true"]}), "json: expected"),
        ("/body", json!({"body": "hello"}), "body: expected"),
        ("/body", json!({"header": ["x-a: b"]}), "header: expected"),
    ] {
        let mut check = json!({"url": web.url(path), "retry": "1s", "timeout": "2s"});
        check.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let ended = smoke(&namespace, &check);
        ended.expect(1, "smoke-failed");
        assert!(message(&ended).contains(reason), "{path}: {}", message(&ended));
    }
    let ended = smoke(&namespace, &json!({"url": "http://127.0.0.1:1/", "retry": "1s"}));
    assert!(message(&ended).contains("connection-refused: "), "{}", message(&ended));
    let https = web.url("/").replace("http:", "https:");
    let ended = smoke(&namespace, &json!({"url": https, "retry": "1s"}));
    assert!(message(&ended).contains("tls-error: "), "{}", message(&ended));
    let ended = smoke(&namespace, &json!({"url": "http://no-such-name.invalid/", "retry": "1s"}));
    assert!(message(&ended).contains("dns-error: "), "{}", message(&ended));
    let ended = smoke(&namespace, &json!({"url": "http://user@127.0.0.1/"}));
    ended.expect(2, "bad-input");
}

#[test]
fn a_metric_never_passes_without_data() {
    let namespace = ready("metrics");
    let vector = |values: &[&str]| {
        let each = |value: &&str| json!({"metric": {}, "value": [1, value]});
        let result: Vec<_> = values.iter().map(each).collect();
        json!({"status": "success", "data": {"resultType": "vector", "result": result}}).to_string()
    };
    let (good, bad, nan, none) = (vector(&["0.001"]), vector(&["0.5"]), vector(&["NaN"]), vector(&[]));
    let web = Web::new(move |asked, _| match &asked.target {
        _ if asked.header("authorization") != "Bearer metr1cs-t0ken" => WebReply::of(401, &[], "who?"),
        target if target.contains("good") => WebReply::of(200, &[], &good),
        target if target.contains("bad") => WebReply::of(200, &[], &bad),
        target if target.contains("nan") => WebReply::of(200, &[], &nan),
        target if target.contains("none") => WebReply::of(200, &[], &none),
        _ => WebReply::of(500, &[], "broken"),
    });
    let origin = web.url("");
    let credentials = format!("{origin}=METRICS");
    for (query, on_no_data, exit, code, expected) in [
        ("good", "fail", 0, "done", "passed"),
        ("bad", "fail", 1, "metric-failed", "failed"),
        ("nan", "inconclusive", 1, "inconclusive", "inconclusive"),
        ("none", "inconclusive", 1, "inconclusive", "inconclusive"),
        ("none", "fail", 1, "metric-failed", "failed"),
        ("error", "fail", 1, "inconclusive", "inconclusive"),
    ] {
        let metric = json!({
            "url": origin, "query": format!("{query}{{}}[{{{{window}}}}]"), "threshold": "< 0.01",
            "window": "2s", "interval": "1s", "on-no-data": on_no_data,
        });
        let scene = Scene::new();
        let ended =
            run(&namespace, &scene, &["--metrics", &metric.to_string(), "--credentials", &credentials]);
        ended.expect(exit, code);
        assert_eq!(verdict(&ended), expected, "{query}: {}", ended.stderr);
        assert_absent(&scene, &ended, &["metr1cs-t0ken"], &[]);
    }
    assert!(web.log().iter().all(|asked| asked.target.contains("%5B2s%5D")), "{:?}", web.log());
}

#[test]
fn a_failure_writes_evidence_without_secrets() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("evidence");
    cluster
        .logs(
            &namespace,
            "app",
            "cannot connect: password metr1cs-t0ken\nfatal: gave up\n",
            "cannot connect: password metr1cs-t0ken\nfatal: gave up\n",
        )
        .unwrap();
    let notes = json!({stages::EXIT_CODE: "3"});
    cluster.apply(&namespace, &deployment("web", 2, "crash-loop", &notes).to_string()).unwrap();
    let scene = Scene::new();
    let ended = run(&namespace, &scene, &["--grace", "2s", "--evidence", "why"]);
    let result = ended.expect(1, "rollout-failed");
    let files: Vec<_> = result["outputs"]["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap().to_owned())
        .collect();
    let has = |end: &str| files.iter().any(|file| file.ends_with(end));
    assert!(has("why/causes.txt") && has("deployment-web.json") && has("events.jsonl"), "{files:?}");
    let log = files.iter().find(|file| file.ends_with(".log")).unwrap();
    let log = scene.text(&format!("workspace/{log}"));
    assert!(log.contains("cannot connect: password ***") && log.contains("fatal: gave up"), "{log}");
    assert!(ended.stderr.contains("fatal: gave up"), "{}", ended.stderr);
    assert_absent(&scene, &ended, &["metr1cs-t0ken"], &[]);
}

#[test]
fn a_rollback_goes_to_the_revision_that_serves_and_the_step_fails() {
    let cluster = Cluster::shared();
    let namespace = ready("back");
    assert_eq!(verdict(&run(&namespace, &Scene::new(), &[])), "passed");
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    let before = cluster.get(&path).unwrap()["spec"]["template"].clone();
    let broken = deployment("web", 1, "image-not-found", &json!({}));
    cluster.apply(&namespace, &broken.to_string()).unwrap();
    let ended = run(&namespace, &Scene::new(), &["--grace", "2s"]);
    ended.expect(1, "rollout-failed");
    assert_ne!(cluster.get(&path).unwrap()["spec"]["template"], before, "nothing goes back by itself");

    let ended = run(&namespace, &Scene::new(), &["--grace", "2s", "--rollback", "on-failure"]);
    let result = ended.expect(1, "rollout-failed");
    assert_eq!(result["outputs"]["rolled-back"], json!(["deployment/web"]));
    assert_eq!(cluster.get(&path).unwrap()["spec"]["template"], before);
    assert!(ended.stderr.contains("what was rolled back is ready again"), "{}", ended.stderr);
    assert_eq!(verdict(&run(&namespace, &Scene::new(), &[])), "passed");
}

/// A StatefulSet of two, of which the newest revision crashes: the first pod to get it is stuck, the other serves.
fn stuck(name: &str) -> String {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace(name);
    cluster.apply(&namespace, &stateful_set("db", 2, "", &json!({})).to_string()).unwrap();
    cluster.wait("a StatefulSet that is ready", || (ready_pods(&namespace) == 2).then_some(()));
    cluster.apply(&namespace, &stateful_set("db", 2, "crash-loop", &json!({})).to_string()).unwrap();
    cluster.wait("a pod that crashes", || {
        let pods = cluster.pods(&namespace, "app=db").ok()?;
        let first = |pod: &Value| pod["status"]["containerStatuses"][0].clone();
        pods.iter().any(|pod| first(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff").then_some(())
    });
    namespace
}

fn ready_pods(namespace: &str) -> usize {
    let pods = Cluster::shared().pods(namespace, "app=db").unwrap_or_default();
    pods.iter().filter(|pod| condition(pod, "Ready") == "True").count()
}

#[test]
fn a_rollback_of_a_stateful_set_evicts_the_blocking_pod() {
    let cluster = Cluster::shared();
    // Its controller waits for the pod that crashes, whatever the template says by then.
    let namespace = stuck("undone");
    cluster.kubectl(&["-n", &namespace, "rollout", "undo", "statefulset/db"]).unwrap();
    thread::sleep(Duration::from_secs(10));
    assert_eq!(ready_pods(&namespace), 1, "a rollback alone would do");

    let namespace = stuck("unstuck");
    let verify = |more: &[&str]| {
        let scene = Scene::new();
        let run = verify(&scene, &cluster.kubeconfig(), &namespace).args(["--resources", "statefulset/db"]);
        run.args(more.iter().copied()).end()
    };
    let ended = verify(&["--grace", "2s", "--rollback", "on-failure"]);
    let result = ended.expect(1, "rollout-failed");
    assert_eq!(result["outputs"]["rolled-back"], json!(["statefulset/db"]), "{}", ended.stderr);
    assert!(ended.stderr.contains("what was rolled back is ready again"), "{}", ended.stderr);
    assert_eq!(ready_pods(&namespace), 2);
    let evicted: Vec<_> =
        cluster.audit().unwrap().into_iter().filter(|one| one.uri.contains("/eviction")).collect();
    let own = format!("/namespaces/{namespace}/pods/db-1/eviction");
    let own = evicted.iter().filter(|one| one.uri.contains(&own)).count();
    assert_eq!(own, 1, "the one that was stuck, once: {evicted:?}");
    assert!(!evicted.iter().any(|one| one.uri.contains(&format!("/{namespace}/pods/db-0"))), "{evicted:?}");
    assert_eq!(verdict(&verify(&[])), "passed");
}

#[test]
fn a_gitops_workload_and_a_first_revision_get_no_rollback() {
    let cluster = Cluster::shared();
    let namespace = ready("owned");
    assert_eq!(verdict(&run(&namespace, &Scene::new(), &[])), "passed");
    let mut broken = deployment("web", 1, "image-not-found", &json!({}));
    broken["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] = json!("shop");
    broken["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/namespace"] = json!("flux-system");
    cluster.apply(&namespace, &broken.to_string()).unwrap();
    let ended = run(&namespace, &Scene::new(), &["--grace", "2s", "--rollback", "on-failure"]);
    assert_eq!(ended.expect(1, "rollout-failed")["outputs"]["rolled-back"], json!([]));
    assert!(ended.stderr.contains("flux-system/shop"), "{}", ended.stderr);

    let namespace = cluster.namespace("nowhere");
    cluster.apply(&namespace, &deployment("web", 1, "image-not-found", &json!({})).to_string()).unwrap();
    let ended = run(&namespace, &Scene::new(), &["--grace", "2s", "--rollback", "on-failure"]);
    assert_eq!(ended.expect(1, "rollout-failed")["outputs"]["rolled-back"], json!([]));
    assert!(ended.stderr.contains("is not rolled back"), "{}", ended.stderr);
}
