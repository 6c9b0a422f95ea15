//! Finding files by pattern. It follows no link, does not look into folders where nothing can match,
//! and never sees what is out of reach.

use super::reach::Reach;
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
pub(super) struct Looks {
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its permission bits.
    pub(super) mode: u32,
}

/// What a pattern finds on disk.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: BTreeMap<WorkspacePath, Looks>,
    /// Symbolic links, with what they point to as it is written there.
    pub(super) links: BTreeMap<WorkspacePath, String>,
}

/// Finds the regular files and links that the pattern names, at most `most` of each.
pub(super) fn find(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    reach: &Reach,
    most: usize,
    named: Named,
) -> Result<Found, CallError> {
    let mut search = Search { pattern, reach, most, named, found: Found::default() };
    match pattern.literal() {
        Some(path) => search.look_up(root, path)?,
        None => {
            let top = walk::folder(root, "").map_err(|error| unreadable("", error.into_io()))?;
            search.folder(&top, "")?;
        }
    }
    Ok(search.found)
}

/// What a link is whose very path is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Refused, as everywhere.
    Denied,
    /// What is looked for.
    Wanted,
}

struct Search<'a> {
    pattern: &'a Pattern,
    reach: &'a Reach,
    most: usize,
    named: Named,
    found: Found,
}

impl Search<'_> {
    /// A link that is named is refused like everywhere; only links that one comes across are passed over.
    fn look_up(&mut self, root: BorrowedFd<'_>, path: WorkspacePath) -> Result<(), CallError> {
        self.reach.check("find", &path)?;
        let (parent, name) = path.split();
        let looked = walk::folder(root, parent.unwrap_or_default())
            .and_then(|parent| Ok((statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?, parent)));
        match looked {
            Ok((stat, parent)) if kind(&stat) == FileType::Symlink => match self.named {
                Named::Denied => Err(Obstacle::Link(path.to_string()).tell("find", &path)),
                Named::Wanted => self.link(&parent, name, path.clone()),
            },
            Ok((stat, _)) if kind(&stat) == FileType::RegularFile => self.add(path, &stat),
            Ok(_) | Err(Obstacle::Missing | Obstacle::NotFolder(_)) => Ok(()),
            Err(obstacle) => Err(obstacle.tell("find", &path)),
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
            FileType::Directory if self.pattern.may_match_below(&path) && self.reach.allows(&path) => {
                match walk::open_part(folder.as_fd(), name) {
                    Ok(opened) => self.folder(&opened, &path),
                    // Replaced since it was listed.
                    Err(Obstacle::Missing | Obstacle::Link(_) | Obstacle::NotFolder(_)) => Ok(()),
                    Err(obstacle) => Err(unreadable(&path, obstacle.into_io())),
                }
            }
            FileType::RegularFile => {
                let Ok(path) = WorkspacePath::parse(&path) else {
                    return Ok(());
                };
                if !self.pattern.matches(&path) || !self.reach.allows(path.as_str()) {
                    return Ok(());
                }
                match status(folder, name, path.as_str())? {
                    Some(stat) if kind(&stat) == FileType::RegularFile => self.add(path, &stat),
                    _ => Ok(()),
                }
            }
            FileType::Symlink => match WorkspacePath::parse(&path) {
                Ok(path) if self.pattern.matches(&path) && self.reach.allows(path.as_str()) => {
                    self.link(folder, name, path)
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// What a link points to is told, and not looked at.
    fn link(&mut self, folder: &OwnedFd, name: &str, path: WorkspacePath) -> Result<(), CallError> {
        if self.found.links.len() >= self.most {
            return Err(too_many(self.pattern, self.most));
        }
        match readlinkat(folder, name, Vec::new()) {
            Ok(target) => drop(self.found.links.insert(path, target.to_string_lossy().into_owned())),
            // Gone, or something else, since it was listed.
            Err(Errno::NOENT | Errno::INVAL) => {}
            Err(error) => return Err(unreadable(path.as_str(), error.into())),
        }
        Ok(())
    }

    fn add(&mut self, path: WorkspacePath, stat: &Stat) -> Result<(), CallError> {
        if self.found.files.len() >= self.most {
            return Err(too_many(self.pattern, self.most));
        }
        self.found.files.insert(path, Looks { size: walk::size(stat), mode: stat.st_mode & 0o7777 });
        Ok(())
    }
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

pub(super) fn too_many(pattern: &Pattern, most: usize) -> CallError {
    CallError::Limit(format!("`{pattern}` finds more than {most} files"))
}

fn unreadable(path: &str, error: io::Error) -> CallError {
    let path = if path.is_empty() { "." } else { path };
    CallError::Unavailable(format!("cannot look into `{path}`: {error}"))
}
