//! Why a workspace cannot be opened or its changes not be put in place. Each message names the file, and
//! where somebody has to act it says how.

use std::io;
use std::path::PathBuf;

/// Why a workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The root is no folder, or cannot be opened.
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
    /// A journal cannot be understood, or asks for what no run may do.
    #[error("`{name}` cannot be used: it {reason}")]
    Journal {
        /// The file's name.
        name: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// A journal is not that of a run on this machine.
    #[error("`{name}` is not obeyed: it {reason}")]
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
    /// What a killed run left was not decided, so it cannot be finished.
    #[error("the killed run had not decided its changes yet, so they cannot be finished")]
    Undecided,
    /// Somebody changed files that a killed run had replaced, or was about to.
    #[error("somebody changed, since a run was killed here, what that run had replaced or was about to: {}", shown(.files))]
    Changed {
        /// The files.
        files: Vec<String>,
    },
    /// The system refused something while what a run left was being ended.
    #[error("cannot end what a run left: `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
}

impl WorkspaceError {
    /// The exact next act, where there is one.
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

/// The most files that a message names.
const NAMED: usize = 20;

/// The first of the files, and how many more there are.
fn shown(files: &[String]) -> String {
    let named: Vec<String> = files.iter().take(NAMED).map(|file| format!("`{file}`")).collect();
    match files.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Why what is staged was not put in place. Nothing was changed, but for [`CommitError::Unfinished`].
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the file since this run first looked at it.
    #[error("`{path}` was changed by somebody else during this run")]
    Conflict {
        /// The file.
        path: String,
    },
    /// The system refused.
    #[error("cannot change `{path}`: {source}")]
    Unwritable {
        /// The file.
        path: String,
        /// The cause: no right to, a full disk, a read-only file system.
        source: io::Error,
    },
    /// Some files are in place, and could not be taken back.
    #[error("{cause}; and what was in place already cannot be taken back: {source}")]
    Unfinished {
        /// Why the commit ended.
        cause: Box<CommitError>,
        /// Why it was not taken back.
        source: WorkspaceError,
    },
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

impl CommitError {
    /// The exact next act, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } => Some("run again: nothing was changed".into()),
            Self::Unwritable { .. } => Some("remove the cause and run again: nothing was changed".into()),
            Self::Unfinished { .. } => Some(
                "`lockstep recover` shows which files are in place, and finishes, undoes or keeps them"
                    .into(),
            ),
            Self::Workspace(error) => error.hint(),
        }
    }
}
