//! Tests in one command: all of them, or those of one step, crate or module. Offline they need Rust and git only; live they
//! build real services and runners, and a missing one is a failure, never a skip.

mod choice;
mod programs;

use crate::members::members;
use crate::{build, near, shell};
use anyhow::{Result, bail};
use choice::{Part, choose};
use programs::{Filter, Program};
use std::path::{Path, PathBuf};

/// The crate whose tests run the finished programs.
const THROUGH: &str = "lockstep-tests";
/// The variable that limits the cases which run through the finished program to one step.
const CASES_OF: &str = "LOCKSTEP_CASES_OF";

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Without network.
    Offline,
    /// With real services and runners.
    Live,
}

/// Runs the tests that the words after `test` name.
pub(crate) fn test(root: &Path, words: &[&str]) -> Result<()> {
    let (flags, names): (Vec<&str>, Vec<&str>) = words.iter().partition(|word| word.starts_with('-'));
    let extent = match flags.as_slice() {
        [] => Extent::Offline,
        ["--live"] => Extent::Live,
        _ => bail!("`{}`: the only flag of `test` is `--live`", flags.join(" ")),
    };
    match names.as_slice() {
        [] => all(root, extent),
        [word] => some(root, extent, word, None),
        [word, name] => some(root, extent, word, Some(name)),
        _ => bail!("`{}`: give a step, crate or module, and a part of a test's name", names.join(" ")),
    }
}

/// All tests that need no network, or all others.
fn all(root: &Path, extent: Extent) -> Result<()> {
    finished(root)?;
    shell::step("programs of tests");
    // The live ones are built in any case: what a change breaks in them shows without a network.
    let members = members(root)?;
    let mut built = programs::build(root, &members, &alone(build::COMPILER))?;
    built.extend(programs::build(root, &members, &whole(&[]))?);
    let is_live = |program: &&Program| program.package == THROUGH && program.name == "live";
    let (live, offline): (Vec<_>, Vec<_>) = built.iter().partition(is_live);
    shell::step(if extent == Extent::Live { "live tests: real services and runners" } else { "tests" });
    let chosen = if extent == Extent::Live { live } else { offline };
    let mut failed = Vec::new();
    for program in chosen {
        if !program.run(&Filter::default(), &[])? {
            failed.push(program);
        }
    }
    judge(&failed)
}

/// The tests that one word names, or those of them whose name has `name` in it.
fn some(root: &Path, extent: Extent, word: &str, name: Option<&str>) -> Result<()> {
    let members = members(root)?;
    let mut parts = choose(root, &members, extent, word)?;
    if name.is_some() {
        // The cases of a step are one test, which has no name of its own.
        parts.retain(|part| !matches!(part, Part::Cases(_)));
    }
    if parts.iter().any(Part::needs_finished) {
        finished(root)?;
    }
    let mut built = Vec::new();
    for part in &parts {
        shell::step(&format!("programs of tests: {part}"));
        let programs = programs::build(root, &members, &part.selection(&members))?.into_iter();
        let own = programs.filter(|program| part.has(&program.package, &program.name));
        built.extend(own.map(|program| (part, program)));
    }
    if let Some(name) = name {
        ensure_known(&built, word, name)?;
    }
    let mut failed = Vec::new();
    for (part, program) in &built {
        let step = if let Part::Cases(step) = part { Some((CASES_OF, step.name.as_str())) } else { None };
        if !program.run(&Filter { module: part.module(), name }, step.as_slice())? {
            failed.push(program);
        }
    }
    judge(&failed)
}

/// Refuses a name that no test has.
fn ensure_known(built: &[(&Part<'_>, Program)], word: &str, name: &str) -> Result<()> {
    let mut known = Vec::new();
    for (part, program) in built {
        known.extend(program.tests(&Filter { module: part.module(), name: None })?);
        if !program.tests(&Filter { module: part.module(), name: Some(name) })?.is_empty() {
            return Ok(());
        }
    }
    let last = |test: &String| test.rsplit("::").next().unwrap_or_default().to_owned();
    let known: Vec<_> = known.iter().map(last).collect();
    bail!("no test of `{word}` has `{name}` in its name\n  hint: {}", near::hint(name, &known));
}

/// Fails if programs have failed, and names them.
fn judge(failed: &[&Program]) -> Result<()> {
    let names: Vec<_> =
        failed.iter().map(|program| format!("{} {}", program.package, program.name)).collect();
    if names.is_empty() { Ok(()) } else { bail!("tests failed: {}", names.join(", ")) }
}

/// Builds what tests run: the finished programs and the hostile components.
fn finished(root: &Path) -> Result<()> {
    build::build(root)?;
    hostile(root, &[]).map(drop)
}

/// What cargo is told to select all crates, with the features that tests need, and then to build only this of them.
fn whole(targets: &[&str]) -> Vec<String> {
    build::WHOLE.iter().chain(targets).map(|word| (*word).to_owned()).collect()
}

/// What cargo is told to build one crate alone.
fn alone(package: &str) -> Vec<String> {
    ["--package", package].map(str::to_owned).to_vec()
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
