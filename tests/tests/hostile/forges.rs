//! A hostile component that may do everything with the pull requests from one kind of branch into one base of one
//! repository. Whatever it names, the forge hears of nothing else, and it never sees the token.

use lockstep_tests::support::{self, ProgramOutput, Scene, assert_absent, hostile};
use lockstep_tests::web::{Web, WebReply};
use serde_json::{Value, json};

const TOKEN: &str = "forge-t0ken-of-the-job";

/// A forge that has a pull request of the granted branch, one of another branch and one of a fork, and says back what it
/// was told.
fn forge() -> Web {
    Web::new(|asked, _| {
        let request = |number: u64, branch: &str, repository: u64| {
            json!({
                "number": number, "html_url": "https://forge/7", "state": "open", "title": asked.headers.join(" "),
                "body": asked.header("authorization"), "labels": [], "merged": false, "mergeable": true,
                "base": {"label": "main", "repo_id": 1}, "head": {"label": branch, "sha": "abc", "repo_id": repository},
            })
        };
        let all = [request(7, "promote/web", 1), request(8, "feature", 1), request(9, "promote/web", 2)];
        let path = asked.target.split('?').next().unwrap_or_default();
        let answer = match (asked.method.as_str(), path.rsplit('/').next().unwrap_or_default()) {
            ("GET", "pulls") => json!(all),
            ("GET", "7") => all[0].clone(),
            ("GET", "8") => all[1].clone(),
            ("GET", "9") => all[2].clone(),
            ("GET", "comments" | "labels") => json!([]),
            ("GET", "status") => json!({"statuses": []}),
            ("POST", "pulls") => all[0].clone(),
            _ => json!({}),
        };
        WebReply::of(200, &[], &answer.to_string())
    })
}

/// Runs an attack; `REPO` stands for the granted repository.
fn attack(scene: &Scene, forge: &Web, act: &str, word: &str, limits: &str) -> ProgramOutput {
    attack_all(scene, forge, act, &[word.to_owned()], limits)
}

fn attack_all(scene: &Scene, forge: &Web, act: &str, words: &[String], limits: &str) -> ProgramOutput {
    let repository = forge.url("/shop/deploy");
    let rights = json!({"forge": [format!("read,open,merge {repository}#main...promote/*")]});
    let run = scene.allowed(&hostile("forges"), &rights, limits).args(["--act", act]);
    let run = words.iter().fold(run, |run, word| run.arg("--words").arg(word.replace("REPO", &repository)));
    let run = run.env("LOCKSTEP_FORGE_TOKEN", TOKEN).env("GITHUB_SERVER_URL", forge.url(""));
    let ended = run.env("GITEA_ACTIONS", "true").end();
    assert_absent(scene, &ended, &[TOKEN], &[]);
    ended
}

fn said(ended: &ProgramOutput) -> String {
    ended.expect(0, "done")["outputs"]["said"][0].as_str().unwrap().to_owned()
}

#[test]
fn the_host_executes_granted_calls_and_shows_no_token() {
    let (scene, forge) = (Scene::new(), forge());
    let ended = attack(&scene, &forge, "list", "REPO|main|promote/web", "");
    let list = said(&ended);
    assert!(list.contains("number: 7") && list.contains("***") && !list.contains("number: 9"), "{list}");
    assert_eq!(forge.log()[0].header("authorization"), format!("Bearer {TOKEN}"));
    for act in ["open", "update", "get-status", "comment", "merge"] {
        let last = if act == "open" || act == "comment" { "good" } else { "7" };
        said(&attack(&scene, &forge, act, &format!("REPO|main|promote/web|{last}"), ""));
        let calls = support::calls(&scene);
        assert_eq!((calls.len(), &*calls[0].0, &*calls[0].2), (1, &*format!("forge.{act}"), "allowed"));
        assert!(calls[0].1.ends_with("/shop/deploy#main...promote/web"), "{calls:?}");
    }
}

#[test]
fn attack_20_no_other_pull_request_is_reached() {
    let between = [
        "REPOX|main|promote/web",
        "REPO/|main|promote/web",
        "REPO/../other|main|promote/web",
        "REPO?x|main|promote/web",
        ".|main|promote/web",
        "https://forge.example.com/shop/deploy|main|promote/web",
        "REPO|release|promote/web",
        "REPO|promote/web|main",
        "REPO|main|main",
        "REPO|main|feature",
        "REPO|main|promote/../feature",
        "REPO|main|promote/web/more",
        "REPO|main|refs/heads/promote/web",
        "REPO|main|promote/web#x",
        "REPO|main...promote/x|promote/web",
        "REPO|main|promote/web?state=all",
        "REPO|main|*",
        "REPO||promote/web",
    ];
    let (scene, forge) = (Scene::new(), forge());
    for act in ["list", "get-status", "open", "update", "comment", "close", "merge"] {
        for names in between {
            attack(&scene, &forge, act, &format!("{names}|7"), "").expect(3, "denied");
            let verdicts: Vec<_> = support::calls(&scene).into_iter().map(|(.., verdict)| verdict).collect();
            assert_eq!(verdicts, ["denied"], "{act} {names}");
        }
        // The first of many ends it.
        let words: Vec<_> = between.iter().map(|names| format!("{names}|7")).collect();
        attack_all(&scene, &forge, act, &words, "").expect(3, "denied");
        assert_eq!(support::calls(&scene).len(), 1, "{act}");
    }
    assert!(forge.log().is_empty(), "{:?}", forge.log());
}

