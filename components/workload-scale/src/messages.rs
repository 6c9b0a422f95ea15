//! Texts for the log and the summary.

use lockstep_sdk::text::plural;

use crate::Target;

/// How many rows the table of the summary has at most.
const MAX_ROWS: usize = 100;

/// The columns of the table.
pub const COLUMNS: [&str; 4] = ["Namespace", "Target", "Before", "After"];

/// The rows of the table: changed targets first.
pub fn rows(targets: &[Target]) -> Vec<Vec<String>> {
    let (mut first, unchanged): (Vec<_>, Vec<_>) =
        targets.iter().partition(|target| target.before != target.after);
    first.extend(unchanged);
    let row = |target: &&Target| {
        let name = format!("{}/{}", target.kind.to_ascii_lowercase(), target.name);
        vec![target.namespace.clone(), name, target.before.clone(), target.after.clone()]
    };
    first.iter().take(MAX_ROWS).map(row).collect()
}

/// The result of the run in one sentence.
pub fn result(is_dry_run: bool, changed: usize, all: usize) -> String {
    let verb = if is_dry_run { "would change" } else { "changed" };
    format!("{verb} {changed} of {}", plural(all, "target"))
}
