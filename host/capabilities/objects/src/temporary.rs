//! Temporary files of a local folder, which get the names of objects when they are complete. The run that writes a file
//! holds a lock on it, and others cannot read it before it is complete. The next run that writes into the same folder
//! removes the files of killed runs. It touches no file with another kind of name, another owner, or a lock.

use super::types::Precondition;
use lockstep_model::protected::OWN_PREFIX;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags, RenameFlags, flock, openat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;

/// The digits after the prefix of a name.
const DIGITS: usize = 16;
/// The most attempts to create a file: another run can remove it before this one locks it.
const ATTEMPTS: u32 = 8;

/// A temporary file. The host removes it unless it becomes an object.
pub(super) struct TemporaryFile<'f> {
    folder: &'f OwnedFd,
    name: String,
    file: File,
}

impl<'f> TemporaryFile<'f> {
    /// Creates a file. With `private` only its owner can read it.
    pub(super) fn new(folder: &'f OwnedFd, private: bool) -> io::Result<Self> {
        let own = Mode::RUSR | Mode::WUSR;
        let mode = if private { own } else { own | Mode::RGRP | Mode::ROTH };
        for _ in 0..ATTEMPTS {
            let number = getrandom::u64().map_err(io::Error::other)?;
            let name = format!("{OWN_PREFIX}{number:016x}");
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = File::from(openat(folder, &name, flags, mode)?);
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {}
                // Without locks in the file system, no run takes the file for an abandoned one.
                Err(_) => return Ok(Self { folder, name, file }),
                Ok(()) if is_at(&file, folder, &name)? => return Ok(Self { folder, name, file }),
                Ok(()) => {}
            }
        }
        Err(io::Error::other("other runs removed each temporary file before this run could lock it"))
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Renames the file to the name of an object.
    pub(super) fn rename_to(self, name: &str, precondition: &Precondition) -> io::Result<()> {
        match precondition {
            Precondition::IfNoneMatch => {
                let renamed = rustix::fs::renameat_with(
                    self.folder,
                    &self.name,
                    self.folder,
                    name,
                    RenameFlags::NOREPLACE,
                );
                Ok(renamed?)
            }
            Precondition::None => Ok(rustix::fs::renameat(self.folder, &self.name, self.folder, name)?),
            Precondition::IfMatch(_) => Err(io::Error::other("a local folder has no entity tags")),
        }
    }
}

impl Drop for TemporaryFile<'_> {
    fn drop(&mut self) {
        // The file is an object, or nobody needs it. The next run removes one that stays.
        let _ = rustix::fs::unlinkat(self.folder, &self.name, AtFlags::empty());
    }
}

/// The folders in which the run has removed files of killed runs.
#[derive(Debug, Default)]
pub(super) struct SweptFolders(HashSet<(u64, u64)>);

impl SweptFolders {
    /// Removes files of killed runs from a folder, once for each folder. A file that it cannot remove stays for the
    /// next run.
    pub(super) fn sweep(&mut self, folder: &OwnedFd) {
        let Ok(stat) = rustix::fs::fstat(folder) else { return };
        if self.0.insert((stat.st_dev, stat.st_ino)) {
            for entry in Dir::read_from(folder).into_iter().flatten().flatten() {
                entry.file_name().to_str().ok().filter(|name| remove(folder, name));
            }
        }
    }
}

/// Removes a file if a killed run left it, and returns whether it did.
pub(super) fn remove(folder: &OwnedFd, name: &str) -> bool {
    let removed = is_own(name) && remove_if_dead(folder, name).unwrap_or(false);
    if removed {
        tracing::debug!("removed `{name}`, a file of a killed run");
    }
    removed
}

fn remove_if_dead(folder: &OwnedFd, name: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(folder, name, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() || !is_at(&file, folder, name)? {
        return Ok(false);
    }
    rustix::fs::unlinkat(folder, name, AtFlags::empty())?;
    Ok(true)
}

/// Whether a name has the format of a temporary file.
fn is_own(name: &str) -> bool {
    let digits = name.strip_prefix(OWN_PREFIX);
    digits.is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether the name still belongs to this file.
fn is_at(file: &File, folder: &OwnedFd, name: &str) -> io::Result<bool> {
    let own = rustix::fs::fstat(file)?;
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(entry) => Ok((entry.st_dev, entry.st_ino) == (own.st_dev, own.st_ino)),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(directory: &std::path::Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_files_of_killed_runs_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let join = |name: &str| directory.path().join(name);
        let (dead, link) = (".lockstep-00000000000000aa", ".lockstep-00000000000000bb");
        let others = [".lockstep-journal", ".lockstep-00000000000000a", "app.bin"];
        for name in others.iter().chain([&dead]) {
            fs::write(join(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(join("app.bin"), join(link)).unwrap();
        let folder = OwnedFd::from(File::open(directory.path()).unwrap());
        let mut current = TemporaryFile::new(&folder, true).unwrap();
        SweptFolders::default().sweep(&folder);
        let own = current.name.clone();
        assert_eq!(fs::metadata(join(&own)).unwrap().permissions().mode() & 0o777, 0o600);
        let dropped = TemporaryFile::new(&folder, false).unwrap();
        assert!(!join(dead).exists() && join(&own).exists() && join(link).symlink_metadata().is_ok());
        drop(dropped);
        current.file.write_all(b"whole").unwrap();
        current.rename_to("made", &Precondition::IfNoneMatch).unwrap();
        assert_eq!(fs::read(join("made")).unwrap(), b"whole");
        let mut expected: Vec<_> =
            others.iter().chain([&link, &"made"]).map(|name| (*name).to_owned()).collect();
        expected.sort();
        assert_eq!(names(directory.path()), expected);
    }

    #[test]
    fn files_that_are_written_at_once_all_get_their_names() {
        let directory = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let folder = OwnedFd::from(File::open(directory.path()).unwrap());
                scope.spawn(move || {
                    for file in 0..25 {
                        SweptFolders::default().sweep(&folder);
                        let temporary = TemporaryFile::new(&folder, true).unwrap();
                        temporary.rename_to(&format!("{number}-{file}"), &Precondition::None).unwrap();
                    }
                });
            }
        });
        assert_eq!(names(directory.path()).len(), 200);
    }
}
