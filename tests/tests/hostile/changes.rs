//! A hostile component that may change single objects of a cluster, each in one way. A server in the place of the cluster
//! hears of no other change, whatever it names, and in a dry run only of dry runs.

use lockstep_tests::stand_in::{TOKEN, empty, end, json_of, run, says};
use lockstep_tests::support::{self, ProgramOutput, SECRETS, Scene};
use lockstep_tests::web::Web;
use serde_json::{Value, json};

/// What the component may do: every right on something else than the others are on.
const GRANTED: [&str; 7] = [
    "read,logs shop/Pod",
    "rollback shop/Deployment.apps/web",
    "scale shop/Deployment.apps/web",
    "suspend shop/CronJob.batch/nightly",
    "suspend shop/Deployment.apps/web",
    "evict shop/Pod",
    "put-config-map shop/ConfigMap/memory",
];
const CHANGES: [&str; 5] = ["rollback", "scale", "suspend", "evict", "put-config-map"];

/// The ConfigMap of the component, with these labels.
fn memory(labels: &Value) -> Value {
    json!({
        "kind": "ConfigMap", "apiVersion": "v1",
        "metadata": {"name": "memory", "namespace": "shop", "resourceVersion": "7", "labels": labels},
    })
}

fn own() -> Value {
    json!({"app.kubernetes.io/managed-by": "lockstep"})
}

fn attack(scene: &Scene, cluster: &Web, act: &str, words: &[&str]) -> ProgramOutput {
    end(scene, run(scene, cluster, (&GRANTED, ""), act, words))
}

/// The requests that a cluster got: method, path and query.
fn asked(cluster: &Web) -> Vec<(String, String)> {
    cluster.log().into_iter().map(|asked| (asked.method, asked.target)).collect()
}

/// Words for an act that would change something else than what is granted, from the one that is: namespace, kind and
/// name, where the function has a kind.
fn elsewhere(kind: Option<&str>, name: &str) -> Vec<String> {
    let word = |namespace: &str, kind: Option<&str>, name: &str| match kind {
        Some(kind) => format!("{namespace}|{kind}|{name}|7|1"),
        None => format!("{namespace}|{name}|7|key|text"),
    };
    let namespaces = ["other", ".", "-", "*"].map(|namespace| word(namespace, kind, name));
    let kinds = ["Secret", "secret", "secrets", "Pod", "StatefulSet.apps", "Deployment", "*"];
    let kinds = kind.map(|_| kinds.map(|kind| word("shop", Some(kind), name)));
    let names =
        ["", ".", "..", "../../secrets/token", "NAME/scale", "NAME/../../secrets/token", "NAME%2fscale"];
    let more = ["NAME?force=true", "NAME#", "NAME\r\nx: y", " NAME", "na\u{443}me"];
    let names = names.into_iter().chain(more).map(|other| word("shop", kind, &other.replace("NAME", name)));
    namespaces.into_iter().chain(kinds.into_iter().flatten()).chain(names).collect()
}

#[test]
fn attack_17_a_run_changes_only_granted_objects() {
    for (act, kind, name) in [
        ("rollback", Some("Deployment.apps"), "web"),
        ("scale", Some("Deployment.apps"), "web"),
        ("suspend", Some("CronJob.batch"), "nightly"),
        ("evict", None, "web"),
        ("put-config-map", None, "memory"),
    ] {
        let mut words = elsewhere(kind, name);
        // All pods may be evicted, each by its name; of the others one alone is granted.
        if act != "evict" {
            let kind = kind.map(|kind| format!("{kind}|")).unwrap_or_default();
            words.extend(["other", "*"].map(|other| format!("shop|{kind}{other}|7|key|text")));
        }
        let (scene, cluster) = (Scene::new(), empty());
        // Each is denied by itself: the first denial ends a run.
        for word in &words {
            let ended = attack(&scene, &cluster, act, &[word]);
            ended.expect(3, "denied");
            assert_eq!(ended.result()["changed"], json!([]), "{act} {word}");
            let calls = support::calls(&scene);
            let verdicts: Vec<_> = calls.iter().map(|(call, _, verdict)| (&**call, &**verdict)).collect();
            assert_eq!(verdicts, [(&*format!("cluster.{act}"), "denied")], "{word}");
        }
        assert!(cluster.log().is_empty(), "{act}: {:?}", cluster.log());
    }
    // Not every pod at once: that is no object.
    let (scene, cluster) = (Scene::new(), empty());
    let ended = attack(&scene, &cluster, "evict", &["shop|*|u-1"]);
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["invalid"]));
    assert!(cluster.log().is_empty(), "{:?}", cluster.log());
}

