//! Finds files by pattern. It follows no link, reads no folder in which no path can match, never returns a protected path,
//! and lists what it skips.

use super::protected_paths::ProtectedPaths;
use super::skipped::{SkipReason, SkippedEntry, escape_name};
use super::walk::{self, Obstacle};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use lockstep_model::pattern::Pattern;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Stat, readlinkat, statat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::io;

/// The size and mode of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileInfo {
    /// Its size in bytes.
    pub(super) size: u64,
    /// Its permission bits.
    pub(super) mode: u32,
}

/// What a search found and skipped, by path.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The folder of all matches.
    pub(super) base: String,
    /// The regular files.
    pub(super) files: BTreeMap<WorkspacePath, FileInfo>,
    /// The skipped entries.
    pub(super) skipped: BTreeMap<String, SkippedEntry>,
}

/// The maximum length of a link's target in an answer, in bytes.
const TARGET: usize = 4096;

/// Finds the regular files that match the pattern; files and skipped entries are at most `max`.
pub(super) fn find(
    root: BorrowedFd<'_>,
    pattern: &Pattern,
    protected: &ProtectedPaths,
    max: usize,
) -> Result<Found, CallError> {
    let pattern = pattern.resolve(|path| exists(root, path));
    let any = pattern.clone().with_hidden();
    let found = Found { base: pattern.base(), ..Found::default() };
    let mut search = PatternSearch { pattern, any, protected, max, found };
    search.all(root)?;
    Ok(search.found)
}

/// Whether something has this path. A path that a link leads to does not count.
fn exists(root: BorrowedFd<'_>, path: &str) -> bool {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    walk::folder(root, parent).is_ok_and(|parent| statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

struct PatternSearch<'a> {
    pattern: Pattern,
    /// The pattern whose wildcards match hidden names too: what it matches more is skipped.
    any: Pattern,
    protected: &'a ProtectedPaths,
    max: usize,
    found: Found,
}

