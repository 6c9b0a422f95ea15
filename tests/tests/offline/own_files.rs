//! The files that lockstep writes itself: receipts, results, outputs, values. A commit that brings links under their
//! names writes nowhere else, a file that is not a regular file is not replaced, and a loss is said.

use lockstep_tests::support::{ProgramOutput, Run, Running, Scene, assert_no_secret, receipt, tree};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A run in a scene, begun in the folder that is its workspace, as in a job.
fn end_inside(scene: &Scene, run: Run<'_>) -> ProgramOutput {
    let mut command = run.command();
    command.current_dir(scene.path("workspace"));
    Running { child: command.spawn().unwrap() }.end(scene)
}

/// A run that changes one file.
fn patch(scene: &Scene) -> Run<'_> {
    scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"])
}

/// The same without the receipt and the workspace that a scene gives it: the current folder is the workspace.
fn bare_patch(scene: &Scene) -> Run<'_> {
    patch(scene).bare()
}

fn link(scene: &Scene, target: &str, path: &str) {
    symlink(target, scene.path(path)).unwrap();
}

/// A device of this scene alone that is always full: a fault may not break the machine's own. Who cannot make one could
/// not replace the machine's either.
fn full_device(scene: &Scene) -> PathBuf {
    let path = scene.path("own/full");
    let device = rustix::fs::makedev(1, 7);
    match mknodat(CWD, &path, FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, device) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => path,
        Err(_) => "/dev/full".into(),
    }
}

/// The run was refused because of a link, and has changed nothing.
#[track_caller]
fn refused(scene: &Scene, ended: &ProgramOutput, before: &std::collections::BTreeMap<PathBuf, String>) {
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
    assert_eq!(said.matches("is a link").count(), 1, "{ended:#?}");
    let mut after = scene.files();
    // The other files of the platform are where they belong.
    after.retain(|path, _| {
        before.contains_key(path)
            || !["env", "json"].map(Some).contains(&path.extension().and_then(|end| end.to_str()))
    });
    assert_eq!(&after, before, "{ended:#?}");
    assert_no_secret(scene, ended);
}

/// An output too odd for a variable, whose value is a configuration that runs a program.
fn hostile_output(scene: &Scene, name: &str) {
    let value = "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = \"id > PWNED; false\"\n";
    let output = serde_json::json!({ name: {"sensitive": false, "type": "string", "value": value} });
    scene.put("workspace/o.json", &output.to_string());
}

#[test]
fn a_linked_folder_of_values_is_refused() {
    for target in [".git", "../outside", "nowhere", "deploy"] {
        let scene = Scene::new();
        hostile_output(&scene, "config");
        link(&scene, target, "workspace/lockstep-terraform-parse-values");
        let before = scene.files();
        let run = || scene.run("terraform-parse").args(["--source", "o.json", "--outputs", "config:string"]);
        refused(&scene, &end_inside(&scene, run().platform("gitlab")), &before);
        let github = run().platform("github").env("RUNNER_TEMP", "");
        let values = scene.path("workspace/lockstep-terraform-parse-values");
        assert!(values.is_symlink());
        refused(&scene, &end_inside(&scene, github), &before);
    }
}

#[test]
fn a_variable_that_names_a_place_behind_a_link_writes_nowhere() {
    for (platform, name, place) in [
        ("github", "GITHUB_OUTPUT", "outdir/o"),
        ("github", "GITHUB_OUTPUT", "deploy/../outdir/o"),
        ("github", "GITHUB_STEP_SUMMARY", "outdir/secret.txt"),
        ("github", "GITHUB_STEP_SUMMARY", "res.json"),
        ("gitlab", "LOCKSTEP_RESULT", "res.json"),
        ("plain", "LOCKSTEP_RESULT", "./deploy/../res.json"),
        ("jenkins", "LOCKSTEP_RESULT", "outdir/res.json"),
        ("plain", "LOCKSTEP_RESULT", "deep/in/outdir/res.json"),
        ("plain", "LOCKSTEP_RESULT", "/proc/self/cwd/res.json"),
    ] {
        let scene = Scene::new();
        link(&scene, "../outside", "workspace/outdir");
        link(&scene, "../outside/secret.txt", "workspace/res.json");
        fs::create_dir_all(scene.path("workspace/deep/in")).unwrap();
        link(&scene, "../../../outside", "workspace/deep/in/outdir");
        let before = scene.files();
        refused(&scene, &end_inside(&scene, patch(&scene).platform(platform).env(name, place)), &before);
        // By its full path, which begins as the workspace does or not at all like it.
        let place = place.strip_prefix("/proc/self/cwd/").unwrap_or(place);
        let full = scene.path("workspace").join(place);
        refused(&scene, &patch(&scene).platform(platform).env(name, full).end(), &before);
    }
}

