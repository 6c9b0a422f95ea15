//! What can be wrong with a run, in the words of its report. Never decides what is wrong.

use lockstep_glue::words::with_hint;
use lockstep_yaml::{Position, Refusal};

/// The stable name of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No edit was given.
    NoEdits,
    /// An input cannot be read.
    BadInput,
    /// A pattern matches no file.
    NoFiles,
    /// A file cannot be changed byte-exactly.
    Refused,
    /// An edit matches too few places, or too many.
    NoMatch,
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act.
    pub hint: Option<String>,
    /// The file, if it is about one.
    pub file: Option<String>,
    /// The place in the file.
    pub at: Option<Position>,
}

impl Code {
    /// As scripts see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoEdits => "no-edits",
            Self::BadInput => "bad-input",
            Self::NoFiles => "no-files",
            Self::Refused => "refused",
            Self::NoMatch => "no-match",
        }
    }

    /// Whether the step says no (exit code 1); otherwise something cannot be used (exit code 2).
    pub fn is_rejection(self) -> bool {
        matches!(self, Self::NoFiles | Self::NoMatch)
    }
}

impl Problem {
    /// A problem that is not about a file.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, file: None, at: None }
    }

    /// With the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The refusal to change a file.
    pub fn refused(file: &str, refusal: &Refusal) -> Self {
        let hint = refusal.reason.hint().map(str::to_owned);
        Self::in_file(file, refusal.reason.to_string(), hint, refusal.at)
    }

    /// The refusal to change a file, in words already.
    pub fn in_file(file: &str, message: String, hint: Option<String>, at: Option<Position>) -> Self {
        Self { code: Code::Refused, message, hint, file: Some(file.to_owned()), at }
    }

    /// Message and hint in one sentence, for a log line.
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
