//! Promotes with a commit on the base branch. Never overwrites what others pushed.

use lockstep_sdk::types::Error as HostError;
use lockstep_sdk::{Clock, Http, Reporter, Repository};

use crate::attempt::Attempt;
use crate::failure::{Code, Error, Errors, repository_error};
use crate::git::{Commits, PushTarget, branch_head, push};
use crate::inputs::Request;
use crate::outcome::RunOutcome;
use crate::plan::{Conflict, Plan};
use crate::retry::Retries;
use crate::{State, commit_message, digest, messages};

/// The number of commits in which the step looks for that of an earlier run.
const HISTORY_LIMIT: u32 = 100;

/// Promotes, and retries while others push first.
///
/// # Errors
/// Every reason that stops the promotion. Then no branch moved.
pub fn promote(
    host: &mut (impl Repository + Http),
    reporter: &mut impl Reporter,
    clock: &mut impl Clock,
    request: &Request,
) -> Result<RunOutcome, Errors> {
    let branch = &request.base;
    let mut retries = Retries::start(clock, request.timeout_ms);
    let mut commits = Commits::read(host, request)?;
    let mut first: Option<Plan> = None;
    let mut noted = None;
    loop {
        messages::note_commits(reporter, request, &commits, &mut noted);
        let attempt = Attempt::plan(host, request, commits)?;
        let outcome = RunOutcome::new(&attempt, branch);
        if attempt.plan.files.is_empty() {
            messages::nothing_to_promote(reporter, &attempt.plan);
            return Ok(match find_promotion(host, &attempt)? {
                Some(commit) => outcome.state(State::Pushed).commit(commit),
                None => outcome,
            });
        }
        if let Some(first) = &first {
            let conflicts = attempt.plan.conflicts(first);
            if !conflicts.is_empty() {
                return Err(Errors(conflicts.iter().map(conflict_error).collect()));
            }
        }
        digest::verify(host, &request.registries, &attempt.plan)?;
        let commit = attempt.create_commit(host)?;
        match push(host, request, branch, &commit, PushTarget::Head(&attempt.commits.base)) {
            Ok(result) => {
                messages::promoted(reporter, &attempt.plan, result, &commit, branch);
                return Ok(outcome.state(State::Pushed).commit(commit).changed(true));
            }
            Err(HostError::Conflict(_)) => {
                retries.pause(clock, reporter, branch)?;
                // The source stays: another one would be another promotion.
                commits = Commits { base: branch_head(host, request, branch)?, ..attempt.commits };
                first.get_or_insert(attempt.plan);
            }
            Err(error) => return Err(repository_error(error).into()),
        }
    }
}

/// The commit of an earlier run with this promotion, also of a run that was killed before it returned its outputs.
fn find_promotion(host: &mut impl Repository, attempt: &Attempt<'_>) -> Result<Option<String>, Error> {
    let Attempt { request, commits, plan } = attempt;
    let history = host.log(&request.repository, &commits.base, HISTORY_LIMIT).map_err(repository_error)?;
    let found = history.into_iter().find(|one| one.sealed && commit_message::has_key(&one.message, plan));
    Ok(found.map(|commit| commit.id))
}

fn conflict_error(Conflict { change, theirs }: &Conflict) -> Error {
    let file = &change.file;
    let place = if change.path.is_empty() { file.clone() } else { format!("{file}: `{}`", change.path) };
    let (before, after) = (&change.before, &change.after);
    let message = format!(
        "{place} was {before}, the promotion sets it to {after}, and somebody else set it to {theirs}"
    );
    let hint = "run the step again to promote the value anyway";
    Error::new(Code::Conflict, message).hint(hint).at(file, change.line)
}
