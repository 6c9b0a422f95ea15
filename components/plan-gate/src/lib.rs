//! The step `plan-gate`: checks plans of Terraform or OpenTofu against a policy, and summarises them.

pub mod action;
mod attributes;
mod bindings;
mod builder;
pub mod document;
pub mod evaluate;
pub mod failure;
pub mod glob;
pub mod inputs;
pub mod inspection;
pub mod messages;
pub mod outcome;
pub mod pattern;
pub mod plan;
mod plan_json;
pub mod policy;
mod pulumi;
mod reasons;
pub mod require;
pub mod results;
mod run;
pub mod slip;
mod text;

pub use bindings::{Inputs, Outputs, PlanResult, Reaction, Verdict};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &inputs)
    }
}
