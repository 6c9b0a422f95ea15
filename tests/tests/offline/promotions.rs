//! `env-promote` through the program, on repositories in folders with the git that is installed: what it pushes, how often
//! it can be run, and what others do meanwhile.

use lockstep_tests::git::git;
use lockstep_tests::shop::{DEV, PROD, Shop, run};
use lockstep_tests::support::{ProgramOutput, Scene, assert_no_secret, calls};
use lockstep_tests::web::{Web, WebReply};
use serde_json::{Value, json};
use std::fs;
use std::thread;

fn outputs(ended: &ProgramOutput) -> Value {
    ended.expect(0, "done")["outputs"].clone()
}

#[test]
fn a_second_run_promotes_nothing() {
    let shop = Shop::new();
    let before = shop.head();
    let run = shop.run().env("CI_JOB_URL", "https://ci.example.com/jobs/7").env("GITLAB_USER_LOGIN", "eva");
    let first = outputs(&run.end());
    assert_eq!(first["changed"], true);
    let trailers =
        git(&shop.bare(), &["log", "-1", "--format=%(trailers:key=Promoted-From,key=Promoted-To)", "main"]);
    assert_eq!(trailers.trim(), format!("Promoted-From: envs/dev@{before}\nPromoted-To: envs/prod"));
    let trailers = git(&shop.bare(), &["log", "-1", "--format=%(trailers)", "main"]);
    let names: Vec<_> = trailers.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(names, ["Promotion", "Promoted-From", "Promoted-To", "CI-Run", "CI-Actor", "Lockstep-Seal"]);
    assert!(trailers.contains("CI-Run: https://ci.example.com/jobs/7\nCI-Actor: eva\n"), "{trailers}");
    assert_eq!((first["commit"].as_str(), first["source"].as_str()), (Some(&*shop.head()), Some(&*before)));
    assert_eq!(shop.text("envs/prod/web.yaml"), PROD.replace("1.2.0", "1.3.0"));
    assert_eq!(git(&shop.bare(), &["diff", "--numstat", &before, "main"]), "1\t1\tenvs/prod/web.yaml");
    let head = shop.head();
    let ended = shop.run().end();
    assert_eq!(outputs(&ended)["changed"], false);
    let made: Vec<_> = calls(&shop.scene).into_iter().map(|(call, ..)| call).collect();
    assert!(
        !made.iter().any(|call| matches!(&**call, "repository.create-commit" | "repository.push")),
        "{made:?}"
    );
    assert_eq!((shop.head(), shop.count()), (head, 2));
    assert_no_secret(&shop.scene, &ended);
}

#[test]
fn several_targets_and_the_ledger_are_one_commit() {
    let shop = Shop::new();
    shop.push(&[("envs/eu/web.yaml", PROD)]);
    let run = shop.run().args(["--to", "envs/eu", "--ledger", "promotions.jsonl"]);
    let done = outputs(&run.end());
    assert_eq!(
        (done["promoted"].as_array().unwrap().len(), &done["ledger"]),
        (2, &json!("promotions.jsonl"))
    );
    for place in ["envs/prod/web.yaml", "envs/eu/web.yaml"] {
        assert_eq!(shop.text(place), PROD.replace("1.2.0", "1.3.0"));
    }
    let line: Value = serde_json::from_str(&shop.text("promotions.jsonl")).unwrap();
    assert_eq!((&line["source"], shop.count()), (&done["source"], 3));
    // One that is wrong leaves nothing to be written.
    let before = shop.head();
    shop.push(&[
        ("envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0")),
        ("envs/eu/web.yaml", "kind: Deployment\n"),
    ]);
    let ended = shop.run().args(["--to", "envs/eu"]).end();
    assert_eq!(ended.expect(1, "no-match")["location"]["path"], "envs/eu/web.yaml");
    assert_eq!(git(&shop.bare(), &["rev-parse", "main~1"]), before);
}

