//! The workspace: it reads the files of the repository and stages changes, and a commit puts all of them in place or none.
//! It acts only on the files that the gate's permit names, and never leaves its root.
#![forbid(unsafe_code)]

mod birth;
mod commit;
mod diff;
mod digests;
mod disk;
mod entry_state;
mod error;
mod file_state;
mod find;
pub mod hash;
mod journal;
mod lock;
mod open;
mod own;
mod parallel;
mod protected_paths;
mod purpose;
mod recover;
mod replace;
mod skipped;
mod staged;
mod staged_diff;
mod stdin;
#[cfg(test)]
mod tests;
mod undo;
mod walk;

pub use commit::AppliedCommit;
pub use error::{CommitError, WorkspaceError};
pub use open::OpenFile;
pub use own::{
    ContentWriter, DocumentKind, FileAccess, NameOrigin, OwnFileError, OwnFileProblem, OwnFiles, ReservedFile,
};
pub use protected_paths::OwnPaths;
pub use purpose::Purpose;
pub use recover::{FileProgress, JournalReport, JournalStage, RecoverAction, Recovery, inspect, recover};
pub use skipped::{SkipReason, SkippedEntry};

use find::{FileInfo, Found};
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use protected_paths::ProtectedPaths;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, Stat};
use staged::{Privacy, Staged, StagedContent, StagedFile};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use stdin::Stdin;
use walk::Obstacle;

/// A file that a pattern found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path.
    pub path: WorkspacePath,
    /// Its size in bytes.
    pub size: u64,
    /// Its permission bits.
    pub mode: u32,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResult {
    /// The folder of all matches: the leading parts of the pattern that are names of folders. Empty for the workspace.
    pub base: String,
    /// The files, sorted by path.
    pub files: Vec<FileEntry>,
    /// What the search skipped, sorted by path.
    pub skipped: Vec<SkippedEntry>,
}

/// The effect of a staged write on the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteEffect {
    /// The file has these bytes already: the commit leaves it unchanged.
    Unchanged,
    /// The commit creates the file.
    Created,
    /// The commit replaces the content of the file.
    Updated,
}

/// The files of one run.
#[derive(Debug)]
pub struct Workspace {
    root: OwnedFd,
    limits: Limits,
    protected: ProtectedPaths,
    /// The state of each file when the run first looked: a digest, or no file. A commit expects the same state.
    initial_digests: RefCell<HashMap<WorkspacePath, Option<Digest>>>,
    staged: Staged,
    stdin: Stdin,
    recovery: Option<Recovery>,
}

impl Workspace {
    /// Opens the folder, after the recovery from a killed run that this `purpose` allows. `own_files` are files and folders
    /// of this run and of its CI system: no step reaches those that lie inside the workspace. They need not exist.
    ///
    /// # Errors
    /// The system cannot open the folder, another run commits for too long, a journal is not from this machine, or a
    /// recovery would overwrite a change that somebody made after the killed run.
    pub fn open(
        root: &Path,
        limits: &Limits,
        own_files: &[PathBuf],
        purpose: Purpose,
    ) -> Result<Self, WorkspaceError> {
        let opened = open_root(root)?;
        protected_paths::check_root(root, purpose)?;
        let protected = ProtectedPaths::with_own_files(root, own_files);
        let mut recovery = None;
        if recover::is_needed(opened.as_fd()) {
            recovery = recover::at_start(opened.as_fd(), &protected, purpose)?;
        }
        Ok(Self {
            root: opened,
            limits: *limits,
            protected,
            initial_digests: RefCell::default(),
            staged: Staged::default(),
            stdin: Stdin::default(),
            recovery,
        })
    }

    /// Returns the workspace without standard input, because the host has read it for the inputs.
    #[must_use]
    pub fn without_stdin(self) -> Self {
        Self { stdin: Stdin::taken(), ..self }
    }

    /// Finds the files that match the permit's pattern.
    ///
    /// # Errors
    /// It finds and skips more than `found_files`; the system cannot read a folder; the pattern is the path of a link.
    pub fn glob(&self, permit: &Permit) -> Result<Answer<SearchResult>, CallError> {
        let pattern = permit.pattern().ok_or_else(no_target)?;
        let max = self.limits.found_files;
        let Found { base, mut files, skipped } = find::find(self.root(), pattern, &self.protected, max)?;
        for file in self.staged.iter().filter(|file| pattern.matches(&file.path)) {
            let mode = file.mode(files.get(&file.path).map(|looks| looks.mode));
            match &file.after {
                Some(content) => {
                    let size = content.bytes.len() as u64;
                    files.insert(file.path.clone(), FileInfo { size, mode })
                }
                None => files.remove(&file.path),
            };
        }
        // A read of this name would give standard input, not the file.
        files.retain(|path, _| !path.is_stdin());
        if files.len() + skipped.len() > max {
            return Err(find::too_many(pattern, max));
        }
        let entries = files.into_iter().map(|(path, FileInfo { size, mode })| FileEntry { path, size, mode });
        let skipped: Vec<SkippedEntry> = skipped.into_values().collect();
        let paths = skipped.iter().map(|entry| entry.path.clone()).collect();
        let found = SearchResult { base, files: entries.collect(), skipped };
        Ok(Answer { skipped: paths, ..Answer::plain(found) })
    }

