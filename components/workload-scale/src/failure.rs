//! The failure codes of this step, and its errors.

use lockstep_rollout::RolloutError;
use lockstep_sdk::text::first_of;
use lockstep_sdk::{StepError, types};

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input is invalid, or contradicts the cluster.
        BadInput = ("bad-input", Invalid),
        /// A target does not exist.
        NoMatch = ("no-match", Rejected),
        /// A target is in a state that fails it.
        NotReady = ("not-ready", Rejected),
        /// Somebody else set a target back.
        SetBack = ("set-back", Rejected),
        /// Somebody else keeps changing a target.
        Contended = ("contended", Rejected),
        /// The timeout is over.
        TimedOut = ("timed-out", Rejected),
        /// The cluster refuses the change.
        Refused = ("refused", Rejected),
        /// A credential or a right is missing.
        Credentials = ("credentials", Credentials),
        /// The cluster cannot be reached.
        Unavailable = ("unavailable", Unavailable),
        /// The run has used up a budget.
        LimitExceeded = ("limit-exceeded", LimitExceeded),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// The error of a failed call to the cluster.
#[must_use]
pub fn cluster_error(error: types::Error) -> Error {
    let code = match &error {
        types::Error::Unauthorized(_) => Code::Credentials,
        types::Error::LimitExceeded(_) => Code::LimitExceeded,
        types::Error::Invalid(_) | types::Error::NotFound(_) | types::Error::Denied(_) => Code::BadInput,
        types::Error::Conflict(_) => Code::Contended,
        types::Error::Upstream(upstream) if (400..500).contains(&upstream.status) => Code::Refused,
        _ => Code::Unavailable,
    };
    Error::new(code, error.into_message())
}

/// The error of a rollout without a result.
#[must_use]
pub fn rollout_error(error: RolloutError) -> Error {
    match error {
        RolloutError::Host(error) => cluster_error(error),
        RolloutError::NoMatch(errors) => {
            let messages = errors.into_iter().map(|error| error.message);
            Error::new(Code::NoMatch, first_of(messages, "error"))
        }
    }
}
