//! A limit of bytes per second. It computes waiting times and passes no bytes itself.

use super::locked;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A rate limit for several connections.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(Mutex<(Option<u64>, Option<Instant>)>);

impl RateLimiter {
    /// A limiter with this rate.
    pub(super) fn of(bytes_per_second: u64) -> Self {
        Self(Mutex::new((Some(bytes_per_second), None)))
    }

    /// Sets the rate; `None` is no limit.
    pub(super) fn set(&self, bytes_per_second: Option<u64>) {
        *locked(&self.0) = (bytes_per_second, None);
    }

    /// The number of bytes to pass at once, small enough for a steady flow.
    pub(super) fn piece(&self) -> usize {
        let speed = locked(&self.0).0.unwrap_or(u64::MAX);
        usize::try_from((speed / 20).max(1)).unwrap_or(usize::MAX)
    }

    /// The waiting time before this number of bytes.
    pub(super) fn take(&self, bytes: usize) -> Duration {
        let mut state = locked(&self.0);
        let Some(speed) = state.0 else { return Duration::ZERO };
        let now = Instant::now();
        let from = state.1.map_or(now, |next| next.max(now));
        let next = from + Duration::from_secs(1).mul_f64(bytes as f64 / speed.max(1) as f64);
        state.1 = Some(next);
        next - now
    }
}