#[test]
fn twenty_parallel_jobs_all_push() {
    let shop = Shop::new();
    let names: Vec<_> = (0..20).map(|number| format!("app-{number}")).collect();
    let files: Vec<_> = names
        .iter()
        .flat_map(|name| [(format!("envs/dev/{name}.yaml"), DEV), (format!("envs/prod/{name}.yaml"), PROD)])
        .collect();
    shop.push(&files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>());
    let url = format!("file://{}", shop.bare().display());
    thread::scope(|scope| {
        for name in &names {
            let url = &url;
            scope.spawn(move || {
                let scene = Scene::new();
                let (from, to) = (format!("envs/dev/{name}.yaml"), format!("envs/prod/{name}.yaml"));
                let run = scene.run("env-promote").args(["--repository", url, "--from", &from, "--to", &to]);
                outputs(&run.args(["--pick", ".spec.image"]).end());
            });
        }
    });
    assert_eq!(shop.count(), 22);
    for name in &names {
        assert_eq!(shop.text(&format!("envs/prod/{name}.yaml")), PROD.replace("1.2.0", "1.3.0"), "{name}");
    }
}

#[test]
fn the_next_run_finishes_a_killed_one() {
    let shop = Shop::new();
    // The push hangs in the server, before it is taken and then after.
    for (hook, left) in [("pre-receive", 1), ("post-receive", 2)] {
        let reached = shop.scene.path("outside/reached");
        shop.hook(hook, &format!("touch '{}'; sleep 5", reached.display()));
        let mut running = shop.run().start();
        while !reached.exists() {
            thread::sleep(std::time::Duration::from_millis(20));
        }
        running.child.kill().unwrap();
        let _ = running.end(&shop.scene);
        fs::remove_file(shop.bare().join("hooks").join(hook)).unwrap();
        fs::remove_file(&reached).unwrap();
        if left == 1 {
            // What hangs in the server may still be taken: either way there is one promotion in the end.
            thread::sleep(std::time::Duration::from_secs(6));
        }
        outputs(&shop.run().end());
        assert_eq!((shop.count(), shop.text("envs/prod/web.yaml")), (2, PROD.replace("1.2.0", "1.3.0")));
        if left == 1 {
            shop.push(&[("envs/prod/web.yaml", PROD)]);
            git(&shop.bare(), &["update-ref", "refs/heads/main", "main~2"]);
        }
    }
}

#[test]
fn a_refusal_by_a_rule_of_the_server_gets_no_retry() {
    let shop = Shop::new();
    shop.hook("update", "echo 'protected branch: main takes pull requests only' >&2; exit 1");
    let before = shop.head();
    let ended = shop.run().end();
    let message = ended.expect(1, "push-refused")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("main takes pull requests only"), "{message}");
    let pushes = calls(&shop.scene).into_iter().filter(|(call, ..)| call == "repository.push").count();
    assert_eq!((pushes, shop.head()), (1, before));
}

#[test]
fn a_dry_run_shows_the_changes_and_pushes_nothing() {
    let shop = Shop::new();
    let before = shop.head();
    let ended = shop.run().arg("--dry-run").end();
    let result = ended.result();
    assert_eq!((ended.exit, &result["outputs"]["changed"]), (Some(0), &json!(true)), "{ended:#?}");
    assert!(ended.stderr.contains("would promote 1 value"), "{}", ended.stderr);
    assert!(ended.stderr.contains("would change .#main"), "{}", ended.stderr);
    let diff = result["diff"].as_str().unwrap();
    assert!(diff.contains("--- a/envs/prod/web.yaml\n+++ b/envs/prod/web.yaml\n"), "{diff}");
    assert!(
        diff.contains("-  image:   shop/web:1.2.0   # runs\n+  image:   shop/web:1.3.0   # runs\n"),
        "{diff}"
    );
    assert_eq!(shop.head(), before);
}

