//! Runs the fuzz targets, each for a while: random bytes, led by what they reach in the code. It needs a C++ compiler
//! for libFuzzer, and no nightly toolchain. What it finds it keeps; it never changes a source.

use crate::{build, shell};
use anyhow::{Context as _, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long each target runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// The same bytes each time, from the files of the project alone: for tests, which should fail only where a change
    /// is at fault.
    Fixed,
    /// So many seconds of bytes that are new each time, going on from what earlier runs learnt.
    Seconds(u64),
}

/// How many inputs a fixed run has.
const RUNS: u32 = 30_000;

/// What tells libFuzzer where a run has been: the passes that cargo-fuzz asks for, without a sanitizer, since nothing
/// here is `unsafe`.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// The targets, each with the files of the project that it begins with.
const TARGETS: [(&str, &[&str]); 11] = [
    ("cluster-objects", &[]),
    ("manifest-requests", &["components/manifest-patch/cases"]),
    ("paths", &[]),
    ("scopes", &[]),
    ("secrets", &[]),
    ("terraform-outputs", &["components/terraform-parse/cases"]),
    ("terraform-plans", &["components/plan-gate/cases"]),
    ("yaml-aliases", &[]),
    ("yaml-bytes", &["components/lib/yaml/tests/corpus", "components/manifest-patch/cases"]),
    ("yaml-edits", &[]),
    ("yaml-lists", &[]),
];

/// Runs every target, or only one.
pub(crate) fn fuzz(root: &Path, only: Option<&str>, bound: Bound) -> Result<()> {
    ensure!(
        only.is_none_or(|only| TARGETS.iter().any(|(name, _)| *name == only)),
        "there is no such target; there are {}",
        TARGETS.map(|(name, _)| name).join(", ")
    );
    shell::step("fuzz targets");
    let folder = build::target(root).join("fuzz");
    // With a target named, the flags reach no build script.
    let triple = host()?;
    let mut cargo = shell::cargo(root);
    cargo.args(["build", "--locked", "--release", "--target", &triple, "--manifest-path"]);
    cargo.arg(root.join("tests/fuzz/Cargo.toml")).arg("--target-dir").arg(&folder).env("RUSTFLAGS", COVERAGE);
    shell::run(&mut cargo)?;
    for (name, seeds) in TARGETS.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let program = folder.join(&triple).join("release").join(name);
        run(root, &program, &folder, name, seeds, bound)?;
    }
    Ok(())
}

/// The name of this machine's kind among the targets of the compiler.
fn host() -> Result<String> {
    let told = Command::new("rustc").arg("-vV").output().context("rustc does not start")?;
    let told = String::from_utf8_lossy(&told.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say for what it runs")
}

/// Runs one target. What it learns stays in `corpus`, so that the next run that is not fixed goes on from there.
fn run(root: &Path, program: &Path, folder: &Path, name: &str, seeds: &[&str], bound: Bound) -> Result<()> {
    let corpus = &folder.join(if matches!(bound, Bound::Fixed) { "fixed" } else { "corpus" }).join(name);
    if matches!(bound, Bound::Fixed) && corpus.exists() {
        fs::remove_dir_all(corpus)?;
    }
    fs::create_dir_all(corpus)?;
    for seed in seeds.iter().flat_map(|seed| files(&root.join(seed))) {
        let mut bytes = fs::read(&seed)?;
        if name == "yaml-bytes" {
            bytes.splice(0..0, *b".spec.replicas\nyes\n");
        }
        let name = seed.strip_prefix(root).unwrap_or(&seed).to_string_lossy().replace('/', "-");
        fs::write(corpus.join(name), bytes)?;
    }
    let found = corpus.with_extension("found-");
    let mut fuzz = Command::new(program);
    match bound {
        Bound::Fixed => fuzz.args(["-seed=1".to_owned(), format!("-runs={RUNS}")]),
        Bound::Seconds(seconds) => fuzz.arg(format!("-max_total_time={seconds}")),
    };
    fuzz.args(["-timeout=30", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    fuzz.arg(format!("-artifact_prefix={}", found.display())).arg(corpus);
    let done = fuzz.output().with_context(|| format!("{} does not start", program.display()))?;
    let log = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let tail = log.lines().rev().take(40).collect::<Vec<_>>();
        bail!("{name} found something:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    let runs = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    shell::say(&format!("    {name}: {} runs, nothing found", runs.unwrap_or("?").trim()));
    Ok(())
}

/// All files below a folder that are YAML or JSON.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let known = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("yaml" | "yml" | "json"))
    };
    let below = folders.iter().flat_map(|folder| self::files(folder));
    files.into_iter().filter(known).chain(below).collect()
}
