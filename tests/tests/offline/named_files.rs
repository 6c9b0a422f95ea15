//! Files that the caller names for the host: inputs, policy, receipt and result. A commit can put a link in the place of
//! the first two, and a mistake in the path of the others must not cost a file.

use lockstep_tests::support::{OLDER_RECEIPT, ProgramOutput, Run, Running, Scene};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

fn patch(scene: &Scene) -> Run<'_> {
    scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"])
}

fn in_workspace(scene: &Scene, run: Run<'_>) -> ProgramOutput {
    let mut command = run.command();
    command.current_dir(scene.path("workspace"));
    Running { child: command.spawn().unwrap() }.end(scene)
}

/// A scene with one manifest and a file that no message may show.
fn shop() -> Scene {
    let scene = Scene::new();
    scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
    scene.put("outside/private.yaml", "version: 1\nprecious-line: hunter-of-words\n");
    scene
}

#[test]
fn a_link_in_the_checkout_leads_to_no_inputs_and_no_policy() {
    for option in ["--inputs", "--policy"] {
        for (target, name, path) in [
            ("../outside/private.yaml", "workspace/ci.yaml", "ci.yaml"),
            ("../outside", "workspace/ci", "ci/private.yaml"),
            ("../outside", "workspace/ci", "./deploy/../ci/private.yaml"),
        ] {
            let scene = shop();
            symlink(target, scene.path(name)).unwrap();
            let full = scene.path("workspace").join(path).to_str().unwrap().to_owned();
            for path in [path.to_owned(), full] {
                let ended = in_workspace(&scene, patch(&scene).args([option, &path]));
                let said = format!("{}{}", ended.stdout, ended.stderr);
                assert_eq!(ended.exit, Some(2), "{option} {path}: {ended:#?}");
                assert!(said.contains("a symbolic link in the checkout"), "{option} {path}: {ended:#?}");
                assert!(
                    !said.contains("precious") && !said.contains("hunter"),
                    "{option} {path}: {ended:#?}"
                );
            }
        }
    }
    // The workspace may be another folder than the checkout that has the link.
    for option in ["--inputs", "--policy"] {
        let scene = shop();
        fs::create_dir(scene.path("own/elsewhere")).unwrap();
        fs::create_dir_all(scene.path("outside/checkout/.git")).unwrap();
        symlink("../private.yaml", scene.path("outside/checkout/ci.yaml")).unwrap();
        let run = patch(&scene).bare().arg("-C").arg(scene.path("own/elsewhere"));
        let ended = run.arg(option).arg(scene.path("outside/checkout/ci.yaml")).end();
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("a symbolic link in the checkout") && !said.contains("precious"), "{ended:#?}");
    }
    // A link outside of the checkout is the caller's own.
    let scene = shop();
    scene.put("outside/inputs.json", "{\"set\": [\"image=web:v3\"], \"files\": [\"deploy/*.yaml\"]}");
    symlink("inputs.json", scene.path("outside/link.json")).unwrap();
    let inputs = scene.path("outside/link.json");
    let ended = in_workspace(&scene, scene.run("manifest-patch").arg("--inputs").arg(&inputs));
    assert_eq!(ended.exit, Some(0), "{ended:#?}");
}

