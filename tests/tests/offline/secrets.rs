//! Secrets in the environment of the finished program: they are in no other place than its memory while it runs, and
//! starred in everything it leaves. Linux only: it looks into /proc.
#![cfg(target_os = "linux")]

use lockstep_tests::support::{self, Run, Running, SECRETS, Scene, assert_no_secret};
use lockstep_tests::wat::{self, Parts};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Starts a component that sleeps, and waits until it does.
fn asleep(scene: &Scene, run: Run<'_>) -> Running {
    let running = run.start();
    wait_for(|| scene.text("own/stderr").contains("about to stay").then_some(()));
    running
}

/// Waits until there is something to see; the run it is about ends by itself.
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < patience, "nothing to see");
        sleep(Duration::from_millis(2));
    }
}

fn sleeping(scene: &Scene) -> Run<'_> {
    scene.attack_with("endless", "sleep", &[], &["read,write deploy/**"], "seconds: 2")
}

#[test]
fn a_run_has_no_secret_in_its_environment_and_keeps_none_in_an_open_file() {
    let scene = Scene::new();
    let running = asleep(&scene, sleeping(&scene));
    let process = format!("/proc/{}", running.child.id());
    // Only root may look at all; see the next test for what others see.
    if rustix::process::geteuid().is_root() {
        let environment =
            String::from_utf8_lossy(&fs::read(format!("{process}/environ")).unwrap()).into_owned();
        assert!(environment.contains("HOME="), "{environment:?}");
        for name in ["DEPLOY_TOKEN", "LOCKSTEP_SECRET_X", SECRETS[0], SECRETS[1]] {
            assert!(!environment.contains(name), "{environment:?}");
        }
        let mut found = false;
        for open in fs::read_dir(format!("{process}/fd")).unwrap().flatten() {
            let target = fs::read_link(open.path()).unwrap_or_default();
            if target.to_string_lossy().contains("memfd:lockstep-secrets") {
                assert_eq!(fs::read(open.path()).unwrap(), b"", "{target:?}");
                assert!(fs::write(open.path(), "x").is_err(), "{target:?} is sealed");
                found = true;
            }
        }
        assert!(found, "the memory file is named as this test expects");
    }
    let arguments = String::from_utf8_lossy(&fs::read(format!("{process}/cmdline")).unwrap()).into_owned();
    assert!(arguments.contains("endless") && !arguments.contains("canary"), "{arguments:?}");
    let ended = running.end(&scene);
    ended.expect(7, "limit-exceeded");
    assert_no_secret(&scene, &ended);
}

#[test]
fn a_process_of_the_same_user_cannot_read_the_memory_of_a_run() {
    let scene = Scene::new();
    let running = asleep(&scene, sleeping(&scene).nobody());
    let process = format!("/proc/{}", running.child.id());
    // The system gives the files of a process that is not dumpable to root, whoever runs it.
    let user = fs::read_to_string(format!("{process}/status")).unwrap();
    let user = user
        .lines()
        .find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().next()?.parse::<u32>().ok());
    assert_ne!(user, Some(0), "it does not run as root");
    for file in ["environ", "mem", "maps", "fd"] {
        assert_eq!(fs::metadata(format!("{process}/{file}")).unwrap().uid(), 0, "{file}");
    }
    running.end(&scene).expect(7, "limit-exceeded");
}

