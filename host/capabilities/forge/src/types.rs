//! Pull requests in one form for all forges: the records of `wit/forge.wit`. It decides nothing.

/// The state of a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestState {
    /// Open.
    Open,
    /// Merged into its base.
    Merged,
    /// Closed without a merge.
    Closed,
}

/// Why an open pull request cannot be merged now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeBlocker {
    /// The forge names no reason.
    None,
    /// The forge does not tell, or has not computed it yet.
    Unknown,
    /// Checks are running or have not started.
    ChecksPending,
    /// A required check has failed.
    ChecksFailed,
    /// It needs an approval.
    ReviewRequired,
    /// Its branch lacks commits of the base.
    Behind,
    /// It conflicts with its base.
    Conflicts,
    /// It is a draft.
    Draft,
    /// Another rule.
    Blocked,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// The number in the repository.
    pub number: u64,
    /// The URL of its page.
    pub url: String,
    /// The state.
    pub state: PullRequestState,
    /// The id of the commit at the head of its branch, as the forge has last seen it.
    pub head_commit: String,
    /// The id of the merge commit; none if it is not merged.
    pub merge_commit: Option<String>,
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Its labels, sorted.
    pub labels: Vec<String>,
    /// Whether auto-merge is enabled.
    pub auto_merge: bool,
}

/// A pull request with its two branches and its merge blocker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BranchPullRequest {
    /// The pull request.
    pub(crate) pull_request: PullRequest,
    /// The branch into which it merges.
    pub(crate) base: String,
    /// Its branch; none if another repository has it.
    pub(crate) branch: Option<String>,
    /// Why it cannot be merged now, by the forge alone.
    pub(crate) blocker: MergeBlocker,
}

impl BranchPullRequest {
    /// Whether it is between these branches of its repository.
    pub(crate) fn is_between(&self, base: &str, branch: &str) -> bool {
        self.base == base && self.branch.as_deref() == Some(branch)
    }
}

/// Title, description and labels of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestContent {
    /// Its title.
    pub title: String,
    /// Its description.
    pub body: String,
    /// Labels to add.
    pub labels: Vec<String>,
}

/// The state of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It has not finished.
    Pending,
    /// It has passed.
    Passed,
    /// It has failed.
    Failed,
}

/// A check of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: CheckState,
    /// The URL of its page; empty if it has none.
    pub url: String,
}

/// The status of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestStatus {
    /// The pull request.
    pub pull_request: PullRequest,
    /// Why it cannot be merged now.
    pub blocker: MergeBlocker,
    /// The checks of its head commit, sorted by name.
    pub checks: Vec<Check>,
}

/// The result of a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeResult {
    /// It is merged.
    Merged,
    /// The forge merges it once its rules allow.
    AutoMergeEnabled,
    /// It cannot be merged yet, and the forge offers no auto-merge.
    NotReady,
    /// The run is a dry run.
    DryRun,
}
