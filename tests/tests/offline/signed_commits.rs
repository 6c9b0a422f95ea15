//! Commits that GitHub makes and signs, on a server that is played here: git over HTTP and its REST API, through the program.

use lockstep_tests::git::git;
use lockstep_tests::github::{GitHub, PERSONAL, TOKEN};
use lockstep_tests::support::{Run, Scene, assert_absent};

const DEV: &str = "spec:\n  image: shop/web:1.3.0 # newest\n";
const PROD: &str = "spec:\n  image:  shop/web:1.2.0  # läuft\n";
const FILES: [(&str, &str); 2] = [("envs/dev/web.yaml", DEV), ("envs/prod/web.yaml", PROD)];

fn promote<'s>(scene: &'s Scene, github: &GitHub, token: &str) -> Run<'s> {
    on(scene, github, "github", token)
}

fn on<'s>(scene: &'s Scene, github: &GitHub, forge: &str, token: &str) -> Run<'s> {
    let run = scene.run("env-promote").args(["--repository", &github.url(), "--forge", forge]);
    let run =
        run.args(["--from", "envs/dev", "--to", "envs/prod", "--pick", ".spec.image", "--sign-commits"]);
    run.env("LOCKSTEP_FORGE_TOKEN", token)
}

fn at(github: &GitHub, branch: &str) -> String {
    git(&github.bare(), &["rev-parse", branch])
}

#[test]
fn a_commit_is_signed_by_the_server_and_pushed_once() {
    let (github, scene) = (GitHub::new(&FILES), Scene::new());
    let before = at(&github, "main");
    assert!(!github.has_signed(&before), "somebody else's");
    let ended = promote(&scene, &github, TOKEN).end();
    let outputs = ended.expect(0, "done")["outputs"].clone();
    assert_eq!(
        (outputs["state"].as_str(), outputs["commit"].as_str()),
        (Some("pushed"), Some(&*at(&github, "main")))
    );
    assert!(github.has_signed("main"));
    assert_eq!(
        git(&github.bare(), &["show", "main:envs/prod/web.yaml"]) + "\n",
        PROD.replace("1.2.0", "1.3.0")
    );
    assert_eq!(git(&github.bare(), &["diff", "--numstat", &before, "main"]), "1\t1\tenvs/prod/web.yaml");
    assert_eq!(git(&github.bare(), &["log", "-1", "--format=%an", "main"]), "GitHub");
    assert_eq!(github.requests(), ["POST /git/trees", "POST /git/commits"]);
    assert_absent(&scene, &ended, &[TOKEN], &[]);
    // With nothing to do, nothing is made.
    let ended = promote(&scene, &github, TOKEN).end();
    assert_eq!(ended.expect(0, "done")["outputs"]["changed"], false);
    assert_eq!(github.requests().len(), 2);
}

#[test]
fn a_repeated_run_leaves_one_signed_commit_in_a_pull_request() {
    let (github, scene) = (GitHub::new(&FILES), Scene::new());
    let propose = || promote(&scene, &github, TOKEN).args(["--mode", "pull-request", "--app", "web"]).end();
    let branch = "promote/web-envs-prod";
    propose().expect(0, "done");
    let first = at(&github, branch);
    assert!(github.has_signed(&first));
    propose().expect(0, "done");
    assert_eq!(at(&github, branch), first);
    // The next version takes its place, on top of what `main` has by then.
    github.push(&[("envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0"))]);
    propose().expect(0, "done");
    assert!(github.has_signed(branch));
    assert_eq!(at(&github, &format!("{branch}^")), at(&github, "main"));
    let opened = github.requests().iter().filter(|line| *line == "POST /pulls").count();
    let made = github.requests().iter().filter(|line| *line == "POST /git/commits").count();
    assert_eq!((opened, made), (1, 2));
}

#[test]
fn an_unsigned_commit_is_not_pushed() {
    let (github, scene) = (GitHub::new(&FILES), Scene::new());
    let before = at(&github, "main");
    let ended = promote(&scene, &github, PERSONAL).end();
    let said = ended.expect(5, "credentials").to_string();
    assert!(said.contains("LOCKSTEP_SIGNING_KEY"), "{said}");
    assert_eq!(at(&github, "main"), before);
    // A forge that signs nothing is asked for nothing, also by a dry run.
    for dry_run in [false, true] {
        let run = on(&scene, &github, "gitea", TOKEN);
        let run = if dry_run { run.args(["--dry-run"]) } else { run };
        let said = run.end().expect(2, "bad-input").to_string();
        assert!(said.contains("LOCKSTEP_SIGNING_KEY"), "{said}");
    }
    // Without the input nothing of it happens.
    let ended = promote(&scene, &github, TOKEN).args(["--dry-run"]).end();
    ended.expect(0, "done");
    assert_eq!(github.requests(), ["POST /git/trees", "POST /git/commits"]);
    assert_eq!(at(&github, "main"), before);
}

#[test]
fn a_signing_key_of_the_job_signs_the_commit() {
    let (github, scene) = (GitHub::new(&FILES), Scene::new());
    let key = scene.path("outside/key");
    let mut keygen = std::process::Command::new("ssh-keygen");
    assert!(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status().unwrap().success());
    let key = std::fs::read_to_string(key).unwrap();
    promote(&scene, &github, TOKEN).env("LOCKSTEP_SIGNING_KEY", &key).end().expect(0, "done");
    assert!(git(&github.bare(), &["cat-file", "commit", "main"]).contains("BEGIN SSH SIGNATURE"));
    assert!(!github.has_signed("main"));
    assert!(github.requests().is_empty());
}
