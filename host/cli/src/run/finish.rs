//! The end of a run, on every path: the report, the receipt, and the outputs for the CI system.

use super::conclude::Concluded;
use super::context::RunContext;
use crate::conclude::ending;
use crate::console::{print_error, print_hint};
use crate::facts::{Facts, Stage, Stopped};
use crate::plural::counted;
use crate::receipt;
use lockstep_model::exit::Exit;
use lockstep_model::report::{Level, Note, Report, RunEnd};
use lockstep_model::text;
use lockstep_workspace::AppliedCommit;

/// The most names that a message lists.
const MAX_NAMES: usize = 10;

impl RunContext {
    /// Ends the run.
    pub(crate) fn finish(&self, result: Stage<Concluded>) -> Exit {
        let voice = &self.voice;
        let (mut facts, mut report, committed) = self.report(result);
        self.keep_receipt(&mut report, &mut facts);
        voice.notes(&facts.notes);
        report.notes.append(&mut facts.step_notes);
        report.notes.append(&mut facts.notes);
        let exit = report.ending.exit;
        let told = voice.close(&report, &voice.shown(&report.outputs)).map_err(|error| {
            let message = format!("the outputs could not be handed over: {error}{}", standing(&report));
            print_error(&voice.redact(&message));
        });
        // Only now: the next run takes back a run that somebody kills before this, and does the work itself.
        let kept = committed.map_or(Ok(()), AppliedCommit::finish).map_err(|error| {
            print_error(&voice.redact(&format!("the files are changed, and {error}")));
            print_hint(
                "`lockstep recover --finish` keeps them; without that the next run puts the old ones back",
            );
        });
        if exit == Exit::Done && told.and(kept).is_err() { Exit::Invalid } else { exit }
    }

    /// The report of a run, with the facts for its receipt and the files that it has put in place.
    fn report(&self, result: Stage<Concluded>) -> (Facts, Report, Option<AppliedCommit>) {
        let mut report = Report {
            step: self.voice.step().to_owned(),
            ending: ending(Exit::Done, "done", "", None),
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
                let Stopped { ending, mut facts } = *stopped;
                (report.ending, report.changes) = (ending, std::mem::take(&mut facts.restored));
                (facts, None)
            }
        };
        report.summary = std::mem::take(&mut facts.summary);
        report.objects = std::mem::take(&mut facts.objects);
        (facts, report, committed)
    }

    /// Writes the receipt. A run whose receipt somebody asked for is no success without it.
    fn keep_receipt(&self, report: &mut Report, facts: &mut Facts) {
        let Some(place) = &self.place else { return };
        let shown = self.voice.shown(&report.outputs);
        let run = receipt::about_run(self.platform, self.started);
        let (digest, lost) = receipt::write(place, report, &shown, facts, &self.voice, run);
        report.receipt = Some(digest);
        let Some(lost) = lost else { return };
        if lost.requested && report.ending.exit == Exit::Done {
            report.receipt = None;
            let message = format!("{}{}", lost.message, standing(report));
            let hint = "remove the cause; a second run writes a receipt of what it does itself".to_owned();
            report.ending = ending(Exit::Invalid, "receipt-lost", message, Some(hint));
        } else {
            facts.notes.push(Note { level: Level::Warning, message: lost.message, location: None });
        }
    }
}

/// What has changed and stays so, as the end of a sentence.
fn standing(report: &Report) -> String {
    let count = report.changed().count();
    if report.dry_run || count == 0 {
        return String::new();
    }
    let names: Vec<_> = report.changed().take(MAX_NAMES).map(text::neutral).collect();
    let more = count.saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if count == 1 { "is" } else { "are" };
    let what = what_changed(report.changes.len(), report.objects.len());
    format!("; {what} {verb} changed all the same: {}{more}", names.join(", "))
}

/// The ending of a run whose step succeeded.
fn success(done: &Concluded, dry_run: bool) -> RunEnd {
    let (files, objects) = (done.changes.len() - done.only_restored, done.facts.objects.len());
    let verb = if dry_run { "would change" } else { "changed" };
    let message = match files + objects {
        0 if done.facts.grant.only_reads() => "done".to_owned(),
        0 => "nothing to change".to_owned(),
        _ => format!("{verb} {}", what_changed(files, objects)),
    };
    let message = match done.only_restored {
        0 => message,
        count => format!("{message}, and put {} of a killed run back", counted(count, "file")),
    };
    ending(Exit::Done, "done", message, None)
}

fn what_changed(files: usize, objects: usize) -> String {
    match (files, objects) {
        (files, 0) => counted(files, "file"),
        (0, objects) => counted(objects, "object"),
        (files, objects) => format!("{} and {}", counted(files, "file"), counted(objects, "object")),
    }
}
