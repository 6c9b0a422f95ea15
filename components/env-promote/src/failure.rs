//! The failure codes of this step, and the errors of its manifests, its repository and its forge.

use lockstep_sdk::StepError;
use lockstep_sdk::types::Error as HostError;
use lockstep_yaml::Refusal;

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input is invalid, or the repository or a branch does not exist.
        BadInput = ("bad-input", Invalid),
        /// A file or a value to promote, or its place in a target, does not exist.
        NoMatch = ("no-match", Rejected),
        /// A manifest cannot be changed byte-exactly.
        Refused = ("refused", Invalid),
        /// A version would become an older one.
        Downgrade = ("downgrade", Rejected),
        /// A tag does not point at the digest of its image, or the step cannot verify that.
        Digest = ("digest", Integrity),
        /// Somebody else changed the same values during the run.
        Conflict = ("conflict", Rejected),
        /// Others pushed before every attempt.
        Contended = ("contended", Rejected),
        /// A rule of the server refuses the push.
        PushRefused = ("push-refused", Rejected),
        /// Somebody closed the pull request of the same promotion.
        Declined = ("declined", Rejected),
        /// Somebody else committed to the branch.
        Foreign = ("foreign", Rejected),
        /// Somebody closed the pull request while the step waited for it.
        Closed = ("closed", Rejected),
        /// Nobody merged the pull request in time.
        TimedOut = ("timed-out", Rejected),
        /// A rule of the forge refuses the pull request or its merge.
        ForgeRefused = ("forge-refused", Rejected),
        /// The server refuses the credential, or there is none.
        Credentials = ("credentials", Credentials),
        /// A server cannot be reached.
        Unavailable = ("unavailable", Unavailable),
        /// The run has used up a budget.
        LimitExceeded = ("limit-exceeded", LimitExceeded),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// The errors that end a run; at least one.
#[derive(Clone, Debug, PartialEq)]
pub struct Errors(pub Vec<Error>);

impl From<Error> for Errors {
    fn from(error: Error) -> Self {
        Self(vec![error])
    }
}

/// A manifest that cannot be read or changed.
#[must_use]
pub fn manifest_error(file: &str, refusal: &Refusal) -> Error {
    let line = refusal.at.map(|at| at.line);
    Error::new(Code::Refused, format!("{file}: {}", refusal.reason)).at(file, line)
}

/// A failed call to the repository.
#[must_use]
pub fn repository_error(error: HostError) -> Error {
    host_error(error, Code::PushRefused)
}

/// A failed call to the forge.
#[must_use]
pub fn forge_error(error: HostError) -> Error {
    host_error(error, Code::ForgeRefused)
}

/// The exit code is that of the step's code: the rule of a server that refuses a push is a rejection, not an outage.
fn host_error(error: HostError, refused: Code) -> Error {
    let code = match error {
        HostError::Unauthorized(_) => Code::Credentials,
        HostError::LimitExceeded(_) => Code::LimitExceeded,
        HostError::Invalid(_) | HostError::NotFound(_) | HostError::Denied(_) => Code::BadInput,
        HostError::Upstream(_) => refused,
        HostError::Conflict(_) => Code::Contended,
        HostError::Unavailable(_) | HostError::Integrity(_) | HostError::Local(_) => Code::Unavailable,
    };
    Error::new(code, error.into_message())
}
