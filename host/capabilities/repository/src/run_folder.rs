//! The temporary folder of a run for its bare repositories. A lock marks it while the run lives, and it goes with the run. It
//! removes the folders of killed runs, but no folder that a run still locks or another user owns, and it follows no link.

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use tempfile::TempDir;

/// The prefix of the names of these folders.
const PREFIX: &str = "lockstep-git-";
/// How often it creates a folder that another run takes for an abandoned one.
const ATTEMPTS: u32 = 8;

/// The folder of this run.
pub(super) struct RunFolder {
    folder: TempDir,
    /// Holds the lock until the process ends.
    _lock: File,
}

impl RunFolder {
    /// Creates the folder, and removes those of dead runs.
    pub(super) fn new() -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            let Some(lock) = lock(folder.path())? else { continue };
            if let Some(parent) = folder.path().parent() {
                remove_abandoned(parent);
            }
            return Ok(Self { folder, _lock: lock });
        }
        Err(io::Error::other("other runs take each new folder for an abandoned one"))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Locks a new folder; none if another run has locked it first. On a file system without locks, no run can lock it.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let folder = match open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let is_locked = match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => return Ok(None),
        locked => locked.is_ok(),
    };
    Ok((!is_locked || is_at(&folder.metadata()?, path)).then_some(folder))
}

/// Removes the folders of dead runs. If that fails for one, the next run tries again.
fn remove_abandoned(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let path = entry.path();
            match remove_if_dead(&path) {
                Ok(true) => tracing::debug!("removed `{}`, which a killed run left", path.display()),
                Ok(false) => {}
                Err(error) => tracing::debug!("cannot remove `{}`: {error}", path.display()),
            }
        }
    }
}

fn remove_if_dead(path: &Path) -> io::Result<bool> {
    let folder = open(path)?;
    let metadata = folder.metadata()?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    if flock(&folder, FlockOperation::NonBlockingLockExclusive).is_err() || !is_at(&metadata, path) {
        return Ok(false);
    }
    // This function follows no link.
    fs::remove_dir_all(path)?;
    Ok(true)
}

/// Opens a folder; a link is an error.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Whether a path leads to this file.
fn is_at(expected: &Metadata, path: &Path) -> bool {
    let found = fs::symlink_metadata(path);
    found.is_ok_and(|found| (found.dev(), found.ino()) == (expected.dev(), expected.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_dead_runs_are_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["lockstep-git-dead/0/objects", "lockstep-git-alive/0", "other", "kept/inside"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("lockstep-git-dead/0/config"), "x").unwrap();
        fs::write(at("lockstep-git-file"), "x").unwrap();
        std::os::unix::fs::symlink(at("kept"), at("lockstep-git-link")).unwrap();
        std::os::unix::fs::symlink(at("kept"), at("lockstep-git-dead/link")).unwrap();
        let alive = lock(&at("lockstep-git-alive")).unwrap();
        assert!(alive.is_some() && lock(&at("lockstep-git-alive")).unwrap().is_none());
        remove_abandoned(place.path());
        let mut names: Vec<_> =
            fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["kept", "lockstep-git-alive", "lockstep-git-file", "lockstep-git-link", "other"]);
        assert!(at("kept/inside").exists());
        drop(alive);
        remove_abandoned(place.path());
        assert!(!at("lockstep-git-alive").exists());
    }

    #[test]
    fn the_folder_of_another_user_stays() {
        let place = tempfile::tempdir().unwrap();
        let theirs = place.path().join("lockstep-git-theirs");
        fs::create_dir(&theirs).unwrap();
        // Only root can give it away.
        if std::os::unix::fs::chown(&theirs, Some(65534), None).is_ok() {
            remove_abandoned(place.path());
            assert!(theirs.exists());
        }
    }

    #[test]
    fn runs_that_begin_at_once_keep_their_folders() {
        let runs: Vec<_> = (0..8)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..20 {
                        let folder = RunFolder::new().unwrap();
                        fs::write(folder.path().join("x"), "x").unwrap();
                        assert!(folder.path().join("x").exists());
                    }
                })
            })
            .collect();
        for run in runs {
            run.join().unwrap();
        }
    }
}
