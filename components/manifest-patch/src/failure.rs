//! The failure codes of this step, and its errors.

use lockstep_sdk::StepError;
use lockstep_sdk::types::Location;

use crate::Refusal;

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// A pattern matches no file.
        NoFiles = ("no-files", Rejected),
        /// The inputs contain no edit.
        NoEdits = ("no-edits", Invalid),
        /// An input is invalid.
        BadInput = ("bad-input", Invalid),
        /// An edit matches too few places, or too many.
        NoMatch = ("no-match", Rejected),
        /// The step cannot change a file byte-exactly.
        Refused = ("refused", Invalid),
        /// A file cannot be read or written.
        Workspace = ("workspace", Invalid),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// The error for a file that cannot be changed byte-exactly.
#[must_use]
pub fn refused(path: &str, refusal: Refusal) -> Error {
    let Refusal { message, hint, at } = refusal;
    let location =
        Location { path: path.to_owned(), line: at.map(|at| at.line), column: at.map(|at| at.column) };
    Error { hint, ..Error::new(Code::Refused, message).located(location) }
}
