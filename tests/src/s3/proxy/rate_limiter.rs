//! So many bytes a second. It passes nothing itself; it only says how long to wait.

use super::locked;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A speed that several share.
#[derive(Debug, Default)]
pub(super) struct RateLimiter(Mutex<(Option<u64>, Option<Instant>)>);

impl RateLimiter {
    /// One with this speed.
    pub(super) fn of(bytes_per_second: u64) -> Self {
        Self(Mutex::new((Some(bytes_per_second), None)))
    }

    /// Sets the speed; nothing is no limit.
    pub(super) fn set(&self, bytes_per_second: Option<u64>) {
        *locked(&self.0) = (bytes_per_second, None);
    }

    /// How many bytes to pass at once, so that it is a flow and not a series of bursts.
    pub(super) fn piece(&self) -> usize {
        let speed = locked(&self.0).0.unwrap_or(u64::MAX);
        usize::try_from((speed / 20).max(1)).unwrap_or(usize::MAX)
    }

    /// How long to wait before so many bytes may pass.
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
