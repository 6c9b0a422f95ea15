//! `deploy-verify` where something is wrong with the way to the cluster: watches that are cut, servers that ask for less,
//! rights that are missing, several clusters.

use lockstep_tests::kube::proxy::fault::{KubeFault, KubeMatcher};
use lockstep_tests::kube::verify::{deployment, verdict, verify};
use lockstep_tests::kube::{Cluster, Proxy, stages};
use lockstep_tests::support::{ProgramOutput, Scene, assert_absent, receipt};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

fn through(proxy: &Proxy) -> PathBuf {
    Cluster::shared().kubeconfig_of(&[proxy.context()]).unwrap()
}

fn apply(namespace: &str, name: &str, stage: &str, notes: &serde_json::Value) {
    Cluster::shared().apply(namespace, &deployment(name, 1, stage, notes).to_string()).unwrap();
}

fn run(kubeconfig: &Path, namespace: &str, resource: &str, more: &[&str]) -> ProgramOutput {
    let scene = Scene::new();
    let run = verify(&scene, kubeconfig, namespace).args(["--resources", resource]);
    run.args(more.iter().copied()).end()
}

#[test]
fn watches_that_are_cut_or_expired_start_again() {
    let cluster = Cluster::shared();
    for (name, fault) in
        [("cut", None), ("gone", Some(KubeFault::gone())), ("gone-event", Some(KubeFault::gone_event()))]
    {
        let namespace = cluster.namespace(name);
        let proxy = cluster.proxy().unwrap();
        apply(&namespace, "web", "slow-ready", &json!({stages::DELAY: "7s"}));
        let (scene, kubeconfig) = (Scene::new(), through(&proxy));
        let run = verify(&scene, &kubeconfig, &namespace).args(["--resources", "deployment/web"]).start();
        cluster.wait("watches", || (proxy.open_watches() >= 4).then_some(()));
        if let Some(fault) = fault {
            proxy.fault(KubeMatcher::verb("watch").times(6), fault);
        }
        assert!(proxy.cut_watches() > 0);
        thread::sleep(Duration::from_secs(1));
        let _ = proxy.cut_watches();
        let ended = run.end(&scene);
        assert_eq!(verdict(&ended), "passed", "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_throttling_cluster_gets_fewer_requests() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("less");
    apply(&namespace, "web", "", &json!({}));
    for fault in
        [KubeFault::throttled(1), KubeFault::unavailable(), KubeFault::internal_error(), KubeFault::Reset]
    {
        let proxy = cluster.proxy().unwrap();
        proxy.fault(KubeMatcher::verb("list").times(3), fault.clone());
        let ended = run(&through(&proxy), &namespace, "deployment/web", &[]);
        assert_eq!(verdict(&ended), "passed", "{fault:?}: {}", ended.stderr);
    }
}

#[test]
fn a_single_ready_deployment_takes_few_requests() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("few");
    apply(&namespace, "web", "", &json!({}));
    run(&cluster.kubeconfig(), &namespace, "deployment/web", &[]).expect(0, "done");
    let proxy = cluster.proxy().unwrap();
    run(&through(&proxy), &namespace, "deployment/web", &[]).expect(0, "done");
    let log = proxy.log();
    let besides: Vec<_> =
        log.iter().filter(|one| one.request.verb != "watch").map(|one| &one.request.target).collect();
    assert!(besides.len() <= 8, "{besides:#?}");
    assert!(log.iter().all(|one| matches!(&*one.request.verb, "list" | "watch")), "{log:#?}");
}

#[test]
fn a_cluster_that_does_not_answer_is_unavailable() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("silent");
    let proxy = cluster.proxy().unwrap();
    proxy.fault(KubeMatcher::any(), KubeFault::internal_error());
    let ended = run(&through(&proxy), &namespace, "deployment/web", &["--timeout", "6s"]);
    ended.expect(6, "unavailable");
}

