//! Texts for the log and the summary.

use lockstep_sdk::text::plural;

use crate::changes::{Changes, WriteKind};

/// The most rows of the table in the summary.
const ROWS: usize = 50;
/// The most numbers in one sentence.
const NUMBERS: usize = 5;

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 2] = ["File", "Change"];

/// `row 3`, `rows 1, 2, 3 and 9 more`.
pub(crate) fn rows(numbers: &[u32]) -> String {
    let first: Vec<String> = numbers.iter().take(NUMBERS).map(u32::to_string).collect();
    match (numbers.len() - first.len(), first.as_slice()) {
        (0, [only]) => format!("row {only}"),
        (0, [others @ .., last]) => format!("rows {} and {last}", others.join(", ")),
        (more, first) => format!("rows {} and {more} more", first.join(", ")),
    }
}

/// `2 files created, 1 changed, 1 deleted, 40 unchanged`.
pub(crate) fn heading(changes: &Changes) -> String {
    let [created, updated, deleted] = changes.counts();
    if created + updated + deleted == 0 {
        return format!("Nothing to change, {} up to date", plural(changes.unchanged, "file"));
    }
    let created = plural(created, "file");
    format!("{created} created, {updated} changed, {deleted} deleted, {} unchanged", changes.unchanged)
}

/// One row per file that changes, up to a limit, and one with the number of the others.
pub(crate) fn table(changes: &Changes) -> Vec<Vec<String>> {
    let writes = changes.writes.iter().map(|write| match write.kind {
        WriteKind::Create => (&write.path, "created"),
        WriteKind::Update => (&write.path, "changed"),
    });
    let all = writes.chain(changes.deletions.iter().map(|path| (path, "deleted")));
    let mut rows: Vec<_> =
        all.take(ROWS).map(|(path, change)| vec![path.clone(), change.to_owned()]).collect();
    let count = changes.writes.len() + changes.deletions.len();
    if let Some(more) = count.checked_sub(ROWS).filter(|more| *more > 0) {
        rows.push(vec![format!("… and {more} more"), String::new()]);
    }
    rows
}
