//! The control plane, its played pods, its logs and the proxy of `tests/src/kube` with one another, before anything is
//! tested with them. No step runs here.

use lockstep_tests::kube::cluster::condition;
use lockstep_tests::kube::proxy::KubeExchange;
use lockstep_tests::kube::proxy::fault::{KubeFault, KubeMatcher};
use lockstep_tests::kube::stages;
use lockstep_tests::kube::{Cluster, Proxy};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A Deployment of this name whose pods play a part.
fn deployment(name: &str, replicas: u32, stage: &str, notes: &Value) -> String {
    let mut labels = json!({ "app": name });
    if !stage.is_empty() {
        labels[stages::STAGE] = json!(stage);
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": name },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": { "app": name } },
            "template": { "metadata": { "labels": labels, "annotations": notes }, "spec": pod_spec("Always") }
        }
    })
    .to_string()
}

fn pod_spec(restart: &str) -> Value {
    json!({
        "restartPolicy": restart, "terminationGracePeriodSeconds": 0,
        "initContainers": [{ "name": "setup", "image": "registry.test/setup:1" }],
        "containers": [
            { "name": "app", "image": "registry.test/app:1" }, { "name": "side", "image": "registry.test/side:1" }
        ]
    })
}

/// The first pod of this app for which the test holds.
fn pod(cluster: &Cluster, namespace: &str, app: &str, what: &str, test: impl Fn(&Value) -> bool) -> Value {
    let selector = format!("app={app}");
    cluster.wait(what, || cluster.pods(namespace, &selector).ok()?.into_iter().find(|pod| test(pod)))
}

fn first<'p>(pod: &'p Value, list: &str) -> &'p Value {
    &pod["status"][list][0]
}

fn waits_for<'p>(pod: &'p Value, list: &str) -> &'p str {
    first(pod, list)["state"]["waiting"]["reason"].as_str().unwrap_or_default()
}

#[test]
fn a_deployment_of_three_is_rolled_out() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("rollout");
    cluster.apply(&namespace, &deployment("web", 3, "", &json!({}))).unwrap();
    let said = cluster
        .kubectl(&["rollout", "status", "-n", &namespace, "deployment/web", "--timeout=120s"])
        .unwrap();
    assert!(said.contains("successfully rolled out"), "{said}");
    let pods = cluster.pods(&namespace, "app=web").unwrap();
    assert_eq!(pods.len(), 3);
    for pod in &pods {
        assert_eq!((condition(pod, "Ready"), &pod["status"]["phase"]), ("True", &json!("Running")));
        assert_eq!(first(pod, "initContainerStatuses")["state"]["terminated"]["exitCode"], 0);
        assert!(pod["status"]["podIP"].is_string());
    }
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/web");
    assert_eq!(cluster.get(&path).unwrap()["status"]["readyReplicas"], 3);
}

#[test]
fn a_pod_that_crashes_counts_its_restarts_and_keeps_the_last_end() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("crash");
    let notes = json!({ stages::EXIT_CODE: "3" });
    cluster.apply(&namespace, &deployment("web", 1, "crash-loop", &notes)).unwrap();
    cluster.apply(&namespace, &deployment("big", 1, "oom-killed", &json!({}))).unwrap();
    let twice = |list: &'static str, reason: &'static str, code: u64| {
        move |pod: &Value| {
            let last = &first(pod, list)["lastState"]["terminated"];
            waits_for(pod, list) == "CrashLoopBackOff"
                && first(pod, list)["restartCount"].as_u64() >= Some(2)
                && last["reason"] == reason
                && last["exitCode"] == code
        }
    };
    let crashed = pod(cluster, &namespace, "web", "a crash loop", twice("containerStatuses", "Error", 3));
    assert_eq!(condition(&crashed, "Ready"), "False");
    let _ = pod(cluster, &namespace, "big", "a lack of memory", twice("containerStatuses", "OOMKilled", 137));
    let events = format!("/api/v1/namespaces/{namespace}/events");
    cluster.wait("an event of the back-off", || {
        let events = cluster.get(&events).ok()?;
        let mut events = events["items"].as_array()?.iter();
        let from = "spec.containers{app}";
        events.any(|e| e["reason"] == "BackOff" && e["involvedObject"]["fieldPath"] == from).then_some(())
    });

    cluster.apply(&namespace, &deployment("init", 1, "init-crash", &json!({}))).unwrap();
    let crashed = pod(
        cluster,
        &namespace,
        "init",
        "a crash loop of an init container",
        twice("initContainerStatuses", "Error", 1),
    );
    assert_eq!(waits_for(&crashed, "containerStatuses"), "PodInitializing");
    assert_eq!(crashed["status"]["phase"], "Pending");

    let notes = json!({ stages::CRASHES: "2", stages::DELAY: "100ms" });
    cluster.apply(&namespace, &deployment("heals", 1, "crash-loop", &notes)).unwrap();
    let healed =
        pod(cluster, &namespace, "heals", "a pod that got well", |p| condition(p, "Ready") == "True");
    assert_eq!(first(&healed, "containerStatuses")["restartCount"], 2);
}

