//! The step `deploy-verify`: waits until a deployment to Kubernetes is good, or has clearly failed, and says why.

mod bindings;
pub mod evidence;
pub mod failure;
pub mod inputs;
pub mod manifests;
pub mod messages;
pub mod metric;
pub mod resources;
pub mod rollback;
mod run;
pub mod smoke;
pub mod web;

pub use bindings::{Check, Inputs, Metric, NoData, Outputs, Resource, Rollback, Verdict};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostClock, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &mut HostClock::start(), &inputs)
    }
}
