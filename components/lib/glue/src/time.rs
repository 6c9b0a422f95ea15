//! Time of a run, as those hand it in who have a clock. It never reads one.

/// Time that never goes back.
pub trait Clock {
    /// Milliseconds since some moment.
    fn now(&self) -> u64;
    /// Waits.
    fn sleep(&mut self, milliseconds: u64);
}

/// The moment at which the time of the run is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: u64,
}

impl Deadline {
    /// So many milliseconds after `now`.
    #[must_use]
    pub fn after(now: u64, milliseconds: u64) -> Self {
        Self { at: now.saturating_add(milliseconds) }
    }

    /// The moment itself.
    #[must_use]
    pub fn at(self) -> u64 {
        self.at
    }

    /// How many milliseconds are left.
    #[must_use]
    pub fn left(self, now: u64) -> u64 {
        self.at.saturating_sub(now)
    }

    /// Waits until this moment. Says when it is then; nothing if the time of the run is up first.
    pub fn wait(self, clock: &mut impl Clock, until: u64) -> Option<u64> {
        let now = clock.now();
        let pause = until.min(self.at).saturating_sub(now);
        if pause > 0 {
            clock.sleep(pause);
        }
        Some(clock.now()).filter(|now| self.left(*now) > 0)
    }
}
