//! A file that is open for reading, with the content from when the step opened it. It never changes a file.

use super::staged::StagedContent;
use super::walk;
use lockstep_model::call::CallError;
use lockstep_model::digest::Digest;
use lockstep_model::path::WorkspacePath;
use rustix::fs::{Stat, fstat};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// A file that is open for reading. It keeps its content, because commits replace files and never write into them.
#[derive(Debug)]
pub struct OpenFile {
    path: WorkspacePath,
    size: u64,
    mode: u32,
    source: FileSource,
}

#[derive(Debug)]
enum FileSource {
    /// A file on disk, with its status from when the step opened it.
    Disk(File, Box<Stat>),
    Staged(StagedContent),
}

impl OpenFile {
    pub(super) fn on_disk(path: &WorkspacePath, file: File, stat: &Stat) -> Self {
        let source = FileSource::Disk(file, Box::new(*stat));
        Self { path: path.clone(), size: walk::size(stat), mode: stat.st_mode & 0o7777, source }
    }

    pub(super) fn staged(path: &WorkspacePath, content: &StagedContent, mode: u32) -> Self {
        let size = content.bytes.len() as u64;
        Self { path: path.clone(), size, mode, source: FileSource::Staged(content.clone()) }
    }

    /// Its permission bits when the step opened it; of a staged file those after the commit.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// Checks that the file has not changed since the step opened it, so that all reads saw the same content.
    ///
    /// # Errors
    /// Somebody wrote to the file, or it has more content than its size; the system cannot read the disk.
    pub fn check_unchanged(&self) -> Result<(), CallError> {
        let FileSource::Disk(file, before) = &self.source else {
            return Ok(());
        };
        let now = fstat(file).map_err(|error| self.failed(error))?;
        let state = |stat: &Stat| {
            (stat.st_size, stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec)
        };
        // Some file systems report a size that differs from the length of the content.
        let is_longer = || file.read_at(&mut [0], self.size).map_err(|error| self.failed(error));
        if state(&now) != state(before) || is_longer()? > 0 {
            return Err(CallError::Conflict(format!("`{}` changed during the read", self.path)));
        }
        Ok(())
    }

    /// Its size in bytes when the step opened it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads `length` bytes from `offset`, fewer only at the end. It never returns bytes that somebody added since the step
    /// opened the file.
    ///
    /// # Errors
    /// The system cannot read the disk, or somebody made the file shorter.
    pub fn read_at(&self, offset: u64, length: u32) -> Result<Vec<u8>, CallError> {
        let length = u64::from(length).min(self.size.saturating_sub(offset));
        let mut bytes = vec![0; usize::try_from(length).map_err(|error| self.failed(error))?];
        self.fill(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// Fills the buffer with the bytes from `offset`, all of which lie within the size.
    ///
    /// # Errors
    /// As [`OpenFile::read_at`].
    pub(super) fn fill(&self, bytes: &mut [u8], offset: u64) -> Result<(), CallError> {
        match &self.source {
            FileSource::Disk(file, _) => {
                file.read_exact_at(bytes, offset).map_err(|error| match error.kind() {
                    io::ErrorKind::UnexpectedEof => self.shorter(),
                    _ => self.failed(error),
                })
            }
            FileSource::Staged(content) => {
                // With an offset past the end, the buffer is empty.
                let start = usize::try_from(offset.min(self.size)).map_err(|error| self.failed(error))?;
                let part = content.bytes.get(start..).and_then(|rest| rest.get(..bytes.len()));
                bytes.copy_from_slice(part.ok_or_else(|| self.shorter())?);
                Ok(())
            }
        }
    }

    /// The digest of the whole content.
    ///
    /// # Errors
    /// The system cannot read the disk, or somebody made the file shorter.
    pub fn digest(&self) -> Result<Digest, CallError> {
        match &self.source {
            FileSource::Staged(content) => Ok(content.digest),
            FileSource::Disk(file, _) => {
                let reader = FromStart { file, at: 0 }.take(self.size);
                let (digest, length) = Digest::of_reader(reader).map_err(|error| self.failed(error))?;
                if length < self.size {
                    return Err(self.shorter());
                }
                Ok(digest)
            }
        }
    }

    fn failed(&self, error: impl std::fmt::Display) -> CallError {
        CallError::Local(format!("cannot read `{}`: {error}", self.path))
    }

    fn shorter(&self) -> CallError {
        CallError::Conflict(format!("somebody made `{}` shorter while it was open", self.path))
    }
}

/// A reader of a file from its start that does not move the offset of other readers.
struct FromStart<'a> {
    file: &'a File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(buffer, self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}