#[test]
fn an_error_names_the_missing_right() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("rights");
    apply(&namespace, "web", "", &json!({}));
    let rule = |groups: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [groups], "resources": resources, "verbs": verbs});

    let nothing = cluster.user(&namespace, "nothing", &json!([])).unwrap();
    let ended = run(&nothing.kubeconfig, &namespace, "deployment/web", &[]);
    let message = ended.expect(5, "credentials")["message"].as_str().unwrap().to_owned();
    let missing = "apiGroups: [\"apps\"], resources: [\"deployments\"], verbs: [\"list\", \"watch\"]";
    assert!(message.contains(missing), "{message}");

    // Without a look at pods the verdict is the same, and a warning says what is missing.
    let some = json!([rule("apps", &["deployments", "replicasets"], &["get", "list", "watch"])]);
    let some = cluster.user(&namespace, "some", &some).unwrap();
    let ended = run(&some.kubeconfig, &namespace, "deployment/web", &[]);
    assert_eq!(verdict(&ended), "passed", "{}", ended.stderr);
    assert!(ended.stderr.contains("resources: [\"pods\"]"), "{}", ended.stderr);

    // What the cluster wrote down: this user read, and nothing else.
    let audit = cluster.audit().unwrap();
    let own: Vec<_> = audit.iter().filter(|one| one.user.contains(&some.name)).collect();
    assert!(
        !own.is_empty() && own.iter().all(|one| matches!(&*one.verb, "get" | "list" | "watch")),
        "{own:#?}"
    );
    assert!(own.iter().all(|one| !one.uri.contains("secrets")), "{own:#?}");
}

#[test]
fn the_context_selects_the_cluster() {
    let cluster = Cluster::shared();
    let other = Cluster::start().unwrap();
    let namespace = cluster.namespace("two");
    apply(&namespace, "web", "", &json!({}));
    let contexts = [other.context().named("other"), cluster.context().named("own").in_namespace(&namespace)];
    let kubeconfig = cluster.kubeconfig_of(&contexts).unwrap();
    let (own, here) = (["--context", "own"], ".");
    assert_eq!(verdict(&run(&kubeconfig, here, "deployment/web", &own)), "passed");
    let ended = run(&kubeconfig, here, "-l app=web", &["--context", "other"]);
    ended.expect(1, "no-match");
    // The first is the current one.
    run(&kubeconfig, here, "-l app=web", &[]).expect(1, "no-match");
    let ended = run(&kubeconfig, here, "deployment/web", &["--context", "third"]);
    let message = ended.expect(2, "bad-input")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the kubeconfig has `other`, `own`"), "{message}");
}

#[test]
fn no_output_shows_a_credential_of_the_cluster() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("token");
    apply(&namespace, "web", "", &json!({}));
    let scene = Scene::new();
    let ended = verify(&scene, &cluster.kubeconfig(), &namespace)
        .args(["--resources", "deployment/web", "--evidence", "why"])
        .end();
    ended.expect(0, "done");
    let token = cluster.context().token;
    assert_absent(&scene, &ended, &[&token], &[]);
    let calls = receipt(&scene)["predicate"]["calls"].clone();
    assert!(!calls.to_string().contains("rollback"), "{calls}");

    // Without any kubeconfig there is no way in.
    let ended =
        verify(&scene, Path::new("/nonexistent"), &namespace).args(["--resources", "deployment/web"]).end();
    let message = ended.expect(5, "credentials")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("KUBECONFIG"), "{message}");
}

#[test]
fn a_plugin_authenticates_and_gets_only_the_secrets_of_its_kind() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("plugin");
    apply(&namespace, "web", "", &json!({}));
    let (scene, own) = (Scene::new(), cluster.context());
    let seen = scene.path("seen");
    let script = format!(
        "#!/bin/sh\nenv > '{}'\nprintf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\
         \"kind\":\"ExecCredential\",\"status\":{{\"token\":\"%s\"}}}}' \"$AWS_SESSION_TOKEN\"\n",
        seen.display()
    );
    scene.put("aws-iam-authenticator", &script);
    let plugin = scene.path("aws-iam-authenticator");
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o700)).unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": plugin, "interactiveMode": "Never",
    });
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": own.server, "certificate-authority": own.authority}}],
        "users": [{"name": "own", "user": {"exec": exec}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
    });
    scene.put("kubeconfig", &kubeconfig.to_string());
    let run = verify(&scene, &scene.path("kubeconfig"), &namespace).args(["--resources", "deployment/web"]);
    let ended = run.env("AWS_SESSION_TOKEN", &own.token).env("OTHER_TOKEN", "other-canary").end();
    assert_eq!(verdict(&ended), "passed", "{}", ended.stderr);
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains(&own.token) && !seen.contains("other-canary"), "{seen}");
    fs::remove_file(scene.path("seen")).unwrap();
    assert_absent(&scene, &ended, &[&own.token], &[]);
}

/// A plugin that gives the token in the scene's file `token`, which is over at once.
fn renewing(scene: &Scene, server: &str) {
    let script = format!(
        "#!/bin/sh\nprintf '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\
         \"status\":{{\"token\":\"%s\",\"expirationTimestamp\":\"%s\"}}}}' \"$(cat '{}')\" \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"\n",
        scene.path("token").display()
    );
    scene.put("plugin", &script);
    fs::set_permissions(scene.path("plugin"), fs::Permissions::from_mode(0o700)).unwrap();
    let exec = json!({
        "apiVersion": "client.authentication.k8s.io/v1", "command": scene.path("plugin"), "interactiveMode": "Never",
    });
    let authority = Cluster::shared().authority();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": server, "certificate-authority": authority}}],
        "users": [{"name": "own", "user": {"exec": exec}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
    });
    scene.put("kubeconfig", &kubeconfig.to_string());
}

