//! Promotes with a pull request: one per branch, also after runs that were killed. Never drops commits of others, and never
//! reopens a pull request that somebody closed.

use lockstep_sdk::forge::{BranchPair, PullRequest, PullRequestContent, PullRequestState};
use lockstep_sdk::report::Level;
use lockstep_sdk::{Clock, Deadline, Forge, Http, Reporter, Repository};

use crate::attempt::Attempt;
use crate::branch::{LAST, numbered};
use crate::branch_attempt::{BranchAttempt, Progress};
use crate::description::Mark;
use crate::failure::{Error, Errors, forge_error};
use crate::git::{Commits, PushTarget};
use crate::head_branch::HeadBranch;
use crate::inputs::{PullRequestOptions, Request};
use crate::outcome::RunOutcome;
use crate::retry::Retries;
use crate::unpromoted::{declined, foreign, nothing_to_promote};
use crate::wait::{Wait, WaitResult};
use crate::{State, messages};

/// How many times the step waits for another run that pushed the branch and may be about to open its pull request.
const OPEN_GRACE: u32 = 5;
/// The pause for each of these times, in milliseconds.
const OPEN_GRACE_PAUSE_MS: u64 = 1_000;
/// The pause before the step looks again for another open pull request, in milliseconds: a forge that lets two runs open one at
/// the same time may list the other one later.
const DUPLICATE_PAUSE_MS: u64 = 1_000;

/// Promotes, opens or updates the pull request, and waits for it.
///
/// # Errors
/// Every reason that stops the promotion.
pub fn promote(
    host: &mut (impl Repository + Forge + Http),
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    request: &Request,
    options: &PullRequestOptions,
) -> Result<RunOutcome, Errors> {
    let mut retries = Retries::start(clock, request.timeout_ms);
    let deadline = Deadline::after(clock.now(), options.wait_ms);
    let (mut on_base, mut changed, mut grace) = (false, false, OPEN_GRACE);
    let mut noted = None;
    loop {
        let commits = Commits::read(host, request)?;
        messages::note_commits(reporter, request, &commits, &mut noted);
        let attempt = Attempt::plan(host, request, commits)?;
        let (outcome, pull_request) = match try_once(host, reporter, &attempt, options, on_base, grace > 0)? {
            Progress::Finished(outcome) => return Ok(outcome.changed(changed)),
            Progress::Ready(outcome, pull_request) => (outcome, pull_request),
            Progress::Opened(outcome, pull_request, content) => {
                let branches = branch_pair(request, &outcome.outputs.branch);
                if is_duplicate(host, clock, &branches, &pull_request, &content)? {
                    changed = true;
                    continue;
                }
                let PullRequest { number, url, .. } = &pull_request;
                reporter.note(Level::Notice, &format!("opened pull request {number}: {url}"));
                (outcome, pull_request)
            }
            Progress::Outpaced => {
                retries.pause(clock, reporter, &options.branch)?;
                continue;
            }
            Progress::Unopened => {
                clock.sleep(OPEN_GRACE_PAUSE_MS);
                grace -= 1;
                continue;
            }
        };
        changed |= outcome.outputs.changed;
        let outcome = outcome.changed(changed);
        let branches = branch_pair(request, &outcome.outputs.branch);
        let (pull_request, commit) = (&pull_request, outcome.outputs.commit.as_str());
        let wait = Wait { request, options, branches: &branches, pull_request, commit, deadline };
        match wait.run(host, reporter, clock)? {
            WaitResult::Open => return Ok(outcome),
            WaitResult::Merged(merged) => {
                reporter.note(Level::Notice, &format!("pull request {} is merged", pull_request.number));
                let commit = merged.unwrap_or_else(|| commit.to_owned());
                return Ok(outcome.state(State::Merged).commit(commit));
            }
            WaitResult::Rejected(state, error) => return Ok(outcome.state(state).reject(error)),
            WaitResult::Outdated => on_base = true,
        }
    }
}

