//! Heeds `Retry-After`: all requests of a run wait for as long as a server asks one of them to.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The longest pause. If a server asks for more, its request fails at once.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The time between two requests after a pause, so that not all come at once, and the number of different times.
const INTERVAL: Duration = Duration::from_millis(20);
const INTERVALS: u32 = 50;

/// The pause of all requests.
#[derive(Debug, Default)]
pub(super) struct Pause(Mutex<PauseState>);

#[derive(Debug, Default)]
struct PauseState {
    until: Option<Instant>,
    waiting: u32,
}

impl Pause {
    /// Makes all requests wait for this long from now on, or longer if they wait already.
    pub(super) fn extend(&self, pause: Duration) {
        let end = Instant::now() + pause.min(MAX_PAUSE);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.until.is_none_or(|until| until < end) {
            *state = PauseState { until: Some(end), waiting: 0 };
        }
    }

    /// Waits for the end of the pause.
    pub(super) async fn end(&self) {
        while let Some(left) = self.left() {
            tokio::time::sleep(left).await;
        }
    }

    fn left(&self) -> Option<Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = state.until?.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        state.waiting += 1;
        Some(left + INTERVAL * ((state.waiting - 1) % INTERVALS))
    }
}

/// How long a response asks to wait: in seconds, or until a date.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::from_str(value, Format::HttpDate).ok()?;
    SystemTime::try_from(date).ok()?.duration_since(SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn retry_after_has_seconds_or_a_date() {
        let asks = |value: &str| {
            let mut response = HttpResponse::new(503.try_into().unwrap(), SdkBody::empty());
            response.headers_mut().insert("retry-after", value.to_owned());
            retry_after(&response)
        };
        assert_eq!(asks(" 3 "), Some(Duration::from_secs(3)));
        assert_eq!((asks("-1"), asks("soon"), asks("Sun, 06 Nov 1994 08:49:37 GMT")), (None, None, None));
        assert!(asks("Fri, 01 Jan 2100 00:00:00 GMT").unwrap() > MAX_PAUSE);
    }

    #[test]
    fn requests_wait_until_the_longest_pause_has_ended_and_do_not_all_start_at_once() {
        let pause = Pause::default();
        assert_eq!(pause.left(), None);
        pause.extend(Duration::from_secs(9));
        pause.extend(Duration::from_secs(2));
        let (first, second) = (pause.left().unwrap(), pause.left().unwrap());
        assert!(first > Duration::from_secs(8) && second > first, "{first:?} {second:?}");
        pause.extend(Duration::from_secs(1_000_000));
        assert!(pause.left().unwrap() <= MAX_PAUSE);
    }
}
