//! The workspace: the files of the repository, with changes that are staged and put in place together
//! or not at all. It takes what a call is about only from the gate's permit, and it never leaves its root.
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
pub use own::{ContentWriter, FileAccess, NameOrigin, OwnFileError, OwnFileProblem, OwnFiles, ReservedFile};
pub use purpose::Purpose;
pub use recover::{FileProgress, JournalReport, JournalStage, RecoverAction, Recovery, inspect, recover};

use find::FileInfo;
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use protected_paths::ProtectedPaths;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, Mode, OFlags, Stat};
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

/// A symbolic link that a pattern found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkEntry {
    /// Its own path.
    pub path: WorkspacePath,
    /// What it points to, as it is written there.
    pub target: String,
}

/// What a staged write will do to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteEffect {
    /// The file has these very bytes already: it will not be touched.
    Unchanged,
    /// The file will be made.
    Created,
    /// The file's content will be replaced.
    Updated,
}

/// The files of one run.
#[derive(Debug)]
pub struct Workspace {
    root: OwnedFd,
    limits: Limits,
    protected: ProtectedPaths,
    /// What was on disk when the run first looked: a digest, or no file. A commit expects to find it so.
    seen: RefCell<HashMap<WorkspacePath, Option<Digest>>>,
    staged: Staged,
    stdin: Stdin,
    recovery: Option<Recovery>,
}

impl Workspace {
    /// Opens the folder, and first does what a run of this `purpose` does about what a killed run left in it.
    /// `own_files` are the files and folders of this run and its platform, out of reach where they lie inside; they need
    /// not exist.
    ///
    /// # Errors
    /// The folder cannot be opened, another run is committing and does not end, a journal is not this machine's own, or
    /// what a killed run left cannot be ended without losing somebody's change.
    pub fn open(
        root: &Path,
        limits: &Limits,
        own_files: &[PathBuf],
        purpose: Purpose,
    ) -> Result<Self, WorkspaceError> {
        let opened = open_root(root)?;
        protected_paths::check_root(root, purpose)?;
        let protected = ProtectedPaths::all_but(root, own_files);
        let mut recovery = None;
        if recover::is_needed(opened.as_fd()) {
            recovery = recover::at_start(opened.as_fd(), &protected, purpose)?;
        }
        Ok(Self {
            root: opened,
            limits: *limits,
            protected,
            seen: RefCell::default(),
            staged: Staged::default(),
            stdin: Stdin::default(),
            recovery,
        })
    }

    /// Says that standard input was read for something else, so that no step can open it.
    #[must_use]
    pub fn without_stdin(self) -> Self {
        Self { stdin: Stdin::taken(), ..self }
    }

    /// Finds the files that the permit's pattern names, sorted by path.
    ///
    /// # Errors
    /// More than `found_files` of them; a folder that cannot be read; a pattern that is the path of a link.
    pub fn glob(&self, permit: &Permit) -> Result<Answer<Vec<FileEntry>>, CallError> {
        let pattern = permit.pattern().ok_or_else(no_target)?;
        let max = self.limits.found_files;
        let mut found = find::files(self.root(), pattern, &self.protected, max)?;
        for file in self.staged.iter().filter(|file| pattern.matches(&file.path)) {
            let mode = file.mode(found.get(&file.path).map(|looks| looks.mode));
            match &file.after {
                Some(content) => {
                    let size = content.bytes.len() as u64;
                    found.insert(file.path.clone(), FileInfo { size, mode })
                }
                None => found.remove(&file.path),
            };
        }
        // Under this name nobody could read it.
        found.retain(|path, _| !path.is_stdin());
        if found.len() > max {
            return Err(find::too_many(pattern, max, FileType::RegularFile));
        }
        let entries = found.into_iter().map(|(path, FileInfo { size, mode })| FileEntry { path, size, mode });
        Ok(Answer::plain(entries.collect()))
    }

    /// Finds the symbolic links that the permit's pattern names, sorted by path.
    ///
    /// # Errors
    /// As [`Workspace::glob`], but for a pattern that is the path of a link.
    pub fn links(&self, permit: &Permit) -> Result<Answer<Vec<LinkEntry>>, CallError> {
        let pattern = permit.pattern().ok_or_else(no_target)?;
        let found = find::links(self.root(), pattern, &self.protected, self.limits.found_files)?;
        // That name means standard input, which is no link.
        let found = found.into_iter().filter(|(path, _)| !path.is_stdin());
        Ok(Answer::plain(found.map(|(path, target)| LinkEntry { path, target }).collect()))
    }

