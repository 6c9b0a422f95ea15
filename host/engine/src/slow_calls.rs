//! Writes to the log which call of a run waits for an answer, and for how long, so that a reader sees why a run is slow. It
//! ends no call.

use crate::live_log::LiveLog;
use lockstep_model::gate::Gate;
use std::time::{Duration, Instant};

/// The time until the first note about a call, and between later notes.
const FIRST_NOTE_AFTER: Duration = Duration::from_secs(20);
const NOTE_INTERVAL: Duration = Duration::from_secs(30);

/// The current call at the last tick of the watch.
pub(crate) struct SlowCalls {
    live: Box<dyn LiveLog>,
    number: u64,
    since: Instant,
    next_note: Duration,
}

impl SlowCalls {
    /// Writes its notes to this log.
    pub(crate) fn new(live: Box<dyn LiveLog>) -> Self {
        Self { live, number: 0, since: Instant::now(), next_note: FIRST_NOTE_AFTER }
    }

    /// Writes a note if the current call waits for long.
    pub(crate) fn report(&mut self, gate: &Gate) {
        let Some((number, call)) = gate.pending_call() else { return };
        if number != self.number {
            (self.number, self.since, self.next_note) = (number, Instant::now(), FIRST_NOTE_AFTER);
        }
        let waited = self.since.elapsed();
        if waited >= self.next_note {
            self.live.waiting(&call, waited.as_secs());
            self.next_note = waited + NOTE_INTERVAL;
        }
    }
}