#[test]
fn a_variable_that_names_a_file_of_git_or_ci_is_refused() {
    for place in [".git/config", ".git/hooks/post-checkout", ".github/workflows/x.yml", "deploy/.git/x"] {
        for (platform, name) in
            [("github", "GITHUB_OUTPUT"), ("github", "GITHUB_STEP_SUMMARY"), ("plain", "LOCKSTEP_RESULT")]
        {
            let scene = Scene::new();
            let before = scene.files();
            let ended = end_inside(&scene, patch(&scene).platform(platform).env(name, place));
            assert_eq!(ended.exit, Some(2), "{ended:#?}");
            assert_eq!(scene.files(), before, "{place}");
        }
    }
}

#[test]
fn the_temporary_name_of_a_receipt_cannot_be_foreseen() {
    let scene = Scene::new();
    let before = tree(&scene.path("outside"));
    // The shell becomes the program, so that its number is known.
    let script = "ln -s ../outside/secret.txt r.json.$$ && exec \"$0\" \"$@\"";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(lockstep_tests::support::slim()).args(["run", "manifest-patch"]);
    command.args(["--files", "deploy/*.yaml", "--set", "image=web:v2", "--receipt", "r.json"]);
    let status = command.current_dir(scene.path("workspace")).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    assert_eq!(tree(&scene.path("outside")), before);
    let receipt = scene.path("workspace/r.json");
    assert!(receipt.is_file() && !receipt.is_symlink());
}

#[test]
fn a_receipt_behind_a_link_is_refused() {
    for place in ["receipts/r.json", "r.json", "deploy/up/r.json", "receipts/new/r.json"] {
        let scene = Scene::new();
        link(&scene, "../outside", "workspace/receipts");
        link(&scene, "../outside/r.json", "workspace/r.json");
        link(&scene, "../../outside", "workspace/deploy/up");
        let before = scene.files();
        refused(&scene, &end_inside(&scene, bare_patch(&scene).args(["--receipt", place])), &before);
        let full = scene.path("workspace").join(place);
        refused(&scene, &end_inside(&scene, bare_patch(&scene).env("LOCKSTEP_RECEIPT", full)), &before);
    }
}

#[test]
fn the_default_receipt_replaces_a_link() {
    let scene = Scene::new();
    let run = || bare_patch(&scene).platform("gitlab").arg("--dry-run");
    assert_eq!(end_inside(&scene, run()).exit, Some(0));
    let name = tree(&scene.path("workspace")).into_keys().find(|path| path.ends_with_receipt()).unwrap();
    fs::remove_file(&name).unwrap();
    symlink("../outside/secret.txt", &name).unwrap();
    let before = tree(&scene.path("outside"));
    assert_eq!(end_inside(&scene, run()).exit, Some(0));
    assert_eq!(tree(&scene.path("outside")), before);
    assert!(!name.is_symlink() && fs::read_to_string(&name).unwrap().contains("in-toto"));
}

trait Named {
    fn ends_with_receipt(&self) -> bool;
}

impl Named for PathBuf {
    fn ends_with_receipt(&self) -> bool {
        self.to_string_lossy().ends_with(".receipt.json")
    }
}

#[test]
fn a_link_outside_a_checkout_is_followed() {
    let scene = Scene::new();
    link(&scene, "home", "own/elsewhere");
    link(&scene, "home/kept.json", "own/receipt-link");
    for place in ["own/elsewhere/new/r.json", "own/receipt-link"] {
        let ended = end_inside(&scene, bare_patch(&scene).arg("--receipt").arg(scene.path(place)));
        assert_eq!(ended.exit, Some(0), "{ended:#?}");
    }
    assert!(scene.text("own/home/new/r.json").contains("in-toto"));
    assert!(scene.text("own/home/kept.json").contains("in-toto"));
    assert!(scene.path("own/receipt-link").is_symlink());
}

