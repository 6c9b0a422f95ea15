//! Limits the number of requests at once: raises the limit while that moves more bytes a second, and halves it when a
//! server throttles. It does not wait itself.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first limit.
const INITIAL: f64 = 8.0;
/// The highest limit: beyond it, the machine of the job is the bottleneck.
const MAX: f64 = 64.0;
/// The factor by which a trial raises the limit, and the gain in bytes a second that the limiter asks for to keep it.
const STEP: f64 = 1.25;
const MIN_GAIN: f64 = 1.05;
/// The windows between a trial without gain and the next one.
const COOLDOWN: u32 = 4;
/// The fewest requests of a window: the rate of fewer requests varies too much.
const WINDOW_REQUESTS: f64 = 16.0;
/// The cost of a request in addition to its content, as bytes that would take as long.
const REQUEST_BYTES: u64 = 64 * 1024;
/// The shortest time between two halvings: responses in between belong to requests of the old limit.
const HALVING_INTERVAL: Duration = Duration::from_millis(500);

/// The limiter of one run. It tries a higher limit and keeps it if that moves more; it halves the limit when the server
/// throttles, as TCP does.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter(Mutex<LimiterState>);

#[derive(Debug)]
struct LimiterState {
    limit: f64,
    halved: Option<Instant>,
    /// The start of the window, with its requests and bytes.
    started: Option<Instant>,
    requests: f64,
    bytes: u64,
    /// The bytes a second at the limit that is in use.
    rate: f64,
    /// The limit before the trial, if one is running.
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
    /// The number of requests that may run now.
    pub(super) fn limit(&self) -> usize {
        self.state().limit as usize
    }

    /// Records a finished request with this many bytes of content.
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

    /// Halves the limit because the server throttles.
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
    /// Ends a window with this rate, in bytes a second.
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

    /// Finishes requests; `a_second` gives the number of requests a second at a limit.
    fn run(limiter: &ConcurrencyLimiter, requests: u32, a_second: impl Fn(f64) -> f64) {
        let mut now = Instant::now();
        for _ in 0..requests {
            now += Duration::from_secs_f64(1.0 / a_second(limiter.limit() as f64));
            limiter.record(1_000_000, now);
        }
    }

    #[test]
    fn the_limit_halves_once_for_running_requests_and_grows_again() {
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
    fn the_limit_does_not_exceed_the_best_rate() {
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
