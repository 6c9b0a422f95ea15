//! Puts problems and results into words. Never decides what is wrong.

use lockstep_glue::words::{first_of, plural};

use crate::host::Link;
use crate::leftover::Leftovers;
use crate::problem::{Code, Problem};
use crate::upload::{Done, Uploaded};

/// The most rows that the table of the summary has.
const ROWS: usize = 50;

/// One problem for several, all of which are noted.
#[must_use]
pub fn all(problems: &[Problem]) -> Problem {
    let message = first_of(problems.iter().map(|problem| &problem.message), "problem");
    match problems.first() {
        Some(first) => Problem { message, ..first.clone() },
        None => Problem::new(Code::BadInput, message),
    }
}

/// Why a run of so many files says no; none if it does not.
#[must_use]
pub fn failure(done: &Done, files: usize) -> Option<Problem> {
    let conflict = done.problems.iter().find(|problem| problem.code == Code::Conflict);
    let first = conflict.or(done.problems.first())?;
    // One cause has one code, however much else has arrived; several causes have that of their mixture.
    let is_one = done.problems.iter().all(|problem| problem.code == first.code);
    let code = match first.code {
        code if is_one || code == Code::Conflict => code,
        _ if done.has_changes() => Code::Partial,
        code => code,
    };
    let message = match done.problems.len() {
        1 if files == 1 => first.message.clone(),
        // Deletes come after every file, the manifest after every delete.
        1 if done.uploaded.len() + done.skipped == files => first.message.clone(),
        failed if done.uploaded.len() + done.skipped == files => {
            format!("{} were not deleted; first: {}", plural(failed, "object"), first.message)
        }
        failed => {
            format!("{failed} of {} were not uploaded; first: {}", plural(files, "file"), first.message)
        }
    };
    Some(Problem { code, message, hint: first.hint.clone(), file: None })
}

/// `3 objects uploaded, 40 skipped, 1 deleted`.
#[must_use]
pub fn heading(done: &Done) -> String {
    if !done.has_changes() && done.problems.is_empty() {
        return format!("Nothing to upload, {} there already", plural(done.skipped, "object"));
    }
    let uploaded = plural(done.uploaded.len(), "object");
    format!("{uploaded} uploaded, {} skipped, {} deleted", done.skipped, done.deleted)
}

/// The counts: what, and how many.
#[must_use]
pub fn counts(done: &Done) -> Vec<Vec<String>> {
    let rows = [
        ("Uploaded", done.uploaded.len().to_string()),
        ("Skipped", done.skipped.to_string()),
        ("Deleted", done.deleted.to_string()),
        ("Failed", done.problems.len().to_string()),
        ("Sent", size(done.bytes)),
    ];
    let shown = rows.into_iter().filter(|(what, count)| *what != "Failed" || count != "0");
    shown.map(|(what, count)| vec![what.to_owned(), count]).collect()
}

/// One row for each object that was uploaded, up to a limit; then one that says how many more there are.
#[must_use]
pub fn objects(uploaded: &[Uploaded]) -> Vec<Vec<String>> {
    let row = |object: &Uploaded| {
        let version = object.stored.version.clone().unwrap_or_default();
        vec![object.below.clone(), size(object.stored.size), object.stored.etag.clone(), version]
    };
    let mut rows: Vec<_> = uploaded.iter().take(ROWS).map(row).collect();
    if let Some(more) = uploaded.len().checked_sub(ROWS).filter(|more| *more > 0) {
        rows.push(vec![format!("… and {more} more"), String::new(), String::new(), String::new()]);
    }
    rows
}

/// That links were passed over; nothing if there are none.
#[must_use]
pub fn links(links: &[Link]) -> Option<String> {
    let first = links.first()?;
    Some(match links.len() {
        1 => format!("passed over the symbolic link `{}`", first.path),
        count => format!("passed over {count} symbolic links; first: `{}`", first.path),
    })
}

/// That names were left alone; nothing if there are none.
#[must_use]
pub fn foreign(count: u64, prefix: &str) -> Option<String> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    (count > 0)
        .then(|| format!("left alone {} below `{prefix}` that cannot be a file's", plural(count, "name")))
}

/// What is said of uploads in parts that stay open, or stayed open until now.
#[must_use]
pub fn leftovers(Leftovers { open, given_up, unknown }: &Leftovers, prefix: &str) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(first) = given_up.first() {
        let uploads = plural(given_up.len(), "open upload");
        said.push(format!("gave up {uploads} of files that no source has any more; first: `{first}`"));
    }
    if let Some(first) = open.first() {
        let uploads = plural(open.len(), "upload");
        said.push(format!(
            "{uploads} in parts below `{prefix}` of files that no source has: open, and the store keeps what has arrived; \
             first: `{first}`"
        ));
    }
    if let Some(why) = unknown {
        said.push(format!("open uploads below `{prefix}` were not looked for: {why}"));
    }
    said
}

/// `512 bytes`, `1.5 MB`.
fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        0..1_000 => return plural(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        1_000..1_000_000 => (1_000, "KB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit)
}
