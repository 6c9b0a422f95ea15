//! `env-promote` with pull requests on a real forge: their whole life, what people do to them, and runs that are cut off.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_tests::gitea::Gitea;
use lockstep_tests::support::{ProgramOutput, Run, Scene, assert_absent, calls};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

const DEV: &str = "spec:\n  image: shop/web:1.3.0 # newest\n";
const PROD: &str = "spec:\n  image:  shop/web:1.2.0  # runs\n";
const BRANCH: &str = "promote/web-envs-prod";
const FILE: &str = "envs/prod/web.yaml";

/// One server for the tests that run at once, which ends with the last of them; each has a repository of its own.
fn gitea() -> Arc<Gitea> {
    static SERVER: Mutex<Weak<Gitea>> = Mutex::new(Weak::new());
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    server.upgrade().unwrap_or_else(|| {
        let started = Arc::new(Gitea::start().unwrap());
        *server = Arc::downgrade(&started);
        started
    })
}

/// A repository with two environments, and a run's place.
struct Shop {
    gitea: Arc<Gitea>,
    name: String,
    url: String,
    scene: Scene,
}

impl Shop {
    fn new(name: &str) -> Self {
        let gitea = gitea();
        let url = gitea.repository(name, &[("envs/dev/web.yaml", DEV), (FILE, PROD)]).unwrap();
        Self { gitea, name: name.to_owned(), url, scene: Scene::new() }
    }

