//! Puts changes into words, for the log and the summary. Never decides anything.

use lockstep_glue::words::{first_of, plural};
use lockstep_yaml::Change;

use crate::batch::Done;
use crate::problem::Problem;

/// The most rows that the table of the summary has.
const ROWS: usize = 50;

/// `spec.replicas: 2 → 3`.
pub fn change(change: &Change) -> String {
    let none = || "(none)".to_owned();
    let from = change.from.clone().unwrap_or_else(none);
    let to = change.to.clone().unwrap_or_else(none);
    let also: Vec<String> = change.aliases.iter().map(u32::to_string).collect();
    let also = match also.len() {
        0 => String::new(),
        1 => format!(" (and line {}, an alias of it)", also[0]),
        _ => format!(" (and lines {}, aliases of it)", also.join(", ")),
    };
    format!("{}: {from} → {to}{also}", change.path)
}

/// `nothing to delete at .spec.replicas: it is already gone`.
pub fn gone(path: &str) -> String {
    format!("nothing to delete at {path}: it is already gone")
}

/// `2 values changed in 1 file`.
pub fn heading(done: &Done) -> String {
    if done.files.is_empty() {
        return "Nothing to change".into();
    }
    let values = plural(done.changes.len(), "value");
    format!("{values} changed in {}", plural(done.files.len(), "file"))
}

/// The columns of the table.
pub fn columns() -> Vec<String> {
    ["File", "Path", "From", "To"].map(str::to_owned).to_vec()
}

/// One row for each change, up to a limit; then one that says how many more there are.
pub fn rows(done: &Done) -> Vec<Vec<String>> {
    let cell = |text: &Option<String>| text.clone().unwrap_or_default();
    let row = |(file, change): &(String, Change)| {
        let place = format!("{file}:{}", change.at.line);
        vec![place, change.path.clone(), cell(&change.from), cell(&change.to)]
    };
    let mut rows: Vec<_> = done.changes.iter().take(ROWS).map(row).collect();
    if let Some(more) = done.changes.len().checked_sub(ROWS).filter(|more| *more > 0) {
        let blank = String::new;
        rows.push(vec![format!("… and {more} more"), blank(), blank(), blank()]);
    }
    rows
}

/// The one message for all problems: the first, and how many more were noted.
pub fn problems(problems: &[Problem]) -> String {
    first_of(problems.iter().map(|problem| &problem.message), "problem")
}
