//! The order of a run: find files, inspect the store, check, send, delete, and write the manifest last.

use lockstep_sdk::Reporter;
use lockstep_sdk::workspace::Algorithm;

use crate::compare::{self, Comparison};
use crate::failure::{Code, Error};
use crate::files::{self, Files, Item};
use crate::host::StoreHost;
use crate::inputs::Settings;
use crate::inspect::{self, StoreState};
use crate::outcome::{ItemOutcome, UploadError, UploadOutcome, conflict, not_tried};
use crate::sender::Sender;
use crate::{Inputs, delete, manifest, messages, multipart, put, stale_uploads};

/// What the run will send, decided before it sends the first byte.
struct Upload {
    files: Files,
    manifest: Option<Item>,
    state: StoreState,
    /// For each file whether the store has it already.
    is_stored: Vec<bool>,
    is_manifest_stored: bool,
}

/// Uploads the files. `now` is in seconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// The reason why the run changed nothing.
pub fn upload<H: StoreHost, R: Reporter>(
    host: &mut H,
    reporter: &mut R,
    inputs: &Inputs,
    now: u64,
) -> Result<UploadOutcome, UploadError> {
    let settings = Settings::read(inputs, now).map_err(several)?;
    let upload = prepare(host, &settings)?;
    let mut outcome = UploadOutcome {
        files: upload.files.items.len(),
        manifest: settings.manifest.clone(),
        left_out: upload.files.left_out.clone(),
        unmatched_excludes: unmatched_excludes(&settings, &upload),
        kept: upload.state.kept.clone(),
        invalid_keys: upload.state.invalid_keys,
        ..UploadOutcome::default()
    };
    let outcomes = send(host, reporter, &settings, &upload);
    for (item, item_outcome) in upload.files.items.iter().zip(outcomes) {
        outcome.add(item, item_outcome);
    }
    if outcome.errors.is_empty() && !upload.state.extra.is_empty() {
        let (deleted, errors) = delete::delete(host, &settings.target, &upload.state.extra);
        outcome.deleted = deleted;
        outcome.errors.extend(errors);
    }
    if let Some(item) = upload.manifest.as_ref().filter(|_| outcome.errors.is_empty()) {
        let sent = match upload.is_manifest_stored {
            true => None,
            false => put::send(&mut Sender::new(host, reporter, &settings, &upload.files, 0), &[item]).pop(),
        };
        outcome.add(item, sent.unwrap_or(ItemOutcome::Unchanged));
    }
    if outcome.errors.is_empty() {
        outcome.stale_uploads =
            stale_uploads::clean_up(host, &settings, &upload.files, upload.manifest.as_ref());
    }
    finish(outcome)
}

/// Rejects the outcome if it has errors.
fn finish(outcome: UploadOutcome) -> Result<UploadOutcome, UploadError> {
    match messages::failure(&outcome) {
        Some(failure) if !outcome.has_changes() => Err(UploadError { failure, errors: outcome.errors }),
        rejection => Ok(UploadOutcome { rejection, ..outcome }),
    }
}

fn several(errors: Vec<Error>) -> UploadError {
    UploadError { failure: messages::first(&errors), errors }
}

/// Decides everything before the first change.
fn prepare<H: StoreHost>(host: &mut H, settings: &Settings) -> Result<Upload, UploadError> {
    let mut files = files::find(host, settings).map_err(several)?;
    let manifest = manifest_item(host, settings, &mut files)?;
    let all: Vec<&Item> = files.items.iter().chain(&manifest).collect();
    let compares = settings.sync || settings.immutable;
    let state = match (compares && !all.is_empty()) || settings.max_delete.is_some() {
        true => inspect::inspect(host, settings, &files.left_out, &all)?,
        false => StoreState::default(),
    };
    if let Some(max) = settings.max_delete {
        delete::check(&settings.target, max, &state)?;
    }
    let comparisons = if compares { compare_all(host, &all, &state)? } else { vec![None; all.len()] };
    if settings.immutable {
        let conflicts = all.iter().zip(&comparisons).filter_map(|(item, comparison)| match comparison {
            Some(Comparison::Different) => Some(conflict(item, true)),
            Some(Comparison::Unknown) => Some(conflict(item, false)),
            Some(Comparison::Same) | None => None,
        });
        let conflicts: Vec<Error> = conflicts.collect();
        if !conflicts.is_empty() {
            return Err(several(conflicts));
        }
    }
    let mut is_stored: Vec<bool> =
        comparisons.iter().map(|comparison| *comparison == Some(Comparison::Same)).collect();
    let is_manifest_stored = manifest.is_some() && is_stored.pop().unwrap_or_default();
    Ok(Upload { files, manifest, state, is_stored, is_manifest_stored })
}

