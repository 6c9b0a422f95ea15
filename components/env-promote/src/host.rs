//! What this step needs from the outside, as a trait and plain data: a repository of the host in a run, a model in tests.
//! It decides nothing.

use lockstep_glue::Fault;

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// The id of its content.
    pub id: String,
}

/// What becomes of a file: its path and its content.
pub type Change = (String, Vec<u8>);

/// What a push came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The branch points at the commit.
    Made,
    /// The run only plans.
    Planned,
}

/// The repository of the run.
pub trait Host {
    /// The commit that a branch points at now, if it is there.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    fn head(&mut self, branch: &str) -> Result<Option<String>, Fault>;
    /// The files of a commit that a pattern names.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    fn files(&mut self, commit: &str, pattern: &str) -> Result<Vec<File>, Fault>;
    /// The contents of files at a commit.
    ///
    /// # Errors
    /// One is not there or too large, or the server refuses or does not answer well.
    fn read(&mut self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault>;
    /// Makes a commit.
    ///
    /// # Errors
    /// A path is not one of a plain file.
    fn commit(&mut self, parent: &str, changes: &[Change], message: &str) -> Result<String, Fault>;
    /// Pushes it, if the branch still points at `expected`.
    ///
    /// # Errors
    /// `Conflict` if it does not, or the server refuses or does not answer well.
    fn push(&mut self, branch: &str, commit: &str, expected: &str) -> Result<Effect, Fault>;
}
