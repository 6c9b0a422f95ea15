//! What forges say of pull requests, in one form for all of them. It decides nothing.

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Open,
    /// What it proposes is in its base.
    Merged,
    /// Somebody has closed it.
    Closed,
}

/// What keeps an open pull request from being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurdle {
    /// Nothing that the forge says.
    None,
    /// The forge does not say, or has not worked it out.
    Unknown,
    /// Checks run, or are still to be run.
    ChecksPending,
    /// A check that is needed has failed.
    ChecksFailed,
    /// Somebody has to approve of it.
    Review,
    /// Its branch lacks what is new in the base.
    Behind,
    /// It cannot be merged into what its base has now.
    Conflicts,
    /// It is a draft.
    Draft,
    /// A rule that is none of these.
    Blocked,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: u64,
    /// Where people see it.
    pub url: String,
    /// Where it stands.
    pub state: State,
    /// The id of the commit that its branch pointed at when the forge last looked.
    pub head: String,
    /// The id of the commit that it was merged as.
    pub merged: Option<String>,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// Whether the forge merges it by itself when it may.
    pub auto_merge: bool,
}

/// A pull request and between which branches it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// It.
    pub(crate) now: PullRequest,
    /// The branch that it is to be merged into.
    pub(crate) base: String,
    /// Its branch; none if that is of another repository.
    pub(crate) branch: Option<String>,
    /// What the forge says keeps it from being merged.
    pub(crate) hurdle: Hurdle,
}

/// What is said of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Labels that it is to have.
    pub labels: Vec<String>,
}

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It has not ended.
    Pending,
    /// It lets the commit pass.
    Passed,
    /// It does not.
    Failed,
}

/// A check of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: CheckState,
    /// Where it is shown; empty if it does not say.
    pub url: String,
}

/// A pull request as it stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// It.
    pub now: PullRequest,
    /// What keeps it from being merged.
    pub hurdle: Hurdle,
    /// The checks of its head, sorted by name.
    pub checks: Vec<Check>,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is done.
    Made,
    /// The run only plans.
    Planned,
}

/// What became of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