#[test]
fn ci_definitions_and_what_the_inputs_do_not_name_are_out_of_reach() {
    let shop = Shop::new();
    let before = shop.head();
    let run = shop.scene.run("env-promote").args(["--from", "envs/dev", "--to", ".github/workflows"]);
    run.args(["--pick", "all"]).end().expect(3, "denied");
    assert_eq!(shop.head(), before);
    // A policy that allows less than the inputs name.
    let lines = ["read .//envs/**", "commit .//envs/staging/**", "push .#main"];
    let policy = json!({"version": 1, "steps": {"env-promote": {"repository": lines}}}).to_string();
    shop.scene.put("own/promote.yaml", &policy);
    let ended = shop.run().arg("--policy").arg(shop.scene.path("own/promote.yaml")).end();
    let message = ended.expect(3, "denied")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("commit `.//envs/prod/web.yaml`"), "{message}");
    assert_eq!(shop.head(), before);
}

#[test]
fn an_error_names_file_and_line() {
    let shop = Shop::new();
    shop.push(&[("envs/prod/web.yaml", "kind: Deployment\nspec:\n  image: a\n  image: b\n")]);
    let ended = shop.run().end();
    let result = ended.expect(2, "refused");
    assert_eq!(
        (&result["location"]["path"], &result["location"]["line"]),
        (&json!("envs/prod/web.yaml"), &json!(4)),
        "{result}"
    );
    let ended = shop.run().args(["--base", "none"]).end();
    assert!(ended.expect(2, "bad-input")["message"].as_str().unwrap().contains("no branch `none`"));
    let nowhere = Scene::new();
    let message = run(&nowhere).end().expect(2, "bad-input")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("has no remote `origin`"), "{message}");
}

