//! The folder of a cluster's files, in the folder for temporary files. The creation of a new one removes those of killed
//! processes, and none in use.

use crate::services::Result;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use tempfile::TempDir;

const PREFIX: &str = "lockstep-kube-";
const LOCK: &str = "lock";

/// A folder. Dropping it removes the folder.
#[derive(Debug)]
pub(super) struct Folder {
    folder: TempDir,
    /// The lock of the folder. The system releases it when the process ends.
    _lock: File,
}

impl Folder {
    pub(super) fn new() -> Result<Self> {
        Self::made().map_err(|error| format!("no folder for a cluster: {error}"))
    }

    fn made() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        // One process at a time, so that no other sees the folder before its lock.
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

/// Removes an unused folder. It ignores errors, because the folder can belong to another user.
fn sweep(folder: &Path) {
    if let Ok(lock) = File::open(folder.join(LOCK))
        && !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    {
        let _ = fs::remove_dir_all(folder);
    }
}
