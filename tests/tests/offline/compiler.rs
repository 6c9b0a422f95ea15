//! The compiler beside the finished program: lockstep starts it for components that are not built in, and only if it is the
//! one of the same release.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use lockstep_tests::support::{ProgramOutput, Scene, hostile, slim};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of the compiler's file.
const COMPILER: &str = "lockstep-compiler";

/// Copies a file to a place in the scene. Another process makes the copy: nobody starts a file that is open for writing.
fn copy(scene: &Scene, from: &Path, to: &str) -> PathBuf {
    let to = scene.path(to);
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    assert!(Command::new("cp").arg(from).arg(&to).status().unwrap().success());
    to
}

/// Where the compiler of the finished program lies.
fn compiler() -> PathBuf {
    slim().canonicalize().unwrap().with_file_name(COMPILER)
}

/// Has this program run a component that reads a manifest.
fn run(scene: &Scene, program: PathBuf) -> ProgramOutput {
    let component = hostile("reach");
    let digest = lockstep_model::digest::Digest::of(&fs::read(&component).unwrap());
    let allow = "allow: {workspace: ['read deploy/**']}";
    scene.put("own/policy.yaml", &format!("version: 1\ncomponents: [{{digest: '{digest}', {allow}}}]\n"));
    let run =
        scene.call(program).arg("run").arg(component).arg("--policy").arg(scene.path("own/policy.yaml"));
    let run = run.args(["--act=read", "--words=deploy/web.yaml", "--format=json", "-C"]);
    run.arg(scene.path("workspace")).end()
}

#[test]
fn a_missing_compiler_is_an_error_with_a_hint() {
    let scene = Scene::new();
    let program = copy(&scene, &slim(), "own/bin/lockstep");
    // Neither the workspace, nor the folder it is started in, nor PATH is searched.
    for other in ["workspace", "own", "own/tmp"] {
        copy(&scene, &compiler(), &format!("{other}/{COMPILER}"));
    }
    let result = run(&scene, program).expect(2, "no-compiler");
    let (message, hint) = (result["message"].to_string(), result["hint"].to_string());
    assert!(message.contains("own/bin/lockstep-compiler"), "{message}");
    assert!(hint.contains("put lockstep-compiler of the same release beside lockstep"), "{hint}");
}

#[test]
fn a_compiler_that_was_changed_is_not_started() {
    let scene = Scene::new();
    let program = copy(&scene, &slim(), "own/bin/lockstep");
    let beside = copy(&scene, &compiler(), "own/bin/lockstep-compiler");
    run(&scene, program.clone()).expect(0, "done");
    let mut bytes = fs::read(&beside).unwrap();
    bytes.push(0);
    fs::write(&beside, bytes).unwrap();
    run(&scene, program.clone()).expect(4, "wrong-compiler");
    // A folder, a pipe or a link to nothing is no compiler.
    fs::remove_file(&beside).unwrap();
    fs::create_dir(&beside).unwrap();
    run(&scene, program.clone()).expect(2, "no-compiler");
    fs::remove_dir(&beside).unwrap();
    symlink("nothing", &beside).unwrap();
    run(&scene, program).expect(2, "no-compiler");
}

#[test]
fn links_to_the_program_and_to_the_compiler_are_followed() {
    let scene = Scene::new();
    let program = copy(&scene, &slim(), "own/release/lockstep");
    copy(&scene, &compiler(), "own/store/compiler-of-this-release");
    symlink("../store/compiler-of-this-release", scene.path("own/release/lockstep-compiler")).unwrap();
    fs::create_dir(scene.path("own/bin")).unwrap();
    let link = scene.path("own/bin/lockstep");
    symlink(program, &link).unwrap();
    // Another file of that name beside the link counts for nothing.
    fs::write(scene.path("own/bin/lockstep-compiler"), "#!/bin/sh\necho stolen\n").unwrap();
    run(&scene, link).expect(0, "done");
}

#[test]
fn a_program_in_the_checkout_uses_the_compiler_beside_it() {
    let scene = Scene::new();
    let program = copy(&scene, &slim(), "workspace/tools/lockstep");
    copy(&scene, &compiler(), "workspace/tools/lockstep-compiler");
    run(&scene, program).expect(0, "done");
}
