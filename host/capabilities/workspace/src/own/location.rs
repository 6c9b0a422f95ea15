//! The location of one of the host's own files. It opens the path one part at a time, from the root of the system or from
//! the current folder. At each part it knows whether it is in a closed folder, which is the workspace or a checkout of git.
//! It identifies folders by device and inode, not by their path.

use super::super::protected_paths;
use super::{FolderId, NameOrigin, OwnFileProblem};
use lockstep_model::protected;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

/// The maximum number of links in a path, as in Linux.
pub(super) const MAX_LINKS: u32 = 40;

/// This flag needs no right to list the folder.
#[cfg(target_os = "linux")]
const WAY: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const WAY: OFlags = OFlags::RDONLY;
const FOLDER: OFlags = WAY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The treatment of missing folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingFolders {
    Leave,
    Create,
}

/// The location of a file.
#[derive(Debug)]
pub(super) struct FileLocation {
    /// The folder of the file.
    pub(super) parent: OwnedFd,
    /// The name of the file.
    pub(super) name: String,
    /// Whether the folder is closed.
    pub(super) closed: bool,
    /// The file that has this name already.
    pub(super) found: ExistingFile,
}

/// The kind of the file that has a name already.
#[derive(Debug)]
pub(super) enum ExistingFile {
    Nothing,
    File(Stat),
    /// A link that the writer does not follow.
    Link,
    /// A pipe, or a device that takes text.
    Stream,
    /// An open file of a process, by its number in `/proc/self/fd`.
    OpenFile,
}

/// One part of a path.
enum PathPart {
    Root,
    Up,
    Name(OsString),
}

/// Finds the location of a file; none if a folder is missing and `folders` says to leave it so.
pub(super) fn find(
    workspace: Option<FolderId>,
    path: &Path,
    origin: NameOrigin,
    folders: MissingFolders,
) -> Result<Option<FileLocation>, OwnFileProblem> {
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(OwnFileProblem::NoName);
    }
    let mut rest: Vec<PathPart> = steps(path).collect();
    let mut walk = PathWalk::begin(workspace)?;
    while let Some(step) = rest.pop() {
        let name = match step {
            PathPart::Root => {
                walk.jump("/")?;
                continue;
            }
            PathPart::Up => {
                walk.jump("..")?;
                continue;
            }
            PathPart::Name(name) => walk.name(name)?,
        };
        let found = walk.look(&name)?;
        match found.map(|stat| (FileType::from_raw_mode(stat.st_mode), stat)) {
            None if rest.is_empty() => return Ok(Some(walk.location(name, ExistingFile::Nothing))),
            None => {
                walk.check_missing(&rest)?;
                if folders == MissingFolders::Leave {
                    return Ok(None);
                }
                walk.make(&name)?;
            }
            Some((FileType::Symlink, _)) => match walk.link(&name, rest.is_empty(), origin)? {
                Some(target) => rest.extend(steps(&target)),
                None => {
                    let found = if walk.is_process() { ExistingFile::OpenFile } else { ExistingFile::Link };
                    return Ok(Some(walk.location(name, found)));
                }
            },
            Some((kind, stat)) if rest.is_empty() => {
                let found = walk.last(kind, stat)?;
                return Ok(Some(walk.location(name, found)));
            }
            Some((FileType::Directory, _)) => walk.enter(&name)?,
            Some(_) => return Err(OwnFileProblem::NotFolder(walk.path.join(name))),
        }
    }
    Err(OwnFileProblem::Unsuitable("a folder"))
}

