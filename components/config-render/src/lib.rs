//! The step `config-render`: carries values between the host and the pure modules. Never decides.

mod bindings;
pub mod compare;
pub mod csv;
pub mod hole;
pub mod kind;
pub mod owned;
pub mod problem;
pub mod render;
pub mod rows;
pub mod target;
pub mod template;
pub mod words;

use bindings::{Block, Error, Failure, Guest, Inputs, Outputs, Table, progress, refuse, summary, workspace};
use render::{Done, Source, Stop};

struct Step;

/// The files of the workspace.
struct Workspace;

impl Source for Workspace {
    type Error = Error;

    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, Error> {
        Ok(workspace::glob(pattern)?.into_iter().map(|entry| entry.path).collect())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Error> {
        workspace::read(path)
    }
}

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let inputs = render::Inputs {
            template: inputs.template,
            rows: inputs.rows,
            to: inputs.to,
            prune: inputs.prune,
            adopt: inputs.adopt,
        };
        let done = render::render(&inputs, &mut Workspace).map_err(|stop| match stop {
            Stop::Problems(problems) => refuse(problems),
            Stop::Source(error) => error.into(),
        })?;
        put(&done)?;
        summary(&Block::Heading(words::heading(&done.plan)));
        let rows = words::table(&done.plan);
        if !rows.is_empty() {
            summary(&Block::Table(Table { columns: words::columns(), rows }));
        }
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let [created, updated, deleted] = done.plan.counts().map(count);
        let files = words::files(&done);
        Ok(Outputs {
            changed: !files.is_empty(),
            files,
            created,
            updated,
            deleted,
            unchanged: count(done.plan.unchanged),
        })
    }
}

/// Stages what changes, and nothing else.
fn put(done: &Done) -> Result<(), Error> {
    let total = done.plan.writes.len() as u64;
    for (at, write) in (0..).zip(&done.plan.writes) {
        if at % 100 == 0 {
            progress(at, Some(total), "files");
        }
        workspace::write(&write.path, write.text.as_bytes())?;
    }
    for path in &done.plan.removes {
        workspace::remove(path)?;
    }
    if let Some(text) = &done.new_list {
        workspace::write(&done.list, text.as_bytes())?;
    }
    Ok(())
}