#[test]
fn the_compiler_gets_an_empty_environment() {
    let scene = Scene::new();
    // Long enough to compile that the compiler can be met.
    let body =
        "(local.set 0 (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.load (local.get 2))))".repeat(60);
    let functions = format!("(func (param i32 i32 i32) {body})").repeat(2_000);
    let path = scene.path("own/large.wasm");
    fs::write(&path, wat::component(Parts { core: &functions, ..Parts::default() })).unwrap();
    let running = scene.component(&path, &["read **"], "").args(["--act", ""]).start();
    let parent = running.child.id();
    let environment = wait_for(|| {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
        let child = children.split_whitespace().next()?;
        let arguments = fs::read(format!("/proc/{child}/cmdline")).ok()?;
        let is_compiler = String::from_utf8_lossy(&arguments).contains("lockstep-compiler");
        is_compiler.then(|| fs::read(format!("/proc/{child}/environ")))
    });
    match environment {
        Ok(environment) => assert_eq!(String::from_utf8_lossy(&environment), ""),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
    running.end(&scene).expect(0, "done");
}

#[test]
fn secrets_change_neither_the_end_nor_the_outputs_of_a_run() {
    for args in [
        &["--files", "deploy/*.yaml", "--set", "image=web:v2"][..],
        &["--files", "deploy/*.yaml", "--set", "nothing=x"],
        &["--files", ".git/config", "--set", "nothing=x"],
        &["--flies", "x"],
    ] {
        let end = |with: bool| {
            let scene = Scene::new();
            let run = scene.run("manifest-patch").args(args);
            let ended = if with { run } else { run.without_secrets() }.end();
            (ended.exit, ended.stdout, ended.stderr)
        };
        assert_eq!(end(true), end(false), "{args:?}");
    }
}

#[test]
fn a_secret_in_an_edited_file_is_redacted_in_log_and_diff() {
    let manifest = format!("image: web:v1\ntoken: \"{}\"\nother: {}\n", SECRETS[0], SECRETS[1]);
    for platform in ["json", "github", "gitlab", "jenkins", "plain"] {
        for dry_run in [true, false] {
            let scene = Scene::new();
            scene.put("workspace/deploy/web.yaml", &manifest);
            let run = scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"]);
            let run = run.arg("--set").arg(format!("other={} again", SECRETS[0])).arg("--verbose");
            let run = if dry_run { run.arg("--dry-run") } else { run };
            let ended = if platform == "json" { run } else { run.platform(platform) }.end();
            assert_eq!(ended.exit, Some(0), "{ended:?}");
            // In the file itself it stays what it is.
            let file = scene.text("workspace/deploy/web.yaml");
            assert!(file.contains(&format!("token: \"{}\"", SECRETS[0])), "{file}");
            assert_eq!(file.contains("image: web:v2"), !dry_run);
            fs::remove_file(scene.path("workspace/deploy/web.yaml")).unwrap();
            assert_no_secret(&scene, &ended);
            assert!(format!("{}{}", ended.stdout, ended.stderr).contains("***"), "{ended:?}");
            assert!(support::receipt(&scene).to_string().contains("***"));
        }
    }
}

#[test]
fn a_forged_restart_keeps_no_secret_in_the_environment() {
    let scene = Scene::new();
    scene.put("own/empty", "{}");
    // Open file 0 is standard input.
    for (number, input) in [("0", "{}"), ("99", ""), ("x", "")] {
        let run = scene.attack("forged_log", "done", &[SECRETS[0]]).env("LOCKSTEP_HANDOVER_FD", number);
        let ended = run.stdin(input).end();
        assert_no_secret(&scene, &ended);
    }
}

#[test]
fn no_variable_makes_a_run_write_to_an_open_file_of_the_caller() {
    for with_secrets in [true, false] {
        let scene = Scene::new();
        let inputs = r#"{"files": ["deploy/web.yaml"], "set": ["image=web:v2"]}"#;
        scene.put("own/in.json", inputs);
        let run = scene.run("manifest-patch").args(["--inputs", "-"]).env("LOCKSTEP_HANDOVER_FD", "0");
        let run = if with_secrets { run } else { run.without_secrets() };
        // A file that the run could write to, as a shell's `<>` opens one.
        let open = fs::OpenOptions::new().read(true).write(true).open(scene.path("own/in.json")).unwrap();
        let status = run.command().stdin(open).status().unwrap();
        assert_eq!((status.code(), &*scene.text("own/in.json")), (Some(0), inputs));
        assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v2\n");
    }
}

#[test]
fn a_restart_needs_the_memory_file_of_this_program() {
    let scene = Scene::new();
    scene.put("own/in.json", "{}");
    for (number, words) in [(0, "is not what lockstep hands over"), (99, "No such file")] {
        let open = fs::OpenOptions::new().read(true).write(true).open(scene.path("own/in.json")).unwrap();
        let mut command = scene.run("manifest-patch").without_secrets().command();
        let status =
            command.arg0(format!("lockstep-handover/{number}/lockstep")).stdin(open).status().unwrap();
        assert_eq!((status.code(), &*scene.text("own/in.json")), (Some(70), "{}"));
        assert!(scene.text("own/stderr").contains(words), "{}", scene.text("own/stderr"));
    }
}
