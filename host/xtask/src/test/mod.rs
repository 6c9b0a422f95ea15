//! All tests in one command. Offline they need Rust and git only; live they build real services and runners,
//! and a missing one is a failure, never a skip.

use crate::{build, mutants, shell};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Without network.
    Offline,
    /// With real services and runners.
    Live,
}

/// Crates whose tests need no sandbox: quick to build without optimisation.
const PLAIN: [&str; 12] = [
    "lockstep-model",
    "lockstep-cases",
    "lockstep-glue",
    "lockstep-path",
    "lockstep-process",
    "lockstep-repository",
    "lockstep-rollout",
    "lockstep-terraform",
    "lockstep-workload",
    "lockstep-workspace",
    "lockstep-yaml",
    "xtask",
];
/// Crates that link the sandbox or clients: tested in the profile in which those are built anyway.
const SANDBOXED: [&str; 6] = [
    "lockstep-objects",
    "lockstep-http",
    "lockstep-cluster",
    "lockstep-forge",
    "lockstep-engine",
    "lockstep",
];

/// Runs the tests.
pub(crate) fn test(root: &Path, extent: Extent) -> Result<()> {
    build::build(root, build::Form::Both)?;
    let hostile = hostile(root, &[])?;
    let with_programs = |command: &mut Command| {
        command.env("LOCKSTEP_BIN", build::host(root));
        command.env("LOCKSTEP_FULL_BIN", build::full_host(root));
        command.env("LOCKSTEP_HOSTILE", &hostile);
    };
    if extent == Extent::Offline {
        shell::step("tests of rules, files and tools");
        let steps = build::steps(root)?;
        let plain = PLAIN.into_iter().chain(steps.iter().map(String::as_str));
        let mut rules = cargo_test(root);
        with_programs(rules.args(packages(plain)));
        shell::run(&mut rules)?;
        shell::step("tests of the sandbox and the command line");
        shell::run(cargo_test(root).arg("--release").args(packages(SANDBOXED)))?;
        shell::step("tests through the finished program");
        let mut through = cargo_test(root);
        with_programs(through.args(["--package", "lockstep-tests"]));
        shell::run(&mut through)?;
        shell::step("tests without the guards they hold");
        return mutants::mutants(root);
    }
    shell::step("live tests: real services and runners");
    let mut live = cargo_test(root);
    live.args(["--package", "lockstep-tests", "--features", "live", "--test", "live"]);
    with_programs(&mut live);
    shell::run(&mut live)
}

fn cargo_test(root: &Path) -> Command {
    let mut command = shell::cargo(root);
    command.args(["test", "--locked"]);
    command
}

fn packages<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    names.into_iter().flat_map(|name| ["--package", name]).collect()
}

/// Builds the hostile components, or only these; gives the folder that holds them.
pub(crate) fn hostile(root: &Path, only: &[&str]) -> Result<PathBuf> {
    shell::step("hostile components");
    let manifest = root.join("tests/hostile/Cargo.toml");
    let mut guests = shell::cargo(root);
    guests.args(["build", "--locked", "--profile", "guest", "--target", "wasm32-wasip2", "--manifest-path"]);
    guests.arg(&manifest).arg("--target-dir").arg(build::target(root).join("hostile"));
    guests.args(only.iter().flat_map(|name| ["--bin", name]));
    shell::run(&mut guests)?;
    Ok(build::target(root).join("hostile/wasm32-wasip2/guest"))
}
