//! The failure codes and errors of the step. Errors contain no value of the document.

use lockstep_sdk::StepError;
use lockstep_sdk::types::Location;
use lockstep_terraform::JsonPosition;

lockstep_sdk::failure_codes! {
    /// Why the step does not succeed.
    pub enum Code {
        /// An input is invalid.
        BadInput = ("bad-input", Invalid),
        /// Other text surrounds the document, or a shell changed its encoding.
        Noise = ("noise", Invalid),
        /// The document is invalid JSON, or cannot be kept exactly.
        Broken = ("broken", Invalid),
        /// The document holds something else than outputs.
        NotOutputs = ("not-outputs", Invalid),
        /// The format version of the document is unknown.
        UnknownVersion = ("unknown-version", Invalid),
        /// The document does not show the value of a secret.
        Masked = ("masked", Invalid),
        /// A step output cannot have this name.
        BadName = ("bad-name", Invalid),
        /// An output violates `outputs` or `select`.
        Contract = ("contract", Rejected),
        /// An output is sensitive, and `sensitive` is `refuse`.
        Sensitive = ("sensitive", Rejected),
        /// A file cannot be read or written.
        Workspace = ("workspace", Invalid),
    }
}

/// An error of this step.
pub type Error = StepError<Code>;

/// Adds a position in the document. The path is empty until [`in_document`] fills it in.
#[must_use]
pub fn with_position(error: Error, position: Option<JsonPosition>) -> Error {
    let number = |number| u32::try_from(number).ok();
    match position {
        Some(position) => error.located(Location {
            path: String::new(),
            line: number(position.line),
            column: number(position.column),
        }),
        None => error,
    }
}

/// Fills the path of the document into errors that have a position in it.
#[must_use]
pub fn in_document(source: &str, mut errors: Vec<Error>) -> Vec<Error> {
    for location in errors.iter_mut().filter_map(|error| error.location.as_mut()) {
        location.path = source.to_owned();
    }
    errors
}
