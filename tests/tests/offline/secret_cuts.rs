//! Secrets where a text was cut: each client's answers, with a token moved over the cut, and the clips of components.
//! Through the finished program.
#![cfg(target_os = "linux")]

use lockstep_tests::stand_in;
use lockstep_tests::support::{ProgramOutput, Run, Scene};
use lockstep_tests::web::{Web, WebReply};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// In the environment as `CUT_TOKEN`, and what each client is let in with.
const TOKEN: &str = "ghs_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

/// The most characters of it that may be seen one after the other.
const MOST: usize = 7;

/// How many bytes stand before the token: over a cut at `limit`, in steps that meet each piece of it.
fn before(limit: usize) -> impl Iterator<Item = usize> {
    (limit - TOKEN.len() - 12..=limit + 1).step_by(3)
}

/// Nothing that the run leaves shows more of the token than a few characters.
#[track_caller]
fn assert_hidden(scene: &Scene, ended: &ProgramOutput, what: &str) {
    let receipt = scene.text("own/receipt.json");
    for text in [&ended.stdout, &ended.stderr, &receipt] {
        for from in 0..TOKEN.len() - MOST {
            let piece = &TOKEN[from..=from + MOST];
            assert!(!text.contains(piece), "{what} shows `{piece}`:\n{text}");
        }
    }
}

/// A server that refuses everything with so many bytes and the token.
fn refusing(many: &Arc<AtomicUsize>, answer: impl Fn(&str) -> WebReply + Send + Sync + 'static) -> Web {
    let many = Arc::clone(many);
    Web::new(move |_, _| answer(&format!("{}{TOKEN} and more", "B".repeat(many.load(Ordering::SeqCst)))))
}

/// Moves the token over the cut of an answer that is cut near `limit` bytes.
fn slide(
    limit: usize,
    web: impl Fn(&Arc<AtomicUsize>) -> Web,
    run: impl for<'s> Fn(&'s Scene, &Web) -> Run<'s>,
) {
    let many = Arc::new(AtomicUsize::new(0));
    let web = web(&many);
    for (at, before) in before(limit).enumerate() {
        many.store(before, Ordering::SeqCst);
        let scene = Scene::new();
        let run = run(&scene, &web).env("CUT_TOKEN", TOKEN);
        let run = if at % 2 == 0 { run } else { run.human() };
        let ended = run.end();
        assert_ne!(ended.exit, Some(0), "{ended:?}");
        assert!(
            format!("{}{}", ended.stdout, ended.stderr).contains("BBBB"),
            "the answer is not shown: {ended:?}"
        );
        assert_hidden(&scene, &ended, &format!("{before} bytes before"));
    }
}

#[test]
fn a_git_server_shows_no_piece_of_a_token() {
    slide(
        1000,
        |many| refusing(many, |text| WebReply::of(403, &["content-type: text/plain"], text)),
        |scene, web| {
            let run =
                scene.run("env-promote").env("GITHUB_SERVER_URL", web.url("")).env("GITHUB_TOKEN", TOKEN);
            let run = run.args(["--repository", &web.url("/a/b"), "--base", "main", "--pick", ".x"]);
            run.args(["--from", "envs/a", "--to", "envs/b"])
        },
    );
}

#[test]
fn an_api_server_shows_no_piece_of_a_token() {
    slide(
        500,
        |many| {
            refusing(many, |text| {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": text,
                    "reason": "Forbidden", "code": 403});
                stand_in::json_of(403, &status.to_string())
            })
        },
        |scene, web| {
            let kubeconfig = json!({
                "apiVersion": "v1", "kind": "Config", "current-context": "own",
                "clusters": [{"name": "own", "cluster": {"server": web.url("")}}],
                "users": [{"name": "own", "user": {"token": TOKEN}}],
                "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own", "namespace": "shop"}}],
            });
            scene.put("own/kubeconfig", &kubeconfig.to_string());
            let run = scene.run("workload-scale").env("KUBECONFIG", scene.path("own/kubeconfig"));
            run.args(["--targets", "deployment/web", "--to", "0"])
        },
    );
}

#[test]
fn a_store_shows_no_piece_of_a_token() {
    slide(
        500,
        |many| {
            refusing(many, |text| {
                let error = format!("<Error><Code>AccessDenied</Code><Message>{text}</Message></Error>");
                WebReply::of(403, &["content-type: application/xml"], &error)
            })
        },
        |scene, web| {
            scene.put("workspace/dist/a.txt", "a");
            let run = scene.run("artifact-upload").env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
            let run =
                run.env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG").env("AWS_SESSION_TOKEN", TOKEN);
            let run = run.args(["--source", "dist", "--to", "s3://bucket/a/", "--region", "eu-central-1"]);
            run.args(["--endpoint", &web.url("")])
        },
    );
}

#[test]
fn shortened_texts_show_no_piece_of_a_secret() {
    for before in (0..130).step_by(3) {
        let scene = Scene::new();
        let text = format!("{}{TOKEN}{}", "x".repeat(before), "y".repeat(150));
        scene.put("workspace/deploy/g.yaml", &format!("a: \"{text}\"\n"));
        let run = scene.run("manifest-patch").args(["--files", "deploy/g.yaml", "--set", ".a=new"]);
        let ended = run.human().env("CUT_TOKEN", TOKEN).end();
        assert_eq!(ended.exit, Some(0), "{ended:?}");
        assert_hidden(&scene, &ended, &format!("{before} bytes before"));
        let run = scene.run("deploy-verify").args(["--resources", "deployment/web", "--smoke", &text]);
        let ended = run.env("CUT_TOKEN", TOKEN).end();
        assert_eq!(ended.exit, Some(2), "{ended:?}");
        assert_hidden(&scene, &ended, &format!("{before} bytes before, an input"));
    }
}