fn manifest_item<H: StoreHost>(
    host: &mut H,
    settings: &Settings,
    files: &mut Files,
) -> Result<Option<Item>, Error> {
    let Some(key) = &settings.manifest else { return Ok(None) };
    let items: Vec<&Item> = files.items.iter().collect();
    let digests = compare::whole_digests(host, &items, Algorithm::Sha256)?;
    for (item, digest) in files.items.iter_mut().zip(digests) {
        item.sha256 = Some(digest);
    }
    let bytes = manifest::write(files)
        .map_err(|error| Error::new(Code::Refused, format!("cannot write the manifest: {error}")))?;
    Ok(Some(files.add_manifest(settings, key, bytes)))
}

/// Compares each item with its object; none for an item without object.
fn compare_all<H: StoreHost>(
    host: &mut H,
    items: &[&Item],
    state: &StoreState,
) -> Result<Vec<Option<Comparison>>, Error> {
    let mut comparisons = vec![None; items.len()];
    let objects = items.iter().enumerate();
    let (indexes, pairs): (Vec<usize>, Vec<_>) =
        objects.filter_map(|(index, item)| Some((index, (*item, state.objects.get(&item.key)?)))).unzip();
    for (index, comparison) in indexes.into_iter().zip(compare::compare(host, &pairs)?) {
        comparisons[index] = Some(comparison);
    }
    Ok(comparisons)
}

/// The patterns of `exclude` that match no file and no object: one can be misspelt.
fn unmatched_excludes(settings: &Settings, upload: &Upload) -> Vec<String> {
    let keys = || upload.files.left_out.excluded.keys().chain(&upload.state.kept);
    let unmatched = settings.filter.exclude.iter().filter(|pattern| !keys().any(|key| pattern.matches(key)));
    unmatched.map(|pattern| pattern.text.clone()).collect()
}

/// Sends the files that the store does not have. Returns an outcome per file. Files that can refer to others come last, and only
/// if all others have arrived.
fn send<H: StoreHost, R: Reporter>(
    host: &mut H,
    reporter: &mut R,
    settings: &Settings,
    upload: &Upload,
) -> Vec<ItemOutcome> {
    let items = &upload.files.items;
    let mut outcomes = vec![ItemOutcome::Unchanged; items.len()];
    let (last, first): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|index| upload.files.comes_last(&items[*index]));
    let is_new_multipart =
        |index: &usize| !upload.is_stored[*index] && Files::is_multipart(settings, &items[*index]);
    let multipart_bytes = (0..items.len()).filter(is_new_multipart).map(|index| items[index].size).sum();
    let mut sender = Sender::new(host, reporter, settings, &upload.files, multipart_bytes);
    send_group(&mut sender, upload, &first, &mut outcomes);
    let failed = outcomes.iter().find_map(|outcome| match outcome {
        ItemOutcome::Failed(error) => Some(error.clone()),
        _ => None,
    });
    match failed {
        None => send_group(&mut sender, upload, &last, &mut outcomes),
        Some(cause) => {
            for index in last.into_iter().filter(|index| !upload.is_stored[*index]) {
                outcomes[index] = ItemOutcome::Failed(not_tried(&items[index], &cause));
            }
        }
    }
    outcomes
}

/// Sends the files of a group that the store does not have.
fn send_group<H: StoreHost, R: Reporter>(
    sender: &mut Sender<'_, H, R>,
    upload: &Upload,
    group: &[usize],
    outcomes: &mut [ItemOutcome],
) {
    let items = &upload.files.items;
    let (large, small): (Vec<usize>, Vec<usize>) =
        group.iter().partition(|index| Files::is_multipart(sender.settings, &items[**index]));
    let small: Vec<usize> = small.into_iter().filter(|index| !upload.is_stored[*index]).collect();
    let whole: Vec<&Item> = small.iter().map(|index| &items[*index]).collect();
    let mut cause = None;
    let sent = put::send(sender, &whole);
    if !sent.iter().any(|outcome| matches!(outcome, ItemOutcome::Uploaded { .. })) {
        cause = sent.iter().find_map(ItemOutcome::error_for_all);
    }
    for (index, outcome) in small.into_iter().zip(sent) {
        outcomes[index] = outcome;
    }
    for index in large {
        let item = &items[index];
        outcomes[index] = match &cause {
            _ if upload.is_stored[index] => {
                // A redundant upload that stays open does no harm; the next run tries again.
                let checksum = sender.settings.options.checksum;
                multipart::abort_redundant(sender.host, item, checksum).unwrap_or_default();
                ItemOutcome::Unchanged
            }
            Some(cause) => ItemOutcome::Failed(not_tried(item, cause)),
            None => multipart::send(sender, item),
        };
        cause = cause.or_else(|| outcomes[index].error_for_all());
    }
}
