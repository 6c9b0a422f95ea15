//! SIGTERM and SIGINT at any moment of a run: it leaves a receipt that says so and ends by the signal. A run that is
//! killed leaves no receipt, and none of an older run.

use lockstep_tests::support::{OLDER_RECEIPT, Run, Running, Scene, assert_no_secret, receipt};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Waits until there is something to see.
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < patience, "nothing to see");
        sleep(Duration::from_millis(1));
    }
}

/// A component that says that it is about to sleep, and then does for longer than any test waits.
fn asleep(scene: &Scene) -> Running {
    let running = sleeping(scene).start();
    wait_for(|| scene.text("own/stderr").contains("about to stay").then_some(()));
    running
}

fn sleeping(scene: &Scene) -> Run<'_> {
    scene.attack_with("endless", "sleep", &[], &["read,write deploy/**"], "seconds: 600")
}

fn send(running: &Running, signal: Signal) {
    kill_process(Pid::from_child(&running.child), signal).unwrap();
}

/// Both signals, with the exit code that a shell sees.
const SIGNALS: [(Signal, u64); 2] = [(Signal::TERM, 143), (Signal::INT, 130)];

/// The run ended by this signal, and its receipt says so.
#[track_caller]
fn cancelled(scene: &Scene, mut running: Running, signal: Signal, code: u64) {
    let status = running.child.wait().unwrap();
    assert_eq!(status.signal(), Some(signal.as_raw()), "{status:?} {}", scene.text("own/stderr"));
    let receipt = receipt(scene);
    let record = &receipt["predicate"]["record"];
    assert_eq!((&record["outcome"], &record["code"]), (&"cancelled".into(), &"cancelled".into()), "{record}");
    assert_eq!(record["exit-code"], code);
    assert_eq!(record["changes"], serde_json::json!([]));
    assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v1\n");
}

#[test]
fn a_signal_while_a_component_runs_leaves_a_receipt() {
    for (signal, code) in SIGNALS {
        let scene = Scene::new();
        let running = asleep(&scene);
        send(&running, signal);
        cancelled(&scene, running, signal, code);
        let result: serde_json::Value = serde_json::from_str(&scene.text("own/stdout")).unwrap();
        assert_eq!((&result["outcome"], &result["code"]), (&"cancelled".into(), &"cancelled".into()));
        let names: Vec<_> =
            fs::read_dir(scene.path("own")).unwrap().flatten().map(|e| e.file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().starts_with(".lockstep-")), "{names:?}");
    }
}

#[test]
fn a_signal_before_any_component_runs_leaves_a_receipt() {
    for (signal, code) in SIGNALS {
        let scene = Scene::new();
        let receipt = scene.path("own/receipt.json");
        let mut command = scene.run("manifest-patch").args(["--inputs", "-"]).command();
        fs::write(&receipt, OLDER_RECEIPT).unwrap();
        // Its inputs never come: it waits for them.
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let _open = child.stdin.take();
        wait_for(|| (!receipt.exists()).then_some(()));
        // The receipt is taken away right before signals are heeded.
        sleep(Duration::from_millis(200));
        let running = Running { child };
        send(&running, signal);
        cancelled(&scene, running, signal, code);
    }
}

#[test]
fn a_killed_run_leaves_no_receipt_and_none_of_an_older_run() {
    let scene = Scene::new();
    let run = sleeping(&scene);
    let mut command = run.command();
    scene.put("own/receipt.json", OLDER_RECEIPT);
    let running = Running { child: command.spawn().unwrap() };
    wait_for(|| scene.text("own/stderr").contains("about to stay").then_some(()));
    send(&running, Signal::KILL);
    let ended = running.end(&scene);
    assert_eq!(ended.exit, None);
    assert!(!scene.path("own/receipt.json").exists());
    assert_no_secret(&scene, &ended);
}

/// Signals at moments that come as they come: whatever the receipt says is what has happened.
#[test]
fn a_signal_at_any_moment_leaves_a_true_receipt() {
    let scene = Scene::new();
    let patch = |scene| {
        Scene::run(scene, "manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"])
    };
    let started = Instant::now();
    patch(&scene).end().expect(0, "done");
    let whole = started.elapsed();
    let mut seen = [0, 0];
    for round in 0..60 {
        let signal = if round % 2 == 0 { Signal::TERM } else { Signal::INT };
        scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
        let running = patch(&scene).start();
        sleep(whole * round / 50);
        let _ = kill_process(Pid::from_child(&running.child), signal);
        let ended = running.end(&scene);
        let changed = scene.text("workspace/deploy/web.yaml") == "image: web:v2\n";
        if !scene.path("own/receipt.json").exists() {
            // The signal came before the program had read its command line.
            assert_eq!((ended.exit, changed), (None, false));
            continue;
        }
        let receipt = receipt(&scene);
        let record = &receipt["predicate"]["record"];
        let outcome = record["outcome"].as_str().unwrap();
        assert_eq!((outcome, ended.exit), if changed { ("done", Some(0)) } else { ("cancelled", None) });
        assert_eq!(record["changes"].as_array().unwrap().len(), usize::from(changed));
        seen[usize::from(changed)] += 1;
    }
    assert!(seen[1] > 0, "{seen:?}");
}

#[test]
fn a_signal_that_the_caller_ignores_is_ignored() {
    let scene = Scene::new();
    let component = lockstep_tests::support::hostile("endless");
    assert!(component.exists());
    let mut command = std::process::Command::new("/bin/sh");
    // As `nohup` and shells do it for what runs in the background.
    command.args(["-c", "trap '' INT && exec \"$0\" \"$@\""]).arg(lockstep_tests::support::slim());
    command.args(["run", "manifest-patch", "--inputs", "-", "--receipt"]).arg(scene.path("own/receipt.json"));
    command.current_dir(scene.path("workspace")).stdin(Stdio::piped());
    command.stdout(File::create(scene.path("own/stdout")).unwrap());
    scene.put("own/receipt.json", OLDER_RECEIPT);
    let mut child = command.spawn().unwrap();
    wait_for(|| (!scene.path("own/receipt.json").exists()).then_some(()));
    sleep(Duration::from_millis(200));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let inputs = r#"{"files": ["deploy/*.yaml"], "set": ["image=web:v2"]}"#;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), inputs.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", scene.text("own/stdout"));
    assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v2\n");
}
