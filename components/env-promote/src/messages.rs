//! Texts for the log and the summary.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::text::plural;
use lockstep_sdk::types::Outcome;
use lockstep_sdk::{Reporter, table};

use crate::Promotion;
use crate::plan::Plan;
use crate::values::ValueChange;

/// The number of rows in the table of the summary.
const MAX_ROWS: usize = 100;

/// Notes that there is nothing to promote.
pub fn nothing_to_promote(reporter: &mut impl Reporter, plan: &Plan) {
    skipped(reporter, plan);
    reporter.note(Level::Info, "everything is promoted already");
}

/// Notes what the step promoted, or would promote without a dry run.
pub fn promoted(reporter: &mut impl Reporter, plan: &Plan, outcome: Outcome, commit: &str, branch: &str) {
    skipped(reporter, plan);
    for ValueChange { file, path, before, after, .. } in &plan.values {
        reporter.note(Level::Info, &format!("{file} {path}: {before} -> {after}"));
    }
    let verb = if outcome == Outcome::DryRun { "would promote" } else { "promoted" };
    let values = plural(plan.values.len(), "value");
    reporter.note(Level::Notice, &format!("{verb} {values} with commit {commit} on {branch}"));
}

fn skipped(reporter: &mut impl Reporter, plan: &Plan) {
    plan.skipped.iter().for_each(|sentence| reporter.note(Level::Info, sentence));
}

/// Adds the promoted values to the summary.
pub fn summary(reporter: &mut impl Reporter, promoted: &[Promotion]) {
    let row =
        |one: &Promotion| vec![one.file.clone(), one.path.clone(), one.before.clone(), one.after.clone()];
    let rows: Vec<_> = promoted.iter().take(MAX_ROWS).map(row).collect();
    if !rows.is_empty() {
        reporter.add_summary(Block::Table(table(&["File", "Value", "Before", "After"], rows)));
    }
}
