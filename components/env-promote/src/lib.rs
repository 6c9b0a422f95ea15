//! The step `env-promote`: promotes values or files from one environment to others in a git repository.

pub mod attempt;
mod bindings;
pub mod branch;
pub mod branch_attempt;
pub mod commit_message;
pub mod description;
pub mod digest;
pub mod direct;
pub mod documents;
pub mod failure;
pub mod git;
pub mod head_branch;
pub mod inputs;
pub mod ledger;
pub mod messages;
pub mod outcome;
pub mod plan;
pub mod pull_request;
pub mod registry;
pub mod retry;
mod run;
pub mod unpromoted;
pub mod values;
pub mod version;
pub mod wait;

pub use bindings::{ForgeKind, Inputs, Mode, OnForeign, Outputs, Promotion, State};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostClock, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &mut HostClock::start(), &inputs)
    }
}
