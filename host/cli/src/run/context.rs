//! The reporter, the target of the receipt and the settings of a run, for every stage.

use crate::receipt::ReceiptTarget;
use crate::reporter::Reporter;
use lockstep_model::render::Platform;

/// The parts of a run that stay the same from its beginning to its end.
pub(crate) struct RunContext {
    /// Writes the log and the outputs.
    pub(crate) reporter: Reporter,
    /// The target of the receipt; `None` if the host cannot write one.
    pub(crate) receipt_target: Option<ReceiptTarget>,
    /// The CI system.
    pub(crate) platform: Platform,
    /// Whether this is a dry run.
    pub(crate) dry_run: bool,
    /// When the run began, in seconds since 1970.
    pub(crate) started: u64,
}
