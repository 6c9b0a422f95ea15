//! The files that the host itself writes: receipts, results, outputs, summaries, values. One way to write them
//! all. In the workspace, and in every checkout of git, a commit can bring a link under any name: no link is
//! followed there. Elsewhere the caller or the CI chose the path, so links are
//! followed, but for those that another user may have put into a folder that everybody can write to.

mod location;
#[cfg(test)]
mod tests;
mod write;

use crate::disk;
use location::{ExistingFile, FileLocation, MissingFolders};
use rustix::fs::Mode;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Device and inode of a folder: the same folder whatever path leads to it.
type FolderId = (u64, u64);

/// Who chose the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOrigin {
    /// The caller or the CI. A link in the workspace under this name is refused.
    Caller,
    /// Lockstep. A link under this name is never followed; the file takes its place.
    Lockstep,
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// Those who could read the file that it replaces; for a new file the process's umask decides.
    Default,
    /// Its owner.
    Owner,
}

/// What fills a file with its content.
pub type ContentWriter<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Why a file of the host's own cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {problem}", .path.display())]
pub struct OwnFileError {
    /// The path as it was given.
    pub path: PathBuf,
    /// The cause.
    pub problem: OwnFileProblem,
}

/// What is wrong with a place for a file.
#[derive(Debug, thiserror::Error)]
pub enum OwnFileProblem {
    /// A folder on the way is a link.
    #[error("its folder `{}` is a link, and lockstep follows no link in a checkout; name a real folder", .0.display())]
    FolderLink(PathBuf),
    /// The name is that of a link.
    #[error("it is a link, and lockstep follows no link in a checkout; name another file")]
    Link,
    /// Too many links, one behind the other.
    #[error("more than {} links lead to it", location::MAX_LINKS)]
    Links,
    /// What stands there belongs to somebody else, who could put anything there.
    #[error("`{}` belongs to another user, in a folder that everybody can write to; name another folder", .0.display())]
    Foreign(PathBuf),
    /// A part of the path is out of reach for everybody.
    #[error("`{}` holds the data of git, of lockstep or the definitions of CI; name another place", .0.display())]
    Protected(PathBuf),
    /// A part of the path that should be a folder is none.
    #[error("`{}` is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// The path ends in no name of a file.
    #[error("it names no file")]
    NoName,
    /// It is of a kind that cannot be written to here.
    #[error("it is {0}; name another file")]
    Unsuitable(&'static str),
    /// A pipe without a reader.
    #[error("it is a pipe that nobody reads; start the reader first")]
    NoReader,
    /// The file has a second name, under which something else may rely on it.
    #[error("the same file has another name too (a hard link); remove this one")]
    HardLinked,
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for OwnFileProblem {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// The writer of the host's own files.
#[derive(Debug, Clone)]
pub struct OwnFiles {
    /// The workspace, if there is one.
    workspace: Option<FolderId>,
}

/// A file that will be written at the end of the run. Whatever was there is gone, so that no older file can be
/// taken for the one to come.
#[derive(Debug)]
pub struct ReservedFile {
    path: PathBuf,
    /// The permissions of the file that was there.
    mode: Option<Mode>,
    /// What is no regular file stays open: a reader of a pipe would else see its end.
    open: Option<File>,
}

impl OwnFiles {
    /// The writer for runs on this workspace.
    #[must_use]
    pub fn new(workspace: &Path) -> Self {
        let stat = fs::metadata(workspace).ok();
        Self { workspace: stat.map(|stat| (stat.dev(), stat.ino())) }
    }

    /// Says whether a file could be written there, as far as that can be told without making anything.
    ///
    /// # Errors
    /// The place is one that lockstep does not write to.
    pub fn check(&self, path: &Path, origin: NameOrigin) -> Result<(), OwnFileError> {
        self.at(path, |own| location::find(own.workspace, path, origin, MissingFolders::Leave).map(drop))
    }

    /// Makes sure that the file can be written, and removes what is there. A pipe or a device is opened and stays.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reserve(&self, path: &Path) -> Result<ReservedFile, OwnFileError> {
        self.at(path, |own| {
            let location = own.location(path, NameOrigin::Caller)?;
            let reserved = ReservedFile { path: path.to_owned(), mode: None, open: None };
            match &location.found {
                ExistingFile::Nothing | ExistingFile::Link => write::probe(&location).map(|()| reserved),
                ExistingFile::File(old) => {
                    write::probe(&location)?;
                    write::remove(&location)?;
                    Ok(ReservedFile { mode: Some(disk::permissions(old)), ..reserved })
                }
                ExistingFile::Stream | ExistingFile::OpenFile => {
                    Ok(ReservedFile { open: Some(write::stream(&location)?), ..reserved })
                }
            }
        })
    }

    /// Writes a file as a whole: under its name is the old one or the complete new one, whatever happens.
    ///
    /// # Errors
    /// The file cannot be written. Nothing is left of the new one.
    pub fn replace(
        &self,
        path: &Path,
        origin: NameOrigin,
        access: FileAccess,
        fill: ContentWriter<'_>,
    ) -> Result<(), OwnFileError> {
        self.at(path, |own| {
            let location = own.location(path, origin)?;
            let mode = match (access, &location.found) {
                (FileAccess::Owner, _) => Some(Mode::RUSR | Mode::WUSR),
                (FileAccess::Default, ExistingFile::File(old)) => Some(disk::permissions(old)),
                (FileAccess::Default, _) => None,
            };
            write::replace(&location, mode, fill)
        })
    }

    /// Adds to the end of a file in one write, and makes it if there is none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), OwnFileError> {
        self.at(path, |own| write::append(&own.location(path, NameOrigin::Caller)?, bytes))
    }

    /// Finds the place, and makes the folders that lead there.
    fn location(&self, path: &Path, origin: NameOrigin) -> Result<FileLocation, OwnFileProblem> {
        location::find(self.workspace, path, origin, MissingFolders::Create)?.ok_or(OwnFileProblem::NoName)
    }

    fn at<T>(
        &self,
        path: &Path,
        act: impl FnOnce(&Self) -> Result<T, OwnFileProblem>,
    ) -> Result<T, OwnFileError> {
        act(self).map_err(|problem| OwnFileError { path: path.to_owned(), problem })
    }
}

impl ReservedFile {
    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file as a whole.
    ///
    /// # Errors
    /// The file cannot be written. Nothing is left of it.
    pub fn write(&self, own: &OwnFiles, fill: ContentWriter<'_>) -> Result<(), OwnFileError> {
        own.at(&self.path, |own| match &self.open {
            Some(open) => write::write_into(open, fill),
            None => write::replace(&own.location(&self.path, NameOrigin::Caller)?, self.mode, fill),
        })
    }
}
