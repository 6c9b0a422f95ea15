//! Measures lockstep beside other tools and beside the least a machine can do: the same work, whole processes,
//! one run, in turns. It prints what it measured and judges nothing.

mod bare;
mod documents;
mod fresh;
mod measure;
mod render;
mod size;
mod stream;
mod upload;
mod verify;
mod work;

pub(crate) use bare::send;
pub(crate) use measure::one;
pub(crate) use render::paste;
pub(crate) use work::floor;

use crate::{build, shell};
use anyhow::{Result, ensure};
use fresh::Fresh;
use measure::{Contender, Measured};
use std::path::Path;
use stream::Which;
use upload::Load;

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

    /// The kilobytes of a file of many documents, small and large.
    fn streams(self) -> [usize; 2] {
        match self {
            Self::Full => [1_000, 10_000],
            Self::Quick => [100, 1_000],
        }
    }

    /// What is uploaded, by the part it is measured in: of each kind little and much.
    fn uploads(self) -> [(&'static str, Load); 8] {
        let load = |part, files, kilobytes| (part, Load { files, kilobytes, away: 0 });
        let far = |kilobytes| ("upload-far", Load { files: 1, kilobytes, away: 100 });
        match self {
            Self::Full => [
                load("upload-small", 1_000, 64),
                load("upload-small", 10_000, 64),
                load("upload", 100, 1_024),
                load("upload", 1_000, 1_024),
                load("upload-one", 1, 200 * 1_024),
                load("upload-one", 1, 2_000 * 1_024),
                far(20 * 1_024),
                far(200 * 1_024),
            ],
            Self::Quick => [
                load("upload-small", 100, 64),
                load("upload-small", 1_000, 64),
                load("upload", 10, 1_024),
                load("upload", 100, 1_024),
                load("upload-one", 1, 20 * 1_024),
                load("upload-one", 1, 200 * 1_024),
                far(2 * 1_024),
                far(20 * 1_024),
            ],
        }
    }

    /// What is there already when it is uploaded again.
    fn repeats(self) -> [Load; 2] {
        let load = |files| Load { files, kilobytes: 1, away: 0 };
        match self {
            Self::Full => [load(10_000), load(100_000)],
            Self::Quick => [load(100), load(1_000)],
        }
    }

    /// How often uploads are made: they take long, and the server's disk has to forget.
    fn of_uploads(self) -> usize {
        match self {
            Self::Full => 3,
            Self::Quick => 1,
        }
    }

    fn of_single(self) -> usize {
        match self {
            Self::Full => 20,
            Self::Quick => 5,
        }
    }

    /// How many Deployments roll out at once, and how often for each tool.
    fn rollouts(self) -> (usize, usize) {
        match self {
            Self::Full => (1_000, 2),
            Self::Quick => (100, 1),
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

/// The parts of the measurement, each a table for each size.
const PARTS: [&str; 13] = [
    "size",
    "start",
    "bulk",
    "stream",
    "plan",
    "outputs",
    "render",
    "upload-small",
    "upload",
    "upload-one",
    "upload-far",
    "upload-again",
    "verify",
];

/// Measures everything, or one part. Fails at the end if a tool did not do the work.
pub(crate) fn bench(root: &Path, rounds: Rounds, only: Option<&str>) -> Result<()> {
    ensure!(
        only.is_none_or(|only| PARTS.contains(&only)),
        "there is no such part; there are {}",
        PARTS.join(", ")
    );
    let wanted = |part: &str| only.is_none_or(|only| only == part);
    build::build(root)?;
    let folder = build::target(root).join("bench");
    let fresh = Fresh::below(&folder);
    let binary =
        |path: std::path::PathBuf| -> Result<f64> { Ok(std::fs::metadata(path)?.len() as f64 / 1e6) };
    shell::say(&format!(
        "\nsize: lockstep {:.1} MB, lockstep-compiler {:.1} MB",
        binary(build::host(root))?,
        binary(build::EVERYDAY.compiler(root))?
    ));

    // It takes a link of its own, so it is done only if asked for.
    if only == Some("size") {
        return size::show(root);
    }

    let mut failed = Vec::new();
    let mut table = |title: &str, contenders: &[Contender], rounds: usize| -> Result<()> {
        let measured = measure::in_turns(contenders, rounds)?;
        print(title, contenders, &measured);
        let tools = contenders.iter().zip(measured);
        failed.extend(tools.filter_map(|(tool, measured)| match measured {
            Measured::Failed(reason) => Some(format!("{title}: {}: {reason}", tool.name)),
            Measured::Samples(_) | Measured::Missing => None,
        }));
        Ok(())
    };

    if wanted("start") {
        let start = work::start(root, &folder)?;
        table("start: one edit in one file, whole process", &start, rounds.of_start())?;
    }

    for files in rounds.files().into_iter().filter(|_| wanted("bulk")) {
        let bulk = work::bulk(root, &fresh, files)?;
        table(&format!("bulk: one edit in each of {files} manifests of 1.5 KB"), &bulk, rounds.of_bulk())?;
    }

    for kilobytes in rounds.streams().into_iter().filter(|_| wanted("stream")) {
        for (which, what) in [(Which::One, "one document"), (Which::Each, "each document")] {
            let stream = stream::streams(root, &folder, kilobytes, which)?;
            let title = format!("stream: one edit in {what} of a file of {kilobytes} KB");
            table(&title, &stream, rounds.of_bulk())?;
        }
    }

    for megabytes in rounds.plans().into_iter().filter(|_| wanted("plan")) {
        let plans = documents::plans(root, &folder, megabytes)?;
        table(&format!("plan: the actions of a plan of {megabytes} MB"), &plans, rounds.of_bulk())?;
    }

    for count in rounds.outputs().into_iter().filter(|_| wanted("outputs")) {
        let outputs = documents::outputs(root, &folder, count)?;
        table(&format!("outputs: the values of {count} outputs of 5 KB"), &outputs, rounds.of_bulk())?;
    }

    for count in rounds.renders().into_iter().filter(|_| wanted("render")) {
        let renders = render::renders(root, &fresh, count)?;
        table(&format!("render: {count} files of 0.9 KB from one template"), &renders, rounds.of_bulk())?;
    }
    for (_, load) in rounds.uploads().into_iter().filter(|(part, _)| wanted(part)) {
        let uploads = upload::uploads(root, &folder, load)?;
        let away = if load.away > 0 { format!(", {} ms away", load.away) } else { String::new() };
        let title = format!("upload: {} files of {} KB{away}", load.files, load.kilobytes);
        table(&title, &uploads, rounds.of_uploads())?;
    }

    for load in rounds.repeats().into_iter().filter(|_| wanted("upload-again")) {
        let repeats = upload::repeats(root, &folder, load)?;
        table(
            &format!("upload again: {} files of 1 KB, all there", load.files),
            &repeats,
            rounds.of_uploads(),
        )?;
    }
    if wanted("verify") {
        let mut scene = verify::Scene::new(root, &folder)?;
        table("verify: one Deployment that is ready, whole process", &scene.single(), rounds.of_single())?;
        let (count, turns) = rounds.rollouts();
        let wrong = scene.rollouts(count, turns)?;
        let title = format!("verify: the same one beside {count} others");
        table(&title, &scene.single(), rounds.of_bulk())?;
        failed.extend(wrong);
    }
    ensure!(failed.is_empty(), "the work was not done:\n{}", failed.join("\n"));
    Ok(())
}

/// Prints a table. Ratios are to the first line, which is the floor.
fn print(title: &str, contenders: &[Contender], measured: &[Measured]) {
    shell::say(&format!(
        "\n{title}\n{:<44} {:>10} {:>10} {:>8} {:>10} {:>9}",
        "", "median ms", "min ms", "ratio", "cpu ms", "peak MB"
    ));
    let mut floor = None;
    for (contender, measured) in contenders.iter().zip(measured) {
        let samples = match measured {
            Measured::Samples(samples) => samples,
            Measured::Missing => {
                shell::say(&format!("{:<44} {:>10}", contender.name, "not found"));
                continue;
            }
            Measured::Failed(_) => {
                shell::say(&format!("{:<44} {:>10}", contender.name, "failed"));
                continue;
            }
        };
        let (median, least) = (measure::median(samples), measure::least(samples));
        let peak = samples.iter().map(|sample| sample.peak_bytes).max().unwrap_or_default() as f64 / 1e6;
        shell::say(&format!(
            "{:<44} {median:>10.1} {least:>10.1} {:>8.1} {:>10.1} {peak:>9.1}",
            contender.name,
            median / *floor.get_or_insert(median),
            measure::processor(samples)
        ));
    }
}
