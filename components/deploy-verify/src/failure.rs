//! The failure codes of this step, and its errors.

use lockstep_rollout::RolloutError;
use lockstep_sdk::{StepError, types};

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input or a manifest is invalid, or the cluster has no such kind.
        BadInput = ("bad-input", Invalid),
        /// No file or no object matches.
        NoMatch = ("no-match", Rejected),
        /// A resource has failed.
        RolloutFailed = ("rollout-failed", Rejected),
        /// A smoke check has failed.
        SmokeFailed = ("smoke-failed", Rejected),
        /// A metric has failed.
        MetricFailed = ("metric-failed", Rejected),
        /// Somebody else changed a resource.
        Superseded = ("superseded", Rejected),
        /// A resource has no known status, or a metric has no data.
        Inconclusive = ("inconclusive", Rejected),
        /// The timeout is over.
        TimedOut = ("timed-out", Rejected),
        /// A credential or a right is missing.
        Credentials = ("credentials", Credentials),
        /// The cluster cannot be reached.
        Unavailable = ("unavailable", Unavailable),
        /// The run has used up a budget.
        LimitExceeded = ("limit-exceeded", LimitExceeded),
        /// A file cannot be read or written.
        Workspace = ("workspace", Invalid),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// The error of a failed call to the cluster or to web servers.
#[must_use]
pub fn remote_error(error: types::Error) -> Error {
    let code = match &error {
        types::Error::Unauthorized(_) => Code::Credentials,
        types::Error::LimitExceeded(_) => Code::LimitExceeded,
        types::Error::Invalid(_) | types::Error::NotFound(_) | types::Error::Denied(_) => Code::BadInput,
        _ => Code::Unavailable,
    };
    Error::new(code, error.into_message())
}

/// The errors of a rollout without a result.
#[must_use]
pub fn rollout_errors(error: RolloutError) -> Vec<Error> {
    match error {
        RolloutError::Host(error) => vec![remote_error(error)],
        RolloutError::NoMatch(errors) => {
            errors.into_iter().map(|error| Error::input(Code::NoMatch, error)).collect()
        }
    }
}

/// The error of a failed call on a file.
#[must_use]
pub fn file_error(error: types::Error) -> Error {
    Error::new(Code::Workspace, error.into_message())
}
