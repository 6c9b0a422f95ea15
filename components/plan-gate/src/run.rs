//! The run: reads the plan, evaluates it, and reports the findings.

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::text::plural;
use lockstep_sdk::types::Failure;
use lockstep_sdk::{OpenFile, Reporter, Workspace, finish_all};

use crate::action::Action;
use crate::bindings::Verdict;
use crate::document::read_plan;
use crate::evaluate::{Evaluation, Finding, evaluate};
use crate::failure::{Code, Error};
use crate::inputs::parse_policy;
use crate::plan::Plan;
use crate::{Inputs, Outputs, messages};

const MB: u64 = 1_000_000;

/// How many bytes the step reads between two reports of progress.
const PROGRESS_BYTES: u64 = 16 * 1024 * 1024;

/// How many findings the log has at most, so that it stays readable and within its budget.
const MAX_NOTES: usize = 500;

/// Runs the step.
///
/// # Errors
/// The failure that ends the run. A rejected plan is not one of them: the step reports it to the host and keeps its outputs.
pub fn run(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Failure> {
    let policy = parse_policy(inputs).map_err(|errors| finish_all(reporter, errors))?;
    let plan = open(host, reporter, &inputs.plan)?;
    let evaluation = evaluate(&plan, &policy);
    // The failure names a single violation.
    if evaluation.violations.len() > 1 {
        note_all(reporter, Level::Error, &evaluation.violations);
    }
    note_all(reporter, Level::Warning, &evaluation.warnings);
    summarize(reporter, &plan, &evaluation, inputs.summary_file.is_some());
    if let Some(path) = &inputs.summary_file {
        let markdown = reporter.summary_markdown();
        host.write(path, markdown.as_bytes()).map_err(|error| Error::host(Code::Workspace, error))?;
    }
    let rejection = messages::rejection(&evaluation.violations);
    let verdict = if rejection.is_none() { Verdict::Pass } else { Verdict::Fail };
    if let Some(error) = rejection {
        reporter.reject(&error.into());
    }
    Ok(to_outputs(&plan, verdict, inputs.summary_file.clone().unwrap_or_default()))
}

/// Reads the plan. The step asks for the digest of the file only so that the receipt contains it.
fn open(host: &mut impl Workspace, reporter: &mut impl Reporter, path: &str) -> Result<Plan, Error> {
    let workspace = |error| Error::host(Code::Workspace, error);
    let file = host.open(path).map_err(workspace)?;
    file.digest().map_err(workspace)?;
    let size = file.size();
    let fetch = |offset: u64, length| {
        if offset.is_multiple_of(PROGRESS_BYTES) {
            reporter.progress(offset / MB, Some(size / MB), "MB");
        }
        file.read_at(offset, length)
    };
    read_plan(fetch).map_err(|error| error.into_step_error(path))
}

fn note_all(reporter: &mut impl Reporter, level: Level, findings: &[Finding<'_>]) {
    for finding in findings.iter().take(MAX_NOTES) {
        reporter.note(level, &messages::finding(finding));
    }
    if let Some(more) = findings.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
        reporter.note(level, &format!("and {}", plural(more, "more finding")));
    }
}

/// Adds the summary. Its tables contain a single finding only for a file, whose reader sees neither failure nor notes.
fn summarize(reporter: &mut impl Reporter, plan: &Plan, evaluation: &Evaluation<'_>, has_file: bool) {
    reporter.add_summary(Block::Heading(messages::heading(plan)));
    reporter.add_summary(Block::Paragraph(messages::verdict(evaluation)));
    let table = |title, all: &[_]| messages::findings(title, all).filter(|_| has_file || all.len() > 1);
    let violations = table("Reason", &evaluation.violations);
    let warnings = table("Warning", &evaluation.warnings);
    for table in [violations, messages::changes(plan), warnings].into_iter().flatten() {
        reporter.add_summary(Block::Table(table));
    }
}

fn to_outputs(plan: &Plan, verdict: Verdict, summary_file: String) -> Outputs {
    let count = |action| plan.counts.of(action);
    let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    Outputs {
        changes: plan.has_changes(),
        create: count(Action::Create),
        update: count(Action::Update),
        replace: count(Action::Replace),
        delete: count(Action::Delete),
        forget: count(Action::Forget),
        import: count(Action::Import),
        move_: count(Action::Move),
        read: count(Action::Read),
        invoke: count(Action::Invoke),
        drift: length(plan.drift.len()),
        failed_checks: length(plan.failed_checks.len()),
        verdict,
        summary_file,
    }
}
