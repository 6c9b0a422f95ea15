//! One commit or recovery in a workspace at a time. The lock is on the open root folder, so it leaves
//! no file and ends with the process that holds it.

use super::WorkspaceError;
use rustix::fd::BorrowedFd;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::thread::sleep;
use std::time::Duration;

/// How often to try, and how long between: ten seconds in all, many times what a commit takes.
const TRIES: u32 = if cfg!(test) { 3 } else { 1000 };
const PAUSE: Duration = Duration::from_millis(10);

/// Holds the workspace for as long as it lives.
pub(super) struct Lock<'a>(BorrowedFd<'a>);

impl<'a> Lock<'a> {
    /// Waits a little for another run to end its commit.
    pub(super) fn take(root: BorrowedFd<'a>) -> Result<Self, WorkspaceError> {
        for _ in 0..TRIES {
            match flock(root, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(root)),
                Err(Errno::WOULDBLOCK | Errno::INTR) => sleep(PAUSE),
                Err(error) => {
                    return Err(WorkspaceError::Io { path: ".".into(), source: error.into() });
                }
            }
        }
        Err(WorkspaceError::Busy)
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        // Closing the root folder ends the lock too.
        let _ = flock(self.0, FlockOperation::Unlock);
    }
}
