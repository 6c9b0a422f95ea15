//! A reporter that keeps what it receives.

use crate::Reporter;
use crate::report::{Block, Level};
use crate::types::{Failure, Location};

/// A note.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Its severity.
    pub level: Level,
    /// Its text.
    pub message: String,
    /// Its place in a file.
    pub location: Option<Location>,
}

/// Keeps everything that a step reports.
#[derive(Clone, Debug, Default)]
pub struct FakeReporter {
    /// The notes, in order.
    pub notes: Vec<Note>,
    /// The progress: done, total and unit, in order.
    pub progress: Vec<(u64, Option<u64>, String)>,
    /// The blocks of the summary.
    pub summary: Vec<Block>,
    /// The texts that the step made secret.
    pub masked: Vec<String>,
    /// The failure with which the step rejected its result; only the first counts, as in a run.
    pub rejection: Option<Failure>,
}

impl FakeReporter {
    /// The texts of all notes, one per line.
    #[must_use]
    pub fn text(&self) -> String {
        self.notes.iter().map(|note| format!("{}\n", note.message)).collect()
    }
}

/// A block as plain Markdown. The host escapes the texts; this does not.
fn markdown(block: &Block) -> String {
    let row = |cells: &[String]| format!("| {} |", cells.join(" | "));
    match block {
        Block::Heading(text) => format!("### {text}"),
        Block::Paragraph(text) => text.clone(),
        Block::Code(code) => format!("```{}\n{}\n```", code.language, code.text),
        Block::Table(table) => {
            let line = row(&vec!["---".to_owned(); table.columns.len()]);
            let rows = table.rows.iter().map(|cells| row(cells));
            [row(&table.columns), line].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
        }
    }
}

impl Reporter for FakeReporter {
    fn note_at(&mut self, level: Level, message: &str, location: Option<&Location>) {
        self.notes.push(Note { level, message: message.to_owned(), location: location.cloned() });
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str) {
        self.progress.push((done, total, unit.to_owned()));
    }

    fn add_summary(&mut self, block: Block) {
        self.summary.push(block);
    }

    fn summary_markdown(&mut self) -> String {
        self.summary.iter().map(|block| format!("{}\n\n", markdown(block))).collect()
    }

    fn mask(&mut self, texts: &[String]) {
        self.masked.extend_from_slice(texts);
    }

    fn reject(&mut self, failure: &Failure) {
        self.rejection.get_or_insert_with(|| failure.clone());
    }
}
