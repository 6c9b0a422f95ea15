//! What a run has to tell people and scripts, before any platform's form of it. Its texts may come from
//! a component: they are data here, redacted and made harmless where they are rendered.

use crate::digest::Digest;
use crate::exit::Exit;
use crate::outputs::Output;

/// A place in a file of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path, relative to the workspace. From a component: any text.
    pub path: String,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    pub column: Option<u32>,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For whoever debugs the step.
    Debug,
    /// Ordinary progress of the work.
    Info,
    /// OutputValue a second look.
    Notice,
    /// Something that may be wrong.
    Warning,
    /// Something that is wrong.
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

/// One thing said to the reader of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// What is said.
    pub message: String,
    /// Where, if it is in a file.
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

/// What happened to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path, relative to the workspace.
    pub path: String,
    /// The content before; none if the file did not exist.
    pub before: Option<Digest>,
    /// The content after; none if the file was removed.
    pub after: Option<Digest>,
    /// Whether only its owner may read it: then not even its digests are told.
    pub private: bool,
}

/// What a run can do to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeVerb {
    /// It was put into a store.
    Uploaded,
    /// It was changed in a cluster.
    Changed,
    /// It was deleted.
    Deleted,
}

/// What happened to one object of a store or a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// The full name, such as `s3://BUCKET/KEY` or `NAMESPACE/KIND/NAME`.
    pub name: String,
    /// The content now; none if it is not known, as of an upload that another run began, or if there is none.
    pub digest: Option<Digest>,
    /// What happened.
    pub verb: ChangeVerb,
}

/// How a run ended, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The exit code.
    pub exit: Exit,
    /// A stable name for scripts, in `kebab-case`; `done` or `nothing-to-do` when it went well.
    pub code: String,
    /// What happened, as a lower-case fragment that names the thing.
    pub message: String,
    /// The exact next act, if there is one.
    pub hint: Option<String>,
    /// Where, if it is in a file.
    pub location: Option<Location>,
}

/// Everything a run has to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The step's name, or the file name of a component that is not built in.
    pub step: String,
    /// How it ended.
    pub ending: RunEnd,
    /// Whether the run was a dry run: nothing was changed.
    pub dry_run: bool,
    /// The outputs, in the order of the step's `outputs` record; empty unless the work was done.
    pub outputs: Vec<Output>,
    /// What was said, in order.
    pub notes: Vec<Note>,
    /// The summary, in order.
    pub summary: Vec<Block>,
    /// The files that changed, sorted by path. With `dry_run`, those that would.
    pub changes: Vec<Change>,
    /// The objects that changed, in the order of the calls. With `dry_run`, those that would.
    pub objects: Vec<ObjectChange>,
    /// The unified diff of a run that only dry_run.
    pub diff: Option<String>,
    /// The digest of the receipt.
    pub receipt: Option<Digest>,
}

impl Report {
    /// The names of all that changed: files, then objects.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        let files = self.changes.iter().map(|change| change.path.as_str());
        files.chain(self.objects.iter().map(|object| object.name.as_str()))
    }
}
