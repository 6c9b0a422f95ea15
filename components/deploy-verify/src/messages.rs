//! The summary of a run.

use lockstep_sdk::report::{Block, Code, Level};
use lockstep_sdk::{Reporter, table};

use crate::evidence::{self, ContainerLog};

/// How many rows the table of resources has at most.
const MAX_ROWS: usize = 100;

/// What the summary says in addition to the outputs.
#[derive(Debug, Default)]
pub struct Summary {
    /// The rows about resources: namespace, resource, state, reason, message.
    pub resources: Vec<Vec<String>>,
    /// Why the run does not pass, a line per cause.
    pub causes: Vec<String>,
    /// The logs that explain it.
    pub logs: Vec<ContainerLog>,
    /// The rows about smoke checks.
    pub smoke: Vec<Vec<String>>,
    /// The rows about metrics.
    pub metrics: Vec<Vec<String>>,
}

impl Summary {
    /// Writes the summary, and notes the causes and logs.
    pub fn write(self, reporter: &mut impl Reporter) {
        let (mut rows, ready): (Vec<_>, Vec<_>) =
            self.resources.into_iter().partition(|row| row[2] != "ready");
        rows.extend(ready);
        rows.truncate(MAX_ROWS);
        let columns = ["Namespace", "Resource", "State", "Reason", "Message"];
        reporter.add_summary(Block::Table(table(&columns, rows)));
        for cause in self.causes {
            reporter.note(Level::Error, &cause);
            reporter.add_summary(Block::Paragraph(cause));
        }
        for log in &self.logs {
            let instance = if log.source.previous { " before its restart" } else { "" };
            let heading = format!("Last lines of {} in {}{instance}:", log.source.container, log.source.pod);
            let text = evidence::tail(&log.text);
            reporter.note(Level::Info, &format!("{heading}\n{text}"));
            reporter.add_summary(Block::Paragraph(heading));
            reporter.add_summary(Block::Code(Code { language: String::new(), text }));
        }
        for (heading, rows) in [("Smoke check", self.smoke), ("Metric", self.metrics)] {
            if !rows.is_empty() {
                reporter.add_summary(Block::Table(table(&[heading, "Verdict", "Details"], rows)));
            }
        }
    }
}
