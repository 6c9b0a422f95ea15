//! What can be wrong with a run, in the words of its report. Never decides what is wrong.

use lockstep_glue::words::with_hint;
use lockstep_yaml::{Position, Refusal};

/// The stable name of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// `to` cannot be read.
    BadInput,
    /// A pattern finds no template.
    NoFiles,
    /// A template cannot be used.
    BadTemplate,
    /// The rows cannot be read.
    BadRows,
    /// A row lacks a name, or has one that nothing uses.
    Names,
    /// A value cannot stand where its hole is.
    BadValue,
    /// Two files would have the same path.
    SamePath,
    /// The list of owned files cannot be read.
    BadList,
    /// A file is there that this step did not write as it is.
    NotOwned,
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
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::NoFiles => "no-files",
            Self::BadTemplate => "bad-template",
            Self::BadRows => "bad-rows",
            Self::Names => "names",
            Self::BadValue => "bad-value",
            Self::SamePath => "same-path",
            Self::BadList => "bad-list",
            Self::NotOwned => "not-owned",
        }
    }

    /// Whether the step says no (exit code 1); otherwise something cannot be used (exit code 2).
    #[must_use]
    pub fn is_rejection(self) -> bool {
        matches!(self, Self::NoFiles | Self::NotOwned)
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

    /// With its place.
    #[must_use]
    pub fn at(self, file: &str, at: Option<Position>) -> Self {
        Self { file: Some(file.to_owned()), at, ..self }
    }

    /// The refusal of a file by the YAML engine.
    #[must_use]
    pub fn refused(code: Code, file: &str, refusal: &Refusal) -> Self {
        let hint = refusal.reason.hint().map(str::to_owned);
        Self { hint, ..Self::new(code, refusal.reason.to_string()) }.at(file, refusal.at)
    }

    /// Message and hint in one sentence, for a log line.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