    /// Reads the whole content of the permit's file, at most `read_bytes`.
    ///
    /// # Errors
    /// The file does not exist, is not a regular file or is too large, or a part of its path is a link.
    pub fn read(&self, permit: &Permit) -> Result<Answer<Vec<u8>>, CallError> {
        let path = self.path("read", permit)?;
        let max = self.limits.read_bytes;
        let too_large = || too_large("read", path, max);
        if path.is_stdin() {
            let file = self.stdin.open(path, max)?;
            let length =
                u32::try_from(file.size()).ok().filter(|_| file.size() <= max).ok_or_else(too_large)?;
            let content = file.read_at(0, length)?;
            let digest = Digest::of(&content);
            return Ok(content_answer(content, digest));
        }
        if let Some(staged) = self.staged.get(path) {
            let content = staged_content(staged)?;
            if content.bytes.len() as u64 > max {
                return Err(too_large());
            }
            return Ok(content_answer(content.bytes.to_vec(), content.digest));
        }
        let (file, stat) = self.on_disk("read", path)?;
        let content = walk::content(&file, &stat, max)
            .map_err(|error| Obstacle::Io(error).into_call_error("read", path))?
            .ok_or_else(too_large)?;
        let digest = Digest::of(&content);
        self.record_initial(path, Some(digest));
        Ok(content_answer(content, digest))
    }

    /// Opens the permit's file as it is now: a later write of the run does not change the open file.
    ///
    /// # Errors
    /// The file does not exist or is not a regular file, or a part of its path is a link.
    pub fn open_file(&self, permit: &Permit) -> Result<Answer<OpenFile>, CallError> {
        let path = self.path("open", permit)?;
        if path.is_stdin() {
            return Ok(Answer::plain(self.stdin.open(path, self.limits.read_bytes)?));
        }
        self.opened("open", path).map(Answer::plain)
    }

    /// Opens the file whose bytes the permit's call moves.
    ///
    /// # Errors
    /// As [`Workspace::open_file`]; the call moves no file, or it moves standard input.
    pub fn open_source(&self, permit: &Permit) -> Result<OpenFile, CallError> {
        self.opened("send", permit.source().ok_or_else(no_target)?)
    }

    /// Opens a file with the staged content of this run. Standard input is an error.
    fn opened(&self, verb: &str, path: &WorkspacePath) -> Result<OpenFile, CallError> {
        self.protected.check(verb, path)?;
        if path.is_stdin() {
            return Err(CallError::Invalid(format!("{verb} `-`: it is standard input, not a file")));
        }
        if let Some(staged) = self.staged.get(path) {
            let content = staged_content(staged)?;
            let old = staged.before.and_then(|_| self.on_disk(verb, path).ok());
            return Ok(OpenFile::staged(path, content, staged.mode(old.map(|(_, stat)| stat.st_mode))));
        }
        let (file, stat) = self.on_disk(verb, path)?;
        Ok(OpenFile::on_disk(path, file, &stat))
    }

    /// Stages the whole content of the permit's file.
    ///
    /// # Errors
    /// The run stages more than `staged_bytes`, a part of the path is a link, a folder or device has this path, or the
    /// old file is larger than `staged_bytes`.
    pub fn write(&mut self, permit: &Permit, content: Vec<u8>) -> Result<Answer<WriteEffect>, CallError> {
        let path = self.file("write", permit)?;
        let before = self.before("write", path)?;
        let content = StagedContent::new(content);
        let (bytes, digest) = (content.bytes.len() as u64, content.digest);
        let effect = self.staged.write(path, before, content, Privacy::AsIs, self.limits.staged_bytes)?;
        Ok(Answer::new(effect, bytes, Some(digest)))
    }