#[test]
fn the_host_writes_into_a_device_or_pipe_and_keeps_it() {
    let scene = Scene::new();
    let null = rustix::fs::makedev(1, 3);
    let mode = Mode::RUSR | Mode::WUSR;
    let device = scene.path("own/null");
    if mknodat(CWD, &device, FileType::CharacterDevice, mode, null).is_ok() {
        for variable in ["LOCKSTEP_RECEIPT", "LOCKSTEP_RESULT"] {
            let ended = end_inside(&scene, bare_patch(&scene).env(variable, &device));
            assert_eq!(ended.exit, Some(0), "{ended:#?}");
            assert!(fs::symlink_metadata(&device).unwrap().file_type().is_char_device());
        }
    }
    // A pipe without a reader ends the run at once, before it changes anything.
    for place in ["own/pipe", "workspace/pipe"] {
        let pipe = scene.path(place);
        mknodat(CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
        let before = scene.files();
        let ended = end_inside(&scene, bare_patch(&scene).arg("--receipt").arg(&pipe));
        assert_eq!(ended.exit, Some(2), "{ended:#?}");
        assert!(ended.stdout.contains("a pipe that nobody reads"), "{ended:#?}");
        assert_eq!(scene.files(), before);
    }
}

#[test]
fn a_receipt_can_go_to_standard_output() {
    let scene = Scene::new();
    // As `/dev/stdout` is, and not that one.
    link(&scene, "/proc/self/fd/1", "own/standard-output");
    let run = || bare_patch(&scene).arg("--receipt").arg(scene.path("own/standard-output"));
    let mut command = run().command();
    command.current_dir(scene.path("workspace")).stdout(Stdio::piped());
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("in-toto") && text.contains("edits = 1"), "{text}");
    // The same with a file, which is written to where the log is.
    scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
    let ended = end_inside(&scene, run());
    assert!(ended.stdout.contains("in-toto") && ended.stdout.contains("edits = 1"), "{ended:#?}");
}

/// Changes a file, and must say so although something is lost.
#[track_caller]
fn changed_all_the_same(scene: &Scene, ended: &ProgramOutput, said: &str) {
    assert_eq!(scene.text("workspace/deploy/web.yaml"), "image: web:v2\n", "{ended:#?}");
    assert_eq!(ended.exit, Some(2), "{ended:#?}");
    assert!(said.contains("1 file is changed anyway: deploy/web.yaml"), "{ended:#?}");
    assert_no_secret(scene, ended);
}

#[test]
fn a_requested_receipt_that_cannot_be_written_fails_the_run() {
    let scene = Scene::new();
    let run = scene.run("manifest-patch").args(["--files", "deploy/*.yaml", "--set", "image=web:v2"]).bare();
    let ended = end_inside(&scene, run.args(["--format", "json", "--receipt"]).arg(full_device(&scene)));
    let result = ended.expect(2, "receipt-lost");
    assert_eq!(result["changed"], serde_json::json!(["deploy/web.yaml"]));
    changed_all_the_same(&scene, &ended, &result["message"].to_string());
}

#[test]
fn outputs_that_cannot_be_written_do_not_hide_the_changes() {
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for json in [true, false] {
        let scene = Scene::new();
        let run = if json { patch(&scene) } else { patch(&scene).human() };
        let mut command = run.command();
        command.stdout(full());
        let ended = Running { child: command.spawn().unwrap() }.end(&scene);
        changed_all_the_same(&scene, &ended, &ended.stderr);
    }
    for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
        let scene = Scene::new();
        let ended = patch(&scene).platform("github").env(name, full_device(&scene)).end();
        changed_all_the_same(&scene, &ended, &ended.stderr);
        assert!(ended.stdout.contains("edits = 1"), "the log has the outputs: {ended:#?}");
    }
    // The reader of the result is gone.
    let scene = Scene::new();
    let mut command = patch(&scene).command();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Running { child }.end(&scene);
    changed_all_the_same(&scene, &ended, &ended.stderr);
    assert_eq!(receipt(&scene)["predicate"]["record"]["changes"][0]["path"], "deploy/web.yaml");
}

/// A name without a folder counts from where the program is started, and that can be a folder in which nobody writes.
#[test]
fn a_run_in_a_protected_folder_writes_no_file_there() {
    for (folder, up, name) in [
        (".git", "..", "config"),
        (".git/hooks", "../..", "pre-commit"),
        (".github/workflows", "../..", "x.yml"),
        ("deploy", "..", "../.git/config"),
        ("deploy", "..", "../.github/workflows/x.yml"),
    ] {
        let scene = Scene::new();
        scene.put("workspace/.git/config", "[core]\n");
        fs::create_dir_all(scene.path("workspace").join(folder)).unwrap();
        let before = scene.files();
        for variable in ["LOCKSTEP_RECEIPT", "LOCKSTEP_RESULT", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] {
            for name in [name.to_owned(), format!("./{name}")] {
                let run = bare_patch(&scene).args(["-C", up]).platform("github").env(variable, name);
                let mut command = run.command();
                command.current_dir(scene.path("workspace").join(folder));
                let ended = Running { child: command.spawn().unwrap() }.end(&scene);
                assert_eq!(ended.exit, Some(2), "{folder} {variable}: {ended:#?}");
                for (path, content) in scene.files() {
                    assert_eq!(before.get(&path), Some(&content), "{folder} {variable}: {}", path.display());
                }
            }
        }
    }
}
