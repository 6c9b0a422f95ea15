//! A hostile component that is granted the Pods of one namespace. A server in the place of the cluster hears of nothing
//! else, whatever it names.

use lockstep_tests::stand_in::{TOKEN, empty, end, json_of, run, says};
use lockstep_tests::support::{ProgramOutput, SECRETS, Scene, program};
use lockstep_tests::web::Web;
use serde_json::{Value, json};

fn attack(scene: &Scene, cluster: &Web, act: &str, words: &[&str]) -> ProgramOutput {
    end(scene, run(scene, cluster, (&["read,logs shop/Pod"], ""), act, words))
}

#[test]
fn the_host_sends_granted_requests_with_its_token() {
    let (scene, cluster) = (Scene::new(), empty());
    let ended = attack(&scene, &cluster, "watch", &["shop|Pod|"]);
    let said = ended.expect(0, "done")["outputs"]["said"][0].as_str().unwrap().to_owned();
    assert!(said.contains("Event::Synced"), "{said}");
    let log = cluster.log();
    assert!(log[0].target.starts_with("/api/v1/namespaces/shop/pods?"), "{log:?}");
    assert_eq!(log[0].header("authorization"), format!("Bearer {TOKEN}"));
}

#[test]
fn attack_17_the_host_sends_no_other_request() {
    for (act, word) in [
        ("get", "shop|Secret|token"),
        ("get", "shop|secret|token"),
        ("get", "shop|secrets|token"),
        ("get", "shop|ConfigMap|settings"),
        ("get", "other|Pod|web"),
        ("get", ".|Pod|web"),
        ("get", "-|Node|node-1"),
        ("get", "*|Pod|web"),
        ("get", "shop|Pod|web/../../secrets/token"),
        ("get", "shop|Pod|web/log"),
        ("get", "shop|Pod|.."),
        ("get", "shop|Pod|web%2flog"),
        ("get", "shop|Pod/web|log"),
        ("get", "shop/Pod/web|Pod|x"),
        ("get", "shop|Pod|web?watch=true"),
        ("watch", "shop|Secret|"),
        ("watch", "other|Pod|"),
        ("watch", "*|Pod|"),
        ("watch", "shop|*|"),
        ("logs", "other|web|app"),
        ("logs", "shop|../../secrets/token|app"),
    ] {
        let (scene, cluster) = (Scene::new(), empty());
        attack(&scene, &cluster, act, &[word]).expect(3, "denied");
        assert!(cluster.log().is_empty(), "{act} {word}: {:?}", cluster.log());
    }
}

#[test]
fn a_malformed_name_is_invalid() {
    for (act, word) in [
        ("get", "Shop|Pod|web"),
        ("get", "shop|Pod.|web"),
        ("get", "shop||web"),
        ("logs", "shop|web|app&follow=true"),
        ("logs", "shop|web|"),
    ] {
        let (scene, cluster) = (Scene::new(), empty());
        let ended = attack(&scene, &cluster, act, &[word]);
        assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["invalid"]), "{act} {word}");
        assert!(cluster.log().is_empty(), "{act} {word}: {:?}", cluster.log());
    }
}

#[test]
fn one_denied_selection_stops_the_whole_call() {
    let (scene, cluster) = (Scene::new(), empty());
    attack(&scene, &cluster, "together", &["shop|Pod|", "shop|Secret|"]).expect(3, "denied");
    assert!(cluster.log().is_empty(), "{:?}", cluster.log());
}

#[test]
fn attack_17_a_selector_stays_a_selector() {
    let (scene, cluster) = (Scene::new(), empty());
    attack(&scene, &cluster, "selectors", &["app=web&fieldSelector=x", "app=web#", "app=web\r\nx: y"])
        .expect(0, "done");
    for asked in cluster.log() {
        let (path, query) = asked.target.split_once('?').unwrap();
        assert_eq!(path, "/api/v1/namespaces/shop/pods", "{asked:?}");
        assert!(!query.contains("fieldSelector") || query.contains("%26fieldSelector"), "{asked:?}");
        assert_eq!(asked.header("x"), "", "{asked:?}");
    }
}