#[test]
fn attack_17_a_right_on_one_function_gives_no_right_on_another() {
    let word = |act: &str| match act {
        "evict" => "shop|web|u-1",
        "put-config-map" => "shop|memory|7|key|text",
        _ => "shop|Deployment.apps|web|7|1",
    };
    for act in CHANGES {
        let others = CHANGES.iter().filter(|other| **other != act).copied().collect::<Vec<_>>().join(",");
        for rights in ["read,logs", &others] {
            let (scene, cluster) = (Scene::new(), empty());
            let rights = format!("{rights} shop/*");
            let ended = end(&scene, run(&scene, &cluster, (&[&*rights], ""), act, &[word(act)]));
            ended.expect(3, "denied");
            assert!(cluster.log().is_empty(), "{act} with {rights}: {:?}", cluster.log());
            assert_eq!(support::calls(&scene)[0].2, "denied");
        }
    }
}

#[test]
fn an_invalid_change_writes_nothing() {
    for (act, words) in [
        // Without a version, it would be made whatever somebody else did.
        ("rollback", &["shop|Deployment.apps|web||1"][..]),
        (
            "scale",
            &[
                "shop|Deployment.apps|web||1",
                "shop|Deployment.apps|web|7|2147483648",
                "shop|Deployment.apps|web|7|4294967295",
            ],
        ),
        (
            "suspend",
            &[
                "shop|CronJob.batch|nightly||true",
                "shop|Deployment.apps|web|7|true",
                "shop|Deployment.apps|web|7|false",
            ],
        ),
        ("evict", &["shop|web|"]),
        (
            "put-config-map",
            &[
                "shop|memory|none|key|text",
                "shop|memory|7|../x|text",
                "shop|memory|7|..|text",
                "shop|memory|7|.|text",
                "shop|memory|7|a/b|text",
                "shop|memory|7|a\nb|text",
                "shop|memory|7|a b|text",
                "shop|memory|7|\u{e9}|text",
                "shop|memory|7||text",
                "shop|memory|7|LONG|text",
                "shop|memory|7|../x|~",
                "shop|memory|7|NONE|",
                "shop|memory|7|MANY|text",
                "shop|memory|new|../x|text",
                "shop|memory|7|key|LONG",
                "shop|memory|new|key|LONG",
            ],
        ),
    ] {
        let (scene, cluster) = (Scene::new(), says(&memory(&own())));
        let ended = attack(&scene, &cluster, act, words);
        assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(vec!["invalid"; words.len()]), "{act}");
        assert!(cluster.log().iter().all(|asked| asked.method == "GET"), "{act}: {:?}", cluster.log());
        assert_eq!(ended.result()["changed"], json!([]), "{act}");
    }
}

#[test]
fn no_secret_of_the_job_gets_into_a_config_map() {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let words: Vec<_> = [TOKEN, SECRETS[0], SECRETS[1], &hex(TOKEN), &format!("it is {}!", SECRETS[0])]
        .into_iter()
        .flat_map(|secret| ["7", "new"].map(|version| format!("shop|memory|{version}|key|{secret}")))
        // Neither does a key.
        .chain([format!("shop|memory|7|{TOKEN}|~")])
        .collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let (scene, cluster) = (Scene::new(), says(&memory(&own())));
    let ended = attack(&scene, &cluster, "put-config-map", &words);
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(vec!["invalid"; words.len()]));
    assert!(cluster.log().is_empty(), "{:?}", cluster.log());
}

#[test]
fn the_host_writes_to_no_object_of_somebody_else() {
    let others = json!({"app.kubernetes.io/managed-by": "Helm", "lockstep": "app.kubernetes.io/managed-by"});
    for labels in [json!(null), json!({}), others, json!({"app.kubernetes.io/managed-by": "Lockstep"})] {
        let (scene, cluster) = (Scene::new(), says(&memory(&labels)));
        let ended = attack(&scene, &cluster, "put-config-map", &["shop|memory|7|key|text"]);
        assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["invalid"]), "{labels}");
        let get = ("GET".to_owned(), "/api/v1/namespaces/shop/configmaps/memory".to_owned());
        assert_eq!(asked(&cluster), [get], "{labels}");
    }
    // Nor is one that was looked at before it became somebody else's: it has another version then.
    let (scene, cluster) = (Scene::new(), says(&memory(&own())));
    let ended = attack(&scene, &cluster, "put-config-map", &["shop|memory|8|key|text"]);
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["conflict"]));
    assert!(cluster.log().iter().all(|asked| asked.method == "GET"), "{:?}", cluster.log());
}

