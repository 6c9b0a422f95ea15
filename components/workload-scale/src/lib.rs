//! The step `workload-scale`: carries values between the host and the pure modules. Never decides.

pub mod act;
mod bindings;
pub mod host;
pub mod look;
pub mod object;
pub mod plan;
pub mod problem;
pub mod scale;
pub mod settings;
pub mod wait;
mod world;

use bindings::{
    Block, Failure, Guest, Inputs, Outputs, Table, given, note_all, outputs, reject, summary, to_failure,
};
use world::{Time, Voice, World};

/// How many rows a table of the summary has at most: those that changed come first.
const ROWS: usize = 100;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let mut done = scale::scale(&mut World, &mut Time::start(), &mut Voice, &given(inputs))
            .map_err(|problems| note_all(&problems))?;
        let (mut first, same): (Vec<_>, Vec<_>) =
            done.targets.iter().partition(|target| target.before != target.after);
        first.extend(same);
        let row = |target: &&scale::Target| {
            let name = format!("{}/{}", target.kind.to_ascii_lowercase(), target.name);
            vec![target.namespace.clone(), name, target.before.clone(), target.after.clone()]
        };
        let columns = ["Namespace", "Target", "Before", "After"].map(str::to_owned).to_vec();
        let rows = first.iter().take(ROWS).map(row).collect();
        summary(&Block::Table(Table { columns, rows }));
        if let Some(problem) = done.rejection.take() {
            reject(&to_failure(problem));
        }
        Ok(outputs(done))
    }
}