/// The parts of a path, the last one first.
fn steps(path: &Path) -> impl Iterator<Item = PathPart> {
    path.components().rev().filter_map(|part| match part {
        Component::RootDir => Some(PathPart::Root),
        Component::ParentDir => Some(PathPart::Up),
        Component::Normal(name) => Some(PathPart::Name(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    })
}

struct PathWalk {
    workspace: Option<FolderId>,
    here: OwnedFd,
    stat: Stat,
    /// Whether this folder is closed or lies in a closed one.
    closed: bool,
    /// Whether the current folder, or a folder above it, lies in a folder in which no step may write.
    /// The reason, as the end of a sentence.
    reserved: Option<&'static str>,
    links: u32,
    /// For messages.
    path: PathBuf,
}

impl PathWalk {
    /// Begins at the current folder.
    fn begin(workspace: Option<FolderId>) -> Result<Self, OwnFileProblem> {
        let here = openat(CWD, ".", FOLDER, Mode::empty())?;
        let stat = fstat(&here)?;
        let closed = is_below_closed(&here, workspace)?;
        let reserved = std::env::current_dir().ok().and_then(|folder| protected_paths::reserved(&folder));
        Ok(Self { workspace, here, stat, closed, reserved, links: 0, path: PathBuf::new() })
    }

    /// Goes to the root or to the folder above.
    fn jump(&mut self, to: &str) -> Result<(), OwnFileProblem> {
        self.here = openat(&self.here, to, FOLDER, Mode::empty())?;
        self.stat = fstat(&self.here)?;
        self.closed = is_below_closed(&self.here, self.workspace)?;
        self.path.push(to);
        let folder = std::env::current_dir().unwrap_or_default().join(&self.path).canonicalize();
        self.reserved = folder.ok().and_then(|folder| protected_paths::reserved(&folder));
        Ok(())
    }

    /// Checks a name. The host writes to no file that git or CI systems read, as steps do not.
    fn name(&self, name: OsString) -> Result<String, OwnFileProblem> {
        let name =
            name.into_string().map_err(|_| OwnFileProblem::Unsuitable("a file whose name is not text"))?;
        let closed = || protected::unchangeable(&name).filter(|_| self.closed);
        match protected::unreachable(&name).or_else(closed).or(self.reserved) {
            Some(reason) => Err(OwnFileProblem::Protected { path: self.path.join(name), reason }),
            None => Ok(name),
        }
    }

    /// The status of the file with this name; an error if another user may have made it.
    fn look(&self, name: &str) -> Result<Option<Stat>, OwnFileProblem> {
        match statat(&self.here, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if self.is_foreign(&stat) => Err(OwnFileProblem::Foreign(self.path.join(name))),
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether another user can have made this file. Linux has the same rule for links in such folders.
    fn is_foreign(&self, entry: &Stat) -> bool {
        let me = rustix::process::geteuid().as_raw();
        let everybody = Mode::from_raw_mode(self.stat.st_mode).contains(Mode::WOTH);
        everybody && ![me, 0, self.stat.st_uid].contains(&entry.st_uid)
    }

    /// Checks the parts below a missing folder: none may be `..`, and the host may write to all.
    fn check_missing(&self, rest: &[PathPart]) -> Result<(), OwnFileProblem> {
        for step in rest {
            match step {
                PathPart::Name(name) => drop(self.name(name.clone())?),
                PathPart::Root | PathPart::Up => return Err(Errno::NOENT.into()),
            }
        }
        Ok(())
    }

    fn make(&mut self, name: &str) -> Result<(), OwnFileProblem> {
        match rustix::fs::mkdirat(&self.here, name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
            Ok(()) | Err(Errno::EXIST) => self.enter(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Enters the folder of this name. Any other kind of file is an error.
    fn enter(&mut self, name: &str) -> Result<(), OwnFileProblem> {
        let folder = openat(&self.here, name, FOLDER, Mode::empty()).map_err(|error| match error {
            Errno::NOTDIR | Errno::LOOP => OwnFileProblem::NotFolder(self.path.join(name)),
            error => error.into(),
        })?;
        let stat = fstat(&folder)?;
        // Somebody can have replaced the folder since the check.
        if self.is_foreign(&stat) {
            return Err(OwnFileProblem::Foreign(self.path.join(name)));
        }
        self.closed = self.closed || is_closed(&folder, &stat, self.workspace);
        (self.here, self.stat) = (folder, stat);
        self.path.push(name);
        Ok(())
    }

    /// The target of a link; none if it is the last part and the writer does not follow it.
    fn link(
        &mut self,
        name: &str,
        last: bool,
        origin: NameOrigin,
    ) -> Result<Option<PathBuf>, OwnFileProblem> {
        match (last, origin) {
            (true, NameOrigin::Lockstep) => return Ok(None),
            (true, NameOrigin::Caller) if self.closed => return Err(OwnFileProblem::Link),
            (false, _) if self.closed => return Err(OwnFileProblem::FolderLink(self.path.join(name))),
            // The target of such a link is not a path.
            (true, NameOrigin::Caller) if self.is_process() => return Ok(None),
            _ => {}
        }
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(OwnFileProblem::Links);
        }
        let target = readlinkat(&self.here, name, Vec::new())?.into_bytes();
        Ok(Some(PathBuf::from(OsString::from_vec(target))))
    }

    /// The kind of the last part, if the host can write to it.
    fn last(&self, kind: FileType, stat: Stat) -> Result<ExistingFile, OwnFileProblem> {
        match kind {
            FileType::RegularFile => Ok(ExistingFile::File(stat)),
            FileType::Directory => Err(OwnFileProblem::Unsuitable("a folder")),
            FileType::Fifo => Ok(ExistingFile::Stream),
            FileType::CharacterDevice if !self.closed => Ok(ExistingFile::Stream),
            FileType::CharacterDevice => Err(OwnFileProblem::Unsuitable("a device in a checkout")),
            FileType::BlockDevice => Err(OwnFileProblem::Unsuitable("a disk")),
            _ => Err(OwnFileProblem::Unsuitable("a socket")),
        }
    }

    /// Whether this folder lists the open files of a process, as `/proc/self/fd` does.
    fn is_process(&self) -> bool {
        #[cfg(target_os = "linux")]
        return rustix::fs::fstatfs(&self.here)
            .is_ok_and(|system| system.f_type == rustix::fs::PROC_SUPER_MAGIC);
        #[cfg(not(target_os = "linux"))]
        false
    }

    fn location(self, name: String, found: ExistingFile) -> FileLocation {
        FileLocation { parent: self.here, name, closed: self.closed, found }
    }
}

/// The types of both fields differ between systems.
#[allow(clippy::unnecessary_cast, clippy::useless_conversion, reason = "not the same type everywhere")]
pub(super) fn id(stat: &Stat) -> FolderId {
    (stat.st_dev as u64, stat.st_ino.into())
}

/// Whether a folder is the workspace or the top of a checkout of git. A commit can bring any link below it.
fn is_closed(folder: &OwnedFd, stat: &Stat, workspace: Option<FolderId>) -> bool {
    workspace == Some(id(stat)) || statat(folder, ".git", AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Whether a folder is closed or lies in a closed one.
fn is_below_closed(folder: &OwnedFd, workspace: Option<FolderId>) -> Result<bool, OwnFileProblem> {
    let mut here = openat(folder, ".", FOLDER, Mode::empty())?;
    let mut stat = fstat(&here)?;
    loop {
        if is_closed(&here, &stat, workspace) {
            return Ok(true);
        }
        here = openat(&here, "..", FOLDER, Mode::empty())?;
        let above = fstat(&here)?;
        // The parent of the root is the root itself.
        if id(&above) == id(&stat) {
            return Ok(false);
        }
        stat = above;
    }
}
