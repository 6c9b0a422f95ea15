//! The journal of a commit: what is to be put in place, kept in the workspace for the time this takes.
//! Its name is its state, so that one rename decides the commit. It never holds content.
//!
//! - `.lockstep-staging`: temporary files are being made; whoever finds it undoes that.
//! - `.lockstep-journal`: they are all complete; whoever finds it puts the rest in place.

use super::disk;
use super::reach::Reach;
use super::walk::{self, Obstacle};
use super::{WorkspaceError, staged::Staged};
use lockstep_model::digest::{Digest, hex};
use lockstep_model::path::WorkspacePath;
use lockstep_model::protected::OWN_PREFIX;
use lockstep_model::report::Change;
use rustix::fd::BorrowedFd;
use rustix::fs::Mode;
use serde::{Deserialize, Serialize};
use std::io;

/// The journal's name while temporary files are being made.
pub(super) const STAGING: &str = ".lockstep-staging";
/// The journal's name once they are all complete.
pub(super) const JOURNAL: &str = ".lockstep-journal";

const VERSION: u32 = 1;
/// No journal is larger: a million calls with paths of ordinary length.
const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// One commit.
#[derive(Debug)]
pub(super) struct Plan {
    /// What makes the names of its temporary files its own: 16 hexadecimal digits.
    pub(super) run: String,
    /// The folders it makes, outer ones first.
    pub(super) folders: Vec<WorkspacePath>,
    /// The files it changes, in order of path.
    pub(super) entries: Vec<Entry>,
}

/// One file of a commit.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: WorkspacePath,
    /// The content to be replaced; none if there is no file yet.
    pub(super) before: Option<Digest>,
    /// The content to be; none to remove the file.
    pub(super) after: Option<Digest>,
}

impl Plan {
    /// The commit of what is staged.
    pub(super) fn of(staged: &Staged, folders: Vec<WorkspacePath>) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let entries = staged.iter().map(|file| Entry {
            path: file.path.clone(),
            before: file.before,
            after: file.after.as_ref().map(|content| content.digest),
        });
        Ok(Self { run: hex(&random), folders, entries: entries.collect() })
    }

    /// The name of the temporary file of the entry with this index, in the folder of its file.
    pub(super) fn temp(&self, index: usize) -> String {
        format!("{OWN_PREFIX}{}-{index}", self.run)
    }

    /// What it changes. Which of the files are private it does not know, so all count as such.
    pub(super) fn changes(&self) -> Vec<Change> {
        let change = |entry: &Entry| Change {
            path: entry.path.to_string(),
            before: entry.before,
            after: entry.after,
            private: true,
        };
        self.entries.iter().map(change).collect()
    }
}

/// Writes the journal under its first name. From here on the temporary files can be found again.
pub(super) fn begin(root: BorrowedFd<'_>, plan: &Plan) -> io::Result<()> {
    let text = serde_json::to_vec(&Written::from(plan))?;
    let file = disk::create(root, STAGING, Mode::RUSR | Mode::WUSR)?;
    disk::write(&file, &text)
}

/// Decides the commit.
pub(super) fn decide(root: BorrowedFd<'_>) -> io::Result<()> {
    disk::rename(root, STAGING, JOURNAL)
}

/// Takes the decision back, before anything was put in place.
pub(super) fn reconsider(root: BorrowedFd<'_>) -> io::Result<()> {
    disk::rename(root, JOURNAL, STAGING)
}

/// Ends the journal of this name: all is in place, or all is undone.
pub(super) fn end(root: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    disk::remove(root, name)
}

/// Reads the journal of this name, if there is one. It may have come with somebody's commit instead of
/// from a killed run, so nothing in it is believed to stay within what a run may change.
pub(super) fn load(root: BorrowedFd<'_>, name: &str, reach: &Reach) -> Result<Option<Plan>, WorkspaceError> {
    let refuse = |reason: String| WorkspaceError::Journal { name: name.to_owned(), reason };
    let (file, stat) = match walk::file_in(root, name) {
        Ok(opened) => opened,
        Err(Obstacle::Missing) => return Ok(None),
        Err(obstacle) => return Err(refuse(obstacle.into_io().to_string())),
    };
    let text = walk::content(&file, &stat, MAX_BYTES)
        .map_err(|error| refuse(error.to_string()))?
        .ok_or_else(|| refuse("is too large".into()))?;
    match serde_json::from_slice::<Written>(&text) {
        Ok(written) => written.read(reach).map(Some).map_err(refuse),
        // The run was killed while it wrote this, so before it made anything else.
        Err(error) if name == STAGING && error.is_eof() => {
            Ok(Some(Plan { run: String::new(), folders: Vec::new(), entries: Vec::new() }))
        }
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// The journal as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    run: String,
    folders: Vec<String>,
    files: Vec<WrittenFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl From<&Plan> for Written {
    fn from(plan: &Plan) -> Self {
        let print = |digest: Option<Digest>| digest.map(|digest| digest.to_string());
        let files = plan.entries.iter().map(|entry| WrittenFile {
            path: entry.path.to_string(),
            before: print(entry.before),
            after: print(entry.after),
        });
        Self {
            version: VERSION,
            run: plan.run.clone(),
            folders: plan.folders.iter().map(ToString::to_string).collect(),
            files: files.collect(),
        }
    }
}

impl Written {
    fn read(self, reach: &Reach) -> Result<Plan, String> {
        if self.version != VERSION {
            return Err(format!("is of version {}, and this lockstep knows {VERSION}", self.version));
        }
        let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if self.run.len() != 16 || !self.run.chars().all(hexadecimal) {
            return Err("names no run".into());
        }
        let path = |text: &str| {
            let path = WorkspacePath::parse(text).map_err(|error| error.to_string())?;
            match reach.unchangeable(&path) {
                Some(reason) => Err(format!("names `{path}`, which {reason}")),
                None => Ok(path),
            }
        };
        let digest = |text: Option<String>| match text {
            Some(text) => Digest::parse(&text).map(Some).ok_or_else(|| format!("`{text}` is no digest")),
            None => Ok(None),
        };
        let folders = self.folders.iter().map(|folder| path(folder));
        let entries = self.files.into_iter().map(|file| {
            Ok(Entry { path: path(&file.path)?, before: digest(file.before)?, after: digest(file.after)? })
        });
        Ok(Plan {
            run: self.run,
            folders: folders.collect::<Result<_, String>>()?,
            entries: entries.collect::<Result<_, String>>()?,
        })
    }
}
