//! What this step needs from the outside, as traits and plain data: a repository and a forge of the host in a run, a model
//! in tests. It decides nothing.

use lockstep_glue::Fault;

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path.
    pub path: String,
    /// The id of its content.
    pub id: String,
}

/// A commit of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The commit that it is on top of.
    pub parent: Option<String>,
    /// Who made it.
    pub author: String,
    /// Its message.
    pub message: String,
    /// Whether a run has made it, and nobody has touched it since.
    pub sealed: bool,
}

/// What becomes of a file: its path and its content.
pub type Change = (String, Vec<u8>);

/// What a change elsewhere came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is done.
    Made,
    /// The run only plans.
    Planned,
}

/// What the branch that is pushed to has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto<'a> {
    /// It is not there.
    Nothing,
    /// It points at this commit, and the new one is on top of it.
    Head(&'a str),
    /// It points at this commit of an earlier run, which is dropped.
    Replace(&'a str),
}

/// The repository of the run.
pub trait Host {
    /// The commit that a branch points at now, if it is there.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    fn head(&mut self, branch: &str) -> Result<Option<String>, Fault>;
    /// The commit that a tag names; none if there is no such tag.
    ///
    /// # Errors
    /// The server refuses or does not answer well.
    fn tag(&mut self, name: &str) -> Result<Option<String>, Fault>;
    /// A commit.
    ///
    /// # Errors
    /// It is not there, or the server refuses or does not answer well.
    fn look(&mut self, commit: &str) -> Result<Commit, Fault> {
        let first = self.history(commit, 1)?.into_iter().next();
        first.ok_or_else(|| Fault::NotFound(format!("there is no commit `{commit}`")))
    }
    /// The last commits that a commit rests on, itself first; at most so many.
    ///
    /// # Errors
    /// It is not there, or the server refuses or does not answer well.
    fn history(&mut self, commit: &str, most: u32) -> Result<Vec<Commit>, Fault>;
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
    /// Pushes it, if the branch is still like that.
    ///
    /// # Errors
    /// `Conflict` if it is not, or the server refuses or does not answer well.
    fn push(&mut self, branch: &str, commit: &str, onto: Onto<'_>) -> Result<Effect, Fault>;
}

/// Where a pull request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It waits.
    Open,
    /// It is merged.
    Merged,
    /// Somebody has closed it.
    Closed,
}

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// Where it stands.
    pub stand: Stand,
    /// The commit that its branch pointed at when the forge last looked.
    pub head: String,
    /// The commit that it was merged as.
    pub merged: Option<String>,
    /// Its description.
    pub body: String,
    /// Whether the forge merges it by itself when it may.
    pub auto_merge: bool,
}

/// What is said of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Its labels.
    pub labels: Vec<String>,
}

/// A pull request while it is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// It.
    pub now: PullRequest,
    /// What keeps it from being merged.
    pub hurdle: Hurdle,
    /// The checks that have not passed, with how they stand.
    pub checks: Vec<String>,
}

/// What keeps a pull request from being merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurdle {
    /// Nothing that the forge says.
    None,
    /// Its branch lacks what is new in the base.
    Behind,
    /// It conflicts with its base, or the forge has not looked yet.
    Conflicts,
    /// Something else, in words.
    Other(&'static str),
}

/// What became of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merging {
    /// It is merged.
    Merged,
    /// The forge merges it by itself when it may.
    Waiting,
    /// It cannot be merged yet.
    NotYet,
    /// The run only plans.
    Planned,
}

/// The forge of the run's repository. Every call is about the pull requests from a branch into the base.
pub trait Forge {
    /// Those there are, the newest first.
    ///
    /// # Errors
    /// The forge refuses or does not answer well.
    fn pull_requests(&mut self, branch: &str) -> Result<Vec<PullRequest>, Fault>;
    /// How one stands.
    ///
    /// # Errors
    /// It is not there, or the forge refuses or does not answer well.
    fn inspect(&mut self, branch: &str, number: u64) -> Result<Standing, Fault>;
    /// Opens one; none if the run only plans.
    ///
    /// # Errors
    /// `Conflict` if there is an open one, or the forge refuses or does not answer well.
    fn open(&mut self, branch: &str, proposal: &Proposal) -> Result<Option<PullRequest>, Fault>;
    /// Says something else of one.
    ///
    /// # Errors
    /// It is not open, or the forge refuses or does not answer well.
    fn edit(&mut self, branch: &str, number: u64, proposal: &Proposal) -> Result<(), Fault>;
    /// Comments on one, in the place of an earlier comment of this name.
    ///
    /// # Errors
    /// It is not there, or the forge refuses or does not answer well.
    fn comment(&mut self, branch: &str, number: u64, name: &str, text: &str) -> Result<(), Fault>;
    /// Closes one that this run has opened.
    ///
    /// # Errors
    /// It is not open, or the forge refuses or does not answer well.
    fn withdraw(&mut self, branch: &str, number: u64) -> Result<(), Fault>;
    /// Merges one, or lets the forge do it when it may. The message is for the commit that this makes.
    ///
    /// # Errors
    /// `Conflict` if its branch points at something else, or the forge refuses or does not answer well.
    fn merge(&mut self, branch: &str, number: u64, head: &str, message: &str) -> Result<Merging, Fault>;
}