fn branch_pair(request: &Request, head: &str) -> BranchPair {
    BranchPair { repository: request.repository.clone(), base: request.base.clone(), head: head.to_owned() }
}

/// Finds the branch of the promotion, and updates the branch and its pull request. With `on_base`, the branch must be on top
/// of the base; `grace` is whether another run may be about to open the pull request.
fn try_once(
    host: &mut (impl Repository + Forge + Http),
    reporter: &mut impl Reporter,
    attempt: &Attempt<'_>,
    options: &PullRequestOptions,
    on_base: bool,
    grace: bool,
) -> Result<Progress, Errors> {
    for number in 1..=LAST {
        let branch = numbered(&options.branch, number);
        let branches = branch_pair(attempt.request, &branch);
        let outcome = RunOutcome::new(attempt, &branch);
        let pull_requests = host.list_pull_requests(&branches).map_err(forge_error)?;
        let open = first_open(&pull_requests);
        if attempt.plan.files.is_empty() {
            let outcome = nothing_to_promote(reporter, &attempt.plan, &pull_requests, open, outcome);
            return Ok(Progress::Finished(outcome));
        }
        if let (None, Some(closed)) = (open, find_declined(&pull_requests, attempt)) {
            return Ok(Progress::Finished(declined(closed, outcome)));
        }
        let branch_attempt = BranchAttempt { attempt, options, branches };
        let head = HeadBranch::read(host, attempt, &branch, open.is_none() || on_base)?;
        let target = match &head {
            HeadBranch::Foreign(_) if options.new_branch && number < LAST => {
                let message = format!("somebody else committed to `{branch}`; the step uses another branch");
                reporter.note(Level::Info, &message);
                continue;
            }
            HeadBranch::Foreign(commit) => return Ok(Progress::Finished(foreign(commit, open, outcome))),
            HeadBranch::Current { .. } if open.is_none() && grace => return Ok(Progress::Unopened),
            HeadBranch::Current { commit } => {
                let outcome = outcome.commit(commit.clone());
                return branch_attempt.publish(host, reporter, open, outcome, false);
            }
            HeadBranch::Missing => PushTarget::NewBranch,
            HeadBranch::Outdated { commit } => PushTarget::Replace(commit),
        };
        return branch_attempt.push(host, reporter, target, open, outcome);
    }
    Ok(Progress::Outpaced)
}

/// The open pull request; of several the first one.
fn first_open(all: &[PullRequest]) -> Option<&PullRequest> {
    let open = all.iter().filter(|pull_request| pull_request.state == PullRequestState::Open);
    open.min_by_key(|pull_request| pull_request.number)
}

/// The newest pull request of a run, if somebody closed it and it has this promotion. A duplicate that a run closed has no
/// mark.
fn find_declined<'a>(all: &'a [PullRequest], attempt: &Attempt<'_>) -> Option<&'a PullRequest> {
    let (newest, mark) = all.iter().find_map(|one| Some((one, Mark::read(&one.body)?)))?;
    let is_declined = newest.state == PullRequestState::Closed && mark.key == attempt.plan.key();
    is_declined.then_some(newest)
}

/// Closes the pull request that this run opened if another run opened one at the same time, which some forges allow. The one
/// with the lowest number stays.
fn is_duplicate(
    host: &mut impl Forge,
    clock: &mut impl Clock,
    branches: &BranchPair,
    opened: &PullRequest,
    content: &PullRequestContent,
) -> Result<bool, Error> {
    for pause in [0, DUPLICATE_PAUSE_MS] {
        if pause > 0 {
            clock.sleep(pause);
        }
        let all = host.list_pull_requests(branches).map_err(forge_error)?;
        let Some(first) = first_open(&all).filter(|first| first.number < opened.number) else { continue };
        let body = format!("Opened at the same time as #{}, which stays.", first.number);
        let content = PullRequestContent { body, ..content.clone() };
        host.update(branches, opened.number, &content).map_err(forge_error)?;
        host.close(branches, opened.number).map_err(forge_error)?;
        return Ok(true);
    }
    Ok(false)
}
