//! Carries files to instances of the step that work on all cores, and back what became of them. Never decides.

use lockstep_yaml::{Change, Position};

use crate::batch::{Batch, Looked};
use crate::bindings::{Inputs, parallel, request};
use crate::problem::Problem;
use parallel::{File, Job, Patched, Refusal};

/// How many bytes of files go into one job, more or less.
const JOB: usize = 128 * 1024;
/// How many bytes of files are on their way at once, and in the memory of this instance.
const JOBS: usize = 4 * 1024 * 1024;
/// Files that have more bytes are not given away: this instance has the most memory.
const LARGE: usize = 1024 * 1024;

/// Files that are to be looked into. Those of a small run are looked into here: an instance costs more than it saves.
pub(crate) struct Queue<'a> {
    inputs: &'a Inputs,
    patch_files: &'a [(String, Vec<u8>)],
    small: bool,
    files: Vec<File>,
    bytes: usize,
}

impl<'a> Queue<'a> {
    /// A queue for files of so many bytes together.
    pub(crate) fn new(inputs: &'a Inputs, patch_files: &'a [(String, Vec<u8>)], total: u64) -> Self {
        Self { inputs, patch_files, small: total <= 2 * JOB as u64, files: Vec::new(), bytes: 0 }
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, batch: &mut Batch, path: &str, content: Vec<u8>) {
        if self.small || content.len() > LARGE {
            self.finish(batch);
            return batch.add(path, &content);
        }
        match String::from_utf8(content) {
            Ok(content) => {
                self.bytes += content.len();
                self.files.push(File { path: path.to_owned(), content });
            }
            Err(error) => {
                self.finish(batch);
                batch.add(path, error.as_bytes());
            }
        }
        if self.bytes >= JOBS {
            self.finish(batch);
        }
    }

    /// Has all files looked into that were added.
    pub(crate) fn finish(&mut self, batch: &mut Batch) {
        self.bytes = 0;
        let mut files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return;
        }
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let mut jobs = Vec::new();
        while !files.is_empty() {
            let mut bytes = 0;
            let fits = |file: &&File| {
                bytes += file.content.len();
                bytes <= JOB
            };
            let count = files.iter().take_while(fits).count().max(1);
            let rest = files.split_off(count);
            jobs.push(Job {
                inputs: self.inputs.clone(),
                patch_files: self.patch_files.iter().map(patch_file).collect(),
                files: std::mem::replace(&mut files, rest),
            });
        }
        let looked = parallel::patch(&jobs).into_iter().flatten();
        for (path, patched) in paths.iter().zip(looked) {
            batch.take(path, from_wit(path, patched));
        }
    }
}

/// One that is not text was refused before.
fn patch_file((path, content): &(String, Vec<u8>)) -> File {
    File { path: path.clone(), content: String::from_utf8_lossy(content).into_owned() }
}

/// Does one job.
pub(crate) fn work(job: &Job) -> Vec<Patched> {
    let patch_files: Vec<_> =
        job.patch_files.iter().map(|file| (file.path.clone(), file.content.clone().into_bytes())).collect();
    let (request, _) = request(&job.inputs, &patch_files);
    let patched = |file: &File| to_wit(Looked::into(&request, &file.path, file.content.as_bytes()));
    job.files.iter().map(patched).collect()
}

fn to_wit(looked: Looked) -> Patched {
    let place = |at: Position| parallel::Position { line: at.line, column: at.column };
    let change = |change: Change| parallel::Change {
        at: place(change.at),
        path: change.path,
        from: change.from,
        to: change.to,
        aliases: change.aliases,
    };
    let refusal = |problem: Problem| Refusal {
        message: problem.message,
        hint: problem.hint,
        at: problem.at.map(place),
    };
    Patched {
        text: looked.text,
        changes: looked.changes.into_iter().map(change).collect(),
        matches: looked.matches,
        acts: looked.acts,
        documents: looked.documents,
        refusals: looked.problems.into_iter().map(refusal).collect(),
    }
}

fn from_wit(path: &str, patched: Patched) -> Looked {
    let place = |at: parallel::Position| Position { line: at.line, column: at.column };
    let change = |change: parallel::Change| Change {
        at: place(change.at),
        path: change.path,
        from: change.from,
        to: change.to,
        aliases: change.aliases,
    };
    let problem =
        |refusal: Refusal| Problem::in_file(path, refusal.message, refusal.hint, refusal.at.map(place));
    Looked {
        text: patched.text,
        changes: patched.changes.into_iter().map(change).collect(),
        matches: patched.matches,
        acts: patched.acts,
        documents: patched.documents,
        problems: patched.refusals.into_iter().map(problem).collect(),
    }
}
