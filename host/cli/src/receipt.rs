//! Where a receipt goes, and writing it there. What is in it the model decides.

use crate::args::RunArgs;
use crate::environment;
use crate::prepare::Known;
use crate::voice::{self, Voice};
use lockstep_model::digest::Digest;
use lockstep_model::outputs::Shown;
use lockstep_model::receipt::{self, Facts, Recorded, Statement};
use lockstep_model::render::Platform;
use lockstep_model::report::{Level, Note, Report};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where a receipt goes.
#[derive(Debug)]
pub(crate) enum Place {
    /// The file the user named. That it can be written was found out before the run.
    Named(PathBuf),
    /// A file in a folder of the platform's or the user's, named after the run.
    Folder(PathBuf),
    /// There is no such folder.
    Nowhere,
}

impl Place {
    /// Chooses it. A named file is opened now: a run whose receipt cannot be kept does not start.
    pub(crate) fn choose(args: &RunArgs, platform: Platform) -> Result<Self, String> {
        let Some(path) = &args.receipt else {
            let folder = environment::receipt_folder(platform, &args.workspace);
            return Ok(folder.map_or(Self::Nowhere, Self::Folder));
        };
        let open = || {
            create_parent(path)?;
            fs::OpenOptions::new().create(true).append(true).open(path)
        };
        match open() {
            Ok(_) => Ok(Self::Named(path.clone())),
            Err(error) => Err(format!("the receipt cannot be written to {}: {error}", path.display())),
        }
    }

    /// The file, if the user named one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Named(path) => Some(path.clone()),
            Self::Folder(_) | Self::Nowhere => None,
        }
    }
}

/// Writes the receipt of a run; gives its digest, and a warning where it could not be kept.
pub(crate) fn write(
    place: &Place,
    report: &Report,
    shown: &[Shown],
    known: &Known,
    voice: &Voice,
    platform: Platform,
    started: u64,
) -> (Digest, Option<Note>) {
    let facts = Facts {
        version: env!("CARGO_PKG_VERSION"),
        report,
        shown,
        component: known.component,
        policy: known.policy,
        inputs: &known.inputs,
        grant: &known.grant,
        limits: &known.limits,
        log: &known.log,
    };
    let redact = |text: &str| voice.redact(text);
    let record = Recorded::of(facts, &redact);
    let digest = record.digest();
    let run = receipt::redacted(about_run(platform, started), &redact);
    let statement = Statement { record, digest, run };
    let path = match place {
        Place::Named(path) => path.clone(),
        Place::Folder(folder) => {
            folder.join(format!("lockstep-{}-{}.receipt.json", voice.step(), &digest.hex()[..12]))
        }
        Place::Nowhere => {
            return (digest, Some(lost("there is no folder for it; name a file with --receipt")));
        }
    };
    let problem = put(&path, &statement).err().map(|error| lost(&format!("{}: {error}", path.display())));
    (digest, problem)
}

/// What belongs to this one run only: it is not part of the digest.
fn about_run(platform: Platform, started: u64) -> Value {
    let run = environment::text("GITHUB_RUN_ID").and_then(|id| {
        Some(format!(
            "{}/{}/actions/runs/{id}",
            environment::text("GITHUB_SERVER_URL")?,
            environment::text("GITHUB_REPOSITORY")?
        ))
    });
    let url = run.or_else(|| environment::text("CI_JOB_URL")).or_else(|| environment::text("BUILD_URL"));
    json!({"platform": platform.name(), "started": started, "ended": voice::now(), "url": url, "target": env!("LOCKSTEP_TARGET")})
}

/// Whole or not at all: a killed run leaves no half receipt.
fn put(path: &Path, statement: &Statement<'_>) -> io::Result<()> {
    create_parent(path)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let mut file = io::BufWriter::new(fs::File::create(&temporary)?);
    serde_json::to_writer_pretty(&mut file, statement)?;
    file.write_all(b"\n")?;
    file.flush()?;
    fs::rename(&temporary, path)
}

fn create_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn lost(why: &str) -> Note {
    Note { level: Level::Warning, message: format!("the receipt was not kept: {why}"), at: None }
}
