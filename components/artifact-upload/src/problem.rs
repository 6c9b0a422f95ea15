//! What can be wrong with a run, in the words of its report. Never decides what is wrong.

pub use lockstep_glue::Kind;
use lockstep_glue::words::with_hint;

use crate::host::Fault;

/// The stable name of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An input cannot be read.
    BadInput,
    /// A source finds no file.
    NoFiles,
    /// More would be deleted than may be.
    TooManyDeletes,
    /// An object is there with other content.
    Conflict,
    /// A file changed while it was read.
    Changed,
    /// Some of the work is done.
    Partial,
    /// Credentials are missing, or were refused.
    Credentials,
    /// The credentials do not allow it.
    Forbidden,
    /// There is no such bucket.
    NoBucket,
    /// The store refuses a request.
    Refused,
    /// What arrived is not what was sent.
    Integrity,
    /// The store cannot be reached.
    Unavailable,
    /// A budget is used up.
    Limit,
    /// A file cannot be read.
    Workspace,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act.
    pub hint: Option<String>,
    /// The file, if it is about one.
    pub file: Option<String>,
}

impl Code {
    /// As scripts see it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NoFiles => "no-files",
            Self::TooManyDeletes => "too-many-deletes",
            Self::Conflict => "conflict",
            Self::Changed => "changed",
            Self::Partial => "partial",
            Self::Credentials => "credentials",
            Self::Forbidden => "forbidden",
            Self::NoBucket => "no-bucket",
            Self::Refused => "refused",
            Self::Integrity => "integrity",
            Self::Unavailable => "unavailable",
            Self::Limit => "limit",
            Self::Workspace => "workspace",
        }
    }

    /// Which exit code it has.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::NoFiles | Self::TooManyDeletes | Self::Conflict | Self::Changed | Self::Partial => {
                Kind::Rejected
            }
            Self::BadInput | Self::NoBucket | Self::Refused | Self::Workspace => Kind::Invalid,
            Self::Integrity => Kind::Integrity,
            Self::Credentials | Self::Forbidden => Kind::Credentials,
            Self::Unavailable => Kind::Unavailable,
            Self::Limit => Kind::Limit,
        }
    }

    /// Whether it speaks against everything that is sent, and not against one file.
    #[must_use]
    pub fn is_general(self) -> bool {
        matches!(
            self,
            Self::Credentials
                | Self::Forbidden
                | Self::NoBucket
                | Self::Unavailable
                | Self::Limit
                | Self::Refused
        )
    }
}

impl Problem {
    /// A problem that is not about a file.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, file: None }
    }

    /// With the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// About a file.
    #[must_use]
    pub fn at(self, file: &str) -> Self {
        Self { file: Some(file.to_owned()), ..self }
    }

    /// A store that did not do what was asked.
    #[must_use]
    pub fn of_store(fault: &Fault) -> Self {
        let code = match fault {
            Fault::NotFound(_) => Code::NoBucket,
            Fault::Conflict(_) => Code::Conflict,
            Fault::Limit(_) => Code::Limit,
            Fault::Unavailable(_) | Fault::Upstream(429 | 500.., _) => Code::Unavailable,
            Fault::Unauthorized(_) | Fault::Upstream(401, _) => Code::Credentials,
            Fault::Upstream(403, _) => Code::Forbidden,
            Fault::Integrity(_) => Code::Integrity,
            Fault::Denied(_) | Fault::Invalid(_) | Fault::Upstream(..) => Code::Refused,
        };
        let problem = Self::new(code, fault.message());
        match code {
            Code::NoBucket => problem.hint("make the bucket, or mend `to`, `endpoint` or `region`"),
            Code::Credentials => problem.hint("give the job credentials, or set `role`"),
            Code::Forbidden => problem.hint("allow this action for what `to` names"),
            Code::Unavailable => problem.hint("run again: what has arrived is not sent again"),
            _ => problem,
        }
    }

    /// A file that cannot be read.
    #[must_use]
    pub fn of_file(fault: &Fault) -> Self {
        let code = match fault {
            // It was found before.
            Fault::Conflict(_) | Fault::NotFound(_) => Code::Changed,
            Fault::Limit(_) => Code::Limit,
            _ => Code::Workspace,
        };
        Self::new(code, fault.message())
    }

    /// Message and hint in one sentence, for a log line.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
