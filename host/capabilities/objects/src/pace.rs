//! How many requests are under way at once: more while that moves more, half as many when a server asks for less. It
//! never waits itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At the beginning.
const FIRST: f64 = 8.0;
/// At most: beyond it the job's own machine is the bound.
const MOST: f64 = 64.0;
/// How much wider a trial is, and how much more it must move to be kept.
const WIDER: f64 = 1.25;
const WORTH: f64 = 1.05;
/// How many windows pass after a trial that moved no more.
const PATIENCE: u32 = 4;
/// The fewest requests of a window: of fewer the rate says little.
const WINDOW: f64 = 16.0;
/// What a request costs besides its content, in bytes that would take as long.
const REQUEST: u64 = 64 * 1024;
/// Answers of requests that were sent before the last halving say nothing new.
const SETTLE: Duration = Duration::from_millis(500);

/// The pace of one run: it tries to be wider and keeps what moves more; it halves where it is asked to, as TCP does.
#[derive(Debug)]
pub(super) struct Pace(Mutex<State>);

#[derive(Debug)]
struct State {
    width: f64,
    slowed: Option<Instant>,
    /// When the window began, and what was done in it.
    began: Option<Instant>,
    requests: f64,
    bytes: u64,
    /// What a second moved at the width that is kept.
    rate: f64,
    /// The width before the one that is tried.
    before: Option<f64>,
    patience: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State {
            width: FIRST,
            slowed: None,
            began: None,
            requests: 0.0,
            bytes: 0,
            rate: 0.0,
            before: None,
            patience: 0,
        }))
    }
}

impl Pace {
    /// How many requests may be under way now.
    pub(super) fn width(&self) -> usize {
        self.state().width as usize
    }

    /// A request with so many bytes of content ended, now.
    pub(super) fn ended(&self, bytes: u64, now: Instant) {
        let mut state = self.state();
        let began = *state.began.get_or_insert(now);
        state.requests += 1.0;
        state.bytes += bytes + REQUEST;
        if state.requests < state.width.max(WINDOW) {
            return;
        }
        let seconds = now.saturating_duration_since(began).as_secs_f64().max(1e-6);
        let rate = state.bytes as f64 / seconds;
        (state.began, state.requests, state.bytes) = (Some(now), 0.0, 0);
        state.turn(rate);
    }

    /// The server asks for fewer.
    pub(super) fn slower(&self) {
        let mut state = self.state();
        if state.slowed.is_none_or(|slowed| slowed.elapsed() > SETTLE) {
            state.width = (state.width / 2.0).max(1.0);
            state.slowed = Some(Instant::now());
            (state.began, state.requests, state.bytes) = (None, 0.0, 0);
            (state.before, state.patience) = (None, PATIENCE);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Ends a window in which so much was moved in a second.
    fn turn(&mut self, rate: f64) {
        match self.before.take() {
            Some(before) if rate < self.rate * WORTH => (self.width, self.patience) = (before, PATIENCE),
            Some(_) => self.wider(rate),
            None if self.patience == 0 => self.wider(rate),
            None => (self.rate, self.patience) = (rate, self.patience - 1),
        }
    }

    fn wider(&mut self, rate: f64) {
        self.rate = rate;
        self.before = Some(self.width);
        self.width = (self.width * WIDER).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends so many requests, of which a second takes as many as the width and this say.
    fn run(pace: &Pace, requests: u32, a_second: impl Fn(f64) -> f64) {
        let mut now = Instant::now();
        for _ in 0..requests {
            now += Duration::from_secs_f64(1.0 / a_second(pace.width() as f64));
            pace.ended(1_000_000, now);
        }
    }

    #[test]
    fn it_halves_once_for_what_was_under_way_and_grows_again() {
        let pace = Pace::default();
        run(&pace, 1_000, |width| width * 10.0);
        let most = pace.width();
        assert!(most as f64 > MOST / WIDER && most as f64 <= MOST, "{most}");
        for _ in 0..16 {
            pace.slower();
        }
        assert_eq!(pace.width(), most / 2);
        run(&pace, 1_000, |width| width * 10.0);
        assert!(pace.width() as f64 > MOST / WIDER, "{}", pace.width());
    }

    #[test]
    fn it_is_no_wider_than_what_moves_more() {
        for bound in [1.0, 8.0, 30.0] {
            let pace = Pace::default();
            run(&pace, 20_000, |width| width.min(bound) * 10.0);
            let most = (bound * WIDER * WIDER).max(FIRST * WIDER);
            assert!(pace.width() as f64 <= most, "{bound}: {}", pace.width());
            assert!(pace.width() as f64 >= bound.max(FIRST).floor() / WIDER, "{bound}: {}", pace.width());
        }
    }
}
