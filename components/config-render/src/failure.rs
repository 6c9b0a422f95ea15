//! The failure codes of this step, and its errors.

use lockstep_sdk::StepError;
use lockstep_sdk::types::{self, Location};
use lockstep_yaml::{Position, Refusal};

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// A pattern matches no template.
        NoFiles = ("no-files", Rejected),
        /// `to` is invalid.
        BadInput = ("bad-input", Invalid),
        /// A template is invalid.
        BadTemplate = ("bad-template", Invalid),
        /// The rows are invalid.
        BadRows = ("bad-rows", Invalid),
        /// A row lacks a name, or has an unused one.
        Names = ("names", Invalid),
        /// A placeholder cannot take a value.
        BadValue = ("bad-value", Invalid),
        /// Two files would have the same path.
        SamePath = ("same-path", Invalid),
        /// The list of owned files is invalid.
        BadList = ("bad-list", Invalid),
        /// This step did not write an existing file, or somebody edited it.
        NotOwned = ("not-owned", Rejected),
        /// A file cannot be read or written.
        Workspace = ("workspace", Invalid),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// Adds the file, and the position in it, to an error.
#[must_use]
pub fn at(error: Error, path: &str, at: Option<Position>) -> Error {
    let (line, column) = (at.map(|at| at.line), at.map(|at| at.column));
    error.located(Location { path: path.to_owned(), line, column })
}

/// The error for a file that the YAML library refuses.
#[must_use]
pub fn refused(code: Code, path: &str, refusal: &Refusal) -> Error {
    let hint = refusal.reason.hint().map(str::to_owned);
    at(Error { hint, ..Error::new(code, refusal.reason.to_string()) }, path, refusal.at)
}

/// The error of a call to the workspace. It ends the run at once.
pub(crate) fn workspace(error: types::Error) -> Vec<Error> {
    vec![Error::host(Code::Workspace, error)]
}
