//! The folder of a run for its repositories: made where temporary files are, held by a lock while the run lives, and
//! removed with it. What runs have left that were killed, the next one removes. It touches no folder that a run still holds,
//! that belongs to another user, or that a link leads to.

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use tempfile::TempDir;

/// What the names of these folders begin with.
const PREFIX: &str = "lockstep-git-";
/// How often a folder is made anew that another run took for one without an owner.
const ATTEMPTS: u32 = 8;

/// A folder of this run alone.
pub(super) struct RunFolder {
    folder: TempDir,
    /// Holds the lock until the process ends, however it does.
    _lock: File,
}

impl RunFolder {
    /// Makes one, and removes those whose runs are dead.
    pub(super) fn new() -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            let Some(lock) = held(folder.path())? else { continue };
            if let Some(parent) = folder.path().parent() {
                sweep(parent);
            }
            return Ok(Self { folder, _lock: lock });
        }
        Err(io::Error::other("other runs take each folder for one that nobody holds"))
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A new folder with its lock held; none if another run has got hold of it first. Where the file system knows no locks, no
/// run can get hold of it.
fn held(path: &Path) -> io::Result<Option<File>> {
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

/// Removes the folders of dead runs. What cannot be removed stays for the next run.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            let path = entry.path();
            match remove_if_dead(&path) {
                Ok(true) => tracing::debug!("removed `{}`, which a killed run left", path.display()),
                Ok(false) => {}
                Err(error) => tracing::debug!("`{}` stays: {error}", path.display()),
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
    // It follows no link, above or below.
    fs::remove_dir_all(path)?;
    Ok(true)
}

/// Opens a folder, and nothing that a link leads to.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Whether this is what stands at the path.
fn is_at(own: &Metadata, path: &Path) -> bool {
    let there = fs::symlink_metadata(path);
    there.is_ok_and(|there| (there.dev(), there.ino()) == (own.dev(), own.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_runs_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["lockstep-git-dead/0/objects", "lockstep-git-alive/0", "other", "kept/inside"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(at("lockstep-git-dead/0/config"), "x").unwrap();
        fs::write(at("lockstep-git-file"), "x").unwrap();
        std::os::unix::fs::symlink(at("kept"), at("lockstep-git-link")).unwrap();
        std::os::unix::fs::symlink(at("kept"), at("lockstep-git-dead/link")).unwrap();
        let alive = held(&at("lockstep-git-alive")).unwrap();
        assert!(alive.is_some() && held(&at("lockstep-git-alive")).unwrap().is_none());
        sweep(place.path());
        let mut names: Vec<_> =
            fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["kept", "lockstep-git-alive", "lockstep-git-file", "lockstep-git-link", "other"]);
        assert!(at("kept/inside").exists());
        drop(alive);
        sweep(place.path());
        assert!(!at("lockstep-git-alive").exists());
    }

    #[test]
    fn the_folder_of_another_user_stays() {
        let place = tempfile::tempdir().unwrap();
        let theirs = place.path().join("lockstep-git-theirs");
        fs::create_dir(&theirs).unwrap();
        // Only root can give it away.
        if std::os::unix::fs::chown(&theirs, Some(65534), None).is_ok() {
            sweep(place.path());
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
