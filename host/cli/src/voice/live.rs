//! What a component says while it runs, written at once.

use super::{BAR_EVERY, LINE_EVERY, Voice};
use lockstep_engine::live_log::LiveLog;
use lockstep_model::render::Effect;
use lockstep_model::report::{Block, Level, Note};
use std::sync::PoisonError;
use std::time::Instant;

impl LiveLog for Voice {
    fn note(&mut self, note: &Note) {
        // The log is gone, the run is not: the result still has the note.
        let _ = self.apply(&self.render(|renderer| renderer.note(note)));
    }

    fn mask(&mut self, texts: &[&str]) -> bool {
        let learned = self.redactor().with(texts);
        learned.is_ok_and(|redactor| {
            *self.0.redactor.write().unwrap_or_else(PoisonError::into_inner) = redactor;
            // A secret of the job is never printed, also where the step makes a text secret that holds it: it is starred
            // here, and whoever gave it to the job sees to the rest.
            let own: Vec<String> = texts.iter().map(|text| self.redact(text)).collect();
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            self.apply(&self.render(|renderer| renderer.masks(&own))).is_ok()
        })
    }

    fn markdown(&self, parts: &[Block]) -> String {
        self.render(|renderer| renderer.markdown(parts))
    }

    fn waiting(&mut self, call: &str, seconds: u64) {
        let got_on = self.0.out.lock().unwrap_or_else(PoisonError::into_inner).got_on;
        // Where the work gets on, somebody answers.
        if got_on.elapsed() >= LINE_EVERY {
            let message = format!("still waiting for an answer: {call}, {seconds} s");
            self.note(&Note { level: Level::Info, message, location: None });
        }
    }

    fn duplicate(&self) -> Box<dyn LiveLog> {
        Box::new(self.clone())
    }

    fn progress(&mut self, done: u64, total: Option<u64>, unit: &str) {
        let every = if self.0.bar { BAR_EVERY } else { LINE_EVERY };
        {
            let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
            if out.done != done {
                (out.done, out.got_on) = (done, Instant::now());
            }
            if out.shown.elapsed() < every {
                return;
            }
            out.shown = Instant::now();
        }
        if let Effect::Line(line) = self.render(|renderer| renderer.progress(done, total, unit)) {
            let _ = if self.0.bar { self.say(&line, true) } else { self.say(&format!("{line}\n"), false) };
        }
    }
}
