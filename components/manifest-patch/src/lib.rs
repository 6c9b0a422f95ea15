//! The step `manifest-patch`: changes values in YAML manifests and leaves every other byte as it is.

pub mod apply;
mod batch;
mod bindings;
pub mod edit;
mod expect;
pub mod failure;
pub mod forms;
pub mod images;
pub mod inputs;
mod marker;
mod matches;
mod messages;
pub mod parallel;
pub mod patches;
mod place_edit;
pub mod prefilter;
mod run;

pub use bindings::{Alias, Change, File, FilePatch, Inputs, Job, Outputs, Refusal};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, bindings::patch_on_all_cores, &inputs)
    }

    fn patch(job: Job) -> Vec<FilePatch> {
        parallel::patch_files(&job)
    }
}