#[test]
fn an_image_is_compared_with_its_registry() {
    let (old, new) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
    let registry = Web::new({
        let new = new.clone();
        move |asked, _| match (&*asked.method, &*asked.target, asked.header("authorization")) {
            ("HEAD", "/v2/shop/web/manifests/1.3.0", "Basic dTpw") => WebReply::raw(format!(
                "HTTP/1.1 200 OK\r\ndocker-content-digest: {new}\r\nconnection: close\r\n\r\n"
            )),
            _ => WebReply::raw("HTTP/1.1 401 X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
        }
    });
    let shop = Shop::new();
    let (origin, host) = (registry.url(""), registry.url("").replace("http://", ""));
    for (digest, credential, expected) in
        [(&old, true, Some((4, "digest"))), (&new, false, Some((5, "credentials"))), (&new, true, None)]
    {
        let image = format!("{host}/shop/web:1.3.0@{digest}");
        let manifest = DEV.replace("shop/web:1.3.0", &image);
        if shop.text("envs/dev/web.yaml") != manifest {
            shop.push(&[("envs/dev/web.yaml", &manifest)]);
        }
        let before = shop.head();
        let run = shop.run().args(["--verify-digest", &origin]).env("LOCKSTEP_SECRET_REGISTRY", "Basic dTpw");
        let named = format!("{origin}=REGISTRY");
        let ended = if credential { run.args(["--credentials", &named]) } else { run }.end();
        match expected {
            Some((exit, code)) => {
                ended.expect(exit, code);
                assert_eq!(shop.head(), before);
            }
            None => {
                outputs(&ended);
                assert!(shop.text("envs/prod/web.yaml").contains(&image));
            }
        }
        assert_no_secret(&shop.scene, &ended);
    }
}

#[test]
fn a_registry_that_wants_a_token_gets_one() {
    let token = "t0ken-for-shop-web";
    for private in [false, true] {
        asked_with(token, private);
    }
}

fn asked_with(token: &'static str, private: bool) {
    let digest = format!("sha256:{}", "b".repeat(64));
    // Where tokens are given out, as Docker Hub has it: at another origin, to anybody unless the image is private.
    let giver = Web::new(move |asked, _| match (&*asked.target, asked.header("authorization")) {
        (_, "") if private => WebReply::of(401, &[], ""),
        ("/token?service=registry&scope=repository%3Ashop%2Fweb%3Apull", "" | "Basic dXNlcjpodW50ZXIy") => {
            WebReply::of(200, &["content-type: application/json"], &format!("{{\"token\": \"{token}\"}}"))
        }
        _ => WebReply::of(400, &[], ""),
    });
    let realm = giver.url("/token");
    let told = digest.clone();
    let registry = Web::new(move |asked, _| match asked.header("authorization").strip_prefix("Bearer ") {
        Some(shown) if shown == token => WebReply::raw(format!(
            "HTTP/1.1 200 OK\r\ndocker-content-digest: {told}\r\nconnection: close\r\n\r\n"
        )),
        _ => {
            let challenge =
                format!("Bearer realm=\"{realm}\",service=\"registry\",scope=\"repository:shop/web:pull\"");
            WebReply::raw(format!(
                "HTTP/1.1 401 X\r\nwww-authenticate: {challenge}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            ))
        }
    });
    let shop = Shop::new();
    let (origin, host) = (registry.url(""), registry.url("").replace("http://", ""));
    let image = format!("{host}/shop/web:1.3.0@{digest}");
    shop.push(&[("envs/dev/web.yaml", &DEV.replace("shop/web:1.3.0", &image))]);
    let before = shop.head();
    let ended = shop.run().args(["--verify-digest", &origin]).end();
    let said = ended.expect(5, "credentials").to_string();
    assert!(
        said.contains(&format!("wants a token of {}", giver.url(""))) && said.contains("`verify-digest` too"),
        "{said}"
    );
    assert_eq!((shop.head(), giver.log().len()), (before, 0));
    let both = || shop.run().args(["--verify-digest", &origin, "--verify-digest", &giver.url("")]);
    let pair = format!("{origin},{}=HUB", giver.url(""));
    let ended = if private {
        let said = both().end().expect(5, "credentials").to_string();
        assert!(said.contains("no token from") && said.contains("as `ORIGIN,TOKEN-ORIGIN=NAME`"), "{said}");
        both().args(["--credentials", &pair]).env("LOCKSTEP_SECRET_HUB", "Basic dXNlcjpodW50ZXIy").end()
    } else {
        both().end()
    };
    outputs(&ended);
    assert!(shop.text("envs/prod/web.yaml").contains(&image));
    assert!(!format!("{ended:?}").contains(token) && !format!("{ended:?}").contains("hunter2"));
    assert!(registry.log().iter().all(|asked| !asked.header("authorization").starts_with("Basic")));
    let made: Vec<_> =
        calls(&shop.scene).into_iter().filter(|(call, ..)| call == "http.authenticate").collect();
    assert_eq!(made.len(), 2, "where it is for, and where it comes from: {made:?}");
}

#[test]
fn a_tag_or_a_commit_can_be_the_source() {
    let shop = Shop::new();
    let tagged = shop.head();
    git(&shop.bare(), &["tag", "--annotate", "--message", "release", "v1.3", &tagged]);
    shop.push(&[("envs/dev/web.yaml", &DEV.replace("1.3.0", "1.4.0"))]);
    let done = outputs(&shop.run().args(["--from-ref", "v1.3"]).end());
    assert_eq!((done["changed"].as_bool(), done["source"].as_str()), (Some(true), Some(&*tagged)));
    assert_eq!(shop.text("envs/prod/web.yaml"), PROD.replace("1.2.0", "1.3.0"));
    // The commit itself is the same, and what is no name of anything is said to be none.
    assert_eq!(outputs(&shop.run().args(["--from-ref", &tagged]).end())["changed"], false);
    for none in ["v1.4", "0000000000000000000000000000000000000000"] {
        shop.run().args(["--from-ref", none]).end().expect(2, "bad-input");
    }
    let bad = shop.run().args(["--from-ref", "v1.3^{}"]).end();
    bad.expect(2, "bad-input");
    assert_eq!(shop.count(), 3);
}

#[test]
fn a_ledger_that_is_a_promoted_file_is_an_error() {
    let shop = Shop::new();
    let head = shop.head();
    let said = shop.run().args(["--ledger", "envs/prod/web.yaml"]).end().expect(2, "bad-input");
    assert!(said["message"].to_string().contains("`ledger` names envs/prod/web.yaml"), "{said}");
    assert_eq!(shop.head(), head);
    let said = shop.run().args(["--ledger", "envs/dev/web.yaml"]).end().expect(2, "bad-input");
    assert!(said["message"].to_string().contains("other lines than those of a ledger"), "{said}");
    assert_eq!(shop.head(), head);
}
