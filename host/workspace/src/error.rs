//! Why a workspace cannot be opened or its changes not be put in place. Each message names the file, and
//! where somebody has to act it says how.

use super::journal::JOURNAL;
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
    /// Another run holds the lock.
    #[error("another run is putting its files in place in this workspace")]
    Busy,
    /// What a killed run left cannot be understood, or asks for what no run may do.
    #[error("`{name}`, which a killed run left, cannot be used: it {reason}")]
    Journal {
        /// The file's name.
        name: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
    /// Somebody changed a file that a killed run had decided to replace.
    #[error("`{path}` is neither what a killed run found nor what it was about to put there")]
    Changed {
        /// The file.
        path: String,
        /// The killed run, as it is in the names of its temporary files.
        run: String,
    },
    /// The system refused something while the rest of a killed run was being ended.
    #[error("cannot end what a killed run left: `{path}`: {source}")]
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
            Self::Busy => Some("run again when the other run has ended".into()),
            Self::Journal { name, .. } => Some(format!("look at `{name}`, then delete it and run again")),
            Self::Changed { path, run } => Some(format!(
                "put `{path}` back to what it was and run again; or, to keep the files as they are, delete `{JOURNAL}` and every file named `.lockstep-{run}-*`"
            )),
            Self::Io { .. } => Some("remove the cause and run again: the next run ends it".into()),
        }
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
    /// The system refused after some files were in place already.
    #[error("cannot put `{path}` in place after others already are: {source}")]
    Unfinished {
        /// The first file that is not in place.
        path: String,
        /// The cause.
        source: io::Error,
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
            Self::Unfinished { .. } => Some(format!(
                "remove the cause and run again: `{JOURNAL}` holds the rest, and the next run puts it in place"
            )),
            Self::Workspace(error) => error.hint(),
        }
    }
}
