//! The step `config-render`: renders YAML and JSON files from templates, one for each row of a table.

mod bindings;
mod changes;
pub mod csv;
mod drafts;
pub mod failure;
pub mod format;
mod inputs;
mod messages;
mod names;
mod owned;
pub mod placeholder;
pub mod rows;
mod run;
mod scalar;
mod target;
pub mod template;

pub use bindings::{Inputs, Outputs};
pub use run::run;

use lockstep_sdk::types::Failure;
use lockstep_sdk::{Host, HostReporter};

struct Step;

impl bindings::Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        run(&mut Host, &mut HostReporter, &inputs)
    }
}