    /// The whole content of the permit's file, at most `read_bytes`.
    ///
    /// # Errors
    /// No such file, a link on the way, no regular file, or too large.
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
            .map_err(|error| Obstacle::Io(error).tell("read", path))?
            .ok_or_else(too_large)?;
        let digest = Digest::of(&content);
        self.remember(path, Some(digest));
        Ok(content_answer(content, digest))
    }

    /// Opens the permit's file as it is now: what is staged later does not change it.
    ///
    /// # Errors
    /// No such file, a link on the way, or no regular file.
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
    /// As [`Workspace::open_file`]; the call moves no file, or standard input.
    pub fn open_source(&self, permit: &Permit) -> Result<OpenFile, CallError> {
        self.opened("send", permit.source().ok_or_else(no_target)?)
    }

    /// Opens a file as this run sees it; standard input is none.
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
    /// More than `staged_bytes` staged, a link on the way, no place for a regular file, or a file there
    /// that is itself larger than `staged_bytes`.
    pub fn write(&mut self, permit: &Permit, content: Vec<u8>) -> Result<Answer<WriteEffect>, CallError> {
        let path = self.file("write", permit)?;
        let before = self.before("write", path)?;
        let content = StagedContent::new(content);
        let (bytes, digest) = (content.bytes.len() as u64, content.digest);
        let effect = self.staged.write(path, before, content, Privacy::AsIs, self.limits.staged_bytes)?;
        Ok(Answer { value: effect, bytes, digest: Some(digest) })
    }

    /// Stages the whole content of the permit's file, which only its owner may read from then on. Its digest is
    /// kept from the call log: what is in it could be guessed.
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
        Ok(Answer { value: effect, bytes, digest: None })
    }

    /// Stages the removal of the permit's file.
    ///
    /// # Errors
    /// No such file, a link on the way, no regular file, or one larger than `staged_bytes`.
    pub fn remove(&mut self, permit: &Permit) -> Result<Answer<()>, CallError> {
        let path = self.file("remove", permit)?;
        let before = self.before("remove", path)?;
        let exists = match self.staged.get(path) {
            Some(staged) => staged.after.is_some(),
            None => before.is_some(),
        };
        if !exists {
            return Err(Obstacle::Missing.tell("remove", path));
        }
        self.staged.remove(path, before);
        Ok(Answer::plain(()))
    }

    /// What a commit would change, sorted by path.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.staged.iter().map(StagedFile::change).collect()
    }

    /// Puts everything staged in place. With nothing staged it touches nothing.
    ///
    /// # Errors
    /// Nothing was changed, but for [`CommitError::Unfinished`].
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

    /// The path of a file to be changed.
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
                self.remember(path, None);
            }
            obstacle.tell(verb, path)
        })
    }

    fn remember(&self, path: &WorkspacePath, digest: Option<Digest>) {
        let mut seen = self.seen.borrow_mut();
        if !seen.contains_key(path) {
            seen.insert(path.clone(), digest);
        }
    }

    /// What was on disk when the run first looked, which may be now.
    fn before(&self, verb: &str, path: &WorkspacePath) -> Result<Option<Digest>, CallError> {
        if let Some(seen) = self.seen.borrow().get(path) {
            return Ok(*seen);
        }
        let max = self.limits.staged_bytes;
        let digest = match self.on_disk(verb, path) {
            Ok((file, stat)) => walk::digest(&file, &stat, max)
                .map_err(|error| Obstacle::Io(error).tell(verb, path))?
                .map(Some)
                .ok_or_else(|| too_large(verb, path, max))?,
            Err(CallError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        self.remember(path, digest);
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
    Answer { bytes: content.len() as u64, value: content, digest: Some(digest) }
}

fn too_large(verb: &str, path: &WorkspacePath, max: u64) -> CallError {
    CallError::LimitExceeded(format!("{verb} `{path}`: it has more than {max} bytes"))
}

fn no_target() -> CallError {
    CallError::Invalid("the call is about no file of the workspace".into())
}