    fn run(&self) -> Run<'_> {
        self.run_in(&self.scene)
    }

    fn run_in<'s>(&'s self, scene: &'s Scene) -> Run<'s> {
        let run = scene.run("env-promote").args(["--repository", &self.url, "--forge", "gitea"]);
        let run =
            run.args(["--from", "envs/dev", "--to", "envs/prod", "--pick", ".spec.image", "--app", "web"]);
        run.args(["--mode", "pull-request"]).env("LOCKSTEP_FORGE_TOKEN", &self.gitea.token)
    }

    fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        self.gitea.well(method, &format!("/repos/shop/{}{path}", self.name), body).unwrap()
    }

    fn requests(&self) -> Vec<Value> {
        self.api("GET", "/pulls?state=all", &Value::Null).as_array().unwrap().clone()
    }

    fn request(&self, number: u64) -> Value {
        self.api("GET", &format!("/pulls/{number}"), &Value::Null)
    }

    /// Somebody else writes a file on a branch.
    fn write(&self, branch: &str, path: &str, text: &str) {
        let there = self.gitea.ask(
            "GET",
            &format!("/repos/shop/{}/contents/{path}?ref={branch}", self.name),
            &Value::Null,
        );
        let sha = there.unwrap().body["sha"].clone();
        let mut body = json!({"branch": branch, "message": "by hand", "content": STANDARD.encode(text)});
        let method = if sha.is_string() { "PUT" } else { "POST" };
        if sha.is_string() {
            body["sha"] = sha;
        }
        self.api(method, &format!("/contents/{path}"), &body);
    }

    fn text(&self, branch: &str) -> String {
        let content =
            self.api("GET", &format!("/contents/{FILE}?ref={branch}"), &Value::Null)["content"].clone();
        String::from_utf8(STANDARD.decode(content.as_str().unwrap()).unwrap()).unwrap()
    }

    fn head(&self, branch: &str) -> String {
        let branch = branch.replace('/', "%2F");
        self.api("GET", &format!("/branches/{branch}"), &Value::Null)["commit"]["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn merge(&self, number: u64, way: &str) {
        let began = Instant::now();
        // It says so while it has not looked whether it can be merged.
        while self
            .gitea
            .ask("POST", &format!("/repos/shop/{}/pulls/{number}/merge", self.name), &json!({"Do": way}))
            .unwrap()
            .status
            >= 300
        {
            assert!(began.elapsed() < Duration::from_secs(60), "it is not merged");
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn close(&self, number: u64) {
        self.api("PATCH", &format!("/pulls/{number}"), &json!({"state": "closed"}));
    }
}

fn outputs(ended: &ProgramOutput) -> Value {
    ended.expect(0, "done")["outputs"].clone()
}

/// The calls of a run that change something.
fn changes(scene: &Scene) -> Vec<String> {
    let reads = ["list-pull-requests", "get-status", "branch-head", "list-files", "read-files", "log"];
    let calls = calls(scene).into_iter().map(|(call, ..)| call);
    calls.filter(|call| !reads.iter().any(|read| call.ends_with(&format!(".{read}")))).collect()
}

#[test]
fn a_promotion_opens_updates_and_merges_its_pull_request() {
    let shop = Shop::new("life");
    let ended = shop.run().args(["--labels", "promotion", "--labels", "prod"]).end();
    let first = outputs(&ended);
    assert_eq!(
        (&first["changed"], &first["state"], &first["pull-request"]),
        (&json!(true), &json!("open"), &json!(1))
    );
    assert_eq!(first["url"], format!("{}/pulls/1", shop.url));
    assert_absent(&shop.scene, &ended, &[&shop.gitea.token], &[]);
    let request = shop.request(1);
    assert_eq!(
        (&request["title"], &request["base"]["ref"]),
        (&json!("Promote envs/dev to envs/prod"), &json!("main"))
    );
    let labels: Vec<_> =
        request["labels"].as_array().unwrap().iter().map(|label| label["name"].clone()).collect();
    assert_eq!(labels, [json!("prod"), json!("promotion")]);
    assert_eq!((shop.text("main"), shop.text(BRANCH)), (PROD.to_owned(), PROD.replace("1.2.0", "1.3.0")));
    let head = shop.head(BRANCH);
    // Again: the same one.
    let again = outputs(&shop.run().args(["--labels", "promotion", "--labels", "prod"]).end());
    assert_eq!((&again["changed"], &again["pull-request"]), (&json!(false), &json!(1)));
    assert_eq!((changes(&shop.scene), shop.head(BRANCH)), (vec![], head));
    // A newer version takes its place.
    shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0"));
    let newer = outputs(&shop.run().end());
    assert_eq!((&newer["changed"], &newer["pull-request"]), (&json!(true), &json!(1)));
    let body = shop.request(1)["body"].as_str().unwrap().to_owned();
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`"), "{body}");
    let comments = shop.api("GET", "/issues/1/comments", &Value::Null);
    assert_eq!(comments.as_array().unwrap().len(), 1, "{comments}");
    // Somebody says no to that one, and to no other.
    shop.close(1);
    let declined = shop.run().end();
    assert_eq!(declined.expect(1, "declined")["outputs"]["state"], "closed");
    assert!(changes(&shop.scene).is_empty());
    shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", "1.5.0"));
    assert_eq!(outputs(&shop.run().end())["pull-request"], 2);
    // Merged by a squash: the ledger's trailers are there, and there is nothing more to do.
    shop.merge(2, "squash");
    let merged = outputs(&shop.run().end());
    assert_eq!(
        (&merged["state"], &merged["changed"], &merged["pull-request"]),
        (&json!("merged"), &json!(false), &json!(2))
    );
    assert_eq!(merged["commit"], shop.head("main"));
    assert_eq!(shop.text("main"), PROD.replace("1.2.0", "1.5.0"));
    assert!(changes(&shop.scene).is_empty());
    assert_eq!(shop.requests().len(), 2);
}

#[test]
fn commits_of_people_on_the_branch_stay() {
    let shop = Shop::new("foreign");
    outputs(&shop.run().end());
    shop.write(BRANCH, "envs/prod/fix.yaml", "by: hand\n");
    shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0"));
    let head = shop.head(BRANCH);
    let ended = shop.run().end();
    let message = ended.expect(1, "foreign")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(BRANCH) && message.contains("shop@example.com"), "{message}");
    assert_eq!((shop.head(BRANCH), changes(&shop.scene)), (head.clone(), vec![]));
    let other = outputs(&shop.run().args(["--on-foreign", "new-branch"]).end());
    assert_eq!((&other["branch"], &other["pull-request"]), (&json!(format!("{BRANCH}-2")), &json!(2)));
    assert_eq!(shop.head(BRANCH), head);
}

#[test]
fn this_run_or_the_next_one_waits_for_the_merge() {
    let shop = Shop::new("waiting");
    let ended = shop.run().args(["--wait", "2s"]).end();
    let result = ended.expect(1, "timed-out");
    assert_eq!(
        (&result["outputs"]["state"], &result["outputs"]["pull-request"]),
        (&json!("open"), &json!(1))
    );
    let head = shop.head(BRANCH);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| shop.run().args(["--wait", "90s"]).end());
        thread::sleep(Duration::from_millis(1500));
        shop.merge(1, "rebase");
        let done = outputs(&waiting.join().unwrap());
        assert_eq!((&done["state"], &done["changed"]), (&json!("merged"), &json!(false)));
        assert_eq!(done["commit"], shop.head("main"));
    });
    assert_eq!(shop.text("main"), PROD.replace("1.2.0", "1.3.0"));
    assert_eq!(shop.head(BRANCH), head);
    // One that is closed while it is waited for.
    shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| shop.run().args(["--wait", "90s"]).end());
        let began = Instant::now();
        while shop.requests().len() < 2 {
            assert!(began.elapsed() < Duration::from_secs(60), "it is not opened");
            thread::sleep(Duration::from_millis(200));
        }
        shop.close(2);
        waiting.join().unwrap().expect(1, "closed");
    });
}

#[test]
fn the_forge_merges_after_the_required_checks_have_passed() {
    let shop = Shop::new("checks");
    let rule = json!({"rule_name": "main", "enable_push": true, "enable_status_check": true, "status_check_contexts": ["ci"]});
    shop.api("POST", "/branch_protections", &rule);
    let first = outputs(&shop.run().arg("--auto-merge").end());
    assert_eq!(first["state"], "open");
    let status =
        |state: &str| json!({"context": "ci", "state": state, "target_url": "https://ci.example.com/1"});
    let path = format!("/statuses/{}", shop.head(BRANCH));
    shop.api("POST", &path, &status("pending"));
    let ended = shop.run().args(["--auto-merge", "--wait", "3s"]).end();
    let message = ended.expect(1, "timed-out")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("checks run (ci runs)"), "{message}");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| shop.run().args(["--auto-merge", "--wait", "90s"]).end());
        thread::sleep(Duration::from_secs(2));
        shop.api("POST", &path, &status("success"));
        assert_eq!(outputs(&waiting.join().unwrap())["state"], "merged");
    });
    assert_eq!(shop.text("main"), PROD.replace("1.2.0", "1.3.0"));
    assert_eq!(shop.requests().len(), 1);
    // The commit that the forge made says what was promoted.
    let commit = shop.api("GET", &format!("/git/commits/{}", shop.head("main")), &Value::Null);
    let message = commit["commit"]["message"].as_str().unwrap();
    assert!(
        message.contains("Promoted-From: envs/dev@") && message.contains("Promoted-To: envs/prod"),
        "{message}"
    );
}

#[test]
fn the_ledger_is_readable_after_each_merge_method() {
    let shop = Shop::new("ledger");
    for (number, way) in [(1, "squash"), (2, "rebase"), (3, "merge")] {
        let version = format!("1.3.{number}");
        shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", &version));
        let done = outputs(&shop.run().args(["--ledger", "promotions.jsonl"]).end());
        assert_eq!(done["ledger"], "promotions.jsonl");
        shop.merge(number, way);
        let ledger = shop.api("GET", "/contents/promotions.jsonl?ref=main", &Value::Null)["content"].clone();
        let ledger = String::from_utf8(STANDARD.decode(ledger.as_str().unwrap()).unwrap()).unwrap();
        let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
        let image = json!(format!("shop/web:{version}"));
        assert_eq!((ledger.lines().count() as u64, &last["promoted"][0]["after"]), (number, &image));
        assert_eq!(last["source"], done["source"]);
    }
}

#[test]
fn new_commits_of_the_base_are_included() {
    let shop = Shop::new("behind");
    outputs(&shop.run().end());
    // It conflicts: the line above, in the same place.
    shop.write("main", FILE, &PROD.replace("spec:", "spec: # of prod"));
    let done = outputs(&shop.run().args(["--auto-merge", "--wait", "90s"]).end());
    assert_eq!((&done["state"], &done["pull-request"]), (&json!("merged"), &json!(1)));
    assert_eq!(shop.text("main"), PROD.replace("spec:", "spec: # of prod").replace("1.2.0", "1.3.0"));
}

#[test]
fn parallel_jobs_and_killed_runs_leave_one_pull_request() {
    let shop = Shop::new("race");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let scene = Scene::new();
                assert_eq!(outputs(&shop.run_in(&scene).end())["pull-request"], 1);
            });
        }
    });
    // Where the forge lets several be opened at once, all but the first are withdrawn.
    let open = || shop.requests().iter().filter(|one| one["state"] == "open").count();
    assert_eq!(open(), 1);
    let parent = |commit: &str| {
        let commit = shop.api("GET", &format!("/git/commits/{commit}"), &Value::Null);
        commit["parents"][0]["sha"].as_str().unwrap().to_owned()
    };
    assert_eq!(parent(&shop.head(BRANCH)), shop.head("main"), "one commit on top of the base");
    for step in 0..8_u64 {
        let version = format!("2.0.{step}");
        shop.write("main", "envs/dev/web.yaml", &DEV.replace("1.3.0", &version));
        let mut running = shop.run().start();
        thread::sleep(Duration::from_millis(80 + step * 70));
        let _ = running.child.kill();
        let _ = running.end(&shop.scene);
        let done = outputs(&shop.run().end());
        assert_eq!((&done["pull-request"], shop.text(BRANCH)), (&json!(1), PROD.replace("1.2.0", &version)));
        assert_eq!(parent(&shop.head(BRANCH)), shop.head("main"));
    }
    assert_eq!(open(), 1);
    let comments = shop.api("GET", "/issues/1/comments", &Value::Null);
    assert!(comments.as_array().unwrap().len() <= 1, "{comments}");
}

#[test]
fn a_dry_run_only_reads_from_the_forge() {
    let shop = Shop::new("dry-run");
    let ended = shop.run().args(["--auto-merge", "--dry-run"]).end();
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
    assert!(
        ended.stderr.contains("would open a pull request: Promote envs/dev to envs/prod"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.contains(&format!("would change {}#main...{BRANCH}", shop.url)), "{}", ended.stderr);
    assert!(ended.result()["diff"].as_str().unwrap().contains("+  image:  shop/web:1.3.0  # runs"));
    assert!(shop.requests().is_empty());
    let branches = shop.api("GET", "/branches", &Value::Null);
    assert_eq!(branches.as_array().unwrap().len(), 1, "{branches}");
}
