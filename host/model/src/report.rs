//! The report of a run, independent of the CI system. Its texts may come from a component; [`crate::render`] redacts
//! and escapes them.

use crate::digest::Digest;
use crate::exit::Exit;
use crate::outputs::Output;

/// A location in a file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path, relative to the workspace. From a component: any text.
    pub path: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    pub column: Option<u32>,
}

/// The level of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A detail for debugging a step.
    Debug,
    /// Ordinary progress of the work.
    Info,
    /// A fact that the reader should notice.
    Notice,
    /// A possible problem.
    Warning,
    /// A problem.
    Error,
}

impl Level {
    /// The word in results and logs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A note for the reader of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The level.
    pub level: Level,
    /// The text.
    pub message: String,
    /// The location, if it is about a file.
    pub location: Option<Location>,
}

/// One part of the summary. All text is plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Paragraph(String),
    /// Text shown as it is.
    Code {
        /// The language for highlighting; empty for none.
        language: String,
        /// The text.
        text: String,
    },
    /// A rectangle of text.
    Table {
        /// The heading of each column.
        columns: Vec<String>,
        /// The rows.
        rows: Vec<Vec<String>>,
    },
}

/// The change of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, relative to the workspace.
    pub path: String,
    /// The content before; none if the file did not exist.
    pub before: Option<Digest>,
    /// The content after; none if the file was removed.
    pub after: Option<Digest>,
    /// Whether only its owner may read it. Then the receipt does not show its digests.
    pub private: bool,
}

/// The verb of a change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeVerb {
    /// The run uploaded it to a store.
    Uploaded,
    /// The run changed it in a cluster, a repository or a forge.
    Changed,
    /// The run deleted it.
    Deleted,
}

/// The change of an object of a store, a cluster, a repository or a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// The full name, such as `s3://BUCKET/KEY` or `NAMESPACE/KIND/NAME`.
    pub name: String,
    /// The digest of the content; none if it is unknown, for example of an upload that another run began, or if there
    /// is none.
    pub digest: Option<Digest>,
    /// The verb.
    pub verb: ChangeVerb,
}

/// The end of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The exit code.
    pub exit: Exit,
    /// A stable name for scripts, in `kebab-case`; `done` or `nothing-to-do` for a success.
    pub code: String,
    /// The message: a lower-case fragment that names the object of the problem.
    pub message: String,
    /// The next act of the reader, if there is one.
    pub hint: Option<String>,
    /// The location, if it is about a file.
    pub location: Option<Location>,
}

/// The report of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The step's name, or the file name of a component that is not built in.
    pub step: String,
    /// The end.
    pub ending: RunEnd,
    /// Whether the run was a dry run.
    pub dry_run: bool,
    /// The outputs, in the order of the step's `outputs` record; empty if the step failed.
    pub outputs: Vec<Output>,
    /// The notes, in order.
    pub notes: Vec<Note>,
    /// The summary, in order.
    pub summary: Vec<Block>,
    /// The files that changed, sorted by path. With `dry_run`, those that would.
    pub changes: Vec<Change>,
    /// The objects that changed, in the order of the calls. With `dry_run`, those that would.
    pub objects: Vec<ObjectChange>,
    /// The unified diff of a dry run.
    pub diff: Option<String>,
    /// The digest of the receipt.
    pub receipt: Option<Digest>,
}

impl Report {
    /// Whether this was a dry run of a run that would change something.
    #[must_use]
    pub fn would_change(&self) -> bool {
        self.dry_run && self.changed().next().is_some()
    }

    /// The names of the changed files, then of the changed objects.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let files = self.changes.iter().map(|change| change.path.as_str());
        files.chain(self.objects.iter().map(|object| object.name.as_str()))
    }
}
