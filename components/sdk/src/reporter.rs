//! Notes and progress, as a trait that tests can replace.

use crate::report::{self, Level, Table};
use crate::types::{Failure, Location};

/// Receives the notes, the progress and the summary of a run.
pub trait Reporter {
    /// Writes a note with its place in a file.
    fn note_at(&mut self, level: Level, message: &str, location: Option<&Location>);
    /// Reports how much of the work is done.
    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str);
    /// Appends a block to the summary.
    fn add_summary(&mut self, block: report::Block);
    /// Returns the summary so far as Markdown.
    fn summary_markdown(&mut self) -> String;
    /// Makes texts secret.
    fn mask(&mut self, texts: &[String]);
    /// Ends the run with this failure, but keeps outputs and staged files.
    fn reject(&mut self, failure: &Failure);

    /// Writes a note.
    fn note(&mut self, level: Level, message: &str) {
        self.note_at(level, message, None);
    }
}

/// The report of the host.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostReporter;

impl Reporter for HostReporter {
    fn note_at(&mut self, level: Level, message: &str, location: Option<&Location>) {
        report::note(level, message, location);
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str) {
        report::progress(done, total, unit);
    }

    fn add_summary(&mut self, block: report::Block) {
        report::add_summary(&block);
    }

    fn summary_markdown(&mut self) -> String {
        report::summary_markdown()
    }

    fn mask(&mut self, texts: &[String]) {
        report::mask(texts);
    }

    fn reject(&mut self, failure: &Failure) {
        report::reject(failure);
    }
}

/// A table for the summary.
///
/// ```
/// let table = lockstep_sdk::table(&["Name", "State"], vec![vec!["web".into(), "ready".into()]]);
/// assert_eq!(table.columns, ["Name", "State"]);
/// ```
#[must_use]
pub fn table(columns: &[&str], rows: Vec<Vec<String>>) -> Table {
    Table { columns: columns.iter().map(|column| (*column).to_owned()).collect(), rows }
}
