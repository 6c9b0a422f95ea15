//! The run: uploads the files, writes notes and the summary, and returns the outputs.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::types::Failure;
use lockstep_sdk::{Clock, Reporter, note_errors, skipped, table};

use crate::outcome::{UploadOutcome, UploadedObject};
use crate::search::LeftOut;
use crate::{Inputs, Object, Outputs, SkippedFile, StoreHost, messages, upload};

/// Runs the step.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut impl StoreHost,
    reporter: &mut impl Reporter,
    clock: &impl Clock,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    let outcome = upload::upload(host, reporter, inputs, clock.now() / 1000).map_err(|error| {
        note_errors(reporter, &error.errors);
        Failure::from(error.failure)
    })?;
    for notice in messages::notices(&outcome, &inputs.to) {
        reporter.note(Level::Notice, &notice);
    }
    reporter.add_summary(Block::Heading(messages::heading(&outcome)));
    reporter.add_summary(Block::Table(table(&messages::COUNT_COLUMNS, messages::counts(&outcome))));
    let rows = messages::objects(&outcome.uploaded);
    if !rows.is_empty() {
        reporter.add_summary(Block::Table(table(&messages::OBJECT_COLUMNS, rows)));
    }
    if let Some(rejection) = &outcome.rejection {
        note_errors(reporter, &outcome.errors);
        reporter.reject(&rejection.clone().into());
    }
    Ok(outputs(outcome))
}

fn outputs(outcome: UploadOutcome) -> Outputs {
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let object = |UploadedObject { key, info, sha256 }| Object {
        key,
        version: info.version_id,
        etag: info.etag,
        digest: sha256.map(|digest| format!("sha256:{digest}")),
    };
    Outputs {
        changed: outcome.has_changes(),
        uploaded: count(outcome.uploaded.len()),
        unchanged: count(outcome.unchanged),
        deleted: count(outcome.deleted),
        bytes: outcome.sent_bytes,
        skipped_files: skipped_files(&outcome.left_out),
        objects: outcome.uploaded.into_iter().map(object).collect(),
        manifest_key: outcome.manifest.unwrap_or_default(),
    }
}

/// The skipped and excluded files, sorted by path.
fn skipped_files(left_out: &LeftOut) -> Vec<SkippedFile> {
    let file = |path: &str, reason: &str| SkippedFile { path: path.to_owned(), reason: reason.to_owned() };
    let skipped = left_out.skipped.values().map(|entry| file(&entry.path, skipped::reason(entry.reason)));
    let mut files: Vec<_> =
        skipped.chain(left_out.excluded.values().map(|path| file(path, "excluded"))).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
