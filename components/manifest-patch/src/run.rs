//! The run: reads the files, applies the edits, stages the changed files, and reports the changes.

use std::collections::BTreeMap;

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::types::{self, Failure, Location};
use lockstep_sdk::{Reporter, Workspace, finish_up_to, skipped, table};

use crate::batch::{Batch, Changes};
use crate::failure::{Code, Error};
use crate::inputs::{PatchFile, Request};
use crate::parallel::Queue;
use crate::{FilePatch, Inputs, Job, Outputs, messages};

/// How many errors the step notes one by one: a run can have one per file.
const NOTED: usize = 5000;

/// Runs the step. `patch` processes jobs, on all cores if the host does it.
///
/// # Errors
/// The failure that ends the run.
pub fn run(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    patch: impl FnMut(&[Job]) -> Vec<Vec<FilePatch>>,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    let outputs = changes(host, reporter, patch, inputs).and_then(|changes| {
        let diff = stage(host, &changes)?;
        report(reporter, &changes);
        Ok(Outputs {
            changed: !changes.files.is_empty(),
            edits: u32::try_from(changes.values.len()).unwrap_or(u32::MAX),
            files: changes.files.into_iter().map(|(path, _)| path).collect(),
            diff,
        })
    });
    outputs.map_err(|errors| finish_up_to(NOTED, reporter, errors))
}

fn workspace(error: types::Error) -> Vec<Error> {
    vec![Error::host(Code::Workspace, error)]
}

/// Reads all files and applies the edits to them.
fn changes(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    patch: impl FnMut(&[Job]) -> Vec<Vec<FilePatch>>,
    inputs: &Inputs,
) -> Result<Changes, Vec<Error>> {
    let patch_files = inputs.patch_file.iter().map(|path| Ok((path.clone(), host.read(path)?)));
    let patch_files = patch_files.collect::<Result<Vec<PatchFile>, _>>().map_err(workspace)?;
    let (request, errors) = Request::read(inputs, &patch_files);
    let mut batch = Batch::new(request, errors);
    let files = files(host, reporter, &mut batch, inputs)?;
    let mut queue = Queue::new(inputs, &patch_files, files.values().sum(), patch);
    for (done, (path, &size)) in (0..).zip(&files) {
        if done % 100 == 0 {
            reporter.progress(done, Some(files.len() as u64), "files");
        }
        if batch.is_too_large(path, size) {
            continue;
        }
        let content = host.read(path).map_err(workspace)?;
        if batch.may_match(path, &content) {
            queue.add(&mut batch, path, content);
        }
    }
    queue.flush(&mut batch);
    batch.finish()
}

/// The files that match the patterns, with their sizes. Notes what the searches skip. Leaves out patch files: a strategic
/// merge patch would match itself.
fn files(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    batch: &mut Batch,
    inputs: &Inputs,
) -> Result<BTreeMap<String, u64>, Vec<Error>> {
    let is_patch = |path: &str| inputs.patch_file.iter().any(|file| file.trim_start_matches("./") == path);
    let (mut files, mut skipped) = (BTreeMap::new(), BTreeMap::new());
    for pattern in &inputs.files {
        let found = host.glob(pattern).map_err(workspace)?;
        if found.files.is_empty() {
            batch.add_unmatched_pattern(pattern);
        }
        let matches = found.files.into_iter().filter(|entry| !is_patch(&entry.path));
        files.extend(matches.map(|entry| (entry.path, entry.size)));
        skipped.extend(found.skipped.into_iter().map(|entry| (entry.path.clone(), entry)));
    }
    skipped::note(reporter, &skipped.into_values().collect::<Vec<_>>());
    Ok(files)
}

/// Stages the changed files, and returns the diff.
fn stage(host: &mut impl Workspace, changes: &Changes) -> Result<String, Vec<Error>> {
    for (path, text) in &changes.files {
        host.write(path, text.as_bytes()).map_err(workspace)?;
    }
    host.diff().map_err(workspace)
}

fn report(reporter: &mut impl Reporter, changes: &Changes) {
    for path in &changes.already_deleted {
        reporter.note(Level::Notice, &messages::already_deleted(path));
    }
    for (file, change) in &changes.values {
        let location =
            Location { path: file.clone(), line: Some(change.at.line), column: Some(change.at.column) };
        reporter.note_at(Level::Info, &messages::change(change), Some(&location));
    }
    reporter.add_summary(Block::Heading(messages::heading(changes)));
    if !changes.values.is_empty() {
        reporter.add_summary(Block::Table(table(&messages::COLUMNS, messages::rows(changes))));
    }
}