#[test]
fn each_waiting_pod_has_the_reason_of_a_kubelet() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("waits");
    let cases = [
        ("image-not-found", "ErrImagePull", "not found"),
        ("image-not-found", "ImagePullBackOff", "Back-off pulling image \"registry.test/app:1\""),
        ("image-throttled", "ImagePullBackOff", "429 Too Many Requests"),
        ("image-denied", "ErrImagePull", "authorization failed"),
        ("invalid-image", "InvalidImageName", "couldn't parse image name"),
        ("config-missing", "CreateContainerConfigError", "configmap \"settings\" not found"),
        ("create-error", "CreateContainerError", "no command specified"),
        ("creating", "ContainerCreating", ""),
    ];
    for (part, _, _) in cases {
        cluster.apply(&namespace, &deployment(part, 1, part, &json!({}))).unwrap();
    }
    for (part, reason, message) in cases {
        let what = format!("{reason} of {part}");
        let found =
            pod(cluster, &namespace, part, &what, |pod| waits_for(pod, "containerStatuses") == reason);
        let said = first(&found, "containerStatuses")["state"]["waiting"]["message"].as_str();
        assert!(said.unwrap_or_default().contains(message), "{part}: {said:?}");
        assert_eq!((condition(&found, "Ready"), &found["status"]["phase"]), ("False", &json!("Pending")));
    }
    let notes = json!({ stages::HEALS_AFTER: "200ms" });
    cluster.apply(&namespace, &deployment("later", 1, "image-throttled", &notes)).unwrap();
    let _ = pod(cluster, &namespace, "later", "an image at last", |p| condition(p, "Ready") == "True");
}

#[test]
fn pods_are_ready_late_or_never_or_end() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("late");
    for part in ["never-ready", "slow-ready", "evicted"] {
        cluster.apply(&namespace, &deployment(part, 1, part, &json!({}))).unwrap();
    }
    let job = |name: &str, stage: &str| {
        json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": { "name": name },
            "spec": {
                "backoffLimit": 0,
                "template": {
                    "metadata": { "labels": { "app": name, stages::STAGE: stage } }, "spec": pod_spec("Never")
                }
            }
        })
        .to_string()
    };
    cluster.apply(&namespace, &job("done", "ready")).unwrap();
    cluster.apply(&namespace, &job("undone", "fail")).unwrap();
    for (name, end) in [("done", "Complete"), ("undone", "Failed")] {
        let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}");
        cluster.wait(&format!("a job that is {end}"), || {
            (condition(&cluster.get(&path).ok()?, end) == "True").then_some(())
        });
    }
    let _ = pod(cluster, &namespace, "evicted", "an eviction", |pod| pod["status"]["reason"] == "Evicted");
    let _ = pod(cluster, &namespace, "slow-ready", "a late pod", |pod| condition(pod, "Ready") == "True");
    let unready =
        pod(cluster, &namespace, "never-ready", "a pod that runs", |pod| pod["status"]["phase"] == "Running");
    assert_eq!(condition(&unready, "Ready"), "False");
}

