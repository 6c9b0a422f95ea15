//! The files that the host itself writes: receipts, results, outputs, summaries, values. One way to write them
//! all. In the workspace, and in every checkout of git, a commit can bring a link under any name: no link is
//! followed there. Elsewhere the caller or the CI chose the path, so links are
//! followed, but for those that another user may have put into a folder that everybody can write to.

mod place;
mod put;
#[cfg(test)]
mod tests;

use crate::disk;
use place::{Folders, Found, Place};
use rustix::fs::Mode;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Device and inode of a folder: the same folder whatever path leads to it.
type Id = (u64, u64);

/// Who chose the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The caller or the CI. A link in the workspace under this name is refused.
    Given,
    /// Lockstep. A link under this name is never followed; the file takes its place.
    Chosen,
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Those who could read the file that it replaces; for a new file the process's umask decides.
    Usual,
    /// Its owner.
    Owner,
}

/// What fills a file with its content.
pub type Fill<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Why a file of the host's own cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {problem}", .path.display())]
pub struct OwnError {
    /// The path as it was given.
    pub path: PathBuf,
    /// The cause.
    pub problem: Problem,
}

/// What is wrong with a place for a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// A folder on the way is a link.
    #[error("its folder `{}` is a link, and lockstep follows no link in a checkout; name a real folder", .0.display())]
    FolderLink(PathBuf),
    /// The name is that of a link.
    #[error("it is a link, and lockstep follows no link in a checkout; name another file")]
    Link,
    /// Too many links, one behind the other.
    #[error("more than {} links lead to it", place::MAX_LINKS)]
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
    Kind(&'static str),
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

impl From<rustix::io::Errno> for Problem {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

/// The writer of the host's own files.
#[derive(Debug, Clone)]
pub struct OwnFiles {
    /// The workspace, if there is one.
    workspace: Option<Id>,
}

/// A file that will be written at the end of the run. Whatever was there is gone, so that no older file can be
/// taken for the one to come.
#[derive(Debug)]
pub struct Reserved {
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
    pub fn check(&self, path: &Path, naming: Naming) -> Result<(), OwnError> {
        self.at(path, |own| place::find(own.workspace, path, naming, Folders::AsTheyAre).map(drop))
    }

    /// Makes sure that the file can be written, and removes what is there. A pipe or a device is opened and stays.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn reserve(&self, path: &Path) -> Result<Reserved, OwnError> {
        self.at(path, |own| {
            let place = own.place(path, Naming::Given)?;
            let reserved = Reserved { path: path.to_owned(), mode: None, open: None };
            match &place.found {
                Found::Nothing | Found::Link => put::probe(&place).map(|()| reserved),
                Found::File(old) => {
                    put::probe(&place)?;
                    put::remove(&place)?;
                    Ok(Reserved { mode: Some(disk::permissions(old)), ..reserved })
                }
                Found::Stream | Found::OpenFile => {
                    Ok(Reserved { open: Some(put::stream(&place)?), ..reserved })
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
        naming: Naming,
        access: Access,
        fill: Fill<'_>,
    ) -> Result<(), OwnError> {
        self.at(path, |own| {
            let place = own.place(path, naming)?;
            let mode = match (access, &place.found) {
                (Access::Owner, _) => Some(Mode::RUSR | Mode::WUSR),
                (Access::Usual, Found::File(old)) => Some(disk::permissions(old)),
                (Access::Usual, _) => None,
            };
            put::whole(&place, mode, fill)
        })
    }

    /// Adds to the end of a file in one write, and makes it if there is none.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), OwnError> {
        self.at(path, |own| put::append(&own.place(path, Naming::Given)?, bytes))
    }

    /// Finds the place, and makes the folders that lead there.
    fn place(&self, path: &Path, naming: Naming) -> Result<Place, Problem> {
        place::find(self.workspace, path, naming, Folders::Made)?.ok_or(Problem::NoName)
    }

    fn at<T>(&self, path: &Path, act: impl FnOnce(&Self) -> Result<T, Problem>) -> Result<T, OwnError> {
        act(self).map_err(|problem| OwnError { path: path.to_owned(), problem })
    }
}

impl Reserved {
    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file as a whole.
    ///
    /// # Errors
    /// The file cannot be written. Nothing is left of it.
    pub fn write(&self, own: &OwnFiles, fill: Fill<'_>) -> Result<(), OwnError> {
        own.at(&self.path, |own| match &self.open {
            Some(open) => put::into(open, fill),
            None => put::whole(&own.place(&self.path, Naming::Given)?, self.mode, fill),
        })
    }
}
