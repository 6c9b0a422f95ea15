//! The errors of a workspace and of a commit. Each message names the file; the hint is the next act of the user.

use std::io;
use std::path::PathBuf;

/// An error that keeps a run from using a workspace.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The root is not a folder, or the system cannot open it.
    #[error("cannot open the workspace `{}`: {source}", .path.display())]
    Root {
        /// The root as it was given.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The root is a folder in which no step may do this.
    #[error("the workspace `{}` is the folder `{}`, which {reason}", .path.display(), .real.display())]
    Closed {
        /// The root as it was given.
        path: PathBuf,
        /// The folder that it is.
        real: PathBuf,
        /// Why, as the end of a sentence.
        reason: &'static str,
    },
    /// Another run holds the lock.
    #[error("another run is putting its files in place in this workspace")]
    Busy,
    /// A journal is damaged, or names files that no run may change.
    #[error("lockstep cannot use `{name}`: it {reason}")]
    Journal {
        /// The file's name.
        name: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// No run on this machine wrote the journal.
    #[error("lockstep does not obey `{name}`: it {reason}")]
    Foreign {
        /// The file's name.
        name: String,
        /// Why, as the end of a sentence.
        reason: &'static str,
    },
    /// A killed run left files half in place, and this run may not touch them.
    #[error("a killed run left its files half in place: {}", shown(.files))]
    Pending {
        /// The files.
        files: Vec<String>,
    },
    /// The killed run had not made its commit final, so no run can finish it.
    #[error("the killed run had not made its commit final, so lockstep cannot finish it")]
    Undecided,
    /// Somebody changed files that a killed run had replaced, or was about to replace.
    #[error("somebody changed files of a killed run after it ended: {}", shown(.files))]
    Changed {
        /// The files.
        files: Vec<String>,
    },
    /// The system refused a step of the recovery.
    #[error("cannot recover the workspace from a killed run: `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

impl WorkspaceError {
    /// The next act of the user, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Root { .. } => None,
            Self::Closed { .. } => Some("name the folder itself with `-C`, and none that docs/protected-files.md lists".into()),
            Self::Busy => Some("run again when the other run has ended".into()),
            Self::Journal { .. } | Self::Foreign { .. } => Some(
                "`lockstep recover` shows what it is, `lockstep recover --keep` removes it and leaves all files as they are".into(),
            ),
            Self::Pending { .. } => Some(
                "run the killed step again, which puts the old files back first; or `lockstep recover` shows and ends it".into(),
            ),
            Self::Undecided => Some("`lockstep recover --undo` removes its temporary files; no other file has changed".into()),
            Self::Changed { files } => {
                let them = if files.len() == 1 { "that file" } else { "these files" };
                Some(format!(
                    "give {them} the old content (for example by git), then `lockstep recover --undo`; or the new content, then `--finish`; `--keep` leaves all files as they are now, half of them changed, and drops what the killed run kept of the old ones"
                ))
            }
            Self::Io { .. } => Some("remove the cause, then run again or use `lockstep recover`".into()),
        }
    }
}

/// The maximum number of files that a message names.
const NAMED: usize = 20;

/// The first of the files, and how many more there are.
fn shown(files: &[String]) -> String {
    let named: Vec<String> = files.iter().take(NAMED).map(|file| format!("`{file}`")).collect();
    match files.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// An error of a commit. All files are as before, except after [`CommitError::Unfinished`].
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the file since this run first looked at it.
    #[error("somebody else changed `{path}` during this run")]
    Conflict {
        /// The file.
        path: String,
    },
    /// The system refused the change.
    #[error("cannot change `{path}`: {source}")]
    Unwritable {
        /// The file.
        path: String,
        /// The cause: a missing right, a full disk, a read-only file system.
        source: io::Error,
    },
    /// The commit put some files in place and could not undo that.
    #[error("{cause}; and lockstep cannot put the old files back: {source}")]
    Unfinished {
        /// The error that ended the commit.
        cause: Box<CommitError>,
        /// The error that ended the undo.
        source: WorkspaceError,
    },
    /// The run cannot use the workspace.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl CommitError {
    /// The next act of the user, if there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } => Some("run again; all files are as before".into()),
            Self::Unwritable { .. } => Some("remove the cause and run again; all files are as before".into()),
            Self::Unfinished { .. } => Some(
                "`lockstep recover` shows which files are in place, and finishes, undoes or keeps them"
                    .into(),
            ),
            Self::Workspace(error) => error.hint(),
        }
    }
}
