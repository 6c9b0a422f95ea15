//! The step `workload-scale`: puts workloads on Kubernetes to sleep, restores them, or sets their number of replicas.

pub mod applied;
pub mod apply;
mod bindings;
pub mod failure;
pub mod inputs;
pub mod inspect;
mod list;
pub mod messages;
pub mod object;
pub mod plan;
mod read_saved;
mod run;
pub mod saved;
pub mod snapshot;
pub mod wait;

pub use bindings::{Inputs, Outputs, Target};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostClock, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &mut HostClock::start(), &inputs)
    }
}
