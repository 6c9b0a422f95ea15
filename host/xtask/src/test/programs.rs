//! Programs of tests: cargo builds them all in one profile, and they are started one after another.

use super::THROUGH;
use crate::members::Member;
use crate::{build, shell};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Crates whose tests read megabytes: unoptimised they take minutes.
const READERS: [&str; 2] = ["lockstep-model", "lockstep-yaml"];

/// The variable with the number of tests that a program runs at once.
const THREADS: &str = "RUST_TEST_THREADS";

/// How many tests through the finished program run at once on each core: most of the time they wait for servers, for
/// timeouts and for each other.
const WAITING_PER_CORE: usize = 3;

/// A program of tests.
#[derive(Debug)]
pub(crate) struct Program {
    /// Its crate.
    pub(crate) package: String,
    /// Its name: that of the file of tests, or of the crate.
    pub(crate) name: String,
    path: PathBuf,
    /// The folder of its crate, in which it is started.
    folder: PathBuf,
    /// Whether it can list its tests.
    listed: bool,
}

/// Which tests of a program are run.
#[derive(Debug, Default)]
pub(crate) struct Filter<'f> {
    /// Those in this module.
    pub(crate) module: Option<&'f str>,
    /// Those with this in their name.
    pub(crate) name: Option<&'f str>,
}

impl Filter<'_> {
    fn takes_all(&self) -> bool {
        self.module.is_none() && self.name.is_none()
    }

    fn takes(&self, test: &str) -> bool {
        let inner = match self.module {
            Some(module) => test.strip_prefix(module).and_then(|rest| rest.strip_prefix("::")),
            None => Some(test),
        };
        inner.is_some_and(|inner| self.name.is_none_or(|name| inner.contains(name)))
    }
}

impl Program {
    /// The names of its tests that a filter takes. A program without a list has one test, its own name.
    pub(crate) fn tests(&self, filter: &Filter<'_>) -> Result<Vec<String>> {
        let names = if self.listed {
            let list = shell::output(self.command().args(["--list", "--format", "terse"]))?;
            let list = String::from_utf8_lossy(&list).into_owned();
            list.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect()
        } else {
            vec![self.name.clone()]
        };
        Ok(names.into_iter().filter(|name| filter.takes(name)).collect())
    }

    /// Runs the tests that a filter takes; gives whether all passed. Nothing is run if it takes none.
    pub(crate) fn run(&self, filter: &Filter<'_>, env: &[(&str, &str)]) -> Result<bool> {
        let mut command = self.command();
        if !filter.takes_all() {
            let tests = self.tests(filter)?;
            if tests.is_empty() {
                return Ok(true);
            }
            if self.listed {
                command.arg("--exact").args(tests);
            }
        }
        shell::say(&format!("    {} {}", self.package, self.name));
        let status = command.envs(env.iter().copied()).status();
        Ok(status.with_context(|| self.path.display().to_string())?.success())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        // As under `cargo test`: snapshots and seeds of earlier failures are found from here.
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        if self.package == THROUGH && std::env::var_os(THREADS).is_none() {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            command.env(THREADS, (cores * WAITING_PER_CORE).to_string());
        }
        command
    }
}

/// Builds the programs of what is selected.
pub(crate) fn build(root: &Path, members: &[Member], selection: &[String]) -> Result<Vec<Program>> {
    let mut cargo = shell::cargo(root);
    cargo.args(["test", "--locked", "--release", "--no-run", "--message-format", "json-render-diagnostics"]);
    cargo.arg("--config").arg(profile(root, members)?).args(selection);
    build::with_components(root, cargo.stderr(Stdio::inherit()));
    let output = cargo.output().with_context(|| shell::shown(&cargo))?;
    if !output.status.success() {
        bail!("{}: {}", shell::shown(&cargo), output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs: Vec<_> = messages.filter_map(|message| program(root, members, &message)).collect();
    // The crate of tests is the last: what fails in a part is told before what fails in the whole.
    let key = |program: &Program| (program.package == THROUGH, program.package.clone(), program.name.clone());
    programs.sort_by_key(key);
    Ok(programs)
}

/// The program that a message of cargo tells of, if it is one of tests.
fn program(root: &Path, members: &[Member], message: &Value) -> Option<Program> {
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let path = PathBuf::from(message["executable"].as_str()?);
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
    let member = members.iter().find(|member| root.join(&member.folder) == folder)?;
    let name = message["target"]["name"].as_str()?.to_owned();
    let listed = !member.unlisted.contains(&name);
    Some(Program { package: member.name.clone(), name, path, folder, listed })
}

/// The file with which cargo builds crates of the workspace for tests: libraries are those of the finished program, so
/// each is built once; our own crates are quick to build, and check what the finished program does not.
fn profile(root: &Path, members: &[Member]) -> Result<PathBuf> {
    let mut text = String::new();
    for member in members {
        let level = i32::from(READERS.contains(&member.name.as_str()));
        writeln!(text, "[profile.release.package.{}]\nopt-level = {level}", member.name)?;
        writeln!(text, "debug-assertions = true\noverflow-checks = true\n")?;
    }
    let path = build::target(root).join("lockstep/tests.toml");
    fs::create_dir_all(path.parent().unwrap_or(root))?;
    build::write_if_changed(&path, text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn a_filter_takes_tests_of_its_module_with_its_name() {
        let all = Filter::default();
        assert!(all.takes_all() && all.takes("recover::a_test"));
        let module = Filter { module: Some("recover"), name: None };
        assert!(module.takes("recover::a_test") && !module.takes("recovery::a_test"));
        let both = Filter { module: Some("recover"), name: Some("a_te") };
        assert!(both.takes("recover::a_test") && !both.takes("recover::other"));
        assert!(!Filter { module: Some("recover"), name: Some("recover") }.takes("recover::a_test"));
    }
}
