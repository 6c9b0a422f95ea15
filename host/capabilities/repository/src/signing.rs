//! How the host signs commits: not at all, with a key of the job, or by the server, which then creates them. It has the types
//! only, for this crate and for crates with such servers.

use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use std::sync::Arc;

/// How to sign commits.
#[derive(Clone, Default)]
pub enum Signing {
    /// Commits are unsigned.
    #[default]
    None,
    /// With this private SSH key.
    Key(String),
    /// By the server of the repository.
    Server(Arc<dyn CommitSigner>),
}

/// Creates commits on the server of a repository, which signs them.
pub trait CommitSigner: Send + Sync {
    /// Checks that it can sign for this repository, without a request to the server: a dry run does only this.
    ///
    /// # Errors
    /// `Invalid` or `Unauthorized` if it cannot.
    fn check(&self, repository: &Repository) -> Result<(), CallError>;

    /// Creates a commit and returns its id. No branch points at it.
    ///
    /// # Errors
    /// `Unauthorized` if the server does not sign it, or an error of the server.
    fn commit(&self, repository: &Repository, request: &CommitRequest<'_>) -> Result<String, CallError>;
}

/// A request to a server for a commit.
#[derive(Debug)]
pub struct CommitRequest<'a> {
    /// The id of the parent.
    pub parent: &'a str,
    /// The id of the parent's tree.
    pub base: &'a str,
    /// The id of the tree of the commit.
    pub tree: &'a str,
    /// The edits from the one tree to the other.
    pub files: &'a [TreeEdit<'a>],
    /// The message.
    pub message: &'a str,
}

/// An edit of a file in a tree.
#[derive(Debug)]
pub struct TreeEdit<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its mode, such as `100644`.
    pub mode: &'a str,
    /// Its content; none removes it.
    pub content: Option<&'a [u8]>,
}
