//! How many requests are under way at once: more while that moves more, half as many when a server asks for less. It
//! never waits itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// At the beginning.
const INITIAL: f64 = 8.0;
/// At most: beyond it the job's own machine is the bound.
const MAX: f64 = 64.0;
/// How much wider a trial is, and how much more it must move to be kept.
const STEP: f64 = 1.25;
const MIN_GAIN: f64 = 1.05;
/// How many windows pass after a trial that moved no more.
const COOLDOWN: u32 = 4;
/// The fewest requests of a window: of fewer the rate says little.
const WINDOW_REQUESTS: f64 = 16.0;
/// What a request costs besides its content, in bytes that would take as long.
const REQUEST_BYTES: u64 = 64 * 1024;
/// Answers of requests that were sent before the last halving say nothing new.
const HALVING_INTERVAL: Duration = Duration::from_millis(500);

/// The pace of one run: it tries to be wider and keeps what moves more; it halves where it is asked to, as TCP does.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter(Mutex<LimiterState>);

#[derive(Debug)]
struct LimiterState {
    limit: f64,
    halved: Option<Instant>,
    /// When the window began, and what was done in it.
    started: Option<Instant>,
    requests: f64,
    bytes: u64,
    /// What a second moved at the width that is kept.
    rate: f64,
    /// The width before the one that is tried.
    previous: Option<f64>,
    cooldown: u32,
}

impl Default for ConcurrencyLimiter {
    fn default() -> Self {
        Self(Mutex::new(LimiterState {
            limit: INITIAL,
            halved: None,
            started: None,
            requests: 0.0,
            bytes: 0,
            rate: 0.0,
            previous: None,
            cooldown: 0,
        }))
    }
}

impl ConcurrencyLimiter {
    /// How many requests may be under way now.
    pub(super) fn limit(&self) -> usize {
        self.state().limit as usize
    }

    /// A request with so many bytes of content ended, now.
    pub(super) fn record(&self, bytes: u64, now: Instant) {
        let mut state = self.state();
        let started = *state.started.get_or_insert(now);
        state.requests += 1.0;
        state.bytes += bytes + REQUEST_BYTES;
        if state.requests < state.limit.max(WINDOW_REQUESTS) {
            return;
        }
        let seconds = now.saturating_duration_since(started).as_secs_f64().max(1e-6);
        let rate = state.bytes as f64 / seconds;
        (state.started, state.requests, state.bytes) = (Some(now), 0.0, 0);
        state.end_window(rate);
    }

    /// The server asks for fewer.
    pub(super) fn halve(&self) {
        let mut state = self.state();
        if state.halved.is_none_or(|halved| halved.elapsed() > HALVING_INTERVAL) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.halved = Some(Instant::now());
            (state.started, state.requests, state.bytes) = (None, 0.0, 0);
            (state.previous, state.cooldown) = (None, COOLDOWN);
        }
    }

    fn state(&self) -> MutexGuard<'_, LimiterState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LimiterState {
    /// Ends a window in which so much was moved in a second.
    fn end_window(&mut self, rate: f64) {
        match self.previous.take() {
            Some(previous) if rate < self.rate * MIN_GAIN => {
                (self.limit, self.cooldown) = (previous, COOLDOWN)
            }
            Some(_) => self.increase(rate),
            None if self.cooldown == 0 => self.increase(rate),
            None => (self.rate, self.cooldown) = (rate, self.cooldown - 1),
        }
    }

    fn increase(&mut self, rate: f64) {
        self.rate = rate;
        self.previous = Some(self.limit);
        self.limit = (self.limit * STEP).min(MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends so many requests, of which a second takes as many as the width and this say.
    fn run(limiter: &ConcurrencyLimiter, requests: u32, a_second: impl Fn(f64) -> f64) {
        let mut now = Instant::now();
        for _ in 0..requests {
            now += Duration::from_secs_f64(1.0 / a_second(limiter.limit() as f64));
            limiter.record(1_000_000, now);
        }
    }

    #[test]
    fn it_halves_once_for_what_was_under_way_and_grows_again() {
        let limiter = ConcurrencyLimiter::default();
        run(&limiter, 1_000, |limit| limit * 10.0);
        let max = limiter.limit();
        assert!(max as f64 > MAX / STEP && max as f64 <= MAX, "{max}");
        for _ in 0..16 {
            limiter.halve();
        }
        assert_eq!(limiter.limit(), max / 2);
        run(&limiter, 1_000, |limit| limit * 10.0);
        assert!(limiter.limit() as f64 > MAX / STEP, "{}", limiter.limit());
    }

    #[test]
    fn it_is_no_wider_than_what_moves_more() {
        for best in [1.0, 8.0, 30.0] {
            let limiter = ConcurrencyLimiter::default();
            run(&limiter, 20_000, |limit| limit.min(best) * 10.0);
            let max = (best * STEP * STEP).max(INITIAL * STEP);
            assert!(limiter.limit() as f64 <= max, "{best}: {}", limiter.limit());
            assert!(
                limiter.limit() as f64 >= best.max(INITIAL).floor() / STEP,
                "{best}: {}",
                limiter.limit()
            );
        }
    }
}
