//! The step `manifest-patch`: carries values between the host and the pure modules. Never decides.

pub mod apply;
pub mod batch;
mod bindings;
mod changes;
mod document;
pub mod image;
mod kustomization;
pub mod marker;
mod needles;
mod parallel;
mod parts;
pub mod patches;
pub mod problem;
pub mod request;
mod split_image;
pub mod updates;
mod wanted;
pub mod words;

use std::collections::BTreeMap;

use batch::Batch;
use bindings::{
    Block, Failure, Guest, Inputs, Job, Level, Outputs, Patched, Table, location, note, progress, refuse,
    request, summary, workspace,
};
use parallel::Queue;

struct Step;

impl Guest for Step {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let read = |path: &String| Ok((path.clone(), workspace::read(path)?));
        let patch_files = inputs.patch_file.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
        let (request, problems) = request(&inputs, &patch_files);
        let mut batch = Batch::new(request, problems);
        let mut files = BTreeMap::new();
        for pattern in &inputs.files {
            let found = workspace::glob(pattern)?;
            if found.is_empty() {
                batch.no_files(pattern);
            }
            let found = found.into_iter().filter(|entry| !Batch::is_patch(&inputs.patch_file, &entry.path));
            files.extend(found.map(|entry| (entry.path, entry.size)));
        }
        let mut queue = Queue::new(&inputs, &patch_files, files.values().sum());
        for (done, (path, &size)) in (0..).zip(&files) {
            if done % 100 == 0 {
                progress(done, Some(files.len() as u64), "files");
            }
            if batch.is_too_large(path, size) {
                continue;
            }
            let content = workspace::read(path)?;
            if batch.is_concerned(path, &content) {
                queue.add(&mut batch, path, content);
            }
        }
        queue.finish(&mut batch);
        let done = batch.finish().map_err(refuse)?;
        for (path, text) in &done.files {
            workspace::write(path, text.as_bytes())?;
        }
        for path in &done.gone {
            note(Level::Notice, &words::gone(path), None);
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

    fn patch(job: Job) -> Vec<Patched> {
        parallel::work(&job)
    }
}
