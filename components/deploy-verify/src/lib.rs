//! The step `deploy-verify`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod evidence;
pub mod host;
pub mod manifests;
pub mod metric;
pub mod problem;
pub mod resources;
pub mod settings;
pub mod smoke;
pub mod undo;
pub mod verify;
pub mod web;
mod world;

use bindings::{
    Block, Code, Failure, Guest, Inputs, Level, Outputs, given, note_all, outputs, reject, summary, table,
    to_failure,
};
use world::{Time, Voice, World};

/// How many rows a table of the summary has at most: those that are not ready come first.
const ROWS: usize = 100;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let mut done = verify::verify(&mut World, &mut Time::start(), &mut Voice, &given(inputs))
            .map_err(|problems| note_all(&problems))?;
        let rows = std::mem::take(&mut done.rows);
        let (mut first, ready): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row[2] != "ready");
        first.extend(ready);
        first.truncate(ROWS);
        summary(&Block::Table(table(&["Namespace", "Resource", "State", "Reason", "What"], first)));
        for cause in &done.causes {
            bindings::note(Level::Error, cause, None);
            summary(&Block::Paragraph(cause.clone()));
        }
        for log in &done.logs {
            let which = if log.of.previous { " before its restart" } else { "" };
            let heading = format!("Last lines of {} in {}{which}:", log.of.container, log.of.pod);
            let text = evidence::tail(&log.text);
            bindings::note(Level::Info, &format!("{heading}\n{text}"), None);
            summary(&Block::Paragraph(heading));
            summary(&Block::Code(Code { language: String::new(), text }));
        }
        for (heading, rows) in [("Smoke check", &mut done.smoke), ("Metric", &mut done.metrics)] {
            if !rows.is_empty() {
                summary(&Block::Table(table(&[heading, "Verdict", "What"], std::mem::take(rows))));
            }
        }
        if let Some(problem) = done.rejection.take() {
            reject(&to_failure(problem));
        }
        Ok(outputs(done))
    }
}