#[test]
fn a_receipt_and_a_result_replace_no_other_file() {
    for (kind, variable) in [("receipt", "LOCKSTEP_RECEIPT"), ("result", "LOCKSTEP_RESULT")] {
        for place in ["workspace/deploy/web.yaml", "workspace/notes.txt", "outside/private.yaml"] {
            for dry_run in [&[][..], &["--dry-run"]] {
                let scene = shop();
                scene.put("workspace/notes.txt", "precious");
                let before = scene.files();
                let run = patch(&scene).bare().args(dry_run).env(variable, scene.path(place));
                let ended = in_workspace(&scene, run);
                assert_eq!(ended.exit, Some(2), "{variable} {place}: {ended:#?}");
                let expected = format!("it exists and is no {kind} of lockstep");
                let said = format!("{}{}", ended.stdout, ended.stderr);
                assert!(said.contains(&expected), "{variable} {place}: {ended:#?}");
                for (path, content) in &before {
                    assert_eq!(scene.files().get(path), Some(content), "{variable} {place}");
                }
            }
        }
        // Other tools write documents that begin almost as ours do.
        let scene = shop();
        let other = match kind {
            "receipt" => "{\n  \"_type\": \"https://in-toto.io/Statement/v1\",\n  \"subject\": []\n}\n",
            _ => "{\"version\":3,\"sources\":[]}",
        };
        scene.put("workspace/app.js.map", other);
        let path = scene.path("workspace/app.js.map");
        let ended = in_workspace(&scene, patch(&scene).bare().env(variable, &path));
        assert_eq!(ended.exit, Some(2), "{variable}: {ended:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), other);
        // An older one, and an empty file, are replaced.
        let scene = shop();
        scene.put("workspace/old.json", "");
        for _ in 0..2 {
            let path = scene.path("workspace/old.json");
            let ended = in_workspace(&scene, patch(&scene).bare().env(variable, &path));
            assert_eq!(ended.exit, Some(0), "{variable}: {ended:#?}");
            assert!(fs::read_to_string(&path).unwrap().contains("manifest-patch"), "{variable}");
        }
    }
}

#[test]
fn a_name_in_a_policy_that_no_step_has_is_a_warning_with_the_nearest_one() {
    let scene = shop();
    scene.put("outside/policy.yaml", "version: 1\nsteps:\n  manifest-pach:\n    workspace: [\"read **\"]\n");
    let ended = in_workspace(&scene, patch(&scene).arg("--policy").arg(scene.path("outside/policy.yaml")));
    assert_eq!(ended.exit, Some(3), "{ended:#?}");
    assert!(ended.stdout.contains("did you mean `manifest-patch`?"), "{ended:#?}");
}

/// A file that appears while a run waits for its inputs.
#[test]
fn a_receipt_and_a_result_replace_no_file_that_appears_during_the_run() {
    for variable in ["LOCKSTEP_RECEIPT", "LOCKSTEP_RESULT"] {
        let scene = shop();
        let (path, other) = (scene.path("own/late.json"), scene.path("own/other.json"));
        fs::write(&other, OLDER_RECEIPT).unwrap();
        let mut run = scene.run("manifest-patch").args(["--inputs", "-"]).bare().env(variable, &path);
        if variable == "LOCKSTEP_RESULT" {
            run = run.env("LOCKSTEP_RECEIPT", &other);
        } else {
            fs::write(&path, OLDER_RECEIPT).unwrap();
        }
        let mut command = run.command();
        command.current_dir(scene.path("workspace")).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let receipt = if variable == "LOCKSTEP_RESULT" { &other } else { &path };
        // The host has checked all files when the older receipt is gone.
        while receipt.exists() {
            sleep(Duration::from_millis(5));
        }
        fs::write(&path, "precious").unwrap();
        stdin.write_all(br#"{"files": ["deploy/*.yaml"], "set": ["image=web:v2"]}"#).unwrap();
        drop(stdin);
        let ended = Running { child }.end(&scene);
        assert_eq!(ended.exit, Some(2), "{variable}: {ended:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious", "{variable}: {ended:#?}");
    }
}

#[test]
fn two_files_of_a_run_are_not_the_same_one() {
    for (first, second) in [
        (["--receipt", "same.json"], ["LOCKSTEP_RESULT", "./same.json"]),
        (["--receipt", "same.json"], ["GITHUB_OUTPUT", "same.json"]),
        (["--receipt", "same.json"], ["GITHUB_OUTPUT", "linked.json"]),
        (["--receipt", "same.json"], ["LOCKSTEP_POLICY", "deploy/../same.json"]),
        (["--inputs", "same.json"], ["LOCKSTEP_RECEIPT", "same.json"]),
        (["--inputs", "same.json"], ["LOCKSTEP_RESULT", "same.json"]),
        (["--policy", "same.json"], ["GITHUB_STEP_SUMMARY", "same.json"]),
    ] {
        let scene = shop();
        scene.put("workspace/same.json", "");
        fs::hard_link(scene.path("workspace/same.json"), scene.path("workspace/linked.json")).unwrap();
        let run = patch(&scene).bare().platform("github").args(first).env(second[0], second[1]);
        let ended = in_workspace(&scene, run);
        assert_eq!(ended.exit, Some(2), "{first:?} {second:?}: {ended:#?}");
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("name two files"), "{first:?} {second:?}: {ended:#?}");
        assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v1\n", "{first:?} {second:?}");
    }
    // GitLab's own file counts too.
    let scene = shop();
    let run = patch(&scene).bare().platform("gitlab").args(["--receipt", "lockstep-manifest-patch.env"]);
    let ended = in_workspace(&scene, run);
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
}

#[test]
fn a_result_that_cannot_be_written_ends_the_run_before_it_changes_anything() {
    let scene = shop();
    let ended = in_workspace(&scene, patch(&scene).env("LOCKSTEP_RESULT", "/proc/none/result.json"));
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
    assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v1\n");
}

#[test]
fn a_folder_that_is_a_store_has_the_files_of_the_run_out_of_reach() {
    for (option, name) in [("--receipt", "receipt.json"), ("--policy", "policy.yaml")] {
        for dry_run in [&[][..], &["--dry-run"]] {
            let scene = shop();
            let policy = "version: 1\nsteps:\n  artifact-upload:\n    workspace: [\"read **\"]\n    objects: \
                          [\"list,head,put,multipart,delete file:///\"]\n";
            scene.put("outside/store/policy.yaml", policy);
            scene.put(&format!("workspace/dist/{name}"), "hostile");
            let to = format!("file://{}/", scene.path("outside/store").display());
            let run =
                scene.run("artifact-upload").bare().args(["--source", "dist", "--to", &to]).args(dry_run);
            let ended = in_workspace(&scene, run.arg(option).arg(scene.path("outside/store").join(name)));
            assert_eq!(ended.exit, Some(3), "{option}: {ended:#?}");
            assert_eq!(scene.text("outside/store/policy.yaml"), policy, "{option}");
        }
    }
}
