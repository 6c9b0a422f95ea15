//! Texts for the log and the summary.

use lockstep_sdk::text::plural;

use crate::Change;
use crate::batch::Changes;

/// The most rows of the table in the summary.
const ROWS: usize = 50;

/// The columns of the table.
pub(crate) const COLUMNS: [&str; 4] = ["File", "Path", "From", "To"];

/// `spec.replicas: 2 → 3`.
pub(crate) fn change(change: &Change) -> String {
    let none = || "(none)".to_owned();
    let from = change.from.clone().unwrap_or_else(none);
    let to = change.to.clone().unwrap_or_else(none);
    let aliases: Vec<String> = change.aliases.iter().map(u32::to_string).collect();
    let aliases = match aliases.len() {
        0 => String::new(),
        1 => format!(" (and line {}, an alias of it)", aliases[0]),
        _ => format!(" (and lines {}, aliases of it)", aliases.join(", ")),
    };
    format!("{}: {from} → {to}{aliases}", change.path)
}

/// `nothing to delete at .spec.replicas: it is already gone`.
pub(crate) fn already_deleted(path: &str) -> String {
    format!("nothing to delete at {path}: it is already gone")
}

/// `2 values changed in 1 file`.
pub(crate) fn heading(changes: &Changes) -> String {
    if changes.files.is_empty() {
        return "Nothing to change".into();
    }
    let values = plural(changes.values.len(), "value");
    format!("{values} changed in {}", plural(changes.files.len(), "file"))
}

/// One row per changed value, up to a limit, and one with the number of the others.
pub(crate) fn rows(changes: &Changes) -> Vec<Vec<String>> {
    let cell = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |(file, change): &(String, Change)| {
        let place = format!("{file}:{}", change.at.line);
        vec![place, change.path.clone(), cell(&change.from), cell(&change.to)]
    };
    let mut rows: Vec<_> = changes.values.iter().take(ROWS).map(row).collect();
    if let Some(more) = changes.values.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let blank = String::new;
        rows.push(vec![format!("… and {more} more"), blank(), blank(), blank()]);
    }
    rows
}
