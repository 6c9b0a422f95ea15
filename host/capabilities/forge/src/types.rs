//! Pull requests in one form for all forges: the records of `wit/forge.wit`. It decides nothing.

/// Where a pull request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestState {
    /// It waits.
    Open,
    /// What it proposes is in its base.
    Merged,
    /// Somebody has closed it.
    Closed,
}

/// What keeps an open pull request from being merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeBlocker {
    /// Nothing that the forge says.
    None,
    /// The forge does not say, or has not worked it out.
    Unknown,
    /// Checks run, or are still to be run.
    ChecksPending,
    /// A check that is needed has failed.
    ChecksFailed,
    /// Somebody has to approve of it.
    ReviewRequired,
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
    pub state: PullRequestState,
    /// The id of the commit that its branch pointed at when the forge last looked.
    pub head_commit: String,
    /// The id of the commit that it was merged as.
    pub merge_commit: Option<String>,
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
    pub(crate) pull_request: PullRequest,
    /// The branch that it is to be merged into.
    pub(crate) base: String,
    /// Its branch; none if that is of another repository.
    pub(crate) branch: Option<String>,
    /// What the forge says keeps it from being merged.
    pub(crate) blocker: MergeBlocker,
}

/// What is said of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestContent {
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
pub struct PullRequestStatus {
    /// The pull request.
    pub pull_request: PullRequest,
    /// What keeps it from being merged.
    pub blocker: MergeBlocker,
    /// The checks of its head, sorted by name.
    pub checks: Vec<Check>,
}

/// The result of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeResult {
    /// It is merged.
    Merged,
    /// The forge will merge it by itself when its rules allow.
    AutoMergeEnabled,
    /// It cannot be merged yet, and the forge offers no auto-merge.
    NotReady,
    /// The run is a dry run.
    DryRun,
}