#[test]
fn a_user_may_do_what_the_rules_say_and_the_audit_log_has_it() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("rules");
    let rules = json!([{ "apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"] }]);
    let user = cluster.user(&namespace, "reader", &rules).unwrap();
    let kubectl = |arguments: &[&str]| cluster.kubectl_with(&user.kubeconfig, arguments);
    let _ = kubectl(&["get", "deployments"]).unwrap();
    let refused = kubectl(&["get", "pods"]).unwrap_err();
    assert!(refused.contains("pods is forbidden") && refused.contains(&user.name), "{refused}");
    let refused = kubectl(&["get", "deployments", "-n", "default"]).unwrap_err();
    assert!(refused.contains("in the namespace \"default\""), "{refused}");
    let path = cluster.kubeconfig_of(&[cluster.nobody()]).unwrap();
    assert!(cluster.kubectl_with(&path, &["get", "nodes"]).unwrap_err().contains("User \"nobody\""));

    let everywhere = cluster.cluster_user(&namespace, "everywhere", &rules).unwrap();
    let _ = cluster.kubectl_with(&everywhere.kubeconfig, &["get", "deployments", "-A"]).unwrap();

    let asked: Vec<_> = cluster.audit().unwrap().into_iter().filter(|r| r.user == user.name).collect();
    let of = |part: &str| {
        let found: Vec<_> = asked.iter().filter(|r| r.uri.contains(part)).collect();
        found.iter().map(|r| (r.verb.as_str(), r.code)).collect::<Vec<_>>()
    };
    assert_eq!(of(&format!("/{namespace}/deployments")), [("list", 200)], "{asked:#?}");
    assert_eq!(of("/pods"), [("list", 403)]);
    assert_eq!(of("/default/deployments"), [("list", 403)]);
    assert!(asked.iter().all(|request| request.agent.contains("kubectl")));
}

#[test]
fn logs_are_those_of_the_test_including_those_before_a_restart() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("logs");
    cluster.logs(&namespace, "app", "hello\nworld", "panic: no\nend").unwrap();
    cluster.apply(&namespace, &deployment("web", 1, "crash-loop", &json!({}))).unwrap();
    let crashed = |pod: &Value| first(pod, "containerStatuses")["restartCount"].as_u64() >= Some(1);
    let pod = pod(cluster, &namespace, "web", "a crash", crashed);
    let name = pod["metadata"]["name"].as_str().unwrap();
    let logs = |more: &[&str]| cluster.kubectl(&[&["logs", "-n", &namespace, name], more].concat());
    let now = cluster.wait("a log", || logs(&["-c", "app"]).ok());
    assert_eq!(now, "hello\nworld\n");
    assert_eq!(logs(&["-c", "app", "--previous"]).unwrap(), "panic: no\nend\n");
    assert_eq!(logs(&["-c", "app", "--previous", "--tail=1"]).unwrap(), "end\n");
    assert!(logs(&["-c", "side"]).is_err(), "nobody said what it prints");
}

