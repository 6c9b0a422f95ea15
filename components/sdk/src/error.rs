//! How a step fails: its codes, its errors, and the failure that ends the run. Never decides what is wrong.

use std::fmt;

use crate::InputError;
use crate::report::Level;
use crate::reporter::Reporter;
use crate::text::{first_of, plural, with_hint};
use crate::types::{Error, Failure, FailureKind, Location};

/// The codes with which a step can fail; [`failure_codes!`](crate::failure_codes) implements it.
pub trait FailureCode: Copy + fmt::Debug + PartialEq + 'static {
    /// All codes of the step, in the order of its `step.toml`.
    const ALL: &'static [Self];
    /// The stable name for scripts, in `kebab-case`.
    fn name(self) -> &'static str;
    /// Decides the exit code.
    fn kind(self) -> FailureKind;
}

/// An error that ends a run, or one of several.
///
/// ```
/// # use lockstep_sdk::{StepError, failure_codes};
/// # failure_codes! { /// Codes.
/// # pub enum Code { /// No.
/// # NoMatch = ("no-match", Rejected), } }
/// let error = StepError::new(Code::NoMatch, "no file matches `*.yaml`")
///     .hint("check the folder")
///     .at("deploy", None);
/// let failure = lockstep_sdk::types::Failure::from(error);
/// assert_eq!(failure.code, "no-match");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StepError<C> {
    /// The stable name of the error.
    pub code: C,
    /// Decides the exit code; that of the code unless a host call failed.
    pub kind: FailureKind,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// The next act, if there is one.
    pub hint: Option<String>,
    /// The place in a file, if there is one.
    pub location: Option<Location>,
}

impl<C: FailureCode> StepError<C> {
    /// An error without hint and place.
    pub fn new(code: C, message: impl Into<String>) -> Self {
        Self { code, kind: code.kind(), message: message.into(), hint: None, location: None }
    }

    /// The error of a host call. The exit code is that of the host's error.
    #[must_use]
    pub fn host(code: C, error: Error) -> Self {
        Self { kind: error.failure_kind(), ..Self::new(code, error.into_message()) }
    }

    /// A mistake in an input.
    #[must_use]
    pub fn input(code: C, error: InputError) -> Self {
        Self { hint: error.hint, ..Self::new(code, error.message) }
    }

    /// Adds the next act.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Adds the file, and the line in it.
    #[must_use]
    pub fn at(self, path: &str, line: Option<u32>) -> Self {
        self.located(Location { path: path.to_owned(), line, column: None })
    }

    /// Adds the place.
    #[must_use]
    pub fn located(self, location: Location) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Message and hint in one line, for the log.
    #[must_use]
    pub fn line(&self) -> String {
        with_hint(&self.message, self.hint.as_deref())
    }
}

impl<C: FailureCode> From<StepError<C>> for Failure {
    fn from(error: StepError<C>) -> Self {
        let StepError { code, kind, message, hint, location } = error;
        Self { kind, code: code.name().to_owned(), message, hint, location }
    }
}

/// How many errors [`note_errors`] and [`finish_all`] note one by one.
const NOTED: usize = 100;

/// Notes each of several errors, so that people see all at once. It does not note a single error, because the failure says it.
pub fn note_errors<C: FailureCode>(reporter: &mut impl Reporter, errors: &[StepError<C>]) {
    note_up_to(NOTED, reporter, errors);
}

/// Ends a run with the first of several errors and notes each of them, so that people see all at once.
///
/// # Panics
/// Never; without any error, the failure says so.
pub fn finish_all<C: FailureCode>(reporter: &mut impl Reporter, errors: Vec<StepError<C>>) -> Failure {
    finish_up_to(NOTED, reporter, errors)
}

/// Ends a run as [`finish_all`] does, but notes at most `limit` errors one by one.
///
/// # Panics
/// Never; without any error, the failure says so.
pub fn finish_up_to<C: FailureCode>(
    limit: usize,
    reporter: &mut impl Reporter,
    errors: Vec<StepError<C>>,
) -> Failure {
    note_up_to(limit, reporter, &errors);
    let message = first_of(errors.iter().map(|error| &error.message), "problem");
    match errors.into_iter().next() {
        Some(first) => StepError { message, ..first }.into(),
        None => StepError::new(C::ALL[0], "the step failed and does not say why").into(),
    }
}

fn note_up_to<C: FailureCode>(limit: usize, reporter: &mut impl Reporter, errors: &[StepError<C>]) {
    for error in errors.iter().filter(|_| errors.len() > 1).take(limit) {
        reporter.note_at(Level::Error, &error.line(), error.location.as_ref());
    }
    if let Some(more) = errors.len().checked_sub(limit).filter(|more| *more > 0) {
        reporter.note(Level::Error, &format!("and {}", plural(more, "more problem")));
    }
}

impl Error {
    /// The text of the error.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Invalid(text)
            | Self::LimitExceeded(text)
            | Self::Unavailable(text)
            | Self::Unauthorized(text)
            | Self::Integrity(text)
            | Self::Local(text) => text,
            Self::Upstream(error) => &error.message,
        }
    }

    /// The text of the error.
    #[must_use]
    pub fn into_message(self) -> String {
        match self {
            Self::Denied(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Invalid(text)
            | Self::LimitExceeded(text)
            | Self::Unavailable(text)
            | Self::Unauthorized(text)
            | Self::Integrity(text)
            | Self::Local(text) => text,
            Self::Upstream(error) => error.message,
        }
    }

    /// How a run ends that this error ends.
    #[must_use]
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            Self::Conflict(_) => FailureKind::Rejected,
            Self::Denied(_) | Self::NotFound(_) | Self::Invalid(_) | Self::Local(_) => FailureKind::Invalid,
            Self::LimitExceeded(_) => FailureKind::LimitExceeded,
            Self::Unavailable(_) | Self::Upstream(_) => FailureKind::Unavailable,
            Self::Unauthorized(_) => FailureKind::Credentials,
            Self::Integrity(_) => FailureKind::Integrity,
        }
    }
}
