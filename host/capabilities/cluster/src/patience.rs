//! Asks again what a cluster had no time for. It gives up soon enough that a run hears of it.

use kube::Error;
use kube::core::Status;
use std::time::Duration;

/// How often it is asked again, and the first and the longest pause before that: 16 s in all, or 48 s if the cluster
/// asks for more time each time.
const TIMES: u32 = 6;
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(8);
/// What a cluster says of an eviction that a PodDisruptionBudget needs to wait: this takes as long as it takes.
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works>
const BUDGET: &str = "DisruptionBudget";

/// Makes a request, and makes it again while the cluster has no time for it.
pub(super) async fn patiently<T>(request: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    repeated(FIRST, request).await
}

async fn repeated<T>(first: Duration, request: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for time in 0..TIMES {
        match request().await {
            Err(Error::Api(status)) if is_busy(&status) => {
                tokio::time::sleep(pause(first, time, asked_for(&status))).await;
            }
            other => return other,
        }
    }
    request().await
}

/// Whether the cluster may have time in a moment.
fn is_busy(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    matches!(status.code, 429 | 503 | 504) && !causes.into_iter().any(|cause| cause.reason == BUDGET)
}

/// How long the cluster asks to wait.
fn asked_for(status: &Status) -> Duration {
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    Duration::from_secs(seconds.into())
}

fn pause(first: Duration, time: u32, asked_for: Duration) -> Duration {
    (first * 2_u32.pow(time)).max(asked_for).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn status(code: u16, details: &Value) -> Status {
        let status =
            json!({"status": "Failure", "reason": "X", "message": "x", "code": code, "details": details});
        serde_json::from_value(status).unwrap()
    }

    #[test]
    fn what_passes_is_asked_again_and_what_a_budget_needs_is_not() {
        for (code, busy) in [(429, true), (503, true), (504, true), (409, false), (401, false), (500, false)]
        {
            assert_eq!(is_busy(&status(code, &json!({}))), busy, "{code}");
        }
        let details =
            json!({"name": "web", "causes": [{"reason": BUDGET, "message": "needs 1 healthy pods"}]});
        assert!(!is_busy(&status(429, &details)));
    }

    #[test]
    fn pauses_grow_and_have_an_end_whatever_the_cluster_asks_for() {
        let pauses: Duration = (0..TIMES).map(|time| pause(FIRST, time, Duration::ZERO)).sum();
        assert!(pauses > Duration::from_secs(10) && pauses < Duration::from_secs(20), "{pauses:?}");
        assert_eq!(
            pause(FIRST, 0, asked_for(&status(429, &json!({"retryAfterSeconds": 2})))),
            Duration::from_secs(2)
        );
        assert_eq!(pause(FIRST, 0, asked_for(&status(429, &json!({"retryAfterSeconds": 86400})))), LONGEST);
    }

    #[test]
    fn a_request_is_made_until_it_is_answered_or_it_is_enough() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let after = |failures: u32| {
            let made = std::cell::Cell::new(0);
            let answer = runtime.block_on(repeated(Duration::ZERO, async || {
                made.set(made.get() + 1);
                let busy = || Err(Error::Api(Box::new(status(503, &json!({})))));
                if made.get() > failures { Ok(()) } else { busy() }
            }));
            (answer.is_ok(), made.get())
        };
        assert_eq!(after(0), (true, 1));
        assert_eq!(after(TIMES), (true, TIMES + 1));
        assert_eq!(after(TIMES + 1), (false, TIMES + 1));
    }
}