/// Each change with its one request that writes: method, path, and what its body must hold.
const WRITES: [(&str, &str, &str, &str, &str); 5] = [
    (
        "scale",
        "shop|Deployment.apps|web|7|3",
        "PATCH",
        "/apis/apps/v1/namespaces/shop/deployments/web/scale",
        "7",
    ),
    (
        "suspend",
        "shop|CronJob.batch|nightly|7|true",
        "PATCH",
        "/apis/batch/v1/namespaces/shop/cronjobs/nightly",
        "7",
    ),
    ("evict", "shop|web|u-1", "POST", "/api/v1/namespaces/shop/pods/web/eviction", "u-1"),
    ("put-config-map", "shop|memory|7|key|text", "PATCH", "/api/v1/namespaces/shop/configmaps/memory", "7"),
    ("put-config-map", "shop|memory|new|key|text", "POST", "/api/v1/namespaces/shop/configmaps", "lockstep"),
];

#[test]
fn a_granted_change_is_one_request_and_in_a_dry_run_a_dry_run_request() {
    for (act, word, method, path, held) in WRITES {
        for dry_run in [false, true] {
            let (scene, cluster) = (Scene::new(), says(&memory(&own())));
            let run = run(&scene, &cluster, (&GRANTED, ""), act, &[word]);
            let ended = end(&scene, if dry_run { run.arg("--dry-run") } else { run });
            let outcome = if dry_run { "Outcome::DryRun" } else { "Outcome::Applied" };
            assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!([outcome]), "{act}");
            let log = cluster.log();
            let writes: Vec<_> = log.iter().filter(|asked| asked.method != "GET").collect();
            assert_eq!(writes.len(), 1, "{act}: {log:?}");
            let (target, query) = writes[0].target.split_once('?').unwrap_or((&writes[0].target, ""));
            assert_eq!((&*writes[0].method, target), (method, path), "{log:?}");
            let dry_runs = query.split('&').filter(|part| *part == "dryRun=All").count();
            assert_eq!(dry_runs, usize::from(dry_run), "{act}: {log:?}");
            assert!(writes[0].body.contains(&format!("\"{held}\"")), "{log:?}");
        }
    }
}

/// The same for a rollback, which looks at what the cluster keeps before.
#[test]
fn a_dry_run_of_a_rollback_sends_a_dry_run_request() {
    for dry_run in [false, true] {
        let scene = Scene::new();
        let cluster = Web::new(|asked, _| {
            let object = json!({
                "kind": "Deployment", "apiVersion": "apps/v1",
                "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7", "uid": "u-1"},
            });
            let kept = json!({
                "metadata": {
                    "name": "web-1", "annotations": {"deployment.kubernetes.io/revision": "1"},
                    "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "u-1"}],
                },
                "spec": {"template": {"metadata": {}, "spec": {}}},
            });
            let list =
                json!({"kind": "ReplicaSetList", "apiVersion": "apps/v1", "metadata": {}, "items": [kept]});
            let answer = if asked.target.contains("replicasets") { list } else { object };
            json_of(200, &answer.to_string())
        });
        let run = run(&scene, &cluster, (&GRANTED, ""), "rollback", &["shop|Deployment.apps|web|7|1"]);
        let ended = end(&scene, if dry_run { run.arg("--dry-run") } else { run });
        let outcome = if dry_run { "Outcome::DryRun" } else { "Outcome::Applied" };
        assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!([outcome]));
        let writes: Vec<_> = asked(&cluster).into_iter().filter(|(method, _)| method != "GET").collect();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert_eq!(writes[0].1.contains("dryRun=All"), dry_run, "{writes:?}");
    }
}

#[test]
fn a_busy_cluster_gets_a_retry_and_a_disruption_budget_does_not() {
    let says = |code: u16, details: Value| json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "not now", "code": code, "details": details});
    let budget = json!({"causes": [{"reason": "DisruptionBudget", "message": "needs 1 healthy pods"}]});
    for (code, details, said, requests) in [
        (503, json!({}), "Outcome::Applied", 3),
        (429, json!({"retryAfterSeconds": 1}), "Outcome::Applied", 3),
        (429, budget, "unavailable", 1),
        (409, json!({}), "conflict", 1),
    ] {
        let refusal = says(code, details).to_string();
        let cluster = Web::new(move |_, number| match number {
            1 | 2 => json_of(code, &refusal),
            _ => json_of(201, "{}"),
        });
        let scene = Scene::new();
        let ended = attack(&scene, &cluster, "evict", &["shop|web|u-1"]);
        assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!([said]), "{code}");
        assert_eq!(cluster.log().len(), requests, "{code}: {:?}", cluster.log());
        // However often it was asked, it is one call.
        assert_eq!(support::calls(&scene).len(), 1, "{code}");
    }
}
