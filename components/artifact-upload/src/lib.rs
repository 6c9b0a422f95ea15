//! The step `artifact-upload`: uploads files to S3-compatible storage or to a local folder, and verifies what arrived.

mod bindings;
pub mod compare;
pub mod content_type;
pub mod delete;
pub mod digest;
pub mod failure;
pub mod files;
pub mod filter;
pub mod headers;
mod host;
pub mod inputs;
pub mod inspect;
pub mod manifest;
pub mod messages;
mod multipart;
pub mod names;
pub mod outcome;
pub mod parts;
mod put;
mod run;
pub mod search;
mod sender;
pub mod stale_uploads;
pub mod upload;

pub use bindings::{Inputs, Object, Outputs, SkippedFile};
pub use host::StoreHost;
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostClock, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &HostClock::start(), &inputs)
    }
}
