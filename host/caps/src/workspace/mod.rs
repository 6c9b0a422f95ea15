//! The workspace: the files of the repository, with changes that are staged and put in place together
//! or not at all. It takes what a call is about only from the gate's permit, and it never leaves its root.

mod commit;
mod diff;
mod disk;
mod error;
mod find;
mod journal;
mod lock;
mod open;
mod reach;
mod recover;
mod staged;
#[cfg(test)]
mod tests;
mod walk;

pub use error::{CommitError, WorkspaceError};
pub use open::OpenFile;
pub use recover::Recovered;

use diff::Side;
use lockstep_model::call::{Answer, CallError};
use lockstep_model::digest::Digest;
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::path::WorkspacePath;
use lockstep_model::report::Change;
use reach::Reach;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, Stat};
use staged::{Content, Staged, StagedFile};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use walk::Obstacle;

/// How long the diff of a plan may get. What does not fit is in it by name: nobody reads so much, and the run is
/// over by then, so no clock ends the work.
const MAX_PLAN_BYTES: usize = 8 * 1024 * 1024;

/// A file that a pattern found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path.
    pub path: WorkspacePath,
    /// Its size in bytes.
    pub size: u64,
}

/// What a staged write will do to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
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
    reach: Reach,
    /// What was on disk when the run first looked: a digest, or no file. A commit expects to find it so.
    seen: RefCell<HashMap<WorkspacePath, Option<Digest>>>,
    staged: Staged,
    recovered: Option<Recovered>,
}