/// An entry of a folder.
struct Entry<'a> {
    folder: &'a OwnedFd,
    name: &'a CStr,
    /// The path for comparisons with patterns and for messages. It is exact only if the name is UTF-8.
    path: String,
    kind: FileType,
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
            .and_then(|parent| Ok(statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?));
        match looked {
            Ok(stat) => match kind(&stat) {
                FileType::RegularFile => self.add_file(path, &stat),
                FileType::Symlink => Err(Obstacle::Link(path.to_string()).into_call_error("find", &path)),
                FileType::Directory => Ok(()),
                _ => self.skip(path.as_str(), SkipReason::SpecialFile, false, None),
            },
            Err(Obstacle::Missing | Obstacle::NotFolder(_)) => Ok(()),
            Err(obstacle) => Err(obstacle.into_call_error("find", &path)),
        }
    }

    fn folder(&mut self, folder: &OwnedFd, path: &str) -> Result<(), CallError> {
        let entries = Dir::read_from(folder).map_err(|error| unreadable(path, error.into()))?;
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(path, error.into()))?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let below = match path {
                "" => name.to_string_lossy().into_owned(),
                _ => format!("{path}/{}", name.to_string_lossy()),
            };
            // Some file systems do not list the kind of an entry.
            let kind = match entry.file_type() {
                FileType::Unknown => match status(folder, name, &below)? {
                    Some(stat) => kind(&stat),
                    None => continue,
                },
                listed => listed,
            };
            self.entry(&Entry { folder, name, path: below, kind })?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry<'_>) -> Result<(), CallError> {
        let Entry { folder, name, path, kind } = entry;
        let is_folder = *kind == FileType::Directory;
        let may_match = |pattern: &Pattern| match is_folder {
            true => pattern.may_match_below(path),
            false => pattern.matches_text(path),
        };
        let is_link_to_folder =
            || *kind == FileType::Symlink && self.any.may_match_below(path) && leads_to_folder(folder, name);
        if !may_match(&self.any) && !is_link_to_folder()
            || lockstep_model::protected::unreachable(path).is_some()
        {
            return Ok(());
        }
        if self.protected.owns(path) {
            return self.skip(path, SkipReason::Protected, is_folder, None);
        }
        if is_folder && path.split('/').count() >= WorkspacePath::MAX_PARTS {
            return Err(too_deep(path));
        }
        let Some(parsed) = name.to_str().ok().and_then(|_| WorkspacePath::parse(path).ok()) else {
            let parent = path.rsplit_once('/').map_or(String::new(), |(parent, _)| format!("{parent}/"));
            let escaped = format!("{parent}{}", escape_name(name.to_bytes()));
            return self.skip(&escaped, SkipReason::UnsupportedName, is_folder, None);
        };
        match kind {
            FileType::Symlink => match readlinkat(*folder, *name, Vec::new()) {
                Ok(target) => {
                    let target = shorten(&target.to_string_lossy());
                    self.skip(path, SkipReason::SymbolicLink, false, Some(target))
                }
                // Somebody replaced the link since it was listed.
                Err(Errno::NOENT | Errno::INVAL) => Ok(()),
                Err(error) => Err(unreadable(path, error.into())),
            },
            _ if !may_match(&self.pattern) => self.skip(path, SkipReason::Hidden, is_folder, None),
            FileType::Directory => self.enter(folder, name, path),
            FileType::RegularFile => match status(folder, name, path)? {
                Some(stat) if self::kind(&stat) == FileType::RegularFile => self.add_file(parsed, &stat),
                // Somebody replaced the file since it was listed.
                _ => Ok(()),
            },
            _ => self.skip(path, SkipReason::SpecialFile, false, None),
        }
    }

    fn enter(&mut self, folder: &OwnedFd, name: &CStr, path: &str) -> Result<(), CallError> {
        match walk::open_part(folder.as_fd(), name) {
            Ok(opened) => self.folder(&opened, path),
            // Somebody replaced the folder since it was listed.
            Err(Obstacle::Missing | Obstacle::Link(_) | Obstacle::NotFolder(_)) => Ok(()),
            Err(obstacle) => Err(unreadable(path, obstacle.into_io())),
        }
    }

    fn add_file(&mut self, path: WorkspacePath, stat: &Stat) -> Result<(), CallError> {
        let info = FileInfo { size: walk::size(stat), mode: stat.st_mode & 0o7777 };
        self.found.files.insert(path, info);
        self.check_count()
    }

    fn skip(
        &mut self,
        path: &str,
        reason: SkipReason,
        is_folder: bool,
        target: Option<String>,
    ) -> Result<(), CallError> {
        let entry = SkippedEntry { path: path.to_owned(), reason, is_folder, target };
        self.found.skipped.insert(path.to_owned(), entry);
        self.check_count()
    }

    fn check_count(&self) -> Result<(), CallError> {
        match self.found.files.len() + self.found.skipped.len() {
            count if count > self.max => Err(too_many(&self.pattern, self.max)),
            _ => Ok(()),
        }
    }
}

/// Whether a link leads to a folder. The search skips the link in any case, and needs this to tell whether files that match
/// could be below it.
fn leads_to_folder(folder: &OwnedFd, name: &CStr) -> bool {
    statat(folder, name, AtFlags::empty()).is_ok_and(|stat| kind(&stat) == FileType::Directory)
}

fn shorten(target: &str) -> String {
    target[..target.floor_char_boundary(TARGET)].to_owned()
}

/// The status of the file; none if somebody removed it since it was listed.
fn status(folder: &OwnedFd, name: &CStr, path: &str) -> Result<Option<Stat>, CallError> {
    match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(unreadable(path, error.into())),
    }
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

pub(super) fn too_many(pattern: &Pattern, max: usize) -> CallError {
    CallError::LimitExceeded(format!("`{pattern}` finds or skips more than {max} files"))
}

/// The error for a folder whose files would have too many parts in their paths. The search fails instead of skipping the
/// folder, because a step could not notice the missing files. This also limits the depth of the recursion.
fn too_deep(path: &str) -> CallError {
    let max = WorkspacePath::MAX_PARTS;
    CallError::LimitExceeded(format!(
        "`{}…` lies {max} folders deep, and no path has more than {max} parts; remove it, or give a pattern that does not match below it",
        &path[..path.floor_char_boundary(SHOWN)]
    ))
}

/// The maximum length of a path in the error of [`too_deep`], in bytes.
const SHOWN: usize = 200;

fn unreadable(path: &str, error: io::Error) -> CallError {
    let path = if path.is_empty() { "." } else { path };
    CallError::Local(format!("cannot look into `{path}`: {error}"))
}
