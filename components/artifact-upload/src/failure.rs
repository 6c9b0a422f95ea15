//! The failure codes of this step, and how errors of host calls become its errors.

use lockstep_sdk::StepError;
use lockstep_sdk::types::{Error as HostError, UpstreamError};

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input is invalid, or two files would become the same object.
        BadInput = ("bad-input", Invalid),
        /// A source matches no file.
        NoFiles = ("no-files", Rejected),
        /// `delete` would delete more objects than `max-delete` allows.
        TooManyDeletes = ("too-many-deletes", Rejected),
        /// With `immutable`, an object exists with other content.
        Conflict = ("conflict", Rejected),
        /// A file changed or vanished during the run.
        Changed = ("changed", Rejected),
        /// The step did a part of the work and failed at the rest for several reasons.
        Partial = ("partial", Rejected),
        /// Credentials are missing, or the store refused them.
        Credentials = ("credentials", Credentials),
        /// The credentials are valid, but do not allow the request.
        Forbidden = ("forbidden", Credentials),
        /// The bucket does not exist.
        NoBucket = ("no-bucket", Invalid),
        /// The store refuses a request.
        Refused = ("refused", Invalid),
        /// The store received other bytes than the host sent.
        Integrity = ("integrity", Integrity),
        /// The host cannot reach the store.
        Unavailable = ("unavailable", Unavailable),
        /// The run has used up a budget.
        LimitExceeded = ("limit-exceeded", LimitExceeded),
        /// The host cannot read a file.
        Workspace = ("workspace", Invalid),
    }
}

impl Code {
    /// Whether every other request of the run would fail with this code too.
    #[must_use]
    pub fn affects_all(self) -> bool {
        matches!(
            self,
            Self::Credentials
                | Self::Forbidden
                | Self::NoBucket
                | Self::Unavailable
                | Self::LimitExceeded
                | Self::Refused
        )
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// The error of a request to the store.
#[must_use]
pub fn store_error(error: &HostError) -> Error {
    let code = match error {
        HostError::NotFound(_) => Code::NoBucket,
        HostError::Conflict(_) => Code::Conflict,
        HostError::LimitExceeded(_) => Code::LimitExceeded,
        HostError::Unavailable(_) => Code::Unavailable,
        HostError::Unauthorized(_) => Code::Credentials,
        HostError::Integrity(_) => Code::Integrity,
        HostError::Upstream(UpstreamError { status: 401, .. }) => Code::Credentials,
        HostError::Upstream(UpstreamError { status: 403, .. }) => Code::Forbidden,
        HostError::Upstream(UpstreamError { status: 429 | 500.., .. }) => Code::Unavailable,
        HostError::Denied(_) | HostError::Invalid(_) | HostError::Local(_) | HostError::Upstream(_) => {
            Code::Refused
        }
    };
    let error = Error::new(code, error.message());
    match code {
        Code::NoBucket => error.hint("create the bucket, or correct `to`, `endpoint` or `region`"),
        // The host says what a role, a profile or half an access key needs.
        Code::Credentials if ["role `", "AWS_"].iter().any(|named| error.message.contains(named)) => error,
        Code::Credentials => error.hint("give the job credentials, or set `role`"),
        Code::Integrity => error.hint(
            "run again to replace wrong bytes in the store, or delete the object first if `immutable` is set; if this \
             happens again, the store or something on the way to it damages data",
        ),
        Code::Forbidden => error.hint("allow this action for the objects below `to`"),
        Code::Unavailable => error.hint("run again: the step skips the objects that arrived"),
        _ => error,
    }
}

/// The error of a call that reads a file.
#[must_use]
pub fn file_error(error: &HostError) -> Error {
    let code = match error {
        // `glob` found the file before.
        HostError::Conflict(_) | HostError::NotFound(_) => Code::Changed,
        HostError::LimitExceeded(_) => Code::LimitExceeded,
        _ => Code::Workspace,
    };
    Error::new(code, error.message())
}