impl Workspace {
    /// Opens the folder, and first ends what a killed run left in it. `own_files` are the files and
    /// folders of this run and its platform, out of reach where they lie inside; they need not exist.
    ///
    /// # Errors
    /// The folder cannot be opened, another run is committing and does not end, or what a killed run
    /// left cannot be ended without losing somebody's change.
    pub fn open(root: &Path, limits: &Limits, own_files: &[PathBuf]) -> Result<Self, WorkspaceError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(root, flags, Mode::empty())
            .map_err(|error| WorkspaceError::Root { path: root.to_owned(), source: error.into() })?;
        let reach = Reach::all_but(root, own_files);
        let mut recovered = None;
        if recover::is_needed(opened.as_fd()) {
            let _lock = lock::Lock::take(opened.as_fd())?;
            recovered = recover::recover(opened.as_fd(), &reach, limits.staged_bytes)?;
        }
        Ok(Self {
            root: opened,
            limits: *limits,
            reach,
            seen: RefCell::default(),
            staged: Staged::default(),
            recovered,
        })
    }

    /// What a killed run had left here and [`Workspace::open`] ended.
    #[must_use]
    pub fn recovered(&self) -> Option<&Recovered> {
        self.recovered.as_ref()
    }

    /// Finds the files that the permit's pattern names, sorted by path.
    ///
    /// # Errors
    /// More than `found_files` of them; a folder that cannot be read; a pattern that is the path of a link.
    pub fn glob(&self, permit: &Permit) -> Result<Answer<Vec<Entry>>, CallError> {
        let pattern = permit.pattern().ok_or_else(no_target)?;
        let most = self.limits.found_files;
        let mut found = find::find(self.root(), pattern, &self.reach, most)?;
        for file in self.staged.iter().filter(|file| pattern.matches(&file.path)) {
            match &file.after {
                Some(content) => found.insert(file.path.clone(), content.bytes.len() as u64),
                None => found.remove(&file.path),
            };
        }
        if found.len() > most {
            return Err(find::too_many(pattern, most));
        }
        let entries = found.into_iter().map(|(path, size)| Entry { path, size });
        Ok(Answer::plain(entries.collect()))
    }

    /// The whole content of the permit's file, at most `read_bytes`.
    ///
    /// # Errors
    /// No such file, a link on the way, no regular file, or too large.
    pub fn read(&self, permit: &Permit) -> Result<Answer<Vec<u8>>, CallError> {
        let path = self.path("read", permit)?;
        let most = self.limits.read_bytes;
        let too_large = || too_large("read", path, most);
        if let Some(staged) = self.staged.get(path) {
            let content = staged_content(staged)?;
            if content.bytes.len() as u64 > most {
                return Err(too_large());
            }
            return Ok(content_answer(content.bytes.to_vec(), content.digest));
        }
        let (file, stat) = self.on_disk("read", path)?;
        let content = walk::content(&file, &stat, most)
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
        let opened = match self.staged.get(path) {
            Some(staged) => OpenFile::staged(path, staged_content(staged)?),
            None => {
                let (file, stat) = self.on_disk("open", path)?;
                OpenFile::on_disk(path, file, &stat)
            }
        };
        Ok(Answer::plain(opened))
    }

    /// Stages the whole content of the permit's file.
    ///
    /// # Errors
    /// More than `staged_bytes` staged, a link on the way, no place for a regular file, or a file there
    /// that is itself larger than `staged_bytes`.
    pub fn write(&mut self, permit: &Permit, content: Vec<u8>) -> Result<Answer<Effect>, CallError> {
        let path = self.path("write", permit)?;
        let before = self.before("write", path)?;
        let content = Content::new(content);
        let (bytes, digest) = (content.bytes.len() as u64, content.digest);
        let effect = self.staged.write(path, before, content, self.limits.staged_bytes)?;
        Ok(Answer { value: effect, bytes, digest: Some(digest) })
    }

    /// Stages the removal of the permit's file.
    ///
    /// # Errors
    /// No such file, a link on the way, no regular file, or one larger than `staged_bytes`.
    pub fn remove(&mut self, permit: &Permit) -> Result<Answer<()>, CallError> {
        let path = self.path("remove", permit)?;
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

    /// Everything staged as one unified diff of at most `read_bytes`.
    ///
    /// # Errors
    /// A diff that is larger, or a file that somebody else changed since the run first looked.
    pub fn diff(&self, _permit: &Permit) -> Result<Answer<String>, CallError> {
        let most = self.limits.read_bytes;
        let diff = self.render(Some(most)).map_err(|error| match error {
            CommitError::Conflict { .. } => CallError::Conflict(error.to_string()),
            _ => CallError::Unavailable(error.to_string()),
        })?;
        let diff = diff.ok_or_else(|| CallError::Limit(format!("the diff has more than {most} bytes")))?;
        Ok(Answer { bytes: diff.len() as u64, value: diff, digest: None })
    }

    /// What a commit would change, sorted by path.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.staged.iter().map(StagedFile::change).collect()
    }

    /// Everything staged as one unified diff. Past 8 MiB of it, a file is in it by name only.
    ///
    /// # Errors
    /// A file that somebody else changed since the run first looked, or that cannot be read any more.
    pub fn plan_diff(&self) -> Result<String, CommitError> {
        Ok(self.render(None)?.unwrap_or_default())
    }

    /// Puts everything staged in place and says what changed. With nothing staged it touches nothing.
    ///
    /// # Errors
    /// Nothing was changed, but for [`CommitError::Unfinished`].
    pub fn commit(self) -> Result<Vec<Change>, CommitError> {
        commit::commit(self.root(), &self.staged, &self.reach, self.limits.staged_bytes)
    }

    fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    fn path<'p>(&self, verb: &str, permit: &'p Permit) -> Result<&'p WorkspacePath, CallError> {
        let path = permit.path().ok_or_else(no_target)?;
        self.reach.check(verb, path)?;
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
        let most = self.limits.staged_bytes;
        let digest = match self.on_disk(verb, path) {
            Ok((file, stat)) => walk::digest(&file, &stat, most)
                .map_err(|error| Obstacle::Io(error).tell(verb, path))?
                .map(Some)
                .ok_or_else(|| too_large(verb, path, most))?,
            Err(CallError::NotFound(_)) => None,
            Err(error) => return Err(error),
        };
        self.remember(path, digest);
        Ok(digest)
    }

    /// The diff; none if it has more than `most` bytes.
    fn render(&self, most: Option<u64>) -> Result<Option<String>, CommitError> {
        let mut cost = diff::MAX_COST;
        let mut out = String::new();
        for file in self.staged.iter() {
            let (content, executable) = self.original(file)?;
            let before = match (file.before, &content) {
                (None, _) => Side::Absent,
                (Some(_), Some(content)) => Side::File { content, executable },
                (Some(_), None) => Side::Large { executable },
            };
            let after = match &file.after {
                None => Side::Absent,
                Some(content) if content.bytes.len() as u64 > self.limits.read_bytes => {
                    Side::Large { executable }
                }
                Some(content) => Side::File { content: &content.bytes, executable },
            };
            let start = out.len();
            diff::render(&mut out, &mut cost, &file.path, before, after);
            if most.is_none() && out.len() > MAX_PLAN_BYTES {
                out.truncate(start);
                diff::render(&mut out, &mut cost, &file.path, before.hidden(), after.hidden());
            }
            if most.is_some_and(|most| out.len() as u64 > most) {
                return Ok(None);
            }
        }
        Ok(Some(out))
    }

    /// The content that a staged file has on disk, unless there is none or it is too large to be shown,
    /// and whether it is executable.
    fn original(&self, file: &StagedFile) -> Result<(Option<Vec<u8>>, bool), CommitError> {
        let path = || file.path.to_string();
        let Some(before) = file.before else {
            return Ok((None, false));
        };
        let (opened, stat) = walk::file(self.root(), &file.path).map_err(|obstacle| match obstacle {
            Obstacle::Io(source) => CommitError::Unwritable { path: path(), source },
            _ => CommitError::Conflict { path: path() },
        })?;
        let content = walk::content(&opened, &stat, self.limits.read_bytes)
            .map_err(|source| CommitError::Unwritable { path: path(), source })?;
        match content {
            Some(content) if Digest::of(&content) != before => Err(CommitError::Conflict { path: path() }),
            content => Ok((content, Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR))),
        }
    }
}

fn staged_content(staged: &StagedFile) -> Result<&Content, CallError> {
    let removed = || CallError::NotFound(format!("`{}` was removed by this run", staged.path));
    staged.after.as_ref().ok_or_else(removed)
}

fn content_answer(content: Vec<u8>, digest: Digest) -> Answer<Vec<u8>> {
    Answer { bytes: content.len() as u64, value: content, digest: Some(digest) }
}

fn too_large(verb: &str, path: &WorkspacePath, most: u64) -> CallError {
    CallError::Limit(format!("{verb} `{path}`: it has more than {most} bytes"))
}

fn no_target() -> CallError {
    CallError::Invalid("the call is about no file of the workspace".into())
}
