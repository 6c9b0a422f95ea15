//! Chooses the path of a receipt and writes the receipt there. The model decides its content.

use crate::args::RunArgs;
use crate::environment;
use crate::reporter::{self, Reporter};
use crate::run_facts::RunFacts;
use lockstep_model::digest::Digest;
use lockstep_model::outputs::RedactedOutput;
use lockstep_model::receipt::{self, RecordFacts, RunRecord, Statement};
use lockstep_model::render::Platform;
use lockstep_model::report::Report;
use lockstep_workspace::{DocumentKind, FileAccess, NameOrigin, OwnFiles, ReservedFile};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The path or the folder of a receipt.
#[derive(Debug)]
pub(crate) enum ReceiptTarget {
    /// The file that the user named. The host removed an older receipt and found it writable before the run.
    Named(ReservedFile),
    /// A folder of the CI system or of the user, for a file with the name of the run.
    Folder(PathBuf),
    /// None: there is no folder for receipts.
    Nowhere,
}

/// A receipt that the host could not write.
pub(crate) struct LostReceipt {
    /// Whether the user named the file.
    pub(crate) requested: bool,
    /// Why.
    pub(crate) message: String,
}

impl ReceiptTarget {
    /// Chooses the target of a receipt. It reserves a file that the user named, so that no run starts whose receipt
    /// fails.
    pub(crate) fn choose(args: &RunArgs, platform: Platform, own: &OwnFiles) -> Result<Self, String> {
        let Some(path) = &args.receipt else {
            let folder = environment::receipt_folder(platform, &args.workspace);
            return Ok(folder.map_or(Self::Nowhere, Self::Folder));
        };
        let reserved = own.reserve(path, DocumentKind { name: "receipt", start: receipt::START });
        reserved.map(Self::Named).map_err(|error| format!("cannot write the receipt to {error}"))
    }

    /// The file, if the user named one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Named(reserved) => Some(reserved.path()),
            Self::Folder(_) | Self::Nowhere => None,
        }
    }
}

/// Writes the receipt of a run. Returns its digest, and the reason if the host could not write it.
pub(crate) fn write(
    target: &ReceiptTarget,
    report: &Report,
    shown: &[RedactedOutput],
    facts: &RunFacts,
    reporter: &Reporter,
    run: Value,
) -> (Digest, Option<LostReceipt>) {
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
    let redact = |text: &str| reporter.redact(text);
    let record = RunRecord::of(recorded, &redact);
    let digest = record.digest();
    let statement = Statement { record, digest, run: receipt::redacted(run, &redact) };
    let mut fill = |out: &mut dyn Write| write_statement(out, &statement);
    let written = match target {
        ReceiptTarget::Named(reserved) => reserved.write(reporter.own_files(), &mut fill),
        ReceiptTarget::Folder(folder) => {
            let path =
                folder.join(format!("lockstep-{}-{}.receipt.json", reporter.step(), &digest.hex()[..12]));
            reporter.own_files().replace(&path, NameOrigin::Lockstep, FileAccess::Default, &mut fill)
        }
        ReceiptTarget::Nowhere => {
            let message =
                "did not write the receipt: there is no folder for it; name a file with --receipt".to_owned();
            return (digest, Some(LostReceipt { requested: false, message }));
        }
    };
    let requested = matches!(target, ReceiptTarget::Named(_));
    let lost = |error| LostReceipt { requested, message: format!("did not write the receipt: {error}") };
    (digest, written.err().map(lost))
}

fn write_statement(mut out: &mut dyn Write, statement: &Statement<'_>) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, statement)?;
    out.write_all(b"\n")
}

/// The part of the receipt that describes this one run; the digest does not cover it.
pub(crate) fn run_metadata(platform: Platform, started: u64) -> Value {
    let run = environment::text("GITHUB_RUN_ID").and_then(|id| {
        Some(format!(
            "{}/{}/actions/runs/{id}",
            environment::text("GITHUB_SERVER_URL")?,
            environment::text("GITHUB_REPOSITORY")?
        ))
    });
    let url = run.or_else(|| environment::text("CI_JOB_URL")).or_else(|| environment::text("BUILD_URL"));
    json!({"platform": platform.name(), "started": started, "ended": reporter::now(), "url": url, "target": env!("LOCKSTEP_TARGET")})
}
