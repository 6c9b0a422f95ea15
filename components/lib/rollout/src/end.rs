//! How watching a rollout ends.

use lockstep_sdk::InputError;
use lockstep_sdk::types::Error;

/// The result of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every target is ready.
    Ready,
    /// A target has failed.
    Failed,
    /// Somebody else changed a target.
    Superseded,
    /// Every target that is not ready has no known status, or waits for a person.
    Inconclusive,
    /// The deadline is over.
    TimedOut,
}

/// Why a rollout has no result.
#[derive(Clone, Debug, PartialEq)]
pub enum RolloutError {
    /// The host cannot watch the cluster: it cannot be reached, a right is missing, or a budget is used up.
    Host(Error),
    /// Entries that select no object, an error for each.
    NoMatch(Vec<InputError>),
}
