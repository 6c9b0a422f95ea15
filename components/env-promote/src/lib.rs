//! The step `env-promote`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod branch;
pub mod description;
pub mod digest;
pub mod documents;
pub mod host;
pub mod message;
pub mod plan;
pub mod problem;
pub mod promote;
pub mod propose;
pub mod race;
pub mod settings;
pub mod values;
pub mod version;
pub mod wait;
mod world;

use bindings::{
    Block, Failure, Guest, Inputs, Outputs, Table, given, note_all, outputs, reject, summary, to_failure,
};
use world::{Time, Voice, World};

/// How many rows a table of the summary has at most.
const ROWS: usize = 100;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let (inputs, repository) = given(inputs);
        let mut world = World::new(repository, inputs.base.clone());
        let mut done = promote::promote(&mut world, &mut Time::start(), &mut Voice, &inputs)
            .map_err(|problems| note_all(&problems))?;
        let row = |one: &plan::Move| {
            vec![one.file.clone(), one.path.clone(), one.before.clone(), one.after.clone()]
        };
        let rows: Vec<_> = done.moves.iter().take(ROWS).map(row).collect();
        if !rows.is_empty() {
            let columns = ["File", "Value", "Before", "After"].map(str::to_owned).to_vec();
            summary(&Block::Table(Table { columns, rows }));
        }
        if let Some(problem) = done.rejection.take() {
            reject(&to_failure(problem));
        }
        Ok(outputs(done))
    }
}