#[test]
fn a_run_cannot_watch_more_than_a_hundred_selections() {
    let (scene, cluster) = (Scene::new(), empty());
    let ended = attack(&scene, &cluster, "many", &[]);
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["invalid"]));
    assert!(cluster.log().is_empty(), "{:?}", cluster.log());
}

/// A cluster that says the token back.
fn echo() -> Web {
    Web::new(|asked, _| {
        let message = format!("who is {}?", asked.header("authorization"));
        let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": 403});
        json_of(403, &status.to_string())
    })
}

/// What a run was told that got its token in this way.
fn told_by_echo(scene: &Scene, act: &str, word: &str, user: Option<&Value>) -> String {
    let echo = echo();
    let run = run(scene, &echo, (&["read,logs shop/Pod"], ""), act, &[word]);
    if let Some(user) = user {
        let mut kubeconfig: Value = serde_json::from_str(&scene.text("kubeconfig")).unwrap();
        kubeconfig["users"][0]["user"] = user.clone();
        scene.put("kubeconfig", &kubeconfig.to_string());
    }
    // That the token is nowhere is asserted for every run.
    let ended = end(scene, run);
    assert_eq!(echo.log()[0].header("authorization"), format!("Bearer {TOKEN}"));
    ended.expect(0, "done")["outputs"]["said"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_token_that_a_cluster_echoes_is_redacted() {
    for (act, word) in [("get", "shop|Pod|web"), ("watch", "shop|Pod|"), ("logs", "shop|web|app")] {
        let said = told_by_echo(&Scene::new(), act, word, None);
        assert!(said.contains("unauthorized") || said.contains("who is Bearer ***"), "{said}");
    }
}

#[test]
fn attack_17_a_secret_of_the_job_in_an_object_is_redacted() {
    let variable = |name: &str, value: &str| json!({"name": name, "value": value});
    let (scene, secret) = (Scene::new(), SECRETS[0]);
    let container =
        json!({"name": "app", "args": [secret], "env": [variable("A", secret), variable("B", TOKEN)]});
    let metadata = json!({"name": "web", "annotations": {"note": secret}});
    let pod =
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": {"containers": [container]}});
    let run = run(&scene, &says(&pod), (&["read shop/Pod"], ""), "backwards", &["shop|Pod|web"]);
    let ended = end(&scene, run);
    // Said backwards, no redactor finds it any more: the component must never have seen it.
    let said = ended.expect(0, "done")["outputs"]["said"][0].as_str().unwrap().to_owned();
    let said: String = said.chars().rev().collect();
    assert!(said.contains("annotations") && !said.contains(secret) && !said.contains(TOKEN), "{said}");
    assert_eq!(said.matches("***").count(), 4, "{said}");
}

#[test]
fn a_token_that_the_host_gets_during_the_run_is_redacted() {
    let scene = Scene::new();
    scene.put("token", TOKEN);
    let credential = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": TOKEN},
    });
    let mut renewed = credential.clone();
    renewed["status"]["expirationTimestamp"] = json!("2020-01-01T00:00:00Z");
    let plugin = |name: &str, credential: &Value| {
        program(&scene.path(name), &format!("echo '{credential}'"));
        let command = scene.path(name);
        json!({"exec": {"apiVersion": credential["apiVersion"], "command": command, "interactiveMode": "Never"}})
    };
    for user in [
        json!({"tokenFile": scene.path("token")}),
        plugin("once", &credential),
        plugin("each-time", &renewed),
    ] {
        let said = told_by_echo(&scene, "watch", "shop|Pod|", Some(&user));
        assert!(said.contains("who is Bearer ***"), "{said}");
    }
}
