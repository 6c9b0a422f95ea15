//! Runners of CI systems, each in a folder of its own: `act` for GitHub workflows, `gitlab-ci-local` for GitLab pipelines,
//! and the pipeline language of Jenkins. They run the finished program. This module tests nothing itself.

use crate::services;
use crate::shim::root;
use crate::support::slim;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The finished program.
///
/// # Panics
/// The program does not exist.
#[must_use]
pub fn lockstep() -> PathBuf {
    fs::canonicalize(slim()).expect("the finished program")
}

/// A folder with a workspace, a home and a folder for results.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// Creates an empty folder.
    #[must_use]
    pub fn new() -> Self {
        let scratch = Self { folder: tempfile::tempdir().expect("a folder") };
        for folder in ["home", "out", "work"] {
            fs::create_dir_all(scratch.path(folder)).expect("a folder");
        }
        scratch
    }

    /// A path in the folder.
    #[must_use]
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file.
    pub fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The text of a file, which must exist.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Copies files and folders of the repository into the workspace.
    pub fn copy(&self, paths: &[&str]) {
        for path in paths {
            run(Command::new("cp").arg("-R").arg(root().join(path)).arg(self.path("work")));
        }
    }

    /// Makes the workspace a git repository of one commit and returns the commit.
    pub fn commit(&self) -> String {
        for args in [
            "init --quiet --initial-branch=main",
            "remote add origin git@gitlab.example.com:group/project.git",
            "add --all",
            "-c user.name=t -c user.email=t@example.com commit --quiet --message=x",
        ] {
            run(Command::new("git").args(args.split(' ')).current_dir(self.path("work")));
        }
        let head = run(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(self.path("work")));
        head.trim().to_owned()
    }

    /// A command in the workspace. Of the environment of this process it gets PATH only.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", services::path(&[]))
            .env("HOME", self.path("home"))
            .current_dir(self.path("work"));
        command
    }
}

/// Runs a program that must succeed, and returns its output.
pub fn run(command: &mut Command) -> String {
    services::output(command).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns the value, or fails the test.
pub fn need<T>(result: services::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `act` for an event with this document.
#[must_use]
pub fn act(scratch: &Scratch, event: &str, document: &Value) -> Command {
    scratch.put("event.json", &document.to_string());
    let mut act = scratch.command(need(services::act()));
    act.args([event, "-P", "ubuntu-latest=-self-hosted", "--eventpath"]).arg(scratch.path("event.json"));
    act.arg("--env").arg(format!("LOCKSTEP_BIN={}", lockstep().display()));
    act
}

/// Runs `gitlab-ci-local` for the pipeline in the workspace.
#[must_use]
pub fn gitlab_ci_local(scratch: &Scratch) -> Command {
    let tools = need(services::gitlab_ci_local());
    let mut local = scratch.command(tools.join("node"));
    let path = services::path(&[&tools, &need(services::rsync())]);
    local.arg(tools.join("gitlab-ci-local")).env("PATH", path);
    local.arg("--variable").arg(format!("LOCKSTEP_BIN={}", lockstep().display()));
    local
}

/// Runs a Jenkins pipeline that calls a function of the library with these arguments. Its result is in `out/result.json`.
#[must_use]
pub fn pipeline(scratch: &Scratch, function: &str, arguments: &Value) -> Command {
    scratch.put("arguments.json", &arguments.to_string());
    let jars = need(services::jenkins_jars(&root().join("tests/live/pom.xml")));
    let mut java = scratch.command("java");
    for package in ["java.lang", "java.util", "java.io", "java.net", "java.text"] {
        java.args(["--add-opens", &format!("java.base/{package}=ALL-UNNAMED")]);
    }
    java.arg("-cp").arg(format!("{}/*", jars.display())).arg("groovy.ui.GroovyMain");
    java.arg(root().join("tests/live/jenkins.groovy")).arg(root()).arg(scratch.path("work")).arg(function);
    java.arg(scratch.path("arguments.json")).arg(scratch.path("out/result.json"));
    // The program loads scripts below its current folder.
    java.current_dir(root()).env("LOCKSTEP_BIN", lockstep());
    java
}
