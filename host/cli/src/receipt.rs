//! Where a receipt goes, and writing it there. What is in it the model decides.

use crate::args::RunArgs;
use crate::environment;
use crate::facts::RecordFacts as RunFacts;
use crate::voice::{self, Voice};
use lockstep_model::digest::Digest;
use lockstep_model::outputs::RedactedOutput;
use lockstep_model::receipt::{self, RecordFacts, RunRecord, Statement};
use lockstep_model::render::Platform;
use lockstep_model::report::Report;
use lockstep_workspace::{FileAccess, NameOrigin, OwnFiles, ReservedFile};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a receipt goes.
#[derive(Debug)]
pub(crate) enum Place {
    /// The file the user named. That it can be written was found out before the run, and no older one is there.
    Named(ReservedFile),
    /// A file in a folder of the platform's or the user's, named after the run.
    Folder(PathBuf),
    /// There is no such folder.
    Nowhere,
}

/// A receipt that could not be kept.
pub(crate) struct Lost {
    /// Whether the user named the file.
    pub(crate) requested: bool,
    /// Why.
    pub(crate) message: String,
}

impl Place {
    /// Chooses it. A named file is made ready now: a run whose receipt cannot be kept does not start.
    pub(crate) fn choose(args: &RunArgs, platform: Platform, own: &OwnFiles) -> Result<Self, String> {
        let Some(path) = &args.receipt else {
            let folder = environment::receipt_folder(platform, &args.workspace);
            return Ok(folder.map_or(Self::Nowhere, Self::Folder));
        };
        let reserved = own.reserve(path);
        reserved.map(Self::Named).map_err(|error| format!("the receipt cannot be written to {error}"))
    }

    /// The file, if the user named one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(reserved) => Some(reserved.path()),
            Self::Folder(_) | Self::Nowhere => None,
        }
    }
}

/// Writes the receipt of a run; gives its digest, and says if it could not be kept.
pub(crate) fn write(
    place: &Place,
    report: &Report,
    shown: &[RedactedOutput],
    facts: &RunFacts,
    voice: &Voice,
    run: Value,
) -> (Digest, Option<Lost>) {
    let recorded = RecordFacts {
        version: env!("CARGO_PKG_VERSION"),
        report,
        shown,
        component: facts.component,
        policy: facts.policy,
        inputs: &facts.inputs,
        grant: &facts.grant,
        limits: &facts.limits,
        log: &facts.log,
    };
    let redact = |text: &str| voice.redact(text);
    let record = RunRecord::of(recorded, &redact);
    let digest = record.digest();
    let statement = Statement { record, digest, run: receipt::redacted(run, &redact) };
    let mut fill = |out: &mut dyn Write| whole(out, &statement);
    let written = match place {
        Place::Named(reserved) => reserved.write(voice.own(), &mut fill),
        Place::Folder(folder) => {
            let path = folder.join(format!("lockstep-{}-{}.receipt.json", voice.step(), &digest.hex()[..12]));
            voice.own().replace(&path, NameOrigin::Lockstep, FileAccess::Default, &mut fill)
        }
        Place::Nowhere => {
            let message =
                "the receipt was not kept: there is no folder for it; name a file with --receipt".to_owned();
            return (digest, Some(Lost { requested: false, message }));
        }
    };
    let requested = matches!(place, Place::Named(_));
    let lost = |error| Lost { requested, message: format!("the receipt was not kept: {error}") };
    (digest, written.err().map(lost))
}

fn whole(mut out: &mut dyn Write, statement: &Statement<'_>) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, statement)?;
    out.write_all(b"\n")
}

/// What belongs to this one run only: it is not part of the digest.
pub(crate) fn about_run(platform: Platform, started: u64) -> Value {
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