#[test]
fn attack_20_a_number_leads_to_no_other_branch_or_fork() {
    let (scene, forge) = (Scene::new(), forge());
    for act in ["get-status", "update", "merge"] {
        for number in ["8", "9", "10", "18446744073709551615"] {
            let ended = attack(&scene, &forge, act, &format!("REPO|main|promote/web|{number}"), "");
            assert!(
                ["not-found", "unavailable"].contains(&&*said(&ended)),
                "{act} {number} {}",
                said(&ended)
            );
        }
    }
    // Only what this run has opened is closed.
    let ended = attack(&scene, &forge, "close", "REPO|main|promote/web|7", "");
    assert_eq!(said(&ended), "invalid");
    let changes: Vec<_> = forge.log().into_iter().filter(|asked| asked.method != "GET").collect();
    assert!(changes.is_empty(), "{changes:?}");
}

#[test]
fn attack_20_no_text_is_a_command_of_the_forge() {
    let (scene, forge) = (Scene::new(), forge());
    for (act, last) in [
        ("open", ""),
        ("open", "a\nb"),
        ("open", "a;b,c"),
        ("open", "a;"),
        ("open", "a;b\tc"),
        ("comment", "a --> b"),
        ("comment", ""),
        ("large", "100000"),
    ] {
        let ended = attack(&scene, &forge, act, &format!("REPO|main|promote/web|{last}"), "");
        assert_eq!(said(&ended), "invalid", "{act} {last}");
    }
    assert!(forge.log().iter().all(|asked| asked.method == "GET"), "{:?}", forge.log());
}

#[test]
fn attack_20_no_text_merges_what_the_run_may_not_merge() {
    // GitLab does what a line like `/merge` says, with the rights of the token.
    let forge = Web::new(|asked, _| {
        let request = json!({
            "iid": 7, "web_url": "https://forge/7", "state": "opened", "title": "t", "description": "b", "labels": [],
            "sha": "abc", "target_branch": "main", "source_branch": "promote/web", "source_project_id": 1,
            "target_project_id": 1,
        });
        let list = asked.method == "GET" && !asked.target.ends_with("/7");
        WebReply::of(200, &[], &if list { json!([]) } else { request }.to_string())
    });
    let scene = Scene::new();
    let repository = forge.url("/shop/deploy");
    let run = |act: &str, last: &str| {
        let rights = json!({"forge": [format!("read,open {repository}#main...promote/*")]});
        let word = format!("{repository}|main|promote/web|{last}");
        let run = scene.allowed(&hostile("forges"), &rights, "").args(["--act", act, "--words", &word]);
        run.env("LOCKSTEP_FORGE_TOKEN", TOKEN).env("CI_SERVER_URL", forge.url("")).end()
    };
    let ended = run("say", "/merge\n  /target_branch release\r\n\r/approve");
    assert!(!said(&ended).contains("invalid"), "{}", said(&ended));
    let log = forge.log();
    let texts = log.iter().filter(|asked| asked.method != "GET").map(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        body["description"].as_str().or(body["body"].as_str()).unwrap().replace('\r', "")
    });
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts.len(), 3, "{log:?}");
    for text in texts {
        assert!(text.contains("merge"), "{text}");
        assert!(!text.lines().any(|line| line.trim_start().starts_with('/')), "{text}");
    }
    run("merge", "7").expect(3, "denied");
}

#[test]
fn attack_20_each_request_counts() {
    let (scene, forge) = (Scene::new(), forge());
    let ended = attack(&scene, &forge, "often", "REPO|main|promote/web|1000", "calls: 20");
    assert_eq!(ended.exit, Some(7), "{ended:?}");
    assert_eq!(forge.log().len(), 20);
}

#[test]
fn without_a_right_on_forges_a_component_does_not_start() {
    let (scene, forge) = (Scene::new(), forge());
    let rights: Value = json!({"workspace": ["read **"]});
    let word = format!("{}|main|promote/web", forge.url("/shop/deploy"));
    let run = scene.allowed(&hostile("forges"), &rights, "").args(["--act", "list", "--words", &word]);
    run.env("LOCKSTEP_FORGE_TOKEN", TOKEN).end().expect(3, "not-granted");
    assert!(forge.log().is_empty());
}