    /// Stages the whole content of the permit's file; after the commit only its owner may read it. The call log does not
    /// get the digest, because a reader could guess the content from it.
    ///
    /// # Errors
    /// As [`Workspace::write`].
    pub fn write_private(
        &mut self,
        permit: &Permit,
        content: Vec<u8>,
    ) -> Result<Answer<WriteEffect>, CallError> {
        let path = self.file("write-private", permit)?;
        let before = self.before("write-private", path)?;
        let open = match self.on_disk("write-private", path) {
            Ok((_, stat)) => Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO),
            Err(CallError::NotFound(_)) => false,
            Err(error) => return Err(error),
        };
        let privacy = if open { Privacy::Wanted } else { Privacy::Given };
        let content = StagedContent::new(content);
        let bytes = content.bytes.len() as u64;
        let effect = self.staged.write(path, before, content, privacy, self.limits.staged_bytes)?;
        Ok(Answer::new(effect, bytes, None))
    }

    /// Stages the removal of the permit's file.
    ///
    /// # Errors
    /// The file does not exist, is not a regular file or is larger than `staged_bytes`, or a part of its path is a link.
    pub fn remove(&mut self, permit: &Permit) -> Result<Answer<()>, CallError> {
        let path = self.file("remove", permit)?;
        let before = self.before("remove", path)?;
        let exists = match self.staged.get(path) {
            Some(staged) => staged.after.is_some(),
            None => before.is_some(),
        };
        if !exists {
            return Err(Obstacle::Missing.into_call_error("remove", path));
        }
        self.staged.remove(path, before);
        Ok(Answer::plain(()))
    }

    /// The changes that a commit would make, sorted by path.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.staged.iter().map(StagedFile::change).collect()
    }

    /// Puts all staged changes in place. Without staged changes it does nothing.
    ///
    /// # Errors
    /// After an error all files are as before, except after [`CommitError::Unfinished`].
    pub fn commit(self) -> Result<AppliedCommit, CommitError> {
        commit::commit(self.root, &self.staged, &self.protected, self.limits.staged_bytes)
    }

    fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    fn path<'p>(&self, verb: &str, permit: &'p Permit) -> Result<&'p WorkspacePath, CallError> {
        let path = permit.path().ok_or_else(no_target)?;
        self.protected.check(verb, path)?;
        Ok(path)
    }

    /// The path of a file that the call changes.
    fn file<'p>(&self, verb: &str, permit: &'p Permit) -> Result<&'p WorkspacePath, CallError> {
        let path = self.path(verb, permit)?;
        if path.is_stdin() {
            return Err(CallError::Invalid(format!("{verb} `-`: it is standard input, not a file")));
        }
        Ok(path)
    }

    fn on_disk(&self, verb: &str, path: &WorkspacePath) -> Result<(File, Stat), CallError> {
        walk::file(self.root(), path).map_err(|obstacle| {
            if matches!(obstacle, Obstacle::Missing) {
                self.record_initial(path, None);
            }
            obstacle.into_call_error(verb, path)
        })
    }

    fn record_initial(&self, path: &WorkspacePath, digest: Option<Digest>) {
        let mut seen = self.initial_digests.borrow_mut();
        if !seen.contains_key(path) {
            seen.insert(path.clone(), digest);
        }
    }

    /// The state of the file when the run first looked, which may be now.
    fn before(&self, verb: &str, path: &WorkspacePath) -> Result<Option<Digest>, CallError> {
        if let Some(seen) = self.initial_digests.borrow().get(path) {
            return Ok(*seen);
        }
        let max = self.limits.staged_bytes;
        let digest = match self.on_disk(verb, path) {
            Ok((file, stat)) => walk::digest(&file, &stat, max)
                .map_err(|error| Obstacle::Io(error).into_call_error(verb, path))?
                .map(Some)
                .ok_or_else(|| too_large(verb, path, max))?,
            Err(CallError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        self.record_initial(path, digest);
        Ok(digest)
    }
}

fn open_root(root: &Path) -> Result<OwnedFd, WorkspaceError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(root, flags, Mode::empty())
        .map_err(|error| WorkspaceError::Root { path: root.to_owned(), source: error.into() })
}

fn staged_content(staged: &StagedFile) -> Result<&StagedContent, CallError> {
    let removed = || CallError::NotFound(format!("`{}` was removed by this run", staged.path));
    staged.after.as_ref().ok_or_else(removed)
}

fn content_answer(content: Vec<u8>, digest: Digest) -> Answer<Vec<u8>> {
    let bytes = content.len() as u64;
    Answer::new(content, bytes, Some(digest))
}

fn too_large(verb: &str, path: &WorkspacePath, max: u64) -> CallError {
    CallError::LimitExceeded(format!("{verb} `{path}`: it has more than {max} bytes"))
}

fn no_target() -> CallError {
    CallError::Invalid("the call is about no file of the workspace".into())
}
