//! Digests of many files at once, on all cores. It holds little of a file in memory, however large it is.

use super::Workspace;
use super::open::OpenFile;
use crate::hash::{Algorithm, Hasher, hex};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::path::WorkspacePath;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

/// The most files of one call.
const FILES: usize = 10_000;
/// The most pieces of one call.
const PIECES: u64 = 1_000_000;
/// How much of a file each thread has in memory at once, in bytes.
const BUFFER: usize = 256 * 1024;
/// The threads that read and digest.
const THREADS: usize = 4;

impl Workspace {
    /// The digests of the permit's files: of each whole, or of each `piece` bytes of it. What is in a private file is
    /// kept from the call log: it could be guessed.
    ///
    /// # Errors
    /// More than 10,000 files or a million pieces, pieces of nothing, a file that cannot be opened or read, or that
    /// changes meanwhile.
    pub fn digests(
        &self,
        permit: &Permit,
        algorithm: Algorithm,
        piece: Option<u64>,
    ) -> Result<Answer<Vec<Vec<String>>>, CallError> {
        let paths = permit.paths();
        let private = paths.iter().any(|path| self.staged.get(path).is_some_and(|staged| staged.private));
        let answer = digests(paths, |path| self.opened("digest", path), algorithm, piece)?;
        Ok(Answer { digest: answer.digest.filter(|_| !private), ..answer })
    }
}

/// The digests of these files in their order.
pub(super) fn digests(
    paths: &[WorkspacePath],
    open: impl Fn(&WorkspacePath) -> Result<OpenFile, CallError>,
    algorithm: Algorithm,
    piece: Option<u64>,
) -> Result<Answer<Vec<Vec<String>>>, CallError> {
    if paths.len() > FILES {
        return Err(CallError::LimitExceeded(format!("more than {FILES} files to digest in one call")));
    }
    if piece == Some(0) {
        return Err(CallError::Invalid("pieces of 0 bytes have no digest".into()));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(paths.len());
    let mut results: Vec<Option<Result<Vec<String>, CallError>>> = Vec::new();
    results.resize_with(paths.len(), || None);
    let (jobs, next) = mpsc::sync_channel::<(usize, OpenFile)>(THREADS);
    let next = Mutex::new(next);
    let stopped = AtomicBool::new(false);
    let work = |done: mpsc::Sender<_>| {
        let mut buffer = vec![0; BUFFER];
        let next = || next.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // What is queued is taken out in any case: a full queue would stop the thread that fills it.
        while let Ok((index, file)) = next() {
            let result = of_file(&file, algorithm, piece, &mut buffer, &stopped);
            if done.send((index, result)).is_err() {
                break;
            }
        }
    };
    let bytes = std::thread::scope(|scope| -> Result<u64, CallError> {
        // Moved in, so that the threads end however this does.
        let jobs = jobs;
        let (done, ended) = mpsc::channel();
        for started in 0..threads {
            let (done, work) = (done.clone(), &work);
            match std::thread::Builder::new().spawn_scoped(scope, move || work(done)) {
                Ok(_) => {}
                // Fewer do it too.
                Err(_) if started > 0 => break,
                Err(error) => {
                    return Err(CallError::Local(format!("cannot start a thread to digest files: {error}")));
                }
            }
        }
        drop(done);
        // Opened here: only this thread knows what is staged.
        let opened = open_all(paths, open, piece, &jobs);
        // Nobody waits for the digests of what is open already if there is no answer.
        stopped.store(opened.is_err(), Ordering::Relaxed);
        let bytes = opened?;
        drop(jobs);
        for (index, result) in ended {
            results[index] = Some(result);
        }
        Ok(bytes)
    })?;
    let digests = results.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    let text: String = digests.iter().map(|pieces| pieces.join(" ") + "\n").collect();
    Ok(Answer { value: digests, bytes, digest: Some(Digest::of(text.as_bytes())) })
}

/// Opens one file after the other for those who digest them, and counts their bytes.
fn open_all(
    paths: &[WorkspacePath],
    open: impl Fn(&WorkspacePath) -> Result<OpenFile, CallError>,
    piece: Option<u64>,
    jobs: &mpsc::SyncSender<(usize, OpenFile)>,
) -> Result<u64, CallError> {
    let (mut bytes, mut pieces) = (0_u64, 0_u64);
    for (index, path) in paths.iter().enumerate() {
        let file = open(path)?;
        bytes = bytes.saturating_add(file.size());
        pieces = pieces.saturating_add(piece.map_or(1, |piece| file.size().div_ceil(piece).max(1)));
        if pieces > PIECES {
            return Err(CallError::LimitExceeded(format!("more than {PIECES} pieces to digest in one call")));
        }
        let _ = jobs.send((index, file));
    }
    Ok(bytes)
}

/// The digests of one file; once `stopped`, of no meaning.
fn of_file(
    file: &OpenFile,
    algorithm: Algorithm,
    piece: Option<u64>,
    buffer: &mut [u8],
    stopped: &AtomicBool,
) -> Result<Vec<String>, CallError> {
    let piece = piece.unwrap_or(u64::MAX);
    let (mut at, mut digests) = (0_u64, Vec::new());
    loop {
        let end = at.saturating_add(piece).min(file.size());
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
