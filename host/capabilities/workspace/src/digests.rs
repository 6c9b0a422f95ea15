//! Digests of many files at once, on up to four threads. It holds 256 KiB of a file in memory for each thread.

use super::Workspace;
use super::open::OpenFile;
use crate::hash::{Algorithm, Hasher, hex};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::path::WorkspacePath;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// The maximum number of files of one call.
const MAX_FILES: usize = 10_000;
/// The maximum number of chunks of one call.
const MAX_CHUNKS: u64 = 1_000_000;
/// The size of the buffer of each thread, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;
/// The maximum number of threads.
const MAX_THREADS: usize = 4;

impl Workspace {
    /// The digests of the permit's files: one of the whole file, or one of each `chunk` bytes. For a private file the call
    /// log gets no digest, because a reader could guess the content from it.
    ///
    /// # Errors
    /// There are more than 10,000 files or a million chunks, a chunk has 0 bytes, the system cannot open or read a file, or
    /// a file changes during the read.
    pub fn digests(
        &self,
        permit: &Permit,
        algorithm: Algorithm,
        chunk: Option<u64>,
    ) -> Result<Answer<Vec<Vec<String>>>, CallError> {
        let paths = permit.paths();
        let private = paths.iter().any(|path| self.staged.get(path).is_some_and(|staged| staged.private));
        let answer = digests(paths, |path| self.opened("digest", path), algorithm, chunk)?;
        Ok(Answer { digest: answer.digest.filter(|_| !private), ..answer })
    }
}

/// The digests of these files in their order.
pub(super) fn digests(
    paths: &[WorkspacePath],
    open: impl Fn(&WorkspacePath) -> Result<OpenFile, CallError>,
    algorithm: Algorithm,
    chunk: Option<u64>,
) -> Result<Answer<Vec<Vec<String>>>, CallError> {
    if paths.len() > MAX_FILES {
        return Err(CallError::LimitExceeded(format!("more than {MAX_FILES} files to digest in one call")));
    }
    if chunk == Some(0) {
        return Err(CallError::Invalid("a chunk has at least 1 byte".into()));
    }
    let threads =
        std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS).min(paths.len());
    let mut results: Vec<Option<Result<Vec<String>, CallError>>> = Vec::new();
    results.resize_with(paths.len(), || None);
    let (jobs, next) = mpsc::sync_channel::<(usize, OpenFile)>(MAX_THREADS);
    let next = Mutex::new(next);
    let stopped = AtomicBool::new(false);
    let work = |done: mpsc::Sender<_>| {
        let mut buffer = vec![0; BUFFER_BYTES];
        let next = || next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // The loop empties the queue even after an error, because a full queue would block the thread that fills it.
        while let Ok((index, file)) = next() {
            let result = of_file(&file, algorithm, chunk, &mut buffer, &stopped);
            if done.send((index, result)).is_err() {
                break;
            }
        }
    };
    let bytes = std::thread::scope(|scope| -> Result<u64, CallError> {
        // Moved in, so that the queue closes and the threads end on every path.
        let jobs = jobs;
        let (done, ended) = mpsc::channel();
        for started in 0..threads {
            let (done, work) = (done.clone(), &work);
            match std::thread::Builder::new().spawn_scoped(scope, move || work(done)) {
                Ok(_) => {}
                // Fewer threads do the same work.
                Err(_) if started > 0 => break,
                Err(error) => {
                    return Err(CallError::Local(format!("cannot start a thread to digest files: {error}")));
                }
            }
        }
        drop(done);
        // Only this thread has access to the staged changes.
        let opened = open_all(paths, open, chunk, &jobs);
        // After an error nobody needs the digests of the files that are open already.
        stopped.store(opened.is_err(), Ordering::Relaxed);
        let bytes = opened?;
        drop(jobs);
        for (index, result) in ended {
            results[index] = Some(result);
        }
        Ok(bytes)
    })?;
    let digests = results.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    let text: String = digests.iter().map(|chunks| chunks.join(" ") + "\n").collect();
    Ok(Answer::new(digests, bytes, Some(Digest::of(text.as_bytes()))))
}

/// Opens the files in order, passes them to the threads, and counts their bytes.
fn open_all(
    paths: &[WorkspacePath],
    open: impl Fn(&WorkspacePath) -> Result<OpenFile, CallError>,
    chunk: Option<u64>,
    jobs: &mpsc::SyncSender<(usize, OpenFile)>,
) -> Result<u64, CallError> {
    let (mut bytes, mut chunks) = (0_u64, 0_u64);
    for (index, path) in paths.iter().enumerate() {
        let file = open(path)?;
        bytes = bytes.saturating_add(file.size());
        chunks = chunks.saturating_add(chunk.map_or(1, |chunk| file.size().div_ceil(chunk).max(1)));
        if chunks > MAX_CHUNKS {
            return Err(CallError::LimitExceeded(format!(
                "more than {MAX_CHUNKS} chunks to digest in one call"
            )));
        }
        let _ = jobs.send((index, file));
    }
    Ok(bytes)
}

/// The digests of one file. Once `stopped` is set, the result is empty.
fn of_file(
    file: &OpenFile,
    algorithm: Algorithm,
    chunk: Option<u64>,
    buffer: &mut [u8],
    stopped: &AtomicBool,
) -> Result<Vec<String>, CallError> {
    let chunk = chunk.unwrap_or(u64::MAX);
    let (mut at, mut digests) = (0_u64, Vec::new());
    loop {
        let end = at.saturating_add(chunk).min(file.size());
        let mut hasher = Hasher::new(algorithm);
        while at < end {
            if stopped.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let length = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
            let bytes = &mut buffer[..length];
            file.fill(bytes, at)?;
            at += length as u64;
            hasher.update(bytes);
        }
        digests.push(hex(&hasher.finish()));
        if at >= file.size() {
            break;
        }
    }
    file.check_unchanged()?;
    Ok(digests)
}
