//! Says which call of a run waits for an answer, and for how long already: a server that accepts and never answers is not
//! met with silence. It ends nothing.

use crate::live_log::LiveLog;
use lockstep_model::gate::Gate;
use std::time::{Duration, Instant};

/// When it is first said, and how much later again.
const FIRST: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(30);

/// The call that is under way, as it was last looked at.
pub(crate) struct Waiting {
    live: Box<dyn LiveLog>,
    number: u64,
    since: Instant,
    next: Duration,
}

impl Waiting {
    pub(crate) fn told_by(live: Box<dyn LiveLog>) -> Self {
        Self { live, number: 0, since: Instant::now(), next: FIRST }
    }

    /// Looks at the call that is under way now.
    pub(crate) fn look(&mut self, gate: &Gate) {
        let Some((number, call)) = gate.pending_call() else { return };
        if number != self.number {
            (self.number, self.since, self.next) = (number, Instant::now(), FIRST);
        }
        let waited = self.since.elapsed();
        if waited >= self.next {
            self.live.waiting(&call, waited.as_secs());
            self.next = waited + AGAIN;
        }
    }
}
