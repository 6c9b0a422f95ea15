//! Waits until a pull request is merged or closed, and merges it if the inputs ask for that. Never waits longer than `wait`.

use lockstep_sdk::forge::{
    BranchPair, CheckState, MergeBlocker, MergeResult, PullRequest, PullRequestState, PullRequestStatus,
};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::{Clock, Deadline, Forge, Reporter, Repository};

use crate::State;
use crate::failure::{Code, Error, forge_error, repository_error};
use crate::git::commit_info;
use crate::inputs::{PullRequestOptions, Request};

/// The first pause between two requests for the status, in milliseconds.
const FIRST_PAUSE_MS: u64 = 1_000;
/// The longest pause, in milliseconds.
const MAX_PAUSE_MS: u64 = 15_000;
/// How many times in a row a forge must report conflicts with the base: forges also report them before they have checked.
const CONFLICT_REPORTS: u32 = 3;

/// A pull request to wait for.
#[derive(Debug)]
pub struct Wait<'a> {
    /// What the run is asked to do.
    pub request: &'a Request,
    /// How to handle the pull request.
    pub options: &'a PullRequestOptions,
    /// Its branches.
    pub branches: &'a BranchPair,
    /// The pull request.
    pub pull_request: &'a PullRequest,
    /// The commit of the promotion.
    pub commit: &'a str,
    /// The time by which the wait ends.
    pub deadline: Deadline,
}

/// How a wait ended.
#[derive(Debug)]
pub enum WaitResult {
    /// The pull request is open, and the step does not wait: `wait` is zero, or the run is a dry run.
    Open,
    /// It is merged; with the commit in the base, if the forge names it.
    Merged(Option<String>),
    /// The run fails, although it has outputs.
    Rejected(State, Error),
    /// The base or the branch changed, so the step computes the promotion again.
    Outdated,
}

