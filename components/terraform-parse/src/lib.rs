//! The step `terraform-parse`: reads the outputs of Terraform, OpenTofu or Pulumi and sets them as step outputs.

mod bindings;
pub mod check;
pub mod choose;
pub mod contract;
pub mod document;
pub mod failure;
pub mod inputs;
pub mod json;
mod json_parser;
pub mod members;
pub mod messages;
pub mod names;
pub mod pulumi;
mod run;
pub mod secrets;
pub mod select;
pub mod step_outputs;
pub mod type_parser;
pub mod types;

pub use bindings::{Inputs, Outputs, SensitiveMode, Tool};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &inputs)
    }
}
