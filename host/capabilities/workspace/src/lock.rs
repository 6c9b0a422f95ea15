//! The lock that allows one commit or recovery in a workspace at a time. It is on the open root folder, so it leaves no
//! file and ends with its process.

use super::WorkspaceError;
use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::thread::sleep;
use std::time::Duration;

/// The number of attempts and the pause between them: ten seconds in all, many times the duration of a commit.
const TRIES: u32 = if cfg!(test) { 3 } else { 1000 };
const PAUSE: Duration = Duration::from_millis(10);

/// The lock of a workspace; dropping it releases the lock.
#[derive(Debug)]
pub(super) struct WorkspaceLock(OwnedFd);

impl WorkspaceLock {
    /// Takes the lock. It waits up to ten seconds for another run.
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
        // After an error, the lock ends when the root folder is closed.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}
