//! Makes all checks at the same time until each has ended. Never asks after the deadline.

use super::state::{Attempt, State};
use super::{Check, Outcome};
use crate::web::{Fault, MOST_REQUESTS, Web};
use lockstep_glue::{Clock, Deadline};

/// Makes all checks at the same time, and says what came of each, in their order. `on_change` hears how a check stands
/// whenever that changes, with no verdict while it goes on.
///
/// # Errors
/// The outside does not send requests at all.
pub fn run(
    web: &mut impl Web,
    clock: &mut impl Clock,
    checks: &[Check],
    deadline: Deadline,
    on_change: &mut dyn FnMut(&Outcome, bool),
) -> Result<Vec<Outcome>, Fault> {
    let began = clock.now();
    let mut states: Vec<_> = checks.iter().map(|check| State::new(check, began)).collect();
    while let Some(due) = states.iter().filter(|state| state.is_open()).map(|state| state.due).min() {
        let Some(now) = deadline.wait(clock, due) else { break };
        let open = states.iter_mut().filter(|state| state.is_open() && state.due <= now);
        let mut asked: Vec<_> = open.collect();
        if asked.is_empty() {
            continue;
        }
        // Whoever has waited longest comes first, so that nobody waits for ever.
        asked.sort_by_key(|state| state.due);
        asked.truncate(MOST_REQUESTS);
        ask(web, clock, &mut asked, deadline, on_change)?;
    }
    let now = clock.now();
    for state in states.iter().filter(|state| state.is_open()) {
        on_change(&state.outcome(now), true);
    }
    Ok(states.iter().map(|state| state.outcome(now)).collect())
}

/// One attempt for each of these.
fn ask(
    web: &mut impl Web,
    clock: &impl Clock,
    states: &mut [&mut State<'_>],
    deadline: Deadline,
    on_change: &mut dyn FnMut(&Outcome, bool),
) -> Result<(), Fault> {
    let began = clock.now();
    let left = deadline.left(began);
    let requests: Vec<_> =
        states.iter().map(|state| state.check.request(state.check.timeout.min(left))).collect();
    let answers = web.send(&requests)?;
    let now = clock.now();
    for (state, answer) in states.iter_mut().zip(&answers) {
        let attempt = Attempt { began, hurried: state.check.timeout > left };
        if state.take(attempt, answer, now) {
            on_change(&state.outcome(now), !state.is_open());
        }
    }
    Ok(())
}