/// `kubectl` that watches through a proxy.
struct Watch {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Watch {
    fn config_maps(cluster: &Cluster, kubeconfig: &Path, namespace: &str) -> Self {
        let mut command: Command = cluster.kubectl_command(kubeconfig).unwrap();
        command.args(["get", "configmaps", "-n", namespace, "--watch-only", "-o", "name"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn through(cluster: &Cluster) -> (Proxy, std::path::PathBuf) {
    let proxy = cluster.proxy().unwrap();
    let kubeconfig = cluster.kubeconfig_of(&[proxy.context()]).unwrap();
    (proxy, kubeconfig)
}

#[test]
fn the_proxy_passes_on_requests_and_watches_and_cuts_them() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("proxy");
    let (proxy, kubeconfig) = through(cluster);
    let kubectl = |arguments: &[&str]| cluster.kubectl_with(&kubeconfig, arguments);
    let _ = kubectl(&["create", "configmap", "-n", &namespace, "big", "--from-literal=key=value"]).unwrap();
    assert_eq!(
        kubectl(&["get", "configmap", "-n", &namespace, "big", "-o", "jsonpath={.data.key}"]).unwrap(),
        "value"
    );
    assert_eq!(proxy.count("create"), 1);
    assert!(proxy.log().iter().all(|exchange| exchange.passed && exchange.status.is_some()));

    let mut watch = Watch::config_maps(cluster, &kubeconfig, &namespace);
    cluster.wait("an open watch", || (proxy.open_watches() == 1).then_some(()));
    let _ = cluster.kubectl(&["create", "configmap", "-n", &namespace, "new"]).unwrap();
    assert_eq!(watch.line(), "configmap/new");
    assert_eq!(proxy.cut_watches(), 1);
    assert_eq!(watch.line(), "", "its output ends with the watch");
    cluster.wait("no open watch", || (proxy.open_watches() == 0).then_some(()));
    assert_eq!((proxy.cut_watches(), proxy.count("watch")), (0, 1));
    let _ = kubectl(&["get", "configmaps", "-n", &namespace]).unwrap();
}

#[test]
fn the_proxy_fails_as_an_api_server_does() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("faults");
    let (proxy, kubeconfig) = through(cluster);
    let path = format!("/api/v1/namespaces/{namespace}/configmaps");
    let raw = |target: &str| cluster.kubectl_with(&kubeconfig, &["get", "--raw", target]);

    proxy.fault(KubeMatcher::verb("list").with("configmaps").times(2), KubeFault::throttled(1));
    let _ = raw(&path).unwrap();
    let lists = proxy.log().into_iter().filter(|exchange| exchange.request.target.contains("configmaps"));
    let said: Vec<_> = lists.map(|exchange: KubeExchange| (exchange.status, exchange.passed)).collect();
    assert_eq!(said, [(Some(429), false), (Some(429), false), (Some(200), true)], "kubectl asks again");

    let faults = [
        (KubeFault::gone(), "too old resource version"),
        (KubeFault::internal_error(), "leader changed"),
        (KubeFault::unavailable(), "unable to handle the request"),
        (KubeFault::Reset, "EOF"),
        (KubeFault::Cut(20), "unexpected EOF"),
    ];
    for (what, message) in faults {
        proxy.clear();
        proxy.fault(KubeMatcher::verb("list"), what.clone());
        let refused = raw(&path).unwrap_err();
        assert!(refused.contains(message), "{what:?}: {refused}");
    }
    proxy.clear();
    proxy.fault(KubeMatcher::verb("watch").times(1), KubeFault::gone_event());
    let event: Value = serde_json::from_str(&raw(&format!("{path}?watch=1")).unwrap()).unwrap();
    assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));

    proxy.clear();
    proxy.fault(KubeMatcher::verb("list"), KubeFault::Delay(Duration::from_millis(10)));
    let _ = raw(&path).unwrap();
    proxy.fault(KubeMatcher::verb("list").times(1), KubeFault::Hold);
    thread::scope(|scope| {
        let arguments = ["get", "--raw", &path, "--request-timeout=150s"];
        let held = scope.spawn(move || cluster.kubectl_with(kubeconfig.as_path(), &arguments));
        let is_held =
            |exchange: &KubeExchange| exchange.request.verb == "list" && !exchange.over && !exchange.passed;
        cluster.wait("a request that is held", || proxy.log().iter().any(is_held).then_some(()));
        assert!(proxy.cut_all() > 0);
        assert!(held.join().unwrap().is_err());
    });
    let held: Vec<_> = proxy.log().into_iter().filter(|exchange| exchange.status.is_none()).collect();
    assert!(held.iter().all(|exchange| exchange.over && !exchange.passed), "{held:?}");
}

#[test]
fn a_dropped_cluster_leaves_no_process_and_no_file() {
    let cluster = Cluster::start().unwrap();
    let (folder, processes) = (cluster.folder().to_owned(), cluster.processes());
    let number = |id: &u32| rustix::process::Pid::from_raw(i32::try_from(*id).unwrap()).unwrap();
    let runs = |id: &u32| rustix::process::test_kill_process(number(id)).is_ok();
    assert!(folder.exists() && processes.len() == 5 && processes.iter().all(runs));
    drop(cluster);
    assert!(!folder.exists() && !processes.iter().any(runs));
}
