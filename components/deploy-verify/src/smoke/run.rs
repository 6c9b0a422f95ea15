//! Runs all checks at the same time until each has a verdict, or the deadline is over.

use lockstep_sdk::types::Error;
use lockstep_sdk::{Clock, Deadline, Http};

use super::progress::{Attempt, CheckState, Outcome};
use super::smoke_check::SmokeCheck;
use crate::web::MAX_REQUESTS;

/// Runs all checks at the same time. The results are in the order of the checks. The step calls `on_change` when the state of
/// a check changes, with true when the check has ended.
///
/// # Errors
/// The host makes no requests.
pub fn run(
    http: &mut impl Http,
    clock: &mut impl Clock,
    checks: &[SmokeCheck],
    deadline: Deadline,
    on_change: &mut dyn FnMut(&Outcome, bool),
) -> Result<Vec<Outcome>, Error> {
    let began = clock.now();
    let mut states: Vec<_> = checks.iter().map(|check| CheckState::new(check, began)).collect();
    while let Some(due) = states.iter().filter(|state| state.is_open()).map(|state| state.due).min() {
        let Some(now) = deadline.wait(clock, due) else { break };
        let open = states.iter_mut().filter(|state| state.is_open() && state.due <= now);
        let mut due: Vec<_> = open.collect();
        if due.is_empty() {
            continue;
        }
        // The longest wait comes first, so that no check waits forever.
        due.sort_by_key(|state| state.due);
        due.truncate(MAX_REQUESTS);
        attempt(http, clock, &mut due, deadline, on_change)?;
    }
    let now = clock.now();
    for state in states.iter().filter(|state| state.is_open()) {
        on_change(&state.outcome(now), true);
    }
    Ok(states.iter().map(|state| state.outcome(now)).collect())
}

/// Makes one attempt for each check.
fn attempt(
    http: &mut impl Http,
    clock: &impl Clock,
    states: &mut [&mut CheckState<'_>],
    deadline: Deadline,
    on_change: &mut dyn FnMut(&Outcome, bool),
) -> Result<(), Error> {
    let began = clock.now();
    let left = deadline.left(began);
    let requests: Vec<_> =
        states.iter().map(|state| state.check.request(state.check.timeout_ms.min(left))).collect();
    let results = http.send(&requests)?;
    let now = clock.now();
    for (state, result) in states.iter_mut().zip(&results) {
        let attempt = Attempt { began, is_shortened: state.check.timeout_ms > left };
        if state.record(attempt, result, now) {
            on_change(&state.outcome(now), !state.is_open());
        }
    }
    Ok(())
}