#[test]
fn credentials_that_expire_during_a_run_are_renewed() {
    let cluster = Cluster::shared();
    // For how long nobody is let in: the new credentials are there before the old ones end, or some time after.
    for (name, gap) in [("renewed", 0), ("away", 4)] {
        let namespace = cluster.namespace(name);
        let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
        let [first, second] = ["first", "second"].map(|name| cluster.user(&namespace, name, &rules).unwrap());
        apply(&namespace, "web", "slow-ready", &json!({stages::DELAY: "45s"}));
        let (scene, proxy) = (Scene::new(), cluster.proxy().unwrap());
        scene.put("token", &first.context.token);
        renewing(&scene, &proxy.url());
        let run =
            verify(&scene, &scene.path("kubeconfig"), &namespace).args(["--resources", "deployment/web"]);
        let run = run.start();
        cluster.wait("watches", || (proxy.open_watches() >= 4).then_some(()));
        cluster.kubectl(&["-n", &namespace, "delete", "serviceaccount", "first"]).unwrap();
        let pods = ["-n", &namespace, "get", "pods"];
        cluster.wait("a token that is over", || cluster.kubectl_with(&first.kubeconfig, &pods).err());
        if gap == 0 {
            scene.put("token", &second.context.token);
        }
        assert!(proxy.cut_watches() > 0);
        thread::sleep(Duration::from_secs(gap));
        scene.put("token", &second.context.token);
        let ended = run.end(&scene);
        assert_eq!(verdict(&ended), "passed", "{name}: {}", ended.stderr);
        let audit = cluster.audit().unwrap();
        let by = |user: &str| audit.iter().filter(|one| one.user == user && one.verb == "watch").count();
        assert!(by(&first.name) >= 4 && by(&second.name) >= 4, "{name}: {}", by(&second.name));
        fs::remove_file(scene.path("token")).unwrap();
        assert_absent(&scene, &ended, &[&first.context.token, &second.context.token], &[]);
    }
}

#[test]
fn credentials_that_cannot_be_renewed_end_the_run() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("ended");
    let rules = json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]);
    let user = cluster.user(&namespace, "ended", &rules).unwrap();
    apply(&namespace, "web", "never-ready", &json!({}));
    let (scene, proxy) = (Scene::new(), cluster.proxy().unwrap());
    let kubeconfig = cluster.kubeconfig_of(&[user.context.clone().at(&proxy.url())]).unwrap();
    let run = verify(&scene, &kubeconfig, &namespace).args(["--resources", "deployment/web"]).start();
    cluster.wait("watches", || (proxy.open_watches() >= 4).then_some(()));
    cluster.kubectl(&["-n", &namespace, "delete", "serviceaccount", "ended"]).unwrap();
    let pods = ["-n", &namespace, "get", "pods"];
    cluster.wait("a token that is over", || cluster.kubectl_with(&user.kubeconfig, &pods).err());
    assert!(proxy.cut_watches() > 0);
    let message = run.end(&scene).expect(5, "credentials")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the cluster rejects the credentials of the kubeconfig"), "{message}");
}

#[test]
fn a_policy_limits_reads_and_its_denial_names_the_line_that_allows_them() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("policy");
    apply(&namespace, "web", "", &json!({}));
    let mut lines = vec![format!("read {namespace}/Deployment.apps/web")];
    for _ in 0..20 {
        let scene = Scene::new();
        let allowed = json!({"workspace": ["read deployment/web"], "cluster": &lines});
        let policy = json!({"version": 1, "steps": {"deploy-verify": allowed}});
        scene.put("own/policy.yaml", &policy.to_string());
        let run = verify(&scene, &cluster.kubeconfig(), &namespace).args(["--resources", "deployment/web"]);
        let ended = run.arg("--policy").arg(scene.path("own/policy.yaml")).end();
        if ended.exit == Some(0) {
            assert!(lines.len() > 3 && lines.iter().all(|line| line.starts_with("read ")), "{lines:?}");
            return;
        }
        let result = ended.expect(3, "denied");
        let message = result["message"].as_str().unwrap();
        let (_, rest) = message.split_once("to allow it, add `").expect(message);
        lines.push(rest.split('`').next().unwrap().to_owned());
    }
    panic!("it is denied whatever is added: {lines:?}");
}
