//! Other people's linters find nothing in what is generated and in the examples.

use lockstep_tests::services;
use lockstep_tests::shim::{Checkout, STAND_IN, root};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

fn run(command: &mut Command) -> String {
    services::output(command).unwrap_or_else(|error| panic!("{error}"))
}

fn linter(name: &str) -> Command {
    let folder = services::linters().unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(folder.join(name));
    command.current_dir(root());
    command
}

/// The files of this extension in a folder of the repository, and in the folders in it.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let relative = path.strip_prefix(root()).expect("below the root").to_owned();
        if path.is_dir() {
            found.extend(files(&relative.to_string_lossy(), extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(relative);
        }
    }
    assert!(!found.is_empty(), "{folder} has no {extension}");
    found
}

fn actions() -> Vec<PathBuf> {
    let mut actions = files("actions", "yml");
    actions.push("action.yml".into());
    actions
}

fn workflows() -> Vec<PathBuf> {
    let mut workflows = files("examples/github", "yml");
    workflows.push("tests/live/workflow.yml".into());
    workflows
}

fn schema(name: &str, files: impl IntoIterator<Item = PathBuf>) {
    run(linter("check-jsonschema").args(["--builtin-schema", name]).args(files));
}

#[test]
fn the_script_passes_shellcheck() {
    run(linter("shellcheck").args(["--shell=sh", "ci/run.sh"]));
}

#[test]
fn the_script_runs_in_every_shell_of_a_job_image() {
    let busybox = services::busybox().unwrap_or_else(|error| panic!("{error}"));
    let busybox = busybox.to_str().expect("a path of text");
    for shell in [&["/bin/dash"][..], &["/bin/bash"], &["/bin/bash", "--posix"], &[busybox, "ash"]] {
        let folder = tempfile::tempdir().expect("a folder");
        let checkout = Checkout::new(folder.path()).expect("a checkout");
        checkout.release(STAND_IN).expect("checksums");
        let bin = checkout.program("lockstep", STAND_IN).expect("a program");
        let env = [("LOCKSTEP_STEP", "manifest-patch"), ("LOCKSTEP_BIN", bin.to_str().expect("text"))];
        let output = checkout.run(shell, &env).expect("the shell is there");
        assert!(output.stdout.starts_with(b"arg run\narg manifest-patch\n"), "{shell:?}: {output:?}");
        checkout.program("lockstep", "#!/bin/sh\n").expect("a program");
        let output = checkout.run(shell, &env).expect("the shell is there");
        assert_eq!(output.status.code(), Some(4), "{shell:?}: {output:?}");
    }
}

#[test]
fn zizmor_finds_nothing_of_medium_severity() {
    run(linter("zizmor").args(["--offline", "--min-severity=medium"]).args(actions()).args(workflows()));
}

#[test]
fn everything_has_its_platforms_schema() {
    schema("vendor.github-actions", actions());
    schema("vendor.github-workflows", workflows());
    schema("vendor.gitlab-ci", files("examples/gitlab", "yml"));
    let folder = tempfile::tempdir().expect("a folder");
    for template in files("templates", "yml") {
        let text = fs::read_to_string(root().join(&template)).expect("the template");
        // The schema knows no list that is filled in.
        let text = text.replace("dependencies: $[[ inputs.job-dependencies ]]", "dependencies: []");
        let (spec, job) = text.split_once("\n---\n").expect("two documents");
        let name = template.file_stem().expect("a name").to_string_lossy().into_owned();
        for (part, text) in [("spec", spec), ("job", job)] {
            let path = folder.path().join(format!("{name}-{part}.yml"));
            // GitLab puts a list there; the schema sees none before.
            fs::write(&path, text.replace("'$[[ inputs.job-dependencies ]]'", "[]")).expect("a file");
            schema("vendor.gitlab-ci", [path]);
        }
    }
}

/// The workflows in a repository that has the actions, which they then name as local ones: so the inputs
/// they give are checked against those that the actions take.
#[test]
fn actionlint_knows_every_input_of_the_examples() {
    let folder = repository();
    let lint = |folder: &Path| {
        let program = services::actionlint().unwrap_or_else(|error| panic!("{error}"));
        services::output(Command::new(program).arg("-no-color").current_dir(folder))
    };
    lint(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let workflow = folder.path().join(".github/workflows/set-image.yml");
    let text = fs::read_to_string(&workflow).expect("the example");
    fs::write(&workflow, text.replace("expect:", "expects:")).expect("a file");
    let error = lint(folder.path()).expect_err("an input that is not there is found");
    assert!(error.contains("input \"expects\" is not defined"), "{error}");
}

fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for path in ["action.yml", "actions", "ci"] {
        run(Command::new("cp").arg("-R").arg(root().join(path)).arg(folder.path()));
    }
    fs::create_dir_all(folder.path().join(".github/workflows")).expect("a folder");
    for workflow in workflows() {
        let text = fs::read_to_string(root().join(&workflow)).expect("the workflow");
        let local = |line: &str| match line.split_once("uses: OWNER/lockstep") {
            Some((before, after)) => {
                format!("{before}uses: .{}\n", after.split('@').next().unwrap_or_default())
            }
            None => format!("{line}\n"),
        };
        let text: String = text.lines().map(local).collect::<String>().replace("uses: .\n", "uses: ./\n");
        let name = workflow.file_name().expect("a name");
        fs::write(folder.path().join(".github/workflows").join(name), text).expect("a file");
    }
    run(Command::new("git").args(["init", "--quiet"]).current_dir(folder.path()));
    folder
}

#[test]
fn the_jenkinsfiles_are_groovy() {
    let jars =
        services::jenkins_jars(&root().join("tests/live/pom.xml")).unwrap_or_else(|error| panic!("{error}"));
    let folder = tempfile::tempdir().expect("a folder");
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("examples/jenkins")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("the example");
        let (_, text) = text.split_once(" _\n").expect("it names the library");
        names.push(format!("Jenkinsfile{}.groovy", names.len()));
        fs::write(folder.path().join(&names[names.len() - 1]), text).expect("a file");
    }
    assert!(names.len() > 1, "{names:?}");
    run(Command::new("java")
        .arg("-cp")
        .arg(format!("{}/*", jars.display()))
        .arg("org.codehaus.groovy.tools.FileSystemCompiler")
        .args(names)
        .current_dir(folder.path()));
}
