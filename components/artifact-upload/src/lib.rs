//! The step `artifact-upload`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod compare;
pub mod digest;
pub mod find;
pub mod headers;
pub mod host;
pub mod leftover;
pub mod look;
pub mod manifest;
pub mod media;
pub mod multi;
pub mod names;
pub mod outcome;
pub mod parts;
pub mod problem;
pub mod remove;
pub mod settings;
pub mod upload;
pub mod whole;
pub mod words;
mod world;

use std::time::{SystemTime, UNIX_EPOCH};

use bindings::{
    Block, Failure, Guest, Inputs, Level, Outputs, given, note, note_all, outputs, reject, summary, table,
    to_failure,
};
use world::World;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let prefix = inputs.to.clone();
        let done = upload::upload(&mut World, &given(inputs), now).map_err(|stop| {
            note_all(&stop.problems);
            to_failure(stop.failure)
        })?;
        for message in words::links(&done.links).into_iter().chain(words::foreign(done.foreign, &prefix)) {
            note(Level::Notice, &message, None);
        }
        for message in words::leftovers(&done.leftovers, &prefix) {
            note(Level::Notice, &message, None);
        }
        summary(&Block::Heading(words::heading(&done)));
        summary(&Block::Table(table(["What", "How many"].as_slice(), words::counts(&done))));
        let rows = words::objects(&done.uploaded);
        if !rows.is_empty() {
            summary(&Block::Table(table(["Object", "Size", "Entity tag", "Version"].as_slice(), rows)));
        }
        if let Some(failure) = &done.rejection {
            note_all(&done.problems);
            reject(&to_failure(failure.clone()));
        }
        Ok(outputs(done))
    }
}
