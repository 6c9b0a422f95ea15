//! Texts for the log and the summary.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::text::plural;
use lockstep_sdk::types::Outcome;
use lockstep_sdk::{Reporter, table};

use crate::Promotion;
use crate::git::Commits;
use crate::inputs::Request;
use crate::plan::Plan;
use crate::values::ValueChange;

/// The number of rows in the table of the summary.
const MAX_ROWS: usize = 100;

/// How many digits of a commit id a message shows.
const SHORT_ID: usize = 12;

/// The commits that a promotion starts from: ``read `main` at 0123456789ab, and `prod` at 89abcdef0123``.
#[must_use]
pub fn read_commits(request: &Request, commits: &Commits) -> String {
    let short = |id: &str| id.chars().take(SHORT_ID).collect::<String>();
    let Commits { source, base } = commits;
    let source = match &request.from_ref {
        id if id == source => format!("commit {}", short(id)),
        name => format!("`{name}` at {}", short(source)),
    };
    match request.from_ref == request.base {
        true => format!("read {source}"),
        false => format!("read {source}, and `{}` at {}", request.base, short(base)),
    }
}

/// Notes the commits that an attempt starts from, if they are not those in `noted`.
pub fn note_commits(
    reporter: &mut impl Reporter,
    request: &Request,
    commits: &Commits,
    noted: &mut Option<Commits>,
) {
    if noted.as_ref() != Some(commits) {
        reporter.note(Level::Info, &read_commits(request, commits));
        *noted = Some(commits.clone());
    }
}

/// Notes that there is nothing to promote.
pub fn nothing_to_promote(reporter: &mut impl Reporter, plan: &Plan) {
    skipped(reporter, plan);
    reporter.note(Level::Info, "everything is promoted already");
}

/// Notes what the step promoted, or would promote without a dry run.
pub fn promoted(reporter: &mut impl Reporter, plan: &Plan, outcome: Outcome, commit: &str, branch: &str) {
    skipped(reporter, plan);
    for ValueChange { file, path, before, after, .. } in &plan.values {
        let place = if path.is_empty() { file.clone() } else { format!("{file} {path}") };
        reporter.note(Level::Info, &format!("{place}: {before} -> {after}"));
    }
    let verb = if outcome == Outcome::DryRun { "would promote" } else { "promoted" };
    // `pick` has paths or is `all`, so the changes are values or whole files.
    let is_files = plan.values.iter().all(|change| change.path.is_empty());
    let values = plural(plan.values.len(), if is_files { "file" } else { "value" });
    reporter.note(Level::Notice, &format!("{verb} {values} with commit {commit} on {branch}"));
}

fn skipped(reporter: &mut impl Reporter, plan: &Plan) {
    plan.skipped.iter().for_each(|sentence| reporter.note(Level::Info, sentence));
}

/// Adds the commits that the run read and the promoted values to the summary.
pub fn summary(reporter: &mut impl Reporter, read: &str, promoted: &[Promotion]) {
    reporter.add_summary(Block::Paragraph(read.to_owned()));
    let row =
        |one: &Promotion| vec![one.file.clone(), one.path.clone(), one.before.clone(), one.after.clone()];
    let rows: Vec<_> = promoted.iter().take(MAX_ROWS).map(row).collect();
    if !rows.is_empty() {
        reporter.add_summary(Block::Table(table(&["File", "Value", "Before", "After"], rows)));
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sdk::fake::FakeReporter;

    use super::*;

    #[test]
    fn the_summary_names_the_commits_that_the_run_read() {
        let mut reporter = FakeReporter::default();
        summary(&mut reporter, "read `main` at 0123456789ab", &[]);
        assert_eq!(reporter.summary_markdown(), "read `main` at 0123456789ab\n\n");
    }
}
