//! The step `manifest-patch`: carries values between the host and the pure modules. Never decides.

pub mod batch;
mod bindings;
pub mod image;
mod kustomization;
pub mod marker;
pub mod patch;
pub mod problem;
pub mod request;
mod wanted;
pub mod words;

use std::collections::BTreeMap;

use batch::Batch;
use bindings::{
    Alias, Block, Failure, Guest, Inputs, Level, Outputs, Table, location, note, progress, refuse, summary,
    workspace,
};
use request::Request;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let (request, problems) = Request::read(&request::Inputs {
            set: &inputs.set,
            set_json: &inputs.set_json,
            append: &inputs.append,
            append_json: &inputs.append_json,
            delete: &inputs.delete,
            image: &inputs.image,
            marker: &inputs.marker,
            conditions: &inputs.where_,
            create: inputs.create,
            alias: match inputs.alias {
                Alias::Refuse => lockstep_yaml::Alias::Refuse,
                Alias::Expand => lockstep_yaml::Alias::Expand,
                Alias::Follow => lockstep_yaml::Alias::Follow,
            },
            expect: &inputs.expect,
        });
        let mut batch = Batch::new(request, problems);
        let mut files = BTreeMap::new();
        for pattern in &inputs.files {
            let found = workspace::glob(pattern)?;
            if found.is_empty() {
                batch.no_files(pattern);
            }
            files.extend(found.into_iter().map(|entry| (entry.path, entry.size)));
        }
        for (done, (path, &size)) in (0..).zip(&files) {
            if done % 100 == 0 {
                progress(done, Some(files.len() as u64), "files");
            }
            if !batch.is_too_large(path, size) {
                batch.add(path, &workspace::read(path)?);
            }
        }
        let done = batch.finish().map_err(refuse)?;
        for (path, text) in &done.files {
            workspace::write(path, text.as_bytes())?;
        }
        for (file, change) in &done.changes {
            note(Level::Info, &words::change(change), Some(&location(file, Some(change.at))));
        }
        summary(&Block::Heading(words::heading(&done)));
        if !done.changes.is_empty() {
            let table = Table { columns: words::columns(), rows: words::rows(&done) };
            summary(&Block::Table(table));
        }
        Ok(Outputs {
            changed: !done.files.is_empty(),
            edits: u32::try_from(done.changes.len()).unwrap_or(u32::MAX),
            files: done.files.into_iter().map(|(path, _)| path).collect(),
            diff: workspace::diff()?,
        })
    }
}
