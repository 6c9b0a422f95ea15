//! What can end a run, in the words of its report. Never decides what is wrong.

pub use lockstep_glue::Kind;
use lockstep_glue::words::with_hint;
use lockstep_glue::{Fault, Mistake};
use lockstep_yaml::Refusal;

/// The stable name of an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An input cannot be read.
    BadInput,
    /// There is nothing of the kind.
    NoMatch,
    /// A manifest cannot be changed byte-exactly.
    Refused,
    /// A version would become an older one.
    Downgrade,
    /// An image is not what its tag points at, or that cannot be told.
    Digest,
    /// Somebody else has changed the same values.
    Conflict,
    /// Others push all the time.
    Contended,
    /// The server's own rules refuse the push.
    PushRefused,
    /// Somebody has closed the pull request of this very promotion.
    Declined,
    /// Somebody else has committed to the branch.
    Foreign,
    /// Somebody has closed the pull request while it was waited for.
    Closed,
    /// The pull request was not merged in time.
    TimedOut,
    /// The forge's own rules refuse it.
    ForgeRefused,
    /// The server does not let the run in.
    Credentials,
    /// The server cannot be reached.
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
    /// The file in the repository, and the line in it, if it is about one.
    pub at: Option<(String, Option<u32>)>,
}

impl Code {
    /// As scripts see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NoMatch => "no-match",
            Self::Refused => "refused",
            Self::Downgrade => "downgrade",
            Self::Digest => "digest",
            Self::Conflict => "conflict",
            Self::Contended => "contended",
            Self::PushRefused => "push-refused",
            Self::Declined => "declined",
            Self::Foreign => "foreign",
            Self::Closed => "closed",
            Self::TimedOut => "timed-out",
            Self::ForgeRefused => "forge-refused",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::Limit => "limit",
        }
    }

    /// Its exit code.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::BadInput | Self::Refused => Kind::Invalid,
            Self::Digest => Kind::Integrity,
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
    pub fn mistake(Mistake { message, hint }: Mistake) -> Self {
        Self { code: Code::BadInput, message, hint, at: None }
    }

    /// A manifest that cannot be read or changed.
    #[must_use]
    pub fn refusal(file: &str, refusal: &Refusal) -> Self {
        let line = refusal.at.map(|at| at.line);
        Self::new(Code::Refused, format!("{file}: {}", refusal.reason)).at(file, line)
    }

    /// A call on the repository that was not carried out.
    #[must_use]
    pub fn remote(fault: &Fault) -> Self {
        Self::refused(fault, Code::PushRefused)
    }

    /// A call on the forge that was not carried out.
    #[must_use]
    pub fn forge(fault: &Fault) -> Self {
        Self::refused(fault, Code::ForgeRefused)
    }

    fn refused(fault: &Fault, by_rule: Code) -> Self {
        let code = match fault {
            Fault::Unauthorized(_) => Code::Credentials,
            Fault::Limit(_) => Code::Limit,
            Fault::Invalid(_) | Fault::NotFound(_) | Fault::Denied(_) => Code::BadInput,
            Fault::Upstream(..) => by_rule,
            Fault::Conflict(_) => Code::Contended,
            _ => Code::Unavailable,
        };
        Self::new(code, fault.message())
    }

    /// The whole of it in one line.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
