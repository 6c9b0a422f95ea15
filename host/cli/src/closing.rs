//! The end of a run, on every path: the report, the receipt, and what the platform and people are told.

use crate::commands::{advise, complain};
use crate::conclude::ending;
use crate::prepare::Known;
use crate::receipt::{self, Place};
use crate::voice::Voice;
use lockstep_model::exit::Exit;
use lockstep_model::outputs::Output;
use lockstep_model::render::Platform;
use lockstep_model::report::{Change, Ending, Level, Note, Report};
use lockstep_model::text;
use lockstep_workspace::Committed;

/// The most names that a message lists.
const MAX_NAMES: usize = 10;

/// What a run that did its work leaves.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) outputs: Vec<Output>,
    pub(crate) changes: Vec<Change>,
    /// How many of them this run only put back for a killed run.
    pub(crate) only_put_back: usize,
    /// The files that are in place, and that the next run takes back until this is finished.
    pub(crate) committed: Option<Committed>,
    pub(crate) diff: Option<String>,
    /// How it ends all the same, where the step says no.
    pub(crate) rejected: Option<Ending>,
}

/// What the end of a run needs, whatever happens before.
pub(crate) struct Closing {
    pub(crate) voice: Voice,
    /// Where the receipt goes; none if it can go nowhere.
    pub(crate) place: Option<Place>,
    pub(crate) platform: Platform,
    pub(crate) planned: bool,
    /// When the run began, in seconds since 1970.
    pub(crate) started: u64,
}

impl Closing {
    /// Ends the run.
    pub(crate) fn finish(&self, mut known: Known, result: Result<Work, Ending>) -> Exit {
        let voice = &self.voice;
        let (ending, mut work) = match result {
            Ok(mut work) => (work.rejected.take().unwrap_or_else(|| done(&work, self.planned, &known)), work),
            Err(ending) => (ending, Work { changes: std::mem::take(&mut known.put_back), ..Work::default() }),
        };
        let committed = work.committed.take();
        let mut report = Report {
            step: voice.step().to_owned(),
            ending,
            planned: self.planned,
            outputs: work.outputs,
            notes: Vec::new(),
            summary: std::mem::take(&mut known.summary),
            changes: work.changes,
            objects: std::mem::take(&mut known.objects),
            diff: work.diff,
            receipt: None,
        };
        self.keep_receipt(&mut report, &mut known);
        voice.notes(&known.notes);
        report.notes.append(&mut known.heard);
        report.notes.append(&mut known.notes);
        let exit = report.ending.exit;
        let told = voice.close(&report, &voice.shown(&report.outputs)).map_err(|error| {
            let message = format!("the outputs could not be handed over: {error}{}", standing(&report));
            complain(&voice.redact(&message));
        });
        // Only now: a run that is killed before this is taken back by the next one, which then does and tells it all.
        let kept = committed.map_or(Ok(()), Committed::finish).map_err(|error| {
            complain(&voice.redact(&format!("the files are changed, and {error}")));
            advise(
                "`lockstep recover --finish` keeps them; without that the next run puts the old ones back",
            );
        });
        if exit == Exit::Done && told.and(kept).is_err() { Exit::Invalid } else { exit }
    }

    /// Writes the receipt. A run whose receipt somebody asked for is no success without it.
    fn keep_receipt(&self, report: &mut Report, known: &mut Known) {
        let Some(place) = &self.place else { return };
        let shown = self.voice.shown(&report.outputs);
        let run = receipt::about_run(self.platform, self.started);
        let (digest, lost) = receipt::write(place, report, &shown, known, &self.voice, run);
        report.receipt = Some(digest);
        let Some(lost) = lost else { return };
        if lost.asked && report.ending.exit == Exit::Done {
            report.receipt = None;
            let message = format!("{}{}", lost.message, standing(report));
            let hint = "remove the cause; a second run writes a receipt of what it does itself".to_owned();
            report.ending = ending(Exit::Invalid, "receipt-lost", message, Some(hint));
        } else {
            known.notes.push(Note { level: Level::Warning, message: lost.message, at: None });
        }
    }
}

/// What has changed and stays so, as the end of a sentence.
fn standing(report: &Report) -> String {
    let count = report.changed().count();
    if report.planned || count == 0 {
        return String::new();
    }
    let names: Vec<_> = report.changed().take(MAX_NAMES).map(text::neutral).collect();
    let more = count.saturating_sub(MAX_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let verb = if count == 1 { "is" } else { "are" };
    let what = what_changed(report.changes.len(), report.objects.len());
    format!("; {what} {verb} changed all the same: {}{more}", names.join(", "))
}

fn done(work: &Work, planned: bool, known: &Known) -> Ending {
    let put_back = work.only_put_back;
    let (files, objects) = (work.changes.len() - put_back, known.objects.len());
    let verb = if planned { "would change" } else { "changed" };
    let message = match files + objects {
        0 if known.grant.only_reads() => "done".to_owned(),
        0 => "nothing to change".to_owned(),
        _ => format!("{verb} {}", what_changed(files, objects)),
    };
    let message = match put_back {
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

pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
