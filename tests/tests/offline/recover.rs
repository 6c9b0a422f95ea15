//! What a killed run left, seen and ended with `lockstep recover`, and journals that no run on this machine has written:
//! no run obeys one, whatever it is for.
#![cfg(unix)]

use lockstep_model::digest::Digest;
use lockstep_tests::support::{ProgramOutput, Run, Scene, slim};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;

const FILES: usize = 300;

fn patch<'s>(scene: &'s Scene, value: &str) -> Run<'s> {
    scene.run("manifest-patch").args(["--files", "apps/*.yaml", "--set", &format!(".image=web:{value}")])
}

/// A workspace whose run was killed while it put files in place.
fn cut_off() -> Scene {
    for _ in 0..200 {
        let scene = Scene::new();
        for file in 0..FILES {
            scene.put(&format!("workspace/apps/{file}.yaml"), "image: web:old\n");
        }
        let running = patch(&scene, "new").start();
        let journal = scene.path("workspace/.lockstep-journal");
        let receipt = scene.path("own/receipt.json");
        while !journal.exists() && !fs::metadata(&receipt).is_ok_and(|stat| stat.len() > 0) {}
        let _ = kill_process(Pid::from_child(&running.child), Signal::KILL);
        let _ = running.end(&scene);
        let values = values(&scene);
        if journal.exists() && values.contains(&"old".to_owned()) {
            return scene;
        }
    }
    panic!("no run was cut off in its commit");
}

fn values(scene: &Scene) -> Vec<String> {
    let value = |file: usize| {
        let text = scene.text(&format!("workspace/apps/{file}.yaml"));
        text.trim().trim_start_matches("image: web:").to_owned()
    };
    (0..FILES).map(value).collect()
}

fn leftovers(scene: &Scene) -> Vec<String> {
    let names = scene.contents().into_keys();
    names.filter(|name| name.rsplit('/').next().is_some_and(|name| name.starts_with(".lockstep-"))).collect()
}

fn recover(scene: &Scene, args: &[&str]) -> ProgramOutput {
    let call = scene.call(slim()).arg("recover").arg("-C").arg(scene.path("workspace"));
    call.args(args.iter().copied()).end()
}

#[test]
fn recover_shows_a_pending_commit_and_changes_nothing() {
    let scene = cut_off();
    let before = scene.contents();
    let shown = recover(&scene, &[]);
    assert_eq!(shown.exit, Some(0), "{shown:?}");
    for word in [".lockstep-journal", "killed", " s ago", "apps/0.yaml", "--finish", "--undo", "--keep"] {
        assert!(shown.stdout.contains(word), "{word}: {}", shown.stdout);
    }
    let json: Value = serde_json::from_str(&recover(&scene, &["--format", "json"]).stdout).unwrap();
    assert_eq!(json["pending"][0]["stage"], "decided");
    let files = json["pending"][0]["files"].as_array().unwrap();
    let in_place = files.iter().filter(|file| file["progress"] == "in-place").count();
    assert_eq!(
        (files.len(), in_place),
        (FILES, values(&scene).iter().filter(|value| *value == "new").count())
    );
    assert_eq!(recover(&scene, &["--undo", "--keep"]).exit, Some(2), "one of them");
    assert_eq!(scene.contents(), before);
    // A dry run and a step that only reads change nothing either, and name what is pending.
    let (source, to) = (scene.path("workspace/apps"), scene.path("own/store"));
    fs::create_dir_all(&to).unwrap();
    let to = format!("file://{}/", to.display());
    for run in [
        patch(&scene, "new").arg("--dry-run"),
        scene.run("artifact-upload").args(["--source", "apps", "--to", &to]),
    ] {
        let said = run.end().expect(2, "pending");
        assert!(said["message"].to_string().contains("apps/0.yaml"), "{said}");
        assert!(said["hint"].to_string().contains("lockstep recover"), "{said}");
        assert_eq!(scene.contents(), before);
    }
    assert!(source.exists() && fs::read_dir(scene.path("own/store")).unwrap().next().is_none());
}

#[test]
fn recover_finishes_undoes_or_keeps_a_commit() {
    for (way, expected) in [("--finish", Some("new")), ("--undo", Some("old")), ("--keep", None)] {
        let scene = cut_off();
        let before = values(&scene);
        let ended = recover(&scene, &[way]);
        assert_eq!(ended.exit, Some(0), "{way}: {ended:?}");
        match expected {
            Some(expected) => assert!(values(&scene).iter().all(|value| value == expected), "{way}"),
            None => assert_eq!(values(&scene), before),
        }
        assert_eq!(leftovers(&scene), Vec::<String>::new(), "{way}");
        let again = recover(&scene, &[]);
        assert_eq!((again.exit, again.stdout.as_str()), (Some(0), "nothing is pending\n"));
        patch(&scene, "next").end().expect(0, "done");
    }
}

