//! What can end a run, in the words of its report. Never decides what is wrong.

use lockstep_glue::Fault;
pub use lockstep_glue::Kind;
use lockstep_glue::Mistake;
use lockstep_glue::words::with_hint;
use lockstep_rollout::Stop;

/// The stable name of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An input cannot be read, or it contradicts what the cluster has.
    BadInput,
    /// A target is not there.
    NoMatch,
    /// A target is doomed.
    NotReady,
    /// Somebody else set a target back.
    SetBack,
    /// Somebody else keeps changing a target.
    Contended,
    /// The time is up.
    TimedOut,
    /// The cluster does not accept the change.
    Refused,
    /// There is no way into the cluster, or a right is missing.
    Credentials,
    /// The cluster cannot be reached.
    Unavailable,
    /// A budget is used up.
    Limit,
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
    /// Whether it is that something is not there.
    pub is_missing: bool,
}

impl Code {
    /// As scripts see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NoMatch => "no-match",
            Self::NotReady => "not-ready",
            Self::SetBack => "set-back",
            Self::Contended => "contended",
            Self::TimedOut => "timed-out",
            Self::Refused => "refused",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::Limit => "limit",
        }
    }

    /// Its exit code.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::BadInput => Kind::Invalid,
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
        Self { code, message: message.into(), hint: None, is_missing: false }
    }

    /// With the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Something wrong that people can mend.
    #[must_use]
    pub fn mistake(code: Code, mistake: Mistake) -> Self {
        Self { code, message: mistake.message, hint: mistake.hint, is_missing: false }
    }

    /// A call on the cluster that was not carried out.
    #[must_use]
    pub fn remote(fault: &Fault) -> Self {
        let code = match fault {
            Fault::Unauthorized(_) => Code::Credentials,
            Fault::Limit(_) => Code::Limit,
            Fault::Invalid(_) | Fault::NotFound(_) | Fault::Denied(_) => Code::BadInput,
            Fault::Conflict(_) => Code::Contended,
            Fault::Upstream(400..=499, _) => Code::Refused,
            _ => Code::Unavailable,
        };
        let problem = Self::new(code, fault.message());
        Self { is_missing: matches!(fault, Fault::NotFound(_)), ..problem }
    }

    /// What kept the targets from being followed to the end.
    #[must_use]
    pub fn stop(stop: Stop) -> Self {
        match stop {
            Stop::Remote(fault) => Self::remote(&fault),
            Stop::Nothing(mistake) => Self::mistake(Code::NoMatch, mistake),
        }
    }

    /// The whole of it in one line.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
