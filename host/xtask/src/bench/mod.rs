//! Measures lockstep beside other tools and beside the least a machine can do: the same work, whole processes,
//! one run, in turns. It prints what it measured and judges nothing.

mod documents;
mod measure;
mod render;
mod work;

pub(crate) use measure::one;
pub(crate) use render::paste;
pub(crate) use work::floor;

use crate::{build, shell};
use anyhow::Result;
use measure::{Contender, Sample};
use std::path::Path;

/// How often each is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounds {
    /// Enough for a table.
    Full,
    /// Enough to see that it works.
    Quick,
}

impl Rounds {
    fn of_start(self) -> usize {
        match self {
            Self::Full => 50,
            Self::Quick => 5,
        }
    }

    fn of_bulk(self) -> usize {
        match self {
            Self::Full => 5,
            Self::Quick => 1,
        }
    }

    /// The megabytes of a plan, small and large.
    fn plans(self) -> [usize; 2] {
        match self {
            Self::Full => [30, 300],
            Self::Quick => [3, 30],
        }
    }

    /// How many outputs, few and many.
    fn outputs(self) -> [usize; 2] {
        match self {
            Self::Full => [500, 5_000],
            Self::Quick => [50, 500],
        }
    }

    /// How many files are rendered, few and many.
    fn renders(self) -> [usize; 2] {
        match self {
            Self::Full => [1_000, 10_000],
            Self::Quick => [100, 1_000],
        }
    }

    /// How many files, small and large, so that the growth shows.
    fn files(self) -> [usize; 2] {
        match self {
            Self::Full => [500, 5_000],
            Self::Quick => [50, 500],
        }
    }
}

/// Measures.
pub(crate) fn bench(root: &Path, rounds: Rounds) -> Result<()> {
    build::build(root, build::Form::Both)?;
    let folder = build::target(root).join("bench");
    let binary =
        |path: std::path::PathBuf| -> Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / 1e6) };
    shell::say(&format!(
        "\nsize: lockstep {:.1} MB, with the compiler {:.1} MB",
        binary(build::host(root))?,
        binary(build::full_host(root))?
    ));

    let start = work::start(root, &folder)?;
    let samples = measure::in_turns(&start, rounds.of_start())?;
    table("start: one edit in one file, whole process", &start, &samples);

    for files in rounds.files() {
        let bulk = work::bulk(root, &folder, files)?;
        let samples = measure::in_turns(&bulk, rounds.of_bulk())?;
        table(&format!("bulk: one edit in each of {files} manifests of 1.5 KB"), &bulk, &samples);
    }

    for megabytes in rounds.plans() {
        let plans = documents::plans(root, &folder, megabytes)?;
        let samples = measure::in_turns(&plans, rounds.of_bulk())?;
        table(&format!("plan: the actions of a plan of {megabytes} MB"), &plans, &samples);
    }

    for count in rounds.outputs() {
        let outputs = documents::outputs(root, &folder, count)?;
        let samples = measure::in_turns(&outputs, rounds.of_bulk())?;
        table(&format!("outputs: the values of {count} outputs of 5 KB"), &outputs, &samples);
    }

    for count in rounds.renders() {
        let renders = render::renders(root, &folder, count)?;
        let samples = measure::in_turns(&renders, rounds.of_bulk())?;
        table(&format!("render: {count} files of 0.9 KB from one template"), &renders, &samples);
    }
    Ok(())
}

/// Prints a table. Ratios are to the first line, which is the floor.
fn table(title: &str, contenders: &[Contender], samples: &[Vec<Sample>]) {
    shell::say(&format!(
        "\n{title}\n{:<44} {:>10} {:>10} {:>8} {:>9}",
        "", "median ms", "min ms", "ratio", "peak MB"
    ));
    let floor = samples.first().map_or(1.0, |samples| measure::median(samples));
    for (contender, samples) in contenders.iter().zip(samples) {
        if samples.is_empty() {
            shell::say(&format!("{:<44} {:>10}", contender.name, "not found"));
            continue;
        }
        let (median, least) = (measure::median(samples), measure::least(samples));
        let peak = samples.iter().map(|sample| sample.peak_bytes).max().unwrap_or_default() as f64 / 1e6;
        shell::say(&format!(
            "{:<44} {median:>10.1} {least:>10.1} {:>8.1} {peak:>9.1}",
            contender.name,
            median / floor
        ));
    }
}
