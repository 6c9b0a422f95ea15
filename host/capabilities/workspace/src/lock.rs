//! One commit or recovery in a workspace at a time. The lock is on the open root folder, so it leaves
//! no file and ends with the process that holds it.

use super::WorkspaceError;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::thread::sleep;
use std::time::Duration;

/// How often to try, and how long between: ten seconds in all, many times what a commit takes.
const TRIES: u32 = if cfg!(test) { 3 } else { 1000 };
const PAUSE: Duration = Duration::from_millis(10);

/// Holds the workspace for as long as it lives.
#[derive(Debug)]
pub(super) struct WorkspaceLock(OwnedFd);

impl WorkspaceLock {
    /// Waits a little for another run to end its commit.
    pub(super) fn take(root: BorrowedFd<'_>) -> Result<Self, WorkspaceError> {
        for _ in 0..TRIES {
            if let Some(lock) = Self::try_take(root)? {
                return Ok(lock);
            }
            sleep(PAUSE);
        }
        Err(WorkspaceError::Busy)
    }

    /// The lock; none while another run has it.
    pub(super) fn try_take(root: BorrowedFd<'_>) -> Result<Option<Self>, WorkspaceError> {
        let failed = |source| WorkspaceError::Io { path: ".".into(), source };
        match flock(root, FlockOperation::NonBlockingLockExclusive) {
            // The same open folder, so the same lock.
            Ok(()) => Ok(Some(Self(root.try_clone_to_owned().map_err(failed)?))),
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
            Err(error) => Err(failed(error.into())),
        }
    }
}

impl Drop for WorkspaceLock {
    fn drop(&mut self) {
        // Closing the root folder ends the lock too.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}
