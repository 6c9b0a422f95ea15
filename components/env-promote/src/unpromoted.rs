//! The outcomes of a run with a pull request that pushes nothing: nothing to promote, declined, or a branch of somebody else.

use lockstep_sdk::Reporter;
use lockstep_sdk::forge::{PullRequest, PullRequestState};
use lockstep_sdk::report::Level;
use lockstep_sdk::repository::CommitInfo;

use crate::description::Mark;
use crate::failure::{Code, Error};
use crate::outcome::RunOutcome;
use crate::plan::Plan;
use crate::{State, messages};

/// The targets already have the promotion, perhaps by a pull request of an earlier run.
pub fn nothing_to_promote(
    reporter: &mut impl Reporter,
    plan: &Plan,
    all: &[PullRequest],
    open: Option<&PullRequest>,
    outcome: RunOutcome,
) -> RunOutcome {
    if let Some(PullRequest { number, url, .. }) = open {
        let message = format!("pull request {number} is open, but there is nothing left to promote: {url}");
        reporter.note(Level::Warning, &message);
    }
    let has_promotion = |one: &&PullRequest| Mark::read(&one.body).is_some_and(|mark| mark.key == plan.key());
    let merged = all.iter().find(|pull_request| pull_request.state == PullRequestState::Merged);
    match merged.filter(has_promotion) {
        Some(merged) => {
            reporter.note(Level::Info, &format!("pull request {} is merged", merged.number));
            let commit = merged.merge_commit.clone().unwrap_or_default();
            outcome.state(State::Merged).commit(commit).pull_request(merged)
        }
        None => {
            messages::nothing_to_promote(reporter, plan);
            outcome
        }
    }
}

/// Somebody closed the pull request of the same promotion.
pub fn declined(closed: &PullRequest, outcome: RunOutcome) -> RunOutcome {
    let PullRequest { number, url, .. } = closed;
    let message = format!("pull request {number} with the same promotion was closed: {url}");
    let error = Error::new(Code::Declined, message).hint("promote another version, or reopen it");
    outcome.state(State::Closed).pull_request(closed).reject(error)
}

/// Somebody else committed to the branch.
pub fn foreign(commit: &CommitInfo, open: Option<&PullRequest>, outcome: RunOutcome) -> RunOutcome {
    let CommitInfo { id, author, .. } = commit;
    let message = format!("somebody else committed to `{}`: {id} is by {author}", outcome.outputs.branch);
    not_replaceable(message, open, outcome)
}

/// The host does not replace the head of the branch, because it would drop commits of somebody else.
pub fn not_replaceable(message: String, open: Option<&PullRequest>, outcome: RunOutcome) -> RunOutcome {
    let hint = "merge or remove that commit, or use another branch with `on-foreign: new-branch`";
    let outcome = outcome.reject(Error::new(Code::Foreign, message).hint(hint));
    match open {
        Some(open) => outcome.state(State::Open).pull_request(open),
        None => outcome,
    }
}
