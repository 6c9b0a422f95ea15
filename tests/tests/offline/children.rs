//! Programs that a run starts: they are found outside of the checkout, end with the run however it ends, and what they use
//! counts as the run's. Linux only: it looks into /proc.
#![cfg(target_os = "linux")]

use lockstep_tests::git::git;
use lockstep_tests::stand_in::empty;
use lockstep_tests::support::{Run, Scene, assert_no_secret, program};
use serde_json::json;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A run that asks a cluster by a plugin of these lines.
fn by_plugin<'s>(scene: &'s Scene, lines: &str) -> Run<'s> {
    program(&scene.path("outside/aws"), lines);
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "own",
        "clusters": [{"name": "own", "cluster": {"server": empty().url("")}}],
        "users": [{"name": "own", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1",
            "command": scene.path("outside/aws"), "interactiveMode": "Never"}}}],
        "contexts": [{"name": "own", "context": {"cluster": "own", "user": "own"}}],
    });
    scene.put("kubeconfig", &kubeconfig.to_string());
    let run = scene.run("workload-scale").args(["--targets", "deployment/web", "--to", "0"]);
    run.env("KUBECONFIG", scene.path("kubeconfig"))
}

fn wait_for(mut is: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is() {
        assert!(Instant::now() < patience, "it does not happen");
        sleep(Duration::from_millis(5));
    }
}

fn is_gone(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

#[test]
fn a_plugin_and_what_it_starts_end_with_the_run() {
    for signal in ["TERM", "KILL", "INT"] {
        let scene = Scene::new();
        let own = scene.path("own").display().to_string();
        // Itself, a child, and one of another session that has lost its parent.
        let lines = format!(
            "cd {own}; echo $$ >a; sleep 300 & echo $! >b; (setsid sh -c 'echo $$ >c; exec sleep 300' &)\n\
             while [ ! -s c ]; do sleep 0.05; done; echo >ready; wait"
        );
        let mut running = by_plugin(&scene, &lines).start();
        wait_for(|| scene.path("own/ready").exists());
        let family = ["a", "b", "c"].map(|name| scene.text(&format!("own/{name}")).trim().to_owned());
        assert!(!family.iter().any(|process| is_gone(process)), "{family:?}");
        let id = running.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        running.child.wait().unwrap();
        wait_for(|| family.iter().all(|process| is_gone(process)));
    }
}

#[test]
fn the_memory_of_a_plugin_counts_for_the_run() {
    let scene = Scene::new();
    // `tail` keeps it in memory.
    let ended = by_plugin(&scene, "head -c 6000000000 /dev/zero | tail -c 6000000000 >/dev/null").end();
    let message = ended.expect(7, "limit-exceeded")["message"].to_string();
    assert!(message.contains("the programs that it started hold more than"), "{message}");
}

#[test]
fn git_of_the_checkout_is_not_started() {
    let scene = Scene::new();
    let outside = scene.path("outside");
    git(&outside, &["init", "--quiet", "--bare", "--initial-branch=main", "bare"]);
    let mark = scene.path("own/started");
    let evil = format!("touch {}; exec /usr/bin/git \"$@\"", mark.display());
    for place in
        ["workspace/node_modules/.bin/git", "workspace/deploy/git", "workspace/node_modules/.bin/ssh"]
    {
        program(&scene.path(place), &evil);
    }
    let url = format!("file://{}", scene.path("outside/bare").display());
    let promote = |url: &str, path: String| {
        let words =
            ["--from", "envs/a", "--to", "envs/b", "--pick", ".x", "--repository", url, "--timeout", "2s"];
        let mut command = scene.run("env-promote").args(words).env("PATH", path).command();
        command.current_dir(scene.path("workspace/deploy")).status().unwrap();
        scene.text("own/stdout")
    };
    let bin = scene.path("workspace/node_modules/.bin").display().to_string();
    for path in [format!("{bin}:/usr/bin:/bin"), ":/usr/bin:/bin".to_owned(), ".:/usr/bin:/bin".to_owned()] {
        let said = promote(&url, path.clone());
        assert!(said.contains("is not started"), "{path}: {said}");
        assert!(!said.contains("cannot run git") && !mark.exists(), "{path}: {said}");
    }
    let said = promote("ssh://git@127.0.0.1:1/a/b", format!("{bin}:/usr/bin:/bin"));
    assert!(!mark.exists(), "{said}");
    let said = promote(&url, bin);
    assert!(said.contains("lockstep starts no program from there") && !mark.exists(), "{said}");
    let ended = scene.run("env-promote").args(["--from", "a", "--to", "b", "--pick", ".x"]).end();
    assert_no_secret(&scene, &ended);
}
