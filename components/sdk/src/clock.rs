//! The clock of a run as a trait, and the time by which a run must end.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that never goes back.
pub trait Clock {
    /// Milliseconds since 1970-01-01T00:00:00Z, as the clock showed at the start of the run, plus the time since then.
    fn now(&self) -> u64;
    /// Waits.
    fn sleep(&mut self, milliseconds: u64);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug)]
pub struct HostClock {
    started: Instant,
    started_at: u64,
}

impl HostClock {
    /// A clock for a run that starts now.
    #[must_use]
    pub fn start() -> Self {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
        Self { started: Instant::now(), started_at: u64::try_from(at).unwrap_or(u64::MAX) }
    }
}

impl Clock for HostClock {
    fn now(&self) -> u64 {
        let since = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.started_at.saturating_add(since)
    }

    fn sleep(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

/// The time at which a run must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at: u64,
}

impl Deadline {
    /// The time so many milliseconds after `now`.
    #[must_use]
    pub fn after(now: u64, milliseconds: u64) -> Self {
        Self { at: now.saturating_add(milliseconds) }
    }

    /// The time itself, in milliseconds of the clock.
    #[must_use]
    pub fn at(self) -> u64 {
        self.at
    }

    /// The milliseconds that are left.
    #[must_use]
    pub fn left(self, now: u64) -> u64 {
        self.at.saturating_sub(now)
    }

    /// Waits until `until`, and returns the time then; none if the deadline comes first.
    pub fn wait(self, clock: &mut impl Clock, until: u64) -> Option<u64> {
        let now = clock.now();
        let pause = until.min(self.at).saturating_sub(now);
        if pause > 0 {
            clock.sleep(pause);
        }
        Some(clock.now()).filter(|now| self.left(*now) > 0)
    }
}
