//! Texts for the log, the summary and the failure. Never decides what is wrong.

use lockstep_sdk::skipped;
use lockstep_sdk::text::{first_of, plural};

use crate::failure::{Code, Error};
use crate::outcome::{UploadOutcome, UploadedObject};
use crate::stale_uploads::StaleUploads;

/// The most rows of the table of objects.
const MAX_ROWS: usize = 50;

/// The columns of the table of counts.
pub const COUNT_COLUMNS: [&str; 2] = ["Result", "Count"];
/// The columns of the table of objects.
pub const OBJECT_COLUMNS: [&str; 4] = ["Object", "Size", "Entity tag", "Version"];

/// The first of several errors, with the number of the others.
#[must_use]
pub fn first(errors: &[Error]) -> Error {
    let message = first_of(errors.iter().map(|error| &error.message), "problem");
    match errors.first() {
        Some(first) => Error { message, ..first.clone() },
        None => Error::new(Code::BadInput, message),
    }
}

/// Why the step rejects an outcome; none if it has no errors.
#[must_use]
pub fn failure(outcome: &UploadOutcome) -> Option<Error> {
    let conflict = outcome.errors.iter().find(|error| error.code == Code::Conflict);
    let first = conflict.or(outcome.errors.first())?;
    // One cause keeps its code, also if the store has a part of the files; several causes have the code `partial` then.
    let is_one_cause = outcome.errors.iter().all(|error| error.code == first.code);
    let code = match first.code {
        code if is_one_cause || code == Code::Conflict => code,
        _ if outcome.has_changes() => Code::Partial,
        code => code,
    };
    let files = outcome.files;
    // The step deletes after the last file, and writes the manifest after the last delete.
    let has_all_files = outcome.uploaded.len() + outcome.unchanged == files;
    let message = match outcome.errors.len() {
        1 if files == 1 || has_all_files => first.message.clone(),
        failed if has_all_files => {
            format!("{} were not deleted; first: {}", plural(failed, "object"), first.message)
        }
        failed => {
            format!("{failed} of {} were not uploaded; first: {}", plural(files, "file"), first.message)
        }
    };
    Some(Error { hint: first.hint.clone(), ..Error::new(code, message) })
}

/// The heading of the summary: `3 objects uploaded, 40 unchanged, 1 deleted`.
#[must_use]
pub fn heading(outcome: &UploadOutcome) -> String {
    if !outcome.has_changes() && outcome.errors.is_empty() {
        return format!("Nothing to upload, {} up to date", plural(outcome.unchanged, "object"));
    }
    let uploaded = plural(outcome.uploaded.len(), "object");
    format!("{uploaded} uploaded, {} unchanged, {} deleted", outcome.unchanged, outcome.deleted)
}

/// The rows of the table of counts.
#[must_use]
pub fn counts(outcome: &UploadOutcome) -> Vec<Vec<String>> {
    let rows = [
        ("Uploaded", outcome.uploaded.len().to_string()),
        ("Unchanged", outcome.unchanged.to_string()),
        ("Deleted", outcome.deleted.to_string()),
        ("Failed", outcome.errors.len().to_string()),
        ("Files skipped", outcome.left_out.skipped.len().to_string()),
        ("Files excluded", outcome.left_out.excluded.len().to_string()),
        ("Objects kept", outcome.kept.len().to_string()),
        ("Sent", size(outcome.sent_bytes)),
    ];
    let is_shown = |(result, count): &(&str, String)| {
        count != "0" || matches!(*result, "Uploaded" | "Unchanged" | "Deleted" | "Sent")
    };
    let rows = rows.into_iter().filter(is_shown);
    rows.map(|(result, count)| vec![result.to_owned(), count]).collect()
}

/// One row per uploaded object up to a limit, and a row with the number of the others.
#[must_use]
pub fn objects(uploaded: &[UploadedObject]) -> Vec<Vec<String>> {
    let row = |object: &UploadedObject| {
        let version = object.info.version_id.clone().unwrap_or_default();
        vec![object.key.clone(), size(object.info.size), object.info.etag.clone(), version]
    };
    let mut rows: Vec<_> = uploaded.iter().take(MAX_ROWS).map(row).collect();
    if let Some(more) = uploaded.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        rows.push(vec![format!("… and {more} more"), String::new(), String::new(), String::new()]);
    }
    rows
}

/// The notices of a run whose objects have this prefix.
#[must_use]
pub fn notices(outcome: &UploadOutcome, prefix: &str) -> Vec<String> {
    let skipped: Vec<_> = outcome.left_out.skipped.values().cloned().collect();
    let mut notices: Vec<String> = skipped::lines(&skipped).into_iter().map(|(_, line)| line).collect();
    let excluded: Vec<&str> = outcome.left_out.excluded.values().map(String::as_str).collect();
    if !excluded.is_empty() {
        let count = plural(excluded.len(), "file");
        notices.push(format!("excluded {count}: {}", skipped::names(&excluded)));
    }
    if !outcome.unmatched_excludes.is_empty() {
        let patterns: Vec<&str> = outcome.unmatched_excludes.iter().map(String::as_str).collect();
        notices.push(format!("no file matches {} of `exclude`", skipped::names(&patterns)));
    }
    if !outcome.kept.is_empty() {
        let (count, keys) = (plural(outcome.kept.len(), "object"), outcome.kept.iter().map(String::as_str));
        let names = skipped::names(&keys.collect::<Vec<_>>());
        notices.push(format!("kept {count} below `{prefix}` of skipped or excluded files: {names}"));
    }
    if outcome.invalid_keys > 0 {
        let count = usize::try_from(outcome.invalid_keys).unwrap_or(usize::MAX);
        notices.push(format!(
            "ignored {} below `{prefix}` with a name that no file can get",
            plural(count, "object")
        ));
    }
    notices.extend(stale_uploads(&outcome.stale_uploads, prefix));
    notices
}

fn stale_uploads(StaleUploads { open, aborted, list_error }: &StaleUploads, prefix: &str) -> Vec<String> {
    let mut notices = Vec::new();
    if let Some(first) = aborted.first() {
        let uploads = plural(aborted.len(), "open upload");
        notices.push(format!("aborted {uploads} of files that no source matches; first: `{first}`"));
    }
    if let Some(first) = open.first() {
        let uploads = plural(open.len(), "multipart upload");
        notices.push(format!(
            "{uploads} below `{prefix}` of files that no source matches: open, and the store keeps the parts; first: `{first}`"
        ));
    }
    if let Some(error) = list_error {
        notices.push(format!("the step could not list the open uploads below `{prefix}`: {error}"));
    }
    notices
}

/// A size for people: `512 bytes`, `1.5 MB`.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return plural(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        1_000..1_000_000 => (1_000, "KB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}