impl Wait<'_> {
    /// Waits.
    ///
    /// # Errors
    /// The forge refuses a request, or fails when the step does not wait.
    pub fn run(
        &self,
        host: &mut (impl Repository + Forge),
        reporter: &mut impl Reporter,
        clock: &mut impl Clock,
    ) -> Result<WaitResult, Error> {
        let Self { options, pull_request: PullRequest { number, .. }, .. } = self;
        let waits = options.wait_ms > 0;
        if !waits && !options.auto_merge {
            return Ok(WaitResult::Open);
        }
        let (mut pause, mut noted, mut conflicts, mut auto_merges) =
            (FIRST_PAUSE_MS, String::new(), 0, false);
        loop {
            let reason = match host.get_status(self.branches, *number) {
                Ok(status) => {
                    conflicts = if status.blocker == MergeBlocker::Conflicts { conflicts + 1 } else { 0 };
                    if let Some(result) = self.result(host, &status, conflicts)? {
                        return Ok(result);
                    }
                    if options.auto_merge && !auto_merges && !status.pull_request.auto_merge {
                        match self.merge(host)? {
                            Some(MergeResult::Merged) => return Ok(self.merged(host)),
                            Some(MergeResult::DryRun) => {
                                reporter.note(Level::Notice, &format!("would merge pull request {number}"));
                                return Ok(WaitResult::Open);
                            }
                            result => auto_merges = result == Some(MergeResult::AutoMergeEnabled),
                        }
                    }
                    describe(&status)
                }
                Err(HostError::Unavailable(reason)) if waits => reason,
                Err(error) => return Err(forge_error(error)),
            };
            if !waits {
                return Ok(WaitResult::Open);
            }
            if reason != noted {
                reporter.note(Level::Info, &format!("pull request {number} waits: {reason}"));
                noted.clone_from(&reason);
            }
            let next = clock.now() + pause;
            if self.deadline.wait(clock, next).is_none() {
                return Ok(self.timed_out(&reason));
            }
            pause = (pause * 3 / 2).min(MAX_PAUSE_MS);
        }
    }

    /// The result that a status shows, if it ends the wait.
    fn result(
        &self,
        host: &mut impl Repository,
        PullRequestStatus { pull_request, blocker, .. }: &PullRequestStatus,
        conflicts: u32,
    ) -> Result<Option<WaitResult>, Error> {
        match pull_request.state {
            PullRequestState::Merged => {
                return Ok(Some(WaitResult::Merged(pull_request.merge_commit.clone())));
            }
            PullRequestState::Closed => {
                let message =
                    format!("pull request {} was closed: {}", pull_request.number, pull_request.url);
                let error = Error::new(Code::Closed, message).hint("promote another version, or reopen it");
                return Ok(Some(WaitResult::Rejected(State::Closed, error)));
            }
            PullRequestState::Open => {}
        }
        let repository = &self.request.repository;
        // The forge may not have seen the last push yet, so the repository decides.
        if pull_request.head_commit != self.commit {
            let head = host.branch_head(repository, &self.branches.head).map_err(repository_error)?;
            if head.as_deref() != Some(self.commit) {
                return Ok(Some(WaitResult::Outdated));
            }
        }
        if *blocker == MergeBlocker::Behind || conflicts >= CONFLICT_REPORTS {
            let parent = commit_info(host, self.request, self.commit)?.parents.into_iter().next();
            let base = host.branch_head(repository, &self.branches.base).map_err(repository_error)?;
            if base != parent {
                return Ok(Some(WaitResult::Outdated));
            }
        }
        Ok(None)
    }

    /// Merges the pull request, or enables auto-merge; none if something changed since the last status, which the next one
    /// shows.
    fn merge(&self, host: &mut (impl Repository + Forge)) -> Result<Option<MergeResult>, Error> {
        let message = commit_info(host, self.request, self.commit)?.message;
        // The forge writes the first line.
        let message = message.split_once("\n\n").map_or("", |(_, rest)| rest);
        match host.merge(self.branches, self.pull_request.number, self.commit, message) {
            Ok(result) => Ok(Some(result)),
            Err(HostError::Conflict(_) | HostError::Unavailable(_)) => Ok(None),
            Err(error) => Err(forge_error(error)),
        }
    }

    /// The result right after a merge, with the commit if the forge already names it.
    fn merged(&self, host: &mut impl Forge) -> WaitResult {
        let status = host.get_status(self.branches, self.pull_request.number).ok();
        WaitResult::Merged(status.and_then(|status| status.pull_request.merge_commit))
    }

    fn timed_out(&self, reason: &str) -> WaitResult {
        let PullRequest { number, url, .. } = self.pull_request;
        let message = format!("pull request {number} is not merged in time: {reason}: {url}");
        let hint = "run the step again to wait longer, or increase `wait`";
        WaitResult::Rejected(State::Open, Error::new(Code::TimedOut, message).hint(hint))
    }
}

/// Why a pull request is not merged yet, with the checks that have not passed.
fn describe(PullRequestStatus { blocker, checks, .. }: &PullRequestStatus) -> String {
    let reason = match blocker {
        MergeBlocker::None => "nothing blocks it",
        MergeBlocker::Unknown => "the forge does not say why",
        MergeBlocker::ChecksPending => "checks run",
        MergeBlocker::ChecksFailed => "checks failed",
        MergeBlocker::ReviewRequired => "a review is missing",
        MergeBlocker::Behind => "its branch is behind the base",
        MergeBlocker::Conflicts => "it conflicts with the base, or the forge has not checked yet",
        MergeBlocker::Draft => "it is a draft",
        MergeBlocker::Blocked => "a rule of the forge blocks it",
    };
    let open = checks.iter().filter_map(|check| match check.state {
        CheckState::Passed => None,
        CheckState::Pending => Some(format!("{} runs", check.name)),
        CheckState::Failed => Some(format!("{} failed", check.name)),
    });
    let open: Vec<_> = open.collect();
    if open.is_empty() { reason.to_owned() } else { format!("{reason} ({})", open.join(", ")) }
}
