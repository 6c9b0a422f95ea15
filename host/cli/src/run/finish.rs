//! The end of a run, on every path: the report, the receipt, and the outputs for the CI system.

use super::conclude::ConcludedRun;
use super::context::RunContext;
use crate::console::{print_error, print_hint};
use crate::plural::counted;
use crate::receipt;
use crate::run_facts::{RunFacts, StageResult, StoppedRun};
use crate::verdict::{done, run_end};
use lockstep_model::exit::Exit;
use lockstep_model::host_code::HostCode;
use lockstep_model::report::{Level, Note, Report, RunEnd};
use lockstep_model::text;
use lockstep_workspace::AppliedCommit;

/// The most names that a message lists.
const MAX_NAMES: usize = 10;

impl RunContext {
    /// Ends the run.
    pub(crate) fn finish(&self, result: StageResult<ConcludedRun>) -> Exit {
        let reporter = &self.reporter;
        let (mut facts, mut report, committed) = self.report(result);
        self.write_receipt(&mut report, &mut facts);
        reporter.print_notes(&facts.notes);
        report.notes.append(&mut facts.step_notes);
        report.notes.append(&mut facts.notes);
        let exit = report.ending.exit;
        let reported = reporter.finish(&report, &reporter.redact_outputs(&report.outputs)).map_err(|error| {
            let message = format!("cannot write the outputs: {error}{}", changes_that_remain(&report));
            print_error(&reporter.redact(&message));
        });
        // This comes last: if somebody kills the run before it, the next run puts the old files back and does the work.
        let finished = committed.map_or(Ok(()), AppliedCommit::finish).map_err(|error| {
            print_error(&reporter.redact(&format!("the files are changed, and {error}")));
            print_hint(
                "run `lockstep recover --finish` to keep them; otherwise the next run puts the old files back",
            );
        });
        if exit == Exit::Done && reported.and(finished).is_err() { Exit::Invalid } else { exit }
    }

    /// Makes the report of a run. Returns it with the facts for the receipt and the files that the run put in place.
    fn report(&self, result: StageResult<ConcludedRun>) -> (RunFacts, Report, Option<AppliedCommit>) {
        let mut report = Report {
            step: self.reporter.step().to_owned(),
            ending: done(String::new()),
            dry_run: self.dry_run,
            outputs: Vec::new(),
            notes: Vec::new(),
            summary: Vec::new(),
            changes: Vec::new(),
            objects: Vec::new(),
            diff: None,
            receipt: None,
        };
        let (mut facts, committed) = match result {
            Ok(mut done) => {
                report.ending = done.rejected.take().unwrap_or_else(|| success(&done, self.dry_run));
                (report.outputs, report.changes, report.diff) = (done.outputs, done.changes, done.diff);
                (done.facts, done.committed)
            }
            Err(stopped) => {
                let StoppedRun { ending, mut facts } = *stopped;
                (report.ending, report.changes) = (ending, std::mem::take(&mut facts.restored));
                (facts, None)
            }
        };
        report.summary = std::mem::take(&mut facts.summary);
        report.objects = std::mem::take(&mut facts.objects);
        (facts, report, committed)
    }

    /// Writes the receipt. If the user asked for it, a run without it fails.
    fn write_receipt(&self, report: &mut Report, facts: &mut RunFacts) {
        let Some(receipt_target) = &self.receipt_target else { return };
        let shown = self.reporter.redact_outputs(&report.outputs);
        let run = receipt::run_metadata(self.platform, self.started);
        let (digest, lost) = receipt::write(receipt_target, report, &shown, facts, &self.reporter, run);
        report.receipt = Some(digest);
        let Some(lost) = lost else { return };
        if lost.requested && report.ending.exit == Exit::Done {
            report.receipt = None;
            let message = format!("{}{}", lost.message, changes_that_remain(report));
            let hint = "remove the cause; the receipt of a second run covers only that run".to_owned();
            report.ending = run_end(HostCode::ReceiptLost, message, Some(hint));
        } else {
            facts.notes.push(Note { level: Level::Warning, message: lost.message, location: None });
        }
    }
}

/// Lists the changes that stay after a failure, as the end of a message.
fn changes_that_remain(report: &Report) -> String {
    let count = report.changed().count();
    if report.dry_run || count == 0 {
        return String::new();
    }
    let names: Vec<_> = report.changed().take(MAX_NAMES).map(text::neutral).collect();
    let more = count.saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if count == 1 { "is" } else { "are" };
    let changes = count_changes(report.changes.len(), report.objects.len());
    format!("; {changes} {verb} changed anyway: {}{more}", names.join(", "))
}

/// The end of a run whose step succeeded.
fn success(run: &ConcludedRun, dry_run: bool) -> RunEnd {
    let (files, objects) = (run.changes.len() - run.only_restored, run.facts.objects.len());
    let verb = if dry_run { "would change" } else { "changed" };
    let message = match files + objects {
        0 if run.facts.grant.only_reads() => "done".to_owned(),
        0 => "nothing to change".to_owned(),
        _ => format!("{verb} {}", count_changes(files, objects)),
    };
    let message = match run.only_restored {
        0 => message,
        count => format!("{message}, and restored {} after a killed run", counted(count, "file")),
    };
    done(message)
}

fn count_changes(files: usize, objects: usize) -> String {
    match (files, objects) {
        (files, 0) => counted(files, "file"),
        (0, objects) => counted(objects, "object"),
        (files, objects) => format!("{} and {}", counted(files, "file"), counted(objects, "object")),
    }
}
