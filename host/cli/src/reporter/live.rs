//! Writes what a component reports while it runs, at once.

use super::{BAR_EVERY, LINE_EVERY, Reporter};
use lockstep_engine::live_log::LiveLog;
use lockstep_model::report::{Block, Level, Note};
use std::sync::PoisonError;
use std::time::Instant;

impl LiveLog for Reporter {
    fn note(&mut self, note: &Note) {
        // If nobody reads the log, the result still has the note.
        let _ = self.apply(&self.render(|renderer| renderer.note(note)));
    }

    fn mask(&mut self, texts: &[&str]) -> bool {
        let learned = self.redactor().with(texts);
        learned.is_ok_and(|redactor| {
            *self.0.redactor.write().unwrap_or_else(PoisonError::into_inner) = redactor;
            // A mask of the step can contain a secret of the job, which the host never prints: it redacts the secret
            // from the mask. The CI system hides its own secrets.
            let own: Vec<String> = texts.iter().map(|text| self.redact(text)).collect();
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            self.apply(&self.render(|renderer| renderer.masks(&own))).is_ok()
        })
    }

    fn markdown(&self, parts: &[Block]) -> String {
        self.render(|renderer| renderer.markdown(parts))
    }

    fn waiting(&mut self, call: &str, seconds: u64) {
        let last_progress = self.0.log.lock().unwrap_or_else(PoisonError::into_inner).last_progress;
        // Progress of the work shows that the server answers.
        if last_progress.elapsed() >= LINE_EVERY {
            let message = format!("still waiting for an answer: {call}, {seconds} s");
            self.note(&Note { level: Level::Info, message, location: None });
        }
    }

    fn duplicate(&self) -> Box<dyn LiveLog> {
        Box::new(self.clone())
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str) {
        let bar = self.0.options.reader.bar;
        let every = if bar { BAR_EVERY } else { LINE_EVERY };
        {
            let mut log = self.0.log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.done != done {
                (log.done, log.last_progress) = (done, Instant::now());
            }
            if log.last_shown.elapsed() < every {
                return;
            }
            log.last_shown = Instant::now();
        }
        if let Some(line) = self.render(|renderer| renderer.progress(done, total, unit)) {
            let _ =
                if bar { self.write_log(&line, true) } else { self.write_log(&format!("{line}\n"), false) };
        }
    }
}
