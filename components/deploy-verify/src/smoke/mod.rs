//! Smoke checks: requests whose answers must be as expected, from the version that was deployed. It reaches servers
//! through [`Web`](crate::web::Web) only.

mod body;
mod check;
mod decimal;
mod header;
mod json;
mod judge;
mod run;
mod state;
mod status;
mod version;
pub mod words;

pub use check::{Check, Record};
pub use header::Pattern;
pub use json::Value;
pub use judge::{Flaw, Reason, judge};
pub use run::run;
pub use state::{Outcome, Verdict};
pub use status::Statuses;
pub use version::Version;
