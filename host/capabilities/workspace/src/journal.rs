//! The journal of a commit: the files that it replaces. It lies in the workspace until the run has reported its changes.
//! Its name is its state, so that one rename makes each step final. It never holds content.
//!
//! - `.lockstep-staging`: the run makes temporary files; the next run removes them.
//! - `.lockstep-journal`: the run puts files in place, or has done so and not yet reported it; the next run puts the old
//!   files back.
//! - `.lockstep-told`: the run has written outputs and receipt; the next run removes the old files.
//!
//! A run obeys a journal only if it holds the number and the time of birth of its own inode. A copy has another inode.

use super::birth::{self, FileBirth};
use super::disk;
use super::protected_paths::ProtectedPaths;
use super::walk::{self, Obstacle};
use super::{WorkspaceError, staged::Staged};
use lockstep_model::digest::{Digest, hex};
use lockstep_model::path::WorkspacePath;
use lockstep_model::protected::OWN_PREFIX;
use lockstep_model::report::Change;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Mode, statat};
use serde::{Deserialize, Serialize};
use std::io;

/// The journal's name while the run makes temporary files.
pub(super) const STAGING: &str = ".lockstep-staging";
/// The journal's name once all temporary files are complete.
pub(super) const JOURNAL: &str = ".lockstep-journal";
/// The journal's name once the run has reported its changes.
pub(super) const REPORTED: &str = ".lockstep-told";
/// Every name of a journal.
pub(super) const NAMES: [&str; 3] = [STAGING, JOURNAL, REPORTED];

const VERSION: u32 = 2;
/// The maximum size of a journal, enough for a million calls with paths of ordinary length.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// One commit.
#[derive(Debug)]
pub(super) struct CommitPlan {
    /// The random part of the names of its temporary files: 16 hexadecimal digits.
    pub(super) run: String,
    /// The folders it makes, outer ones first.
    pub(super) folders: Vec<WorkspacePath>,
    /// The files it changes, in order of path.
    pub(super) entries: Vec<CommitEntry>,
}

/// One file of a commit.
#[derive(Debug)]
pub(super) struct CommitEntry {
    pub(super) path: WorkspacePath,
    /// The digest of the old content; none if there is no file yet.
    pub(super) before: Option<Digest>,
    /// The digest of the new content; none to remove the file.
    pub(super) after: Option<Digest>,
    /// Whether only its owner may read the new file.
    pub(super) private: bool,
}

impl CommitPlan {
    /// Builds the commit of all staged changes.
    pub(super) fn of(staged: &Staged, folders: Vec<WorkspacePath>) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let entries = staged.iter().map(|file| CommitEntry {
            path: file.path.clone(),
            before: file.before,
            after: file.after.as_ref().map(|content| content.digest),
            private: file.private,
        });
        Ok(Self { run: hex(&random), folders, entries: entries.collect() })
    }

    /// The name of the temporary file of the entry with this index, in the folder of its file.
    pub(super) fn temp(&self, index: usize) -> String {
        format!("{OWN_PREFIX}{}-{index}", self.run)
    }

    /// The name of the old file in a file system that cannot exchange two files.
    pub(super) fn aside(temp: &str) -> String {
        format!("{temp}-old")
    }
}

impl CommitEntry {
    /// The change that it makes.
    pub(super) fn change(&self) -> Change {
        Change { path: self.path.to_string(), before: self.before, after: self.after, private: self.private }
    }
}

/// A journal as it lies in the workspace.
#[derive(Debug)]
pub(super) struct LoadedJournal {
    pub(super) plan: CommitPlan,
    /// The time when its run began to commit, in seconds since 1970; none if the file system has no times of birth.
    pub(super) begun: Option<u64>,
    /// The reason why the journal is not from this machine, as the end of a sentence; none if it is.
    pub(super) foreign: Option<&'static str>,
}

/// Writes the journal under its first name. From then on the next run can find the temporary files.
pub(super) fn begin(root: BorrowedFd<'_>, plan: &CommitPlan) -> io::Result<()> {
    let file = disk::create(root, STAGING, Mode::RUSR | Mode::WUSR)?;
    let mut text = serde_json::to_vec(&JournalHeader {
        version: VERSION,
        birth: birth::of(&file),
        folder: Some(folder_of(root)),
    })?;
    text.push(b'\n');
    serde_json::to_writer(&mut text, &JournalBody::from(plan))?;
    disk::write(&file, &text)
}

/// Makes the commit final: the run puts the files in place, or a later run undoes that.
pub(super) fn decide(root: BorrowedFd<'_>) -> io::Result<()> {
    disk::rename_new(root, STAGING, JOURNAL)
}

/// Records that the run has reported its changes.
pub(super) fn mark_reported(root: BorrowedFd<'_>) -> io::Result<()> {
    disk::rename_new(root, JOURNAL, REPORTED)
}

/// Removes the journal of this name.
pub(super) fn end(root: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    disk::remove(root, name)
}

