//! Notes about the store and the way to it: each goes to the log at once, and to the report after the call.

use lockstep_model::report::{Level, Note};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Writes a note to the log. The host calls it while requests run, on any thread.
pub type NoteWriter = Box<dyn FnMut(&Note) + Send>;

/// The notes of a run.
#[derive(Default)]
pub(super) struct Notes {
    pending: Mutex<Vec<Note>>,
    writer: Mutex<Option<NoteWriter>>,
}

impl Notes {
    pub(super) fn add(&self, level: Level, message: String) {
        let note = Note { level, message, location: None };
        if let Some(write) = &mut *self.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            write(&note);
        }
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    pub(super) fn write_with(&self, writer: NoteWriter) {
        *self.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
    }

    /// The notes since the last call of this function.
    pub(super) fn take(&self) -> Vec<Note> {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notes")
    }
}
