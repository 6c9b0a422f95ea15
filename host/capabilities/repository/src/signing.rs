//! How commits are signed: not at all, with a key of the job, or by the server, which then makes them itself. What a server
//! has made is taken only if it is what was wanted, byte for byte.

use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use std::sync::Arc;

/// How commits are signed.
#[derive(Clone, Default)]
pub enum Signing {
    /// They are not.
    #[default]
    None,
    /// With this private key of SSH.
    Key(String),
    /// By the server of their repository.
    Server(Arc<dyn CommitSigner>),
}

/// Makes commits on the server of a repository, which signs them.
pub trait CommitSigner: Send + Sync {
    /// Whether it can for this repository, without asking its server: it is what a run that is a dry run gets to know.
    ///
    /// # Errors
    /// It cannot.
    fn ready(&self, repository: &Repository) -> Result<(), CallError>;

    /// Makes a commit and gives its id. No branch points at it.
    ///
    /// # Errors
    /// The server does not sign it, refuses, or does not answer well.
    fn commit(&self, repository: &Repository, wanted: &CommitRequest<'_>) -> Result<String, CallError>;
}

/// The commit that a server is to make.
#[derive(Debug)]
pub struct CommitRequest<'a> {
    /// The id of its parent.
    pub parent: &'a str,
    /// The id of the parent's tree.
    pub base: &'a str,
    /// The id of its own tree.
    pub tree: &'a str,
    /// How the one differs from the other.
    pub files: &'a [TreeEdit<'a>],
    /// Its message.
    pub message: &'a str,
}

/// What becomes of a file.
#[derive(Debug)]
pub struct TreeEdit<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its mode, such as `100644`.
    pub mode: &'a str,
    /// Its content; none if it is removed.
    pub content: Option<&'a [u8]>,
}
