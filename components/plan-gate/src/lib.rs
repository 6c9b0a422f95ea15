//! The step `plan-gate`: checks a plan of Terraform or OpenTofu against a policy, and summarises it.

pub mod action;
mod attributes;
mod bindings;
mod builder;
pub mod document;
pub mod evaluate;
pub mod failure;
pub mod glob;
pub mod inputs;
pub mod messages;
pub mod plan;
mod plan_json;
pub mod policy;
mod reasons;
mod run;
mod text;

pub use bindings::{Inputs, Outputs, Reaction, Verdict};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &inputs)
    }
}
