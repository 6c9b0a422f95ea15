//! Opens files below the root of the workspace, one part of the path at a time. It never follows a symbolic link, so it
//! never leaves the root.

use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use rustix::io::Errno;
use rustix::path::Arg;
use std::fs::File;
use std::io::{self, Read};

/// The reason why a path does not lead to a file.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// The file, or a folder of the path, does not exist.
    Missing,
    /// This part of the path is a symbolic link.
    Link(String),
    /// This part of the path is not a folder.
    NotFolder(String),
    /// The path names something that is not a regular file.
    NotFile(&'static str),
    /// The system refused the operation.
    Io(io::Error),
}

impl Obstacle {
    /// The error that the component gets.
    pub(super) fn into_call_error(self, verb: &str, path: &WorkspacePath) -> CallError {
        match self {
            Self::Missing => CallError::NotFound(format!("`{path}` does not exist")),
            Self::Link(part) => CallError::Denied(format!(
                "{verb} `{path}`: `{part}` is a symbolic link, and lockstep follows no link; name the file it points to instead"
            )),
            Self::NotFolder(part) => CallError::Invalid(format!("{verb} `{path}`: `{part}` is not a folder")),
            Self::NotFile(kind) => {
                CallError::Invalid(format!("{verb} `{path}`: it is {kind}, not a regular file"))
            }
            Self::Io(error) if error.raw_os_error() == Some(Errno::NAMETOOLONG.raw_os_error()) => {
                CallError::Invalid(format!("{verb} `{path}`: a part of it is too long for a file name"))
            }
            Self::Io(error) => CallError::Local(format!("cannot {verb} `{path}`: {error}")),
        }
    }

    /// The corresponding error of the system, for errors that hold one.
    pub(super) fn into_io(self) -> io::Error {
        match self {
            Self::Missing => Errno::NOENT.into(),
            Self::Link(_) => Errno::LOOP.into(),
            Self::NotFolder(_) => Errno::NOTDIR.into(),
            Self::NotFile(kind) => io::Error::other(format!("it is {kind}, not a regular file")),
            Self::Io(error) => error,
        }
    }
}

impl From<io::Error> for Obstacle {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            _ => Self::Io(error),
        }
    }
}

impl From<Errno> for Obstacle {
    fn from(error: Errno) -> Self {
        io::Error::from(error).into()
    }
}

/// Opens a folder below the root by its path; the empty path is the root itself.
pub(super) fn folder(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Obstacle> {
    let mut here: Option<OwnedFd> = None;
    let mut walked = 0;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        walked += part.len();
        let parent = here.as_ref().map_or(root, |folder| folder.as_fd());
        here = Some(open_part(parent, part).map_err(|error| name_part(error, &path[..walked]))?);
        walked += 1;
    }
    match here {
        Some(folder) => Ok(folder),
        None => Ok(openat(root, ".", FOLDER, Mode::empty())?),
    }
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Opens the folder of this name. Any other kind of file is an error.
pub(super) fn open_part(parent: BorrowedFd<'_>, name: impl Arg + Copy) -> Result<OwnedFd, Obstacle> {
    openat(parent, name, FOLDER, Mode::empty()).map_err(|error| match error {
        // For a link, some systems give one of these errors and some the other.
        Errno::NOTDIR | Errno::LOOP => match kind_of(parent, name) {
            Ok(FileType::Symlink) => Obstacle::Link(String::new()),
            _ => Obstacle::NotFolder(String::new()),
        },
        error => error.into(),
    })
}

fn name_part(obstacle: Obstacle, part: &str) -> Obstacle {
    match obstacle {
        Obstacle::Link(_) => Obstacle::Link(part.to_owned()),
        Obstacle::NotFolder(_) => Obstacle::NotFolder(part.to_owned()),
        other => other,
    }
}

fn kind_of(parent: BorrowedFd<'_>, name: impl Arg) -> Result<FileType, Errno> {
    let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

/// Opens a regular file below the root for reading.
pub(super) fn file(root: BorrowedFd<'_>, path: &WorkspacePath) -> Result<(File, Stat), Obstacle> {
    let (parent, name) = path.split();
    let parent = folder(root, parent.unwrap_or_default())?;
    file_in(parent.as_fd(), name).map_err(|error| name_part(error, path.as_str()))
}

/// Opens a regular file in a folder for reading. It never waits, even if the file is a pipe.
pub(super) fn file_in(parent: BorrowedFd<'_>, name: &str) -> Result<(File, Stat), Obstacle> {
    // Without NONBLOCK a FIFO waits for its writer. With NOCTTY no terminal becomes the controlling one.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let opened = openat(parent, name, flags, Mode::empty()).map_err(|error| match kind_of(parent, name) {
        Ok(FileType::Symlink) => Obstacle::Link(String::new()),
        Ok(kind) => regular(kind).err().unwrap_or(error.into()),
        Err(_) => error.into(),
    })?;
    let stat = fstat(&opened)?;
    regular(FileType::from_raw_mode(stat.st_mode))?;
    Ok((File::from(opened), stat))
}

fn regular(kind: FileType) -> Result<(), Obstacle> {
    Err(Obstacle::NotFile(match kind {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    }))
}

/// The whole content; none if it is more than `max` bytes, even if the file grows during the read.
pub(super) fn content(file: &File, stat: &Stat, max: u64) -> io::Result<Option<Vec<u8>>> {
    let size = size(stat);
    if size > max {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(max + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= max).then_some(content))
}

/// The digest of the whole content; none if it is more than `max` bytes.
pub(super) fn digest(file: &File, stat: &Stat, max: u64) -> io::Result<Option<Digest>> {
    if size(stat) > max {
        return Ok(None);
    }
    let (digest, length) = Digest::of_reader(file.take(max + 1))?;
    Ok((length <= max).then_some(digest))
}

/// The size in bytes.
pub(super) fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// A cache of the last opened folder. The callers visit paths in order, so most paths have the folder of the one before.
pub(super) struct FolderCache<'a> {
    root: BorrowedFd<'a>,
    last: Option<(String, OwnedFd)>,
}

impl<'a> FolderCache<'a> {
    pub(super) fn below(root: BorrowedFd<'a>) -> Self {
        Self { root, last: None }
    }

    /// The open folder of a file, and the file's own name.
    pub(super) fn of<'p>(&mut self, path: &'p WorkspacePath) -> Result<(BorrowedFd<'_>, &'p str), Obstacle> {
        let (parent, name) = path.split();
        let parent = parent.unwrap_or_default();
        let opened = match self.last.take() {
            Some((last, opened)) if last == parent => opened,
            _ => folder(self.root, parent)?,
        };
        let (_, opened) = &*self.last.insert((parent.to_owned(), opened));
        Ok((opened.as_fd(), name))
    }
}
