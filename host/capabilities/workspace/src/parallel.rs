//! Calls a function for each entry of a commit, on several threads if there are many entries. The calls must not depend on
//! each other.

use super::walk::FolderCache;
use rustix::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The number of entries below which one thread is faster than several.
const FEW: usize = 256;
/// The number of entries that a thread takes at once. They are neighbours, which mostly lie in one folder.
const SHARE: usize = 32;
/// The maximum number of threads; a disk does not get faster with more.
const THREADS: usize = 4;

/// Calls `act` for the entries with these indices. After an error it begins no further entry.
///
/// # Errors
/// The error with the lowest index, of all errors that occurred, with its index.
pub(super) fn for_each<E: Send>(
    root: BorrowedFd<'_>,
    indices: std::ops::Range<usize>,
    act: impl Fn(&mut FolderCache<'_>, usize) -> Result<(), E> + Sync,
) -> Result<(), (usize, E)> {
    let next = AtomicUsize::new(indices.start);
    let failed: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let share = || {
        let mut folders = FolderCache::below(root);
        loop {
            let from = next.fetch_add(SHARE, Ordering::Relaxed);
            for index in from..from.saturating_add(SHARE).min(indices.end) {
                if let Err(error) = act(&mut folders, index) {
                    next.store(indices.end, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(first, _)| index < *first) {
                        *failed = Some((index, error));
                    }
                    return;
                }
            }
            if from >= indices.end {
                return;
            }
        }
    };
    // The number of cores comes from files, and most commits need not read those.
    let cores = || thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let helpers = if indices.len() < FEW { 0 } else { cores() - 1 };
    thread::scope(|scope| {
        for _ in 0..helpers {
            // If the system starts no thread, this one does all the work.
            let _ = thread::Builder::new().spawn_scoped(scope, share);
        }
        share();
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use std::sync::atomic::AtomicU32;

    #[test]
    fn each_entry_runs_once_and_the_first_error_ends_the_work() {
        let root = openat(CWD, ".", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        let root = rustix::fd::AsFd::as_fd(&root);
        for count in [0, 1, FEW - 1, FEW, 10 * FEW + 1] {
            let done: Vec<AtomicU32> = (0..count).map(|_| AtomicU32::new(0)).collect();
            let act = |_: &mut FolderCache<'_>, index: usize| {
                done[index].fetch_add(1, Ordering::Relaxed);
                Ok::<(), ()>(())
            };
            assert_eq!(for_each(root, 0..count, act), Ok(()));
            assert!(done.iter().all(|done| done.load(Ordering::Relaxed) == 1), "{count}");
        }
        let begun = AtomicUsize::new(0);
        let act = |_: &mut FolderCache<'_>, index: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            if index % 100 == 7 { Err(index) } else { Ok(()) }
        };
        assert_eq!(for_each(root, 0..100_000, act), Err((7, 7)));
        assert!(begun.into_inner() < 100_000 / 2);
    }
}
