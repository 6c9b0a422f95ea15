//! `env-promote` on a real forge, over HTTP and with a token: what it pushes, what it may not, and that nobody sees the
//! token.

use lockstep_tests::gitea::Gitea;
use lockstep_tests::support::{Run, Scene, assert_absent};
use serde_json::{Value, json};
use std::thread;

const DEV: &str = "spec:\n  image: shop/web:1.3.0 # newest\n";
const PROD: &str = "spec:\n  image:  shop/web:1.2.0  # runs\n";

fn promote<'s>(scene: &'s Scene, url: &str, app: &str) -> Run<'s> {
    let (from, to) = (format!("envs/dev/{app}.yaml"), format!("envs/prod/{app}.yaml"));
    let run = scene.run("env-promote").args(["--repository", url, "--from", &from, "--to", &to]);
    run.args(["--pick", ".spec.image"])
}

fn files(apps: usize) -> Vec<(String, &'static str)> {
    let of =
        |app: usize| [(format!("envs/dev/app-{app}.yaml"), DEV), (format!("envs/prod/app-{app}.yaml"), PROD)];
    (0..apps).flat_map(of).collect()
}

fn repository(gitea: &Gitea, name: &str, apps: usize) -> String {
    let files = files(apps);
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    gitea.repository(name, &files).unwrap()
}

fn commits(gitea: &Gitea, name: &str) -> Vec<Value> {
    let path = format!("/repos/shop/{name}/commits?limit=50&stat=false");
    gitea.well("GET", &path, &Value::Null).unwrap().as_array().unwrap().clone()
}

#[test]
fn a_token_authenticates_and_appears_nowhere() {
    let gitea = Gitea::start().unwrap();
    let url = repository(&gitea, "deploy", 1);
    let before = commits(&gitea, "deploy").len();
    let scene = Scene::new();
    promote(&scene, &url, "app-0").end().expect(5, "credentials");
    let run = promote(&scene, &url, "app-0").env("LOCKSTEP_FORGE_TOKEN", &gitea.token);
    let run = run.env("GIT_AUTHOR_NAME", "Eva").env("GIT_AUTHOR_EMAIL", "eva@example.com");
    let ended = run.end();
    assert_eq!(ended.expect(0, "done")["outputs"]["changed"], true);
    assert_absent(&scene, &ended, &[&gitea.token], &[]);
    let made = commits(&gitea, "deploy");
    assert_eq!((made.len(), &made[0]["commit"]["author"]["name"]), (before + 1, &json!("Eva")));
    assert!(made[0]["commit"]["message"].as_str().unwrap().starts_with("Promote envs/dev/app-0.yaml to"));
    let again = promote(&scene, &url, "app-0").env("LOCKSTEP_FORGE_TOKEN", &gitea.token).end();
    assert_eq!(again.expect(0, "done")["outputs"]["changed"], false);
    assert_eq!(commits(&gitea, "deploy").len(), before + 1);
    // A token that opens nothing is said to be one.
    let bad = promote(&scene, &url, "app-0").env("LOCKSTEP_FORGE_TOKEN", "no-such-t0ken").end();
    bad.expect(5, "credentials");
    assert_absent(&scene, &bad, &["no-such-t0ken"], &[]);
}

#[test]
fn a_protected_branch_refuses_at_once_and_parallel_jobs_all_push() {
    let gitea = Gitea::start().unwrap();
    let url = repository(&gitea, "deploy", 6);
    let before = commits(&gitea, "deploy").len();
    let token = gitea.token.as_str();
    thread::scope(|scope| {
        for app in 0..5 {
            let url = &url;
            scope.spawn(move || {
                let scene = Scene::new();
                let run = promote(&scene, url, &format!("app-{app}")).env("LOCKSTEP_FORGE_TOKEN", token);
                assert_eq!(run.end().expect(0, "done")["outputs"]["changed"], true);
            });
        }
    });
    assert_eq!(commits(&gitea, "deploy").len(), before + 5);

    let rule = json!({"rule_name": "main", "enable_push": false});
    gitea.well("POST", "/repos/shop/deploy/branch_protections", &rule).unwrap();
    let scene = Scene::new();
    let ended = promote(&scene, &url, "app-5").env("LOCKSTEP_FORGE_TOKEN", token).end();
    let message = ended.expect(1, "push-refused")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("protected branch"), "{message}");
    assert_eq!(commits(&gitea, "deploy").len(), before + 5);
}
