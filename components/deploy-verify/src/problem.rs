//! What can end a run, in the words of its report. Never decides what is wrong.

pub use lockstep_glue::Kind;
use lockstep_glue::words::with_hint;

use crate::web::Fault;
use lockstep_glue::Mistake;
use lockstep_rollout::Stop;

/// The stable name of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An input, or a manifest that it names, cannot be read.
    BadInput,
    /// What is to be verified is not there.
    NoMatch,
    /// A resource is doomed.
    RolloutFailed,
    /// A smoke check has failed.
    SmokeFailed,
    /// A metric has failed.
    MetricFailed,
    /// Somebody else changed a resource.
    Superseded,
    /// There is nothing to judge by.
    Inconclusive,
    /// The time is up.
    TimedOut,
    /// There is no way into the cluster, or a right is missing.
    Credentials,
    /// The cluster cannot be reached.
    Unavailable,
    /// A budget is used up.
    Limit,
    /// A file cannot be read or written.
    Workspace,
}

/// Why a run does not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub code: Code,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act.
    pub hint: Option<String>,
    /// The file, and the line in it, if it is about one.
    pub at: Option<(String, Option<u32>)>,
}

impl Code {
    /// As scripts see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NoMatch => "no-match",
            Self::RolloutFailed => "rollout-failed",
            Self::SmokeFailed => "smoke-failed",
            Self::MetricFailed => "metric-failed",
            Self::Superseded => "superseded",
            Self::Inconclusive => "inconclusive",
            Self::TimedOut => "timed-out",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::Limit => "limit",
            Self::Workspace => "workspace",
        }
    }

    /// Its exit code.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::BadInput | Self::Workspace => Kind::Invalid,
            Self::Credentials => Kind::Credentials,
            Self::Unavailable => Kind::Unavailable,
            Self::Limit => Kind::Limit,
            _ => Kind::Rejected,
        }
    }
}

impl Problem {
    /// A problem without a next act.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, at: None }
    }

    /// With the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With its place.
    #[must_use]
    pub fn at(self, path: &str, line: Option<u32>) -> Self {
        Self { at: Some((path.to_owned(), line)), ..self }
    }

    /// An input that cannot be read.
    #[must_use]
    pub fn mistake(mistake: Mistake) -> Self {
        Self { code: Code::BadInput, message: mistake.message, hint: mistake.hint, at: None }
    }

    /// A call on the cluster or on web servers that was not carried out.
    #[must_use]
    pub fn remote(fault: Fault) -> Self {
        let code = match &fault {
            Fault::Unauthorized(_) => Code::Credentials,
            Fault::Limit(_) => Code::Limit,
            Fault::Invalid(_) | Fault::NotFound(_) | Fault::Denied(_) => Code::BadInput,
            _ => Code::Unavailable,
        };
        Self::new(code, fault.message())
    }

    /// What kept the rollout from coming to an end.
    #[must_use]
    pub fn stop(stop: Stop) -> Self {
        match stop {
            Stop::Remote(fault) => Self::remote(fault),
            Stop::Nothing(Mistake { message, hint }) => Self { code: Code::NoMatch, message, hint, at: None },
        }
    }

    /// A call on a file that was not carried out.
    #[must_use]
    pub fn file(fault: &Fault) -> Self {
        Self::new(Code::Workspace, fault.message())
    }

    /// The whole of it in one line.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
