//! Finds files, or symbolic links, by pattern. It follows no link, reads no folder in which no path can match, and never
//! returns a protected path.

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

/// The size and mode of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileInfo {
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its permission bits.
    pub(super) mode: u32,
}

/// The maximum length of a link's target in an answer, in bytes.
const TARGET: usize = 4096;

/// Finds the regular files that match the pattern, at most `max`.
pub(super) fn files(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    protected: &ProtectedPaths,
    max: usize,
) -> Result<BTreeMap<WorkspacePath, FileInfo>, CallError> {
    let mut files = BTreeMap::new();
    PatternSearch { pattern, protected, max, found: Matches::Files(&mut files) }.all(root)?;
    Ok(files)
}

/// Finds the symbolic links that match the pattern, at most `max`, with their targets as the links spell them.
pub(super) fn links(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    protected: &ProtectedPaths,
    max: usize,
) -> Result<BTreeMap<WorkspacePath, String>, CallError> {
    let mut links = BTreeMap::new();
    PatternSearch { pattern, protected, max, found: Matches::Links(&mut links) }.all(root)?;
    Ok(links)
}

/// The matches of a search: files or links.
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

struct PatternSearch<'a> {
    pattern: &'a Pattern,
    protected: &'a ProtectedPaths,
    max: usize,
    found: Matches<'a>,
}

impl PatternSearch<'_> {
    fn all(&mut self, root: BorrowedFd<'_>) -> Result<(), CallError> {
        match self.pattern.literal() {
            Some(path) => self.look_up(root, path),
            None => {
                let top = walk::folder(root, "").map_err(|error| unreadable("", error.into_io()))?;
                self.folder(&top, "")
            }
        }
    }

    /// Finds the file of a pattern without wildcards. A link is an error here; a pattern with wildcards skips links.
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
            // No pattern can match a name that is not UTF-8.
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
        // Some file systems do not list the kind of an entry.
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
                    // Somebody replaced the folder since it was listed.
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

    /// Adds the file or link of this name if it still has the kind that the search wants; somebody can have replaced it
    /// since it was listed.
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
                    Ok(target) => drop(links.insert(path, shorten(&target.to_string_lossy()))),
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

fn shorten(target: &str) -> String {
    target[..target.floor_char_boundary(TARGET)].to_owned()
}

/// The status of the file; none if somebody removed it since it was listed.
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

/// The error for a folder whose files would have too many parts in their paths. The search fails instead of skipping the
/// folder, because a step could not notice the missing files. This also limits the depth of the recursion.
fn too_deep(path: &str) -> CallError {
    let max = WorkspacePath::MAX_PARTS;
    CallError::LimitExceeded(format!(
        "`{}…` lies {max} folders deep, and no path has more than {max} parts; remove it, or give a pattern that does not protected it",
        &path[..path.floor_char_boundary(SHOWN)]
    ))
}

/// The maximum length of a path in the error of [`too_deep`], in bytes.
const SHOWN: usize = 200;

fn unreadable(path: &str, error: io::Error) -> CallError {
    let path = if path.is_empty() { "." } else { path };
    CallError::Local(format!("cannot look into `{path}`: {error}"))
}
