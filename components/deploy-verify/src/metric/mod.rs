//! The metric gate: queries whose results must be within a threshold for a while. It reaches servers through
//! [`Web`](crate::web::Web) only, and never takes the absence of data for a good result.

mod gate;
mod query;
mod reply;
mod run;
mod sample;
mod threshold;
pub mod words;

pub use gate::{Counts, Verdict};
pub use query::{Metric, NoData, Record};
pub use run::{Outcome, run};
pub use sample::{Sample, read};
pub use threshold::Threshold;
