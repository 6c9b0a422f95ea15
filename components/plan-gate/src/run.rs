//! The run: reads the plans, evaluates them, and reports the findings.

use std::collections::BTreeSet;

use lockstep_sdk::report::{Block, Level};
use lockstep_sdk::text::plural;
use lockstep_sdk::types::Failure;
use lockstep_sdk::{OpenFile, Reporter, Workspace, finish_all, skipped};

use crate::document::read_plan;
use crate::evaluate::{Evaluation, Finding, evaluate};
use crate::failure::{Code, Error};
use crate::inputs::{check_files, parse_policy};
use crate::inspection::Inspection;
use crate::plan::Plan;
use crate::policy::Policy;
use crate::text::clip;
use crate::{Inputs, Outputs, messages, results};

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
    gate(host, reporter, inputs).map_err(|errors| finish_all(reporter, errors))
}

fn gate(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inputs: &Inputs,
) -> Result<Outputs, Vec<Error>> {
    let policy = parse_policy(inputs)?;
    let mut inspection = Inspection::new(&policy);
    let plans = read_all(host, reporter, &mut inspection, inputs)?;
    let evaluation = evaluate(&plans, &policy, &inspection);
    // The failure names a single violation.
    if evaluation.violations.len() > 1 {
        note_all(reporter, Level::Error, &evaluation.violations, &plans, messages::finding);
    }
    note_all(reporter, Level::Warning, &evaluation.warnings, &plans, messages::warning);
    if !policy.has_rules() {
        reporter.note(Level::Notice, messages::NO_RULE);
    }
    summarize(reporter, &plans, &policy, &evaluation, inputs.summary_file.is_some());
    write_files(host, reporter, &plans, inputs)?;
    let rejection = messages::rejection(&evaluation.violations, &plans);
    let is_rejected = rejection.is_some();
    if let Some(error) = rejection {
        reporter.reject(&error.into());
    }
    Ok(results::outputs(&plans, &evaluation, is_rejected, inputs))
}

/// Reads all plans, in the order of the input.
fn read_all(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inspection: &mut Inspection<'_>,
    inputs: &Inputs,
) -> Result<Vec<Plan>, Vec<Error>> {
    let paths = find(host, reporter, &inputs.plan)?;
    let errors = check_files(inputs, &paths);
    if !errors.is_empty() {
        return Err(errors);
    }
    let (mut plans, mut errors) = (Vec::new(), Vec::new());
    for path in paths {
        match read_one(host, reporter, inspection, &path) {
            Ok(plan) => plans.push(Plan { path, ..plan }),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(plans) } else { Err(errors) }
}

/// The paths of the plans. Each path and each pattern must find a file.
fn find(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    patterns: &[String],
) -> Result<Vec<String>, Vec<Error>> {
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for pattern in patterns {
        let found = match pattern.as_str() {
            // Standard input.
            "-" => vec![pattern.clone()],
            _ => match host.glob(pattern) {
                Ok(found) => {
                    skipped::note(reporter, &found.skipped);
                    found.files.into_iter().map(|file| file.path).collect()
                }
                Err(error) => {
                    errors.push(Error::host(Code::Workspace, error));
                    continue;
                }
            },
        };
        if found.is_empty() {
            let message = format!("`{}` of `plan` matches no file", clip(pattern));
            let hint = "check the path, and that this job gets the file from the job that plans";
            errors.push(Error::new(Code::NoFiles, message).hint(hint));
        }
        paths.extend(found.into_iter().filter(|path| known.insert(path.clone())));
    }
    if patterns.is_empty() {
        let message = "`plan` is empty";
        errors.push(
            Error::new(Code::NoFiles, message).hint("name the output of `terraform show -json PLANFILE`"),
        );
    }
    if errors.is_empty() { Ok(paths) } else { Err(errors) }
}

/// Reads a plan. The step asks for the digest of the file only so that the receipt contains it.
fn read_one(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    inspection: &mut Inspection<'_>,
    path: &str,
) -> Result<Plan, Error> {
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
    read_plan(fetch, inspection).map_err(|error| error.into_step_error(path))
}

fn note_all(
    reporter: &mut impl Reporter,
    level: Level,
    findings: &[Finding<'_>],
    plans: &[Plan],
    text: impl Fn(&Finding<'_>) -> String,
) {
    for finding in findings.iter().take(MAX_NOTES) {
        reporter.note_at(level, &text(finding), messages::location(finding, plans).as_ref());
    }
    if let Some(more) = findings.len().checked_sub(MAX_NOTES).filter(|more| *more > 0) {
        reporter.note(level, &format!("and {}", plural(more, "more finding")));
    }
}

/// Adds the summary. Its tables contain a single finding only for a file, whose reader sees neither failure nor notes.
fn summarize(
    reporter: &mut impl Reporter,
    plans: &[Plan],
    policy: &Policy,
    evaluation: &Evaluation<'_>,
    has_file: bool,
) {
    reporter.add_summary(Block::Heading(messages::heading(plans)));
    reporter.add_summary(Block::Paragraph(messages::verdict(evaluation, policy)));
    let is_shown = |all: &[_]| has_file || all.len() > 1;
    let (violations, warnings) = (&evaluation.violations, &evaluation.warnings);
    let tables = [
        messages::plans(plans, evaluation),
        messages::findings("Reason", violations, plans, messages::finding).filter(|_| is_shown(violations)),
        messages::changes(plans),
        messages::findings("Warning", warnings, plans, messages::warning).filter(|_| is_shown(warnings)),
    ];
    for table in tables.into_iter().flatten() {
        reporter.add_summary(Block::Table(table));
    }
}

fn write_files(
    host: &mut impl Workspace,
    reporter: &mut impl Reporter,
    plans: &[Plan],
    inputs: &Inputs,
) -> Result<(), Vec<Error>> {
    let workspace = |error| vec![Error::host(Code::Workspace, error)];
    if let Some(path) = &inputs.summary_file {
        let markdown = reporter.summary_markdown();
        host.write(path, markdown.as_bytes()).map_err(workspace)?;
    }
    if let Some(path) = &inputs.gitlab_report {
        host.write(path, results::gitlab_report(plans).as_bytes()).map_err(workspace)?;
    }
    Ok(())
}
