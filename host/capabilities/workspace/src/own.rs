//! The writer of the host's own files: receipts, results, outputs, summaries, values. In the workspace, and in every
//! checkout of git, a commit can bring a link under any name, so the writer follows no link there. Elsewhere the caller or
//! the CI system chose the path, so the writer follows links, except in a folder that everybody can write to if another
//! user may have made the link.

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

/// Device and inode of a folder. They identify the folder independently of its path.
type FolderId = (u64, u64);

/// The origin of the name of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOrigin {
    /// The caller or the CI system. A link of this name in the workspace is an error.
    Caller,
    /// Lockstep. The file replaces a link of this name.
    Lockstep,
}

/// The users who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// The readers of the file that it replaces; for a new file the umask of the process decides.
    Default,
    /// Its owner only.
    Owner,
}

/// A kind of document that the host writes to a path of the caller. It replaces an older document of this kind and an
/// empty file, and no other: a mistake in a path must not cost a file.
#[derive(Debug, Clone, Copy)]
pub struct DocumentKind {
    /// Its name for messages.
    pub name: &'static str,
    /// The first bytes of each document of this kind.
    pub start: &'static str,
}

/// The function that writes the content of a file.
pub type ContentWriter<'a> = &'a mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// An error while the host writes one of its own files.
#[derive(Debug, thiserror::Error)]
#[error("`{}`: {problem}", .path.display())]
pub struct OwnFileError {
    /// The path as it was given.
    pub path: PathBuf,
    /// The cause.
    pub problem: OwnFileProblem,
}

/// The problem with the path of a file.
#[derive(Debug, thiserror::Error)]
pub enum OwnFileProblem {
    /// A folder of the path is a link.
    #[error("its folder `{}` is a link, and lockstep follows no link in a checkout; name a real folder", .0.display())]
    FolderLink(PathBuf),
    /// The file is a link.
    #[error("it is a link, and lockstep follows no link in a checkout; name another file")]
    Link,
    /// The path leads through too many links.
    #[error("its path leads through more than {} links", location::MAX_LINKS)]
    Links,
    /// The file or folder belongs to another user, who could replace it.
    #[error("`{}` belongs to another user, in a folder that everybody can write to; name another folder", .0.display())]
    Foreign(PathBuf),
    /// Lockstep never writes to a part of the path.
    #[error("`{}` {reason}; name another place", .path.display())]
    Protected {
        /// The path of the part.
        path: PathBuf,
        /// The reason, as the end of a sentence.
        reason: &'static str,
    },
    /// A part of the path is not a folder.
    #[error("`{}` is not a folder", .0.display())]
    NotFolder(PathBuf),
    /// The path has no file name.
    #[error("it names no file")]
    NoName,
    /// The file has content that Lockstep did not write.
    #[error(
        "it exists and is no {0} of lockstep, so lockstep does not replace it; remove it or name another file"
    )]
    OtherContent(&'static str),
    /// Lockstep does not write to files of this kind here.
    #[error("it is {0}; name another file")]
    Unsuitable(&'static str),
    /// A pipe without a reader.
    #[error("it is a pipe that nobody reads; start the reader first")]
    NoReader,
    /// The file has a second name, which may belong to somebody else.
    #[error("the same file has another name too (a hard link); remove this one")]
    HardLinked,
    /// The system refused the operation.
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

/// A file that the host writes at the end of the run. The host has removed the old file, so that nobody takes it for the
/// new one.
#[derive(Debug)]
pub struct ReservedFile {
    path: PathBuf,
    kind: DocumentKind,
    /// The permissions of the old file.
    mode: Option<Mode>,
    /// The open pipe or device. A reader of a pipe would otherwise see its end.
    open: Option<File>,
}

impl OwnFiles {
    /// Creates the writer for runs on this workspace.
    #[must_use]
    pub fn new(workspace: &Path) -> Self {
        let stat = fs::metadata(workspace).ok();
        Self { workspace: stat.map(|stat| (stat.dev(), stat.ino())) }
    }

    /// Checks whether the host can write the file, as far as it can without creating anything.
    ///
    /// # Errors
    /// Lockstep does not write to this path.
    pub fn check(&self, path: &Path, origin: NameOrigin) -> Result<(), OwnFileError> {
        self.at(path, |own| location::find(own.workspace, path, origin, MissingFolders::Leave).map(drop))
    }

    /// Checks that the host can write the document of a caller. It creates missing folders.
    ///
    /// # Errors
    /// Lockstep does not write to this path, or its file is not of this kind.
    pub fn check_document(&self, path: &Path, kind: DocumentKind) -> Result<(), OwnFileError> {
        self.at(path, |own| {
            let location = own.location(path, NameOrigin::Caller)?;
            write::check_kind(&location, kind)?;
            match location.found {
                ExistingFile::Stream | ExistingFile::OpenFile => Ok(()),
                _ => write::probe(&location),
            }
        })
    }

    /// Checks that the host can write the document, and removes the old one. It opens a pipe or a device and keeps it
    /// open.
    ///
    /// # Errors
    /// The host cannot write the file, or the file is not of this kind.
    pub fn reserve(&self, path: &Path, kind: DocumentKind) -> Result<ReservedFile, OwnFileError> {
        self.at(path, |own| {
            let location = own.location(path, NameOrigin::Caller)?;
            let reserved = ReservedFile { path: path.to_owned(), kind, mode: None, open: None };
            match &location.found {
                ExistingFile::Nothing | ExistingFile::Link => write::probe(&location).map(|()| reserved),
                ExistingFile::File(old) => {
                    write::check_kind(&location, kind)?;
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

    /// Writes a file as a whole: its name has the old or the complete new content, even after a kill.
    ///
    /// # Errors
    /// The host cannot write the file. It removes the incomplete file.
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

    /// Writes the document of a caller as a whole.
    ///
    /// # Errors
    /// The host cannot write the file, or the file is not of this kind.
    pub fn replace_document(
        &self,
        path: &Path,
        kind: DocumentKind,
        fill: ContentWriter<'_>,
    ) -> Result<(), OwnFileError> {
        self.at(path, |own| {
            let location = own.location(path, NameOrigin::Caller)?;
            write::check_kind(&location, kind)?;
            let mode = match &location.found {
                ExistingFile::File(old) => Some(disk::permissions(old)),
                _ => None,
            };
            write::replace(&location, mode, fill)
        })
    }

    /// Appends to a file in one write, and creates a missing file.
    ///
    /// # Errors
    /// The host cannot write the file.
    pub fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), OwnFileError> {
        self.at(path, |own| write::append(&own.location(path, NameOrigin::Caller)?, bytes))
    }

    /// Finds the location of a file, and creates its missing folders.
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
    /// The host cannot write the file. It removes the incomplete file.
    pub fn write(&self, own: &OwnFiles, fill: ContentWriter<'_>) -> Result<(), OwnFileError> {
        own.at(&self.path, |own| match &self.open {
            Some(open) => write::write_into(open, fill),
            None => {
                let location = own.location(&self.path, NameOrigin::Caller)?;
                // Somebody can have written the file during the run.
                write::check_kind(&location, self.kind)?;
                write::replace(&location, self.mode, fill)
            }
        })
    }
}
