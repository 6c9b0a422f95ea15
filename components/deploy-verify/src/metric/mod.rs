//! Metrics: queries whose results must be within a threshold for a while. Missing data is never a good result.

mod gate;
pub mod messages;
mod metric_check;
mod reply;
mod run;
mod sample;
mod threshold;

pub use gate::{Counts, Verdict};
pub use metric_check::MetricCheck;
pub use run::{Outcome, run};
pub use sample::{Sample, read_sample};
pub use threshold::Threshold;
