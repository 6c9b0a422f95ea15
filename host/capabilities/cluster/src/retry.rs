//! Retries requests to a busy cluster, for 48 seconds at most.

use kube::Error;
use kube::core::Status;
use std::time::Duration;

/// The number of retries, and the first and the longest pause before one: 16 s in all, or 48 s if the cluster asks for longer
/// pauses.
const RETRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(8);
/// The cause of a refused eviction if a PodDisruptionBudget needs the pod. Retries of a few seconds do not help there.
/// <https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/#how-api-initiated-eviction-works>
const DISRUPTION_BUDGET: &str = "DisruptionBudget";

/// Sends a request, and retries it while the cluster is busy.
pub(super) async fn with_retries<T>(request: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    retry_from(FIRST_PAUSE, request).await
}

/// The same with this first pause.
async fn retry_from<T>(first: Duration, request: impl AsyncFn() -> Result<T, Error>) -> Result<T, Error> {
    for attempt in 0..RETRIES {
        match request().await {
            Err(Error::Api(status)) if is_busy(&status) => {
                tokio::time::sleep(pause(first, attempt, retry_after(&status))).await;
            }
            other => return other,
        }
    }
    request().await
}

/// Whether a retry may succeed in a moment.
fn is_busy(status: &Status) -> bool {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    matches!(status.code, 429 | 503 | 504)
        && !causes.into_iter().any(|cause| cause.reason == DISRUPTION_BUDGET)
}

/// The pause that the cluster asks for.
fn retry_after(status: &Status) -> Duration {
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    Duration::from_secs(seconds.into())
}

/// The pause before a retry.
fn pause(first: Duration, attempt: u32, retry_after: Duration) -> Duration {
    (first * 2_u32.pow(attempt)).max(retry_after).min(MAX_PAUSE)
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
    fn a_busy_cluster_gets_a_retry_and_a_disruption_budget_does_not() {
        for (code, busy) in [(429, true), (503, true), (504, true), (409, false), (401, false), (500, false)]
        {
            assert_eq!(is_busy(&status(code, &json!({}))), busy, "{code}");
        }
        let details = json!({"name": "web", "causes": [{"reason": DISRUPTION_BUDGET, "message": "needs 1 healthy pods"}]});
        assert!(!is_busy(&status(429, &details)));
    }

    #[test]
    fn pauses_grow_up_to_a_limit_even_if_the_cluster_asks_for_more() {
        let pauses: Duration = (0..RETRIES).map(|time| pause(FIRST_PAUSE, time, Duration::ZERO)).sum();
        assert!(pauses > Duration::from_secs(10) && pauses < Duration::from_secs(20), "{pauses:?}");
        assert_eq!(
            pause(FIRST_PAUSE, 0, retry_after(&status(429, &json!({"retryAfterSeconds": 2})))),
            Duration::from_secs(2)
        );
        assert_eq!(
            pause(FIRST_PAUSE, 0, retry_after(&status(429, &json!({"retryAfterSeconds": 86400})))),
            MAX_PAUSE
        );
    }

    #[test]
    fn retries_end_with_an_answer_or_at_their_limit() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let after = |failures: u32| {
            let made = std::cell::Cell::new(0);
            let answer = runtime.block_on(retry_from(Duration::ZERO, async || {
                made.set(made.get() + 1);
                let busy = || Err(Error::Api(Box::new(status(503, &json!({})))));
                if made.get() > failures { Ok(()) } else { busy() }
            }));
            (answer.is_ok(), made.get())
        };
        assert_eq!(after(0), (true, 1));
        assert_eq!(after(RETRIES), (true, RETRIES + 1));
        assert_eq!(after(RETRIES + 1), (false, RETRIES + 1));
    }
}
