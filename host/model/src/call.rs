//! The calls of a component: request, target, error, answer and record. They hold names, sizes and digests, and no
//! content.

use crate::capability::Capability;
use crate::digest::Digest;
use crate::object::ObjectName;
use crate::path::WorkspacePath;
use crate::pattern::Pattern;
use crate::repository::{Repository, RepositoryPart};
use crate::resource::Resource;
use crate::web::WebAddress;

/// A call as the component made it, before the gate checks it.
#[derive(Debug, Clone, Copy)]
pub struct CallRequest<'a> {
    /// The interface.
    pub capability: Capability,
    /// The function. The registry in [`crate::capability`] names the right that it needs.
    pub function: &'static str,
    /// The target, unchecked.
    pub target: RawTarget<'a>,
    /// The workspace file that the call sends. The run also needs the right to read it.
    pub source: Option<&'a str>,
}

impl<'a> CallRequest<'a> {
    /// A call that sends no workspace file.
    #[must_use]
    pub fn new(capability: Capability, function: &'static str, target: RawTarget<'a>) -> Self {
        Self { capability, function, target, source: None }
    }
}

/// The target of a call as the component spells it.
#[derive(Debug, Clone, Copy)]
pub enum RawTarget<'a> {
    /// A workspace path.
    Path(&'a str),
    /// A pattern over workspace paths.
    Pattern(&'a str),
    /// A pattern over workspace paths whose wildcards match hidden names too.
    HiddenPattern(&'a str),
    /// Workspace paths.
    Paths(&'a [String]),
    /// The name of an object or a prefix.
    Object(&'a str),
    /// Names of objects.
    Objects(&'a [String]),
    /// A URL.
    Url(&'a str),
    /// A name of objects of a cluster.
    Resource(&'a str),
    /// Names of objects of a cluster.
    Resources(&'a [String]),
    /// The name of a git repository, and a part of it.
    Repository(&'a str, RawRepositoryPart<'a>),
    /// The files that the run has staged.
    Staged,
}

/// A part of a repository as the component spells it.
#[derive(Debug, Clone, Copy)]
pub enum RawRepositoryPart<'a> {
    /// Its branches and commits as a whole.
    Whole,
    /// The name of a branch.
    Branch(&'a str),
    /// Paths of files.
    Files(&'a [String]),
    /// A pattern over paths.
    Pattern(&'a str),
    /// The pull requests from the second branch into the first.
    PullRequests(&'a str, &'a str),
}

/// The target of a call, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One file.
    Path(WorkspacePath),
    /// The files that a pattern matches.
    Pattern(Pattern),
    /// Several files.
    Paths(Vec<WorkspacePath>),
    /// One object, or all objects below a prefix.
    Object(ObjectName),
    /// Several objects.
    Objects(Vec<ObjectName>),
    /// A URL of a web server.
    Url(WebAddress),
    /// Objects of a cluster.
    Resource(Resource),
    /// Several names of objects of a cluster.
    Resources(Vec<Resource>),
    /// A part of a git repository.
    Repository(Repository, RepositoryPart),
    /// The files that the run has staged.
    Staged,
}

/// The outcome of a call that changes something: the `outcome` of `wit/types.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The host made the change, or staged it in the workspace.
    Applied,
    /// The state was already the requested one.
    Unchanged,
    /// The run is a dry run: the host changed nothing.
    DryRun,
}

/// The error of a call: the `error` of `wit/types.wit`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The grant does not allow the call. The run ends as denied.
    #[error("denied: {0}")]
    Denied(String),
    /// The target does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Another process changed or locks the target.
    #[error("{0}")]
    Conflict(String),
    /// The call is invalid.
    #[error("{0}")]
    Invalid(String),
    /// The run has used up a budget.
    #[error("{0}")]
    LimitExceeded(String),
    /// The host cannot reach a remote service now.
    #[error("{0}")]
    Unavailable(String),
    /// This machine could not execute the call: it cannot read a file or start a thread, or a program is not installed.
    #[error("{0}")]
    Local(String),
    /// A credential is missing, or the server refused it.
    #[error("{0}")]
    Unauthorized(String),
    /// A checksum does not match the content.
    #[error("{0}")]
    Integrity(String),
    /// A remote service answered with an error.
    #[error("{message}")]
    Upstream {
        /// The status code, for HTTP 400 to 599.
        status: u16,
        /// The message of the service, cut and redacted.
        message: String,
    },
}

impl CallError {
    /// The name of the case in the contract.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Denied(_) => "denied",
            Self::NotFound(_) => "not-found",
            Self::Conflict(_) => "conflict",
            Self::Invalid(_) => "invalid",
            Self::LimitExceeded(_) => "limit-exceeded",
            Self::Unavailable(_) => "unavailable",
            Self::Local(_) => "local",
            Self::Unauthorized(_) => "unauthorized",
            Self::Integrity(_) => "integrity",
            Self::Upstream { .. } => "upstream",
        }
    }

    /// The same error with another message.
    #[must_use]
    pub fn map_message(self, change: impl FnOnce(&str) -> String) -> Self {
        let text = change(self.message());
        match self {
            Self::Denied(_) => Self::Denied(text),
            Self::NotFound(_) => Self::NotFound(text),
            Self::Conflict(_) => Self::Conflict(text),
            Self::Invalid(_) => Self::Invalid(text),
            Self::LimitExceeded(_) => Self::LimitExceeded(text),
            Self::Unavailable(_) => Self::Unavailable(text),
            Self::Local(_) => Self::Local(text),
            Self::Unauthorized(_) => Self::Unauthorized(text),
            Self::Integrity(_) => Self::Integrity(text),
            Self::Upstream { status, .. } => Self::Upstream { status, message: text },
        }
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Denied(text)
            | Self::NotFound(text)
            | Self::Conflict(text)
            | Self::Invalid(text)
            | Self::LimitExceeded(text)
            | Self::Unavailable(text)
            | Self::Local(text)
            | Self::Unauthorized(text)
            | Self::Integrity(text)
            | Self::Upstream { message: text, .. } => text,
        }
    }
}

/// The answer of a capability: the value for the component, and the numbers for the receipt.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// The value for the component.
    pub value: T,
    /// The size in bytes of the content that the call read or wrote.
    pub bytes: u64,
    /// The digest of that content, if it is a single one.
    pub digest: Option<Digest>,
    /// The paths that a search skipped.
    pub skipped: Vec<String>,
}

impl<T> Answer<T> {
    /// An answer with content of this size, and its digest if it is a single one.
    pub fn new(value: T, bytes: u64, digest: Option<Digest>) -> Self {
        Self { value, bytes, digest, skipped: Vec::new() }
    }

    /// An answer without content.
    pub fn plain(value: T) -> Self {
        Self::new(value, 0, None)
    }
}

/// One line of the call log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The interface.
    pub capability: Capability,
    /// The function.
    pub function: &'static str,
    /// The target as the component spelled it, cut.
    pub target: String,
    /// `allowed`, or the name of the error.
    pub verdict: &'static str,
    /// The size of the content in bytes.
    pub bytes: u64,
    /// The digest of that content.
    pub digest: Option<Digest>,
    /// How many paths a search skipped.
    pub skipped_count: usize,
    /// The first of these paths, at most [`CallRecord::SKIPPED`].
    pub skipped: Vec<String>,
}

impl CallRecord {
    /// The most skipped paths that a record names.
    pub const SKIPPED: usize = 20;
}
