//! What a component can ask of the host, and what the run remembers of it. It never carries a body:
//! only names, sizes and digests.

use crate::capability::Capability;
use crate::digest::Digest;
use crate::object::ObjectName;
use crate::path::WorkspacePath;
use crate::pattern::Pattern;
use crate::repository::{Repository, RepositoryPart};
use crate::resource::Resource;
use crate::web::WebAddress;

/// A call as the component made it, not yet looked at.
#[derive(Debug, Clone, Copy)]
pub struct CallRequest<'a> {
    /// The interface.
    pub capability: Capability,
    /// The function. The registry of [`crate::capability`] says which right it needs.
    pub function: &'static str,
    /// What it is about.
    pub target: RawTarget<'a>,
    /// A file of the workspace whose bytes it moves: that takes the right to read it as well.
    pub source: Option<&'a str>,
}

impl<'a> CallRequest<'a> {
    /// A call that moves no bytes of a workspace file.
    #[must_use]
    pub fn new(capability: Capability, function: &'static str, target: RawTarget<'a>) -> Self {
        Self { capability, function, target, source: None }
    }
}

/// What a call is about, in the component's own words.
#[derive(Debug, Clone, Copy)]
pub enum RawTarget<'a> {
    /// A text that should be a workspace path.
    Path(&'a str),
    /// A text that should be a pattern over workspace paths.
    Pattern(&'a str),
    /// Texts that should be workspace paths.
    Paths(&'a [String]),
    /// A text that should be the name of an object, or of all that begin with it.
    Object(&'a str),
    /// Texts that should be names of objects.
    Objects(&'a [String]),
    /// A text that should be the URL of something on a web server.
    Url(&'a str),
    /// A text that should name objects of a cluster.
    Resource(&'a str),
    /// Texts that should name objects of a cluster.
    Resources(&'a [String]),
    /// A text that should name a git repository, and what in it.
    Repository(&'a str, RawRepositoryPart<'a>),
    /// Only what the run itself has staged.
    Staged,
}

/// What a call is about in a repository, in the component's own words.
#[derive(Debug, Clone, Copy)]
pub enum RawRepositoryPart<'a> {
    /// Its branches and commits as a whole.
    Whole,
    /// A text that should be the name of a branch.
    Branch(&'a str),
    /// Texts that should be paths of files.
    Files(&'a [String]),
    /// A text that should be a pattern over paths.
    Pattern(&'a str),
    /// Texts that should be the names of two branches, the second to be merged into the first.
    PullRequests(&'a str, &'a str),
}

/// What a call is about, read and found well-formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One file.
    Path(WorkspacePath),
    /// The files that a pattern names.
    Pattern(Pattern),
    /// Several files.
    Paths(Vec<WorkspacePath>),
    /// One object, or all that begin with its name.
    Object(ObjectName),
    /// Several objects.
    Objects(Vec<ObjectName>),
    /// Something on a web server.
    Url(WebAddress),
    /// Objects of a cluster.
    Resource(Resource),
    /// Several of them.
    Resources(Vec<Resource>),
    /// Something in a git repository.
    Repository(Repository, RepositoryPart),
    /// Only what the run itself has staged.
    Staged,
}

/// What a call that changes something did: the `outcome` of `wit/types.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The change is done; in the workspace, it is staged.
    Applied,
    /// Nothing was to change.
    Unchanged,
    /// The run is a dry run: the host did nothing.
    DryRun,
}

/// Why a host call was not carried out: the `error` of `wit/types.wit`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Outside the grant. It ends the run as denied.
    #[error("denied: {0}")]
    Denied(String),
    /// The thing named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Something else changed or holds the thing named.
    #[error("{0}")]
    Conflict(String),
    /// The call itself makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A budget of the run is used up.
    #[error("{0}")]
    LimitExceeded(String),
    /// Something remote is not reachable now.
    #[error("{0}")]
    Unavailable(String),
    /// This machine could not execute the call: it cannot read a file or start a thread, or lacks a program.
    #[error("{0}")]
    Local(String),
    /// A credential is missing, or was refused.
    #[error("{0}")]
    Unauthorized(String),
    /// What arrived is not what was sent.
    #[error("{0}")]
    Integrity(String),
    /// A remote service answered with an error of its own.
    #[error("{message}")]
    Upstream {
        /// The status code, for HTTP 400 to 599.
        status: u16,
        /// What the service said, shortened and redacted.
        message: String,
    },
}

impl CallError {
    /// The name of the case, as in the contract.
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

    /// The same with another text.
    #[must_use]
    pub fn said(self, say: impl FnOnce(&str) -> String) -> Self {
        let text = say(self.message());
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

    /// What is said about it.
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

/// What a capability gives back: the value for the component, and what the receipt remembers.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// For the component.
    pub value: T,
    /// How many bytes of content the call moved.
    pub bytes: u64,
    /// The digest of the content the call moved, if it moved one content.
    pub digest: Option<Digest>,
}

impl<T> Answer<T> {
    /// An answer that moved no content.
    pub fn plain(value: T) -> Self {
        Self { value, bytes: 0, digest: None }
    }
}

/// One line of the call log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// The interface.
    pub capability: Capability,
    /// The function.
    pub function: &'static str,
    /// What it was about, in the component's own words, shortened.
    pub target: String,
    /// `allowed`, or the word of the error.
    pub verdict: &'static str,
    /// How many bytes of content it moved.
    pub bytes: u64,
    /// The digest of that content.
    pub digest: Option<Digest>,
}