/// Whether there is a file of this name.
pub(super) fn exists(root: BorrowedFd<'_>, name: &str) -> bool {
    statat(root, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

/// Reads the journal of this name, if there is one. A journal that is not from this machine is an error.
pub(super) fn load(
    root: BorrowedFd<'_>,
    name: &str,
    protected: &ProtectedPaths,
) -> Result<Option<CommitPlan>, WorkspaceError> {
    match find(root, name, protected)? {
        Some(LoadedJournal { foreign: Some(reason), .. }) => {
            Err(WorkspaceError::Foreign { name: name.to_owned(), reason })
        }
        found => Ok(found.map(|found| found.plan)),
    }
}

/// Reads the journal of this name, if there is one. A Git commit can have brought it instead of a killed run, so the caller
/// checks `foreign`. Paths that no run may change are an error.
pub(super) fn find(
    root: BorrowedFd<'_>,
    name: &str,
    protected: &ProtectedPaths,
) -> Result<Option<LoadedJournal>, WorkspaceError> {
    let refuse = |reason: String| WorkspaceError::Journal { name: name.to_owned(), reason };
    let (file, stat) = match walk::file_in(root, name) {
        Ok(opened) => opened,
        Err(Obstacle::Missing) => return Ok(None),
        Err(obstacle) => return Err(refuse(format!("cannot be read: {}", obstacle.into_io()))),
    };
    let text = walk::content(&file, &stat, MAX_BYTES)
        .map_err(|error| refuse(format!("cannot be read: {error}")))?
        .ok_or_else(|| refuse("is too large".into()))?;
    let damaged = |error: serde_json::Error| refuse(format!("is damaged, or of another version ({error})"));
    let nothing = || CommitPlan { run: String::new(), folders: Vec::new(), entries: Vec::new() };
    let Some(end) = text.iter().position(|byte| *byte == b'\n') else {
        // The run writes this line before it makes any other file, so there is nothing to undo.
        return match name == STAGING && text.len() < MAX_HEAD {
            true => Ok(Some(LoadedJournal { plan: nothing(), begun: None, foreign: None })),
            false => Err(refuse("is damaged, or of another version".into())),
        };
    };
    let head: JournalHeader = serde_json::from_slice(&text[..end]).map_err(damaged)?;
    if head.version != VERSION {
        return Err(refuse(format!("is of version {}, and this lockstep knows {VERSION}", head.version)));
    }
    let foreign = match (head.birth, birth::of(&file)) {
        // Another user who may write here could otherwise make this user remove files of the workspace.
        _ if stat.st_uid != rustix::process::geteuid().as_raw() => Some("belongs to another user"),
        _ if stat.st_nlink != 1 => Some("has other names too (hard links), so it may belong elsewhere"),
        _ if head.folder.is_some_and(|folder| folder != folder_of(root)) => {
            Some("was made in another folder and then moved here")
        }
        (Some(written), Some(found)) if written == found => None,
        (Some(_), Some(_)) => Some("was made elsewhere and then copied, checked out or unpacked here"),
        _ => Some(
            "lies in a file system without times of birth, so nothing proves that it is from this machine",
        ),
    };
    let plan = match serde_json::from_slice::<JournalBody>(&text[end + 1..]) {
        Ok(written) => written.read(protected).map_err(refuse)?,
        // The run writes the journal before it makes any other file, so there is nothing to undo.
        Err(error) if name == STAGING && error.is_eof() => nothing(),
        Err(error) => return Err(damaged(error)),
    };
    let begun = head.birth.and_then(|birth| u64::try_from(birth.seconds).ok());
    Ok(Some(LoadedJournal { plan, begun, foreign }))
}

/// The first line of a journal, which identifies its file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalHeader {
    version: u32,
    birth: Option<FileBirth>,
    /// The inode of the workspace's folder.
    folder: Option<u64>,
}

/// The inode of a folder; 0 if the system does not give it.
fn folder_of(root: BorrowedFd<'_>) -> u64 {
    rustix::fs::fstat(root).map_or(0, |stat| stat.st_ino)
}

/// The maximum length of the first line, in bytes.
const MAX_HEAD: usize = 256;

/// The second line of a journal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalBody {
    run: String,
    folders: Vec<String>,
    files: Vec<JournalFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalFile {
    path: String,
    before: Option<String>,
    after: Option<String>,
    private: bool,
}

impl From<&CommitPlan> for JournalBody {
    fn from(plan: &CommitPlan) -> Self {
        let print = |digest: Option<Digest>| digest.map(|digest| digest.to_string());
        let files = plan.entries.iter().map(|entry| JournalFile {
            path: entry.path.to_string(),
            before: print(entry.before),
            after: print(entry.after),
            private: entry.private,
        });
        Self {
            run: plan.run.clone(),
            folders: plan.folders.iter().map(ToString::to_string).collect(),
            files: files.collect(),
        }
    }
}

impl JournalBody {
    fn read(self, protected: &ProtectedPaths) -> Result<CommitPlan, String> {
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.run.len() != 16 || !self.run.chars().all(hexadecimal) {
            return Err("names no run".into());
        }
        let path = |text: &str| {
            let path = WorkspacePath::parse(text).map_err(|error| format!("names no path: {error}"))?;
            match protected.unchangeable(&path) {
                Some(reason) => Err(format!("names `{path}`, which {reason}")),
                None => Ok(path),
            }
        };
        let digest = |text: Option<String>| match text {
            Some(text) => {
                Digest::parse(&text).map(Some).ok_or_else(|| format!("holds `{text}`, which is no digest"))
            }
            None => Ok(None),
        };
        let folders = self.folders.iter().map(|folder| path(folder));
        let entries = self.files.into_iter().map(|file| {
            let (before, after) = (digest(file.before)?, digest(file.after)?);
            Ok(CommitEntry { path: path(&file.path)?, before, after, private: file.private })
        });
        Ok(CommitPlan {
            run: self.run,
            folders: folders.collect::<Result<_, String>>()?,
            entries: entries.collect::<Result<_, String>>()?,
        })
    }
}
