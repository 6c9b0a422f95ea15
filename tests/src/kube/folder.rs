//! Where a cluster keeps its files. It is in the folder for temporary files, and one that a killed process has left
//! there is removed by the next that makes one; one that is in use never is.

use crate::services::Result;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "lockstep-kube-";
const LOCK: &str = "lock";

/// A folder that is removed when dropped.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// Held as long as the folder is in use. The system lets go of it when the process ends.
    _lock: File,
}

impl Folder {
    pub(super) fn new() -> Result<Self> {
        Self::made().map_err(|error| format!("no folder for a cluster: {error}"))
    }

    fn made() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        // One at a time, so that nobody sees a new folder before it is locked.
        let turn = File::create(parent.join("lockstep-kube.lock"))?;
        turn.lock()?;
        for entry in fs::read_dir(&parent)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                sweep(&entry.path());
            }
        }
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes a folder that nobody uses. What cannot be removed is somebody else's.
fn sweep(folder: &Path) {
    if let Ok(lock) = File::open(folder.join(LOCK))
        && !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    {
        let _ = fs::remove_dir_all(folder);
    }
}
