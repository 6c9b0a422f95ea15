//! A clock that a test sets.

use std::cell::Cell;

use crate::Clock;

/// A clock that stands still, except when somebody sleeps.
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    now: Cell<u64>,
}

impl FakeClock {
    /// A clock that shows this time in milliseconds.
    #[must_use]
    pub fn at(milliseconds: u64) -> Self {
        Self { now: Cell::new(milliseconds) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, milliseconds: u64) {
        self.now.set(self.now.get().saturating_add(milliseconds));
    }
}

impl Clock for FakeClock {
    fn now(&self) -> u64 {
        self.now.get()
    }

    fn sleep(&mut self, milliseconds: u64) {
        self.advance(milliseconds);
    }
}
