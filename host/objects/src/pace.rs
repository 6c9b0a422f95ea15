//! How many requests are under way at once: more while a server takes them well, half as many when it asks for less.
//! It never waits itself.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// At the beginning.
const FIRST: f64 = 16.0;
/// At most: beyond it the job's own machine is the bound.
const MOST: f64 = 64.0;
/// Answers of requests that were sent before the last halving say nothing new.
const SETTLE: Duration = Duration::from_millis(500);

/// The pace of one run: additive increase, multiplicative decrease, as TCP has it.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    width: f64,
    slowed: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { width: FIRST, slowed: None }))
    }
}

impl Pace {
    /// How many requests may be under way now.
    pub(super) fn width(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).width as usize
    }

    /// A request ended well.
    pub(super) fn faster(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.width = (state.width + 1.0 / state.width).min(MOST);
    }

    /// The server asks for fewer.
    pub(super) fn slower(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.slowed.is_none_or(|slowed| slowed.elapsed() > SETTLE) {
            state.width = (state.width / 2.0).max(1.0);
            state.slowed = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_halves_once_for_what_was_under_way_and_grows_again() {
        let pace = Pace::default();
        assert_eq!(pace.width(), 16);
        for _ in 0..16 {
            pace.slower();
        }
        assert_eq!(pace.width(), 8);
        for _ in 0..9 {
            pace.faster();
        }
        assert_eq!(pace.width(), 9);
        for _ in 0..100_000 {
            pace.faster();
        }
        assert_eq!(pace.width(), MOST as usize);
    }
}
