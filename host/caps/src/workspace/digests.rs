//! Digests of many files at once, on all cores. It holds little of a file in memory, however large it is.

use super::open::OpenFile;
use crate::content::{Algorithm, Hasher, hex};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use std::sync::{Mutex, PoisonError, mpsc};

/// The most files of one call.
const FILES: usize = 10_000;
/// The most pieces of one call.
const PIECES: u64 = 1_000_000;
/// How much of a file is in memory at once, in bytes.
const BUFFER: u32 = 256 * 1024;
/// The threads that read and digest.
const THREADS: usize = 4;

/// The digests of these files in their order, each of the whole, or of each `piece` bytes.
pub(super) fn digests(
    paths: &[WorkspacePath],
    open: impl Fn(&WorkspacePath) -> Result<OpenFile, CallError>,
    algorithm: Algorithm,
    piece: Option<u64>,
) -> Result<Answer<Vec<Vec<String>>>, CallError> {
    if paths.len() > FILES {
        return Err(CallError::Limit(format!("more than {FILES} files to digest in one call")));
    }
    if piece == Some(0) {
        return Err(CallError::Invalid("pieces of 0 bytes have no digest".into()));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS).min(paths.len());
    let mut results: Vec<Option<Result<Vec<String>, CallError>>> = Vec::new();
    results.resize_with(paths.len(), || None);
    let (mut bytes, mut pieces) = (0_u64, 0_u64);
    let (jobs, next) = mpsc::sync_channel::<(usize, OpenFile)>(THREADS);
    let next = Mutex::new(next);
    let next = || next.lock().unwrap_or_else(PoisonError::into_inner).recv();
    std::thread::scope(|scope| -> Result<(), CallError> {
        // Moved in, so that the threads end however this does.
        let jobs = jobs;
        let (done, ended) = mpsc::channel();
        for _ in 0..threads {
            let (done, next) = (done.clone(), &next);
            scope.spawn(move || {
                while let Ok((index, file)) = next() {
                    if done.send((index, of_file(&file, algorithm, piece))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(done);
        // Opened here: only this thread knows what is staged.
        for (index, path) in paths.iter().enumerate() {
            let file = open(path)?;
            bytes = bytes.saturating_add(file.size());
            pieces = pieces.saturating_add(piece.map_or(1, |piece| file.size().div_ceil(piece).max(1)));
            if pieces > PIECES {
                return Err(CallError::Limit(format!("more than {PIECES} pieces to digest in one call")));
            }
            let _ = jobs.send((index, file));
        }
        drop(jobs);
        for (index, result) in ended {
            results[index] = Some(result);
        }
        Ok(())
    })?;
    let digests = results.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    let text: String = digests.iter().map(|pieces| pieces.join(" ") + "\n").collect();
    Ok(Answer { value: digests, bytes, digest: Some(Digest::of(text.as_bytes())) })
}

fn of_file(file: &OpenFile, algorithm: Algorithm, piece: Option<u64>) -> Result<Vec<String>, CallError> {
    let piece = piece.unwrap_or(u64::MAX);
    let (mut at, mut digests) = (0_u64, Vec::new());
    loop {
        let end = at.saturating_add(piece).min(file.size());
        let mut hasher = Hasher::new(algorithm);
        while at < end {
            let length = u32::try_from(end - at).unwrap_or(u32::MAX).min(BUFFER);
            let bytes = file.read_at(at, length)?;
            at += bytes.len() as u64;
            hasher.update(&bytes);
        }
        digests.push(hex(&hasher.finish()));
        if at >= file.size() {
            break;
        }
    }
    file.check_unchanged()?;
    Ok(digests)
}