#[test]
fn recover_names_and_keeps_a_file_that_changed_since() {
    let scene = cut_off();
    let changed = values(&scene).iter().position(|value| value == "new");
    let Some(changed) = changed else { return };
    scene.put(&format!("workspace/apps/{changed}.yaml"), "image: web:theirs\n");
    let before = scene.contents();
    let said = patch(&scene, "new").end().expect(2, "bad-workspace");
    assert!(said["hint"].to_string().contains("lockstep recover --undo"), "{said}");
    for way in ["--finish", "--undo"] {
        let refused = recover(&scene, &[way]);
        assert_eq!(refused.exit, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(&format!("apps/{changed}.yaml")), "{refused:?}");
    }
    assert_eq!(scene.contents(), before);
    assert_eq!(recover(&scene, &["--keep"]).exit, Some(0));
    assert_eq!(values(&scene)[changed], "theirs");
}

/// A journal with its temporary file, as a commit, an archive or a cache can bring them.
fn planted(scene: &Scene, name: &str, head: &str) {
    let (old, evil) = (Digest::of(b"trusted\n"), Digest::of(b"evil\n"));
    scene.put("workspace/src/main.sh", "trusted\n");
    scene.put("workspace/src/.lockstep-00112233aabbccdd-0", "evil\n");
    let files = format!(r#"[{{"path":"src/main.sh","before":"{old}","after":"{evil}"PRIVATE}}]"#);
    let text = match head {
        "" => format!(
            r#"{{"version":1,"run":"00112233aabbccdd","folders":[],"files":{}}}"#,
            files.replace("PRIVATE", "")
        ),
        head => format!(
            "{head}\n{{\"run\":\"00112233aabbccdd\",\"folders\":[],\"files\":{}}}",
            files.replace("PRIVATE", ",\"private\":false")
        ),
    };
    scene.put(&format!("workspace/{name}"), &text);
}

#[test]
fn a_journal_from_a_git_commit_is_ignored() {
    let birth =
        r#"{"version":2,"birth":{"device":[254,0],"inode":12,"seconds":1796020711,"nanoseconds":357701785}}"#;
    for head in ["", r#"{"version":2,"birth":null}"#, birth] {
        for name in [".lockstep-journal", ".lockstep-told"] {
            let scene = Scene::new();
            planted(&scene, name, head);
            scene.put("workspace/f.yaml", "a: 1\n");
            scene.put("workspace/dist/app.js", "trusted\n");
            scene.put("workspace/plan.json", "{}");
            fs::create_dir_all(scene.path("own/store")).unwrap();
            let before = scene.contents();
            let to = format!("file://{}/", scene.path("own/store").display());
            let runs = [
                scene.run("manifest-patch").args(["--files", "f.yaml", "--set", ".a=2"]),
                scene.run("manifest-patch").args(["--files", "f.yaml", "--set", ".a=2", "--dry-run"]),
                scene.run("plan-gate").args(["--plan", "plan.json"]),
                scene.run("artifact-upload").args(["--source", "dist", "--to", &to]),
            ];
            for run in runs {
                let said = run.end().expect(2, "bad-workspace");
                assert!(said["message"].to_string().contains(name), "{said}");
                assert!(said["hint"].to_string().contains("lockstep recover --keep"), "{said}");
                assert_eq!(scene.contents(), before, "{name} {head}");
            }
            for way in ["--finish", "--undo"] {
                assert_eq!(recover(&scene, &[way]).exit, Some(2));
                assert_eq!(scene.contents(), before, "{name} {head}");
            }
            let shown = recover(&scene, &[]);
            assert!(shown.exit == Some(0) && shown.stdout.contains("ignored"), "{shown:?}");
            assert_eq!(recover(&scene, &["--keep"]).exit, Some(0));
            assert_eq!(scene.text("workspace/src/main.sh"), "trusted\n");
            scene.run("manifest-patch").args(["--files", "f.yaml", "--set", ".a=2"]).end().expect(0, "done");
        }
    }
}

#[test]
fn an_error_names_folders_that_nest_too_deeply() {
    let scene = Scene::new();
    scene.put("workspace/f.yaml", "a: 1\n");
    nest(&scene.path("workspace"), 1000);
    let said = scene
        .run("manifest-patch")
        .args(["--files", "**/*.yaml", "--set", ".a=2"])
        .end()
        .expect(7, "limit-exceeded");
    assert!(said["message"].to_string().contains("128 folders deep"), "{said}");
    scene.run("manifest-patch").args(["--files", "*.yaml", "--set", ".a=2"]).end().expect(0, "done");
    let removed = std::process::Command::new("rm").arg("-rf").arg(scene.path("workspace/d")).status();
    assert!(removed.unwrap().success());
}

fn nest(top: &std::path::Path, depth: usize) {
    use rustix::fs::{Mode, OFlags, mkdirat, open, openat};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut here = open(top, flags, Mode::empty()).unwrap();
    for _ in 0..depth {
        mkdirat(&here, "d", Mode::RWXU).unwrap();
        here = openat(&here, "d", flags, Mode::empty()).unwrap();
    }
}

/// A file that cannot be read is this machine's matter: one exit code and one code in every step.
#[test]
fn a_file_that_cannot_be_read_is_no_fault_of_a_server() {
    let scene = Scene::new();
    for file in ["workspace/f.yaml", "workspace/dist/app.js", "workspace/plan.json"] {
        scene.put(file, "a: 1\n");
        // Root reads what nobody may.
        fs::remove_file(scene.path(file)).unwrap();
        scene.put(file, "a: 1\n");
        let none = std::os::unix::fs::PermissionsExt::from_mode(0o0);
        fs::set_permissions(scene.path(file), none).unwrap();
    }
    fs::create_dir_all(scene.path("own/store")).unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(scene.path("own/store"), all).unwrap();
    let to = format!("file://{}/", scene.path("own/store").display());
    for run in [
        scene.run("manifest-patch").args(["--files", "f.yaml", "--set", ".a=2", "--dry-run"]),
        scene.run("plan-gate").args(["--plan", "plan.json"]),
        scene.run("terraform-parse").args(["--source", "plan.json"]),
        scene.run("artifact-upload").args(["--source", "dist", "--to", &to]),
    ] {
        let said = run.nobody().end().expect(2, "workspace");
        assert!(said["message"].to_string().contains("ermission denied"), "{said}");
    }
}

/// What was pending is shown without the secrets of the job, and only what is possible is offered.
#[test]
fn recover_shows_the_ways_that_are_left() {
    let scene = cut_off();
    let before = values(&scene);
    let waiting = before.iter().position(|value| value == "old");
    let Some(waiting) = waiting else { return };
    scene.put(&format!("workspace/apps/{waiting}.yaml"), "image: web:theirs\n");
    let shown = recover(&scene, &[]).stdout;
    assert!(shown.contains("--undo") && shown.contains("--keep") && !shown.contains("--finish"), "{shown}");
    assert!(shown.contains("1 file not reached by the run, and changed by somebody since then\n"), "{shown}");
    let refused = recover(&scene, &["--finish"]);
    assert!(refused.exit == Some(2) && refused.stderr.contains("  hint: give that file"), "{refused:?}");
    // The old content, and it can be finished again.
    scene.put(&format!("workspace/apps/{waiting}.yaml"), "image: web:old\n");
    let ended = recover(&scene, &["--finish"]);
    assert!(ended.exit == Some(0) && ended.stdout.contains("no receipt"), "{ended:?}");
    // A secret that is a part of a path.
    let scene = cut_off();
    let call = scene.call(slim()).env("DEPLOY_TOKEN", "apps/").arg("recover").arg("-C");
    let shown = call.arg(scene.path("workspace")).end();
    assert!(shown.stdout.contains("***") && !shown.stdout.contains("apps/"), "{shown:?}");
    for words in [&["canary-word-77"][..], &["describe", "canary-word-77"], &["recover", "--canary-word-77"]]
    {
        let said = scene.call(slim()).env("DEPLOY_TOKEN", "canary-word-77").args(words.iter().copied()).end();
        let all = format!("{}{}", said.stdout, said.stderr);
        assert!(said.exit == Some(2) && all.contains("***") && !all.contains("canary-word-77"), "{said:?}");
    }
}

/// Inputs and policies that a commit can have put there are regular files, or are refused at once.
#[test]
fn a_device_or_a_pipe_is_no_file_of_inputs_and_no_policy() {
    let scene = Scene::new();
    scene.put("workspace/f.yaml", "a: 1\n");
    // A link in the checkout would be refused for itself.
    std::os::unix::fs::symlink("/dev/zero", scene.path("outside/zero")).unwrap();
    let pipe = scene.path("workspace/pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
    for option in ["--inputs", "--policy"] {
        for name in ["outside/zero", "workspace/pipe"] {
            let run = scene.run("manifest-patch").args(["--files", "f.yaml", "--set", ".a=2", option]);
            let said = run.arg(scene.path(name)).end();
            assert_eq!(said.exit, Some(2), "{said:?}");
            assert!(said.stdout.contains("is not a regular file"), "{said:?}");
        }
    }
}
