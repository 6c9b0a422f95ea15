//! Finding files, or symbolic links, by pattern. It follows no link, does not look into folders where
//! nothing can match, and never sees what is out of reach.

use super::protected_paths::ProtectedPaths;
use super::walk::{self, Obstacle};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use lockstep_model::pattern::Pattern;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Stat, readlinkat, statat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;

/// A regular file, as far as its folder tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileInfo {
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its permission bits.
    pub(super) mode: u32,
}

/// The most of what a link points to that is told, in bytes.
const TARGET: usize = 4096;

/// Finds the regular files that the pattern names, at most `max`.
pub(super) fn files(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    protected: &ProtectedPaths,
    max: usize,
) -> Result<BTreeMap<WorkspacePath, FileInfo>, CallError> {
    let mut files = BTreeMap::new();
    Search { pattern, protected, max, found: Matches::Files(&mut files) }.all(root)?;
    Ok(files)
}

/// Finds the symbolic links that the pattern names, at most `max`, with what they point to as it is written there.
pub(super) fn links(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    protected: &ProtectedPaths,
    max: usize,
) -> Result<BTreeMap<WorkspacePath, String>, CallError> {
    let mut links = BTreeMap::new();
    Search { pattern, protected, max, found: Matches::Links(&mut links) }.all(root)?;
    Ok(links)
}

/// What is looked for, and where it is kept.
enum Matches<'a> {
    Files(&'a mut BTreeMap<WorkspacePath, FileInfo>),
    Links(&'a mut BTreeMap<WorkspacePath, String>),
}

impl Matches<'_> {
    fn kind(&self) -> FileType {
        match self {
            Self::Files(_) => FileType::RegularFile,
            Self::Links(_) => FileType::Symlink,
        }
    }
}

struct Search<'a> {
    pattern: &'a Pattern,
    protected: &'a ProtectedPaths,
    max: usize,
    found: Matches<'a>,
}

impl Search<'_> {
    fn all(&mut self, root: BorrowedFd<'_>) -> Result<(), CallError> {
        match self.pattern.literal() {
            Some(path) => self.look_up(root, path),
            None => {
                let top = walk::folder(root, "").map_err(|error| unreadable("", error.into_io()))?;
                self.folder(&top, "")
            }
        }
    }

    /// A link that is named for a file is refused like everywhere; only links that one comes across are passed over.
    fn look_up(&mut self, root: BorrowedFd<'_>, path: WorkspacePath) -> Result<(), CallError> {
        self.protected.check("find", &path)?;
        let (parent, name) = path.split();
        let looked = walk::folder(root, parent.unwrap_or_default())
            .and_then(|parent| Ok((statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?, parent)));
        match looked {
            Ok((stat, parent)) if kind(&stat) == self.found.kind() => self.add(&parent, name, path.clone()),
            Ok((stat, _)) if kind(&stat) == FileType::Symlink => {
                Err(Obstacle::Link(path.to_string()).into_call_error("find", &path))
            }
            Ok(_) | Err(Obstacle::Missing | Obstacle::NotFolder(_)) => Ok(()),
            Err(obstacle) => Err(obstacle.into_call_error("find", &path)),
        }
    }

    fn folder(&mut self, folder: &OwnedFd, path: &str) -> Result<(), CallError> {
        let entries = Dir::read_from(folder).map_err(|error| unreadable(path, error.into()))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(path, error.into()))?;
            // A name that no path can hold cannot be asked for either.
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            let below = match path {
                "" => name.to_owned(),
                _ => format!("{path}/{name}"),
            };
            self.entry(folder, name, below, entry.file_type())?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: &OwnedFd,
        name: &str,
        path: String,
        listed: FileType,
    ) -> Result<(), CallError> {
        // Some file systems do not list the kind.
        let listed = match listed {
            FileType::Unknown => match status(folder, name, &path)? {
                Some(stat) => kind(&stat),
                None => return Ok(()),
            },
            listed => listed,
        };
        match listed {
            FileType::Directory if self.pattern.may_match_below(&path) && self.protected.allows(&path) => {
                if path.split('/').count() >= WorkspacePath::MAX_PARTS {
                    return Err(too_deep(&path));
                }
                match walk::open_part(folder.as_fd(), name) {
                    Ok(opened) => self.folder(&opened, &path),
                    // Replaced since it was listed.
                    Err(Obstacle::Missing | Obstacle::Link(_) | Obstacle::NotFolder(_)) => Ok(()),
                    Err(obstacle) => Err(unreadable(&path, obstacle.into_io())),
                }
            }
            listed if listed == self.found.kind() => match WorkspacePath::parse(&path) {
                Ok(path) if self.pattern.matches(&path) && self.protected.allows(path.as_str()) => {
                    self.add(folder, name, path)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Keeps what is under this name if it is what is looked for. It can have become something else since it was
    /// listed. What a link points to is told, and not looked at.
    fn add(&mut self, folder: &OwnedFd, name: &str, path: WorkspacePath) -> Result<(), CallError> {
        let found = match &mut self.found {
            Matches::Files(files) => {
                if let Some(stat) = status(folder, name, path.as_str())?
                    && kind(&stat) == FileType::RegularFile
                {
                    files.insert(path, FileInfo { size: walk::size(&stat), mode: stat.st_mode & 0o7777 });
                }
                files.len()
            }
            Matches::Links(links) => {
                match readlinkat(folder, name, Vec::new()) {
                    Ok(target) => drop(links.insert(path, shown(&target.to_string_lossy()))),
                    Err(Errno::NOENT | Errno::INVAL) => {}
                    Err(error) => return Err(unreadable(path.as_str(), error.into())),
                }
                links.len()
            }
        };
        if found > self.max {
            return Err(too_many(self.pattern, self.max, self.found.kind()));
        }
        Ok(())
    }
}

fn shown(target: &str) -> String {
    target[..target.floor_char_boundary(TARGET)].to_owned()
}

/// What the file is now; none if it is gone since it was listed.
fn status(folder: &OwnedFd, name: &str, path: &str) -> Result<Option<Stat>, CallError> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(unreadable(path, error.into())),
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

pub(super) fn too_many(pattern: &Pattern, max: usize, kind: FileType) -> CallError {
    let kind = if kind == FileType::Symlink { "links" } else { "files" };
    CallError::LimitExceeded(format!("`{pattern}` finds more than {max} {kind}"))
}

/// A folder in which no file has a path. What the pattern could match below it is refused and not passed over: nobody
/// would know what is missing. It also bounds how deep the search nests.
fn too_deep(path: &str) -> CallError {
    let max = WorkspacePath::MAX_PARTS;
    CallError::LimitExceeded(format!(
        "`{}…` lies {max} folders deep, and no path has more than {max} parts; remove it, or give a pattern that does not protected it",
        &path[..path.floor_char_boundary(SHOWN)]
    ))
}

/// The most of a path that is too deep that is told, in bytes.
const SHOWN: usize = 200;

fn unreadable(path: &str, error: io::Error) -> CallError {
    let path = if path.is_empty() { "." } else { path };
    CallError::Local(format!("cannot look into `{path}`: {error}"))
}
