//! The step `env-promote`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod documents;
pub mod host;
pub mod message;
pub mod plan;
pub mod problem;
pub mod promote;
pub mod settings;
pub mod values;
pub mod version;
mod world;

use bindings::{Block, Failure, Guest, Inputs, Outputs, Table, given, note_all, outputs, summary};
use world::{Time, Voice, World};

/// How many rows a table of the summary has at most.
const ROWS: usize = 100;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let (inputs, repository) = given(inputs);
        let mut world = World::new(repository);
        let done = promote::promote(&mut world, &mut Time::start(), &mut Voice, &inputs)
            .map_err(|problems| note_all(&problems))?;
        let row = |one: &plan::Move| {
            vec![one.file.clone(), one.path.clone(), one.before.clone(), one.after.clone()]
        };
        let rows: Vec<_> = done.moves.iter().take(ROWS).map(row).collect();
        if !rows.is_empty() {
            let columns = ["File", "Value", "Before", "After"].map(str::to_owned).to_vec();
            summary(&Block::Table(Table { columns, rows }));
        }
        Ok(outputs(done))
    }
}
