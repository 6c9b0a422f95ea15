//! Smoke checks: requests whose responses must be as expected, from the version that was deployed.

mod body;
mod decimal;
mod header;
mod json_value;
mod judge;
pub mod messages;
mod progress;
mod run;
mod smoke_check;
mod status;
mod version;

pub use header::HeaderPattern;
pub use json_value::JsonValue;
pub use judge::{Mismatch, Reason, judge};
pub use progress::{Outcome, Verdict};
pub use run::run;
pub use smoke_check::SmokeCheck;
pub use status::StatusRanges;
pub use version::VersionCheck;
