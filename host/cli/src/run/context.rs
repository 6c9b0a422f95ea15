//! What every stage of a run needs, from its beginning to its end.

use crate::receipt::Place;
use crate::voice::Voice;
use lockstep_model::render::Platform;

/// The reporter of a run, the place of its receipt and its settings. They stay the same until the run ends.
pub(crate) struct RunContext {
    /// Writes the log and the outputs.
    pub(crate) voice: Voice,
    /// Where the receipt goes; none if it can go nowhere.
    pub(crate) place: Option<Place>,
    /// The CI system.
    pub(crate) platform: Platform,
    /// Whether this is a dry run.
    pub(crate) dry_run: bool,
    /// When the run began, in seconds since 1970.
    pub(crate) started: u64,
}
