//! What can be wrong with a run, in the words of its report. Never holds a value of a document.

use lockstep_glue::words::with_hint;
use lockstep_terraform::Place;

/// The stable name of a kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// An input cannot be read.
    BadInput,
    /// Something stands around the document, or a shell has rewritten it.
    Noise,
    /// The document is not JSON, or cannot be kept exactly.
    Broken,
    /// The document is none of outputs.
    NotOutputs,
    /// The document is of a form that is not known.
    UnknownVersion,
    /// A step output cannot have the name it would get.
    BadName,
    /// The contract does not hold.
    Contract,
    /// An output is sensitive and must not be.
    Sensitive,
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
    /// The place in the document.
    pub at: Option<Place>,
}

impl Code {
    /// As scripts see it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadInput => "bad-input",
            Self::Noise => "noise",
            Self::Broken => "broken",
            Self::NotOutputs => "not-outputs",
            Self::UnknownVersion => "unknown-version",
            Self::BadName => "bad-name",
            Self::Contract => "contract",
            Self::Sensitive => "sensitive",
        }
    }

    /// Whether the step says no (exit code 1); otherwise something cannot be used (exit code 2).
    pub fn is_rejection(self) -> bool {
        matches!(self, Self::Contract | Self::Sensitive)
    }
}

impl Problem {
    /// A problem without a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, at: None }
    }

    /// With the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With its place in the document, if that is known.
    #[must_use]
    pub fn at(self, at: Option<Place>) -> Self {
        Self { at, ..self }
    }

    /// Message and hint in one sentence, for a log line.
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}
