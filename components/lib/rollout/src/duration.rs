//! Durations of inputs in milliseconds. It never reads a clock.

use crate::mistake::Mistake;

/// Reads a duration such as `90s`, `5m` or `1h30m` as milliseconds.
///
/// # Errors
/// What is wrong with it.
pub fn duration(input: &str, text: &str) -> Result<u64, Mistake> {
    let wrong = |why| Mistake { message: format!("`{input}`: {why}"), hint: None };
    lockstep_workload::duration(text).map(|seconds| seconds.saturating_mul(1000)).map_err(wrong)
}

/// How many whole seconds these milliseconds are, in the shortest spelling. Prometheus reads it too.
#[must_use]
pub fn spelled(milliseconds: u64) -> String {
    lockstep_workload::spell(milliseconds / 1000)
}
