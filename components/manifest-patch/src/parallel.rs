//! Groups files into jobs that other instances of the step process on all cores, and processes such a job.

use crate::apply::apply;
use crate::batch::Batch;
use crate::inputs::{PatchFile, Request};
use crate::{File, FilePatch, Inputs, Job};

/// How many bytes of files a job has, roughly.
const JOB_BYTES: usize = 128 * 1024;
/// How many bytes of files are in jobs at once, and in the memory of this instance.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// This instance processes files with more bytes itself, because it has the most memory.
const LARGE_BYTES: usize = 1024 * 1024;

/// Sends jobs to other instances, and returns one result per file of each job.
pub(crate) trait Patcher: FnMut(&[Job]) -> Vec<Vec<FilePatch>> {}

impl<P: FnMut(&[Job]) -> Vec<Vec<FilePatch>>> Patcher for P {}

/// The files that wait for a job. Runs with few bytes process their files at once: another instance costs more than it saves.
pub(crate) struct Queue<'a, P> {
    inputs: &'a Inputs,
    patch_files: &'a [PatchFile],
    patcher: P,
    small: bool,
    files: Vec<File>,
    bytes: usize,
}

impl<'a, P: Patcher> Queue<'a, P> {
    /// A queue for files with this number of bytes in total.
    pub(crate) fn new(inputs: &'a Inputs, patch_files: &'a [PatchFile], total: u64, patcher: P) -> Self {
        let small = total <= 2 * JOB_BYTES as u64;
        Self { inputs, patch_files, patcher, small, files: Vec::new(), bytes: 0 }
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, batch: &mut Batch, path: &str, content: Vec<u8>) {
        if self.small || content.len() > LARGE_BYTES {
            self.flush(batch);
            return batch.patch(path, &content);
        }
        match String::from_utf8(content) {
            Ok(content) => {
                self.bytes += content.len();
                self.files.push(File { path: path.to_owned(), content });
            }
            Err(error) => {
                self.flush(batch);
                batch.patch(path, error.as_bytes());
            }
        }
        if self.bytes >= QUEUE_BYTES {
            self.flush(batch);
        }
    }

    /// Processes all files of the queue.
    pub(crate) fn flush(&mut self, batch: &mut Batch) {
        self.bytes = 0;
        let files = std::mem::take(&mut self.files);
        if files.is_empty() {
            return;
        }
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let jobs = self.jobs(files);
        let patches = (self.patcher)(&jobs).into_iter().flatten();
        for (path, patch) in paths.iter().zip(patches) {
            batch.add(path, patch);
        }
    }

    fn jobs(&self, mut files: Vec<File>) -> Vec<Job> {
        let mut jobs = Vec::new();
        while !files.is_empty() {
            let mut bytes = 0;
            let fits = |file: &&File| {
                bytes += file.content.len();
                bytes <= JOB_BYTES
            };
            let count = files.iter().take_while(fits).count().max(1);
            let rest = files.split_off(count);
            jobs.push(Job {
                inputs: self.inputs.clone(),
                patch_files: self.patch_files.iter().map(patch_file).collect(),
                files: std::mem::replace(&mut files, rest),
            });
        }
        jobs
    }
}

/// A patch file for a job. The run has failed already if the file is not UTF-8.
fn patch_file((path, content): &PatchFile) -> File {
    File { path: path.clone(), content: String::from_utf8_lossy(content).into_owned() }
}

/// Processes a job.
pub fn patch_files(job: &Job) -> Vec<FilePatch> {
    let patch_files: Vec<_> =
        job.patch_files.iter().map(|file| (file.path.clone(), file.content.clone().into_bytes())).collect();
    let (request, _) = Request::read(&job.inputs, &patch_files);
    job.files.iter().map(|file| apply(&request, &file.path, file.content.as_bytes())).collect()
}
