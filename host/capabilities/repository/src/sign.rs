//! How commits are signed: not at all, with a key of the job, or by the server, which then makes them itself. What a server
//! has made is taken only if it is what was wanted, byte for byte.

use super::store::{Store, id};
use lockstep_model::call::CallError;
use lockstep_model::repository::Repository;
use std::sync::Arc;
use std::time::Duration;

/// How commits are signed.
#[derive(Clone, Default)]
pub enum Signing {
    /// They are not.
    #[default]
    None,
    /// With this private key of SSH.
    Key(String),
    /// By the server of their repository.
    Server(Arc<dyn Signer>),
}

/// Makes commits on the server of a repository, which signs them.
pub trait Signer: Send + Sync {
    /// Whether it can for this repository, without asking its server: it is what a run that is a dry run gets to know.
    ///
    /// # Errors
    /// It cannot.
    fn ready(&self, repository: &Repository) -> Result<(), CallError>;

    /// Makes a commit and gives its id. No branch points at it.
    ///
    /// # Errors
    /// The server does not sign it, refuses, or does not answer well.
    fn commit(&self, repository: &Repository, wanted: &Blueprint<'_>) -> Result<String, CallError>;
}

/// The commit that a server is to make.
#[derive(Debug)]
pub struct Blueprint<'a> {
    /// The id of its parent.
    pub parent: &'a str,
    /// The id of the parent's tree.
    pub base: &'a str,
    /// The id of its own tree.
    pub tree: &'a str,
    /// How the one differs from the other.
    pub files: &'a [Placed<'a>],
    /// Its message.
    pub message: &'a str,
}

/// What becomes of a file.
#[derive(Debug)]
pub struct Placed<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its mode, such as `100644`.
    pub mode: &'a str,
    /// Its content; none if it is removed.
    pub content: Option<&'a [u8]>,
}

/// How long it is waited until a commit that a server has just made can be fetched: what answers may be a copy of it.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

impl Store {
    /// Has the server make a commit, and fetches it. Gives its id.
    pub(super) fn commit_there(
        &mut self,
        signer: &dyn Signer,
        wanted: &Blueprint<'_>,
    ) -> Result<String, CallError> {
        let made = signer.commit(self.name(), wanted)?;
        id(&made)?;
        self.await_new(&made)?;
        let told = self.git.call(&["log", "-1", "--format=%T%x00%P%x00%B", &made], b"")?;
        let told = String::from_utf8_lossy(&told).into_owned();
        let Blueprint { parent, tree, message, .. } = wanted;
        let mut parts = told.splitn(3, '\0').map(str::trim_end);
        if parts.next() != Some(*tree)
            || parts.next() != Some(*parent)
            || parts.next() != Some(message.trim_end())
        {
            let message = format!("the server of `{}` has made another commit than it was to", self.name());
            return Err(CallError::Upstream { status: 0, message });
        }
        Ok(made)
    }

    fn await_new(&mut self, made: &str) -> Result<(), CallError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.fetch_new(made) {
                Err(CallError::NotFound(why)) => {
                    std::thread::sleep(pauses.next().ok_or(CallError::NotFound(why))?);
                }
                fetched => return fetched,
            }
        }
    }
}
