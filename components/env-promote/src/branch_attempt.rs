//! An attempt on one head branch: pushes the promotion to it, and opens or updates its pull request.

use lockstep_sdk::forge::{BranchPair, PullRequest, PullRequestContent};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{Error as HostError, Outcome};
use lockstep_sdk::{Forge, Http, Reporter, Repository};

use crate::attempt::Attempt;
use crate::description::{self, Mark};
use crate::failure::{Errors, forge_error, repository_error};
use crate::git::{self, PushTarget};
use crate::inputs::PullRequestOptions;
use crate::outcome::RunOutcome;
use crate::unpromoted::not_replaceable;
use crate::{State, digest, messages};

/// What an attempt led to.
#[derive(Debug)]
pub enum Progress {
    /// The run is over.
    Finished(RunOutcome),
    /// The branch has the promotion, and this is its open pull request.
    Ready(RunOutcome, PullRequest),
    /// The same, and this run opened the pull request with this content.
    Opened(RunOutcome, PullRequest, PullRequestContent),
    /// Another run was faster.
    Outpaced,
    /// The branch has the promotion, and the run that pushed it may be about to open its pull request.
    Unopened,
}

/// An attempt on one head branch.
#[derive(Debug)]
pub struct BranchAttempt<'a> {
    /// The promotion.
    pub attempt: &'a Attempt<'a>,
    /// How to handle the pull request.
    pub options: &'a PullRequestOptions,
    /// The branches of the pull request.
    pub branches: BranchPair,
}

impl BranchAttempt<'_> {
    /// Pushes the promotion to the branch, then opens or updates the pull request.
    ///
    /// # Errors
    /// An image is not verified, or the repository or the forge fails.
    pub fn push(
        &self,
        host: &mut (impl Repository + Forge + Http),
        reporter: &mut impl Reporter,
        target: PushTarget<'_>,
        open: Option<&PullRequest>,
        outcome: RunOutcome,
    ) -> Result<Progress, Errors> {
        let Self { attempt, branches, .. } = self;
        digest::verify(host, &attempt.request.registries, &attempt.plan)?;
        let commit = attempt.create_commit(host)?;
        match git::push(host, attempt.request, &branches.head, &commit, target) {
            Ok(result) => {
                messages::promoted(reporter, &attempt.plan, result, &commit, &branches.head);
                self.publish(
                    host,
                    reporter,
                    open,
                    outcome.commit(commit).changed(true),
                    result == Outcome::DryRun,
                )
            }
            Err(HostError::Conflict(_)) => Ok(Progress::Outpaced),
            // The host reads more of the history than this step does.
            Err(HostError::Invalid(reason)) => Ok(Progress::Finished(not_replaceable(reason, open, outcome))),
            Err(error) => Err(repository_error(error).into()),
        }
    }

    /// Opens or updates the pull request of a branch that has the promotion.
    ///
    /// # Errors
    /// The forge fails.
    pub fn publish(
        &self,
        host: &mut impl Forge,
        reporter: &mut impl Reporter,
        open: Option<&PullRequest>,
        outcome: RunOutcome,
        dry_run: bool,
    ) -> Result<Progress, Errors> {
        let outcome = outcome.state(State::Open);
        match open {
            Some(open) => self.update(host, reporter, open, outcome),
            None => self.open(host, reporter, outcome, dry_run),
        }
    }

    /// Updates the content of the open pull request if it differs.
    fn update(
        &self,
        host: &mut impl Forge,
        reporter: &mut impl Reporter,
        open: &PullRequest,
        mut outcome: RunOutcome,
    ) -> Result<Progress, Errors> {
        let Self { attempt, options, branches } = self;
        let before = Mark::read(&open.body);
        let mark = Mark::new(attempt, options, before.as_ref());
        if !before.as_ref().is_some_and(|before| before.has_same_content(&mark)) {
            let content = description::content(attempt, options, &mark);
            match host.update(branches, open.number, &content) {
                Ok(_) => outcome = outcome.changed(true),
                Err(HostError::Conflict(_)) => return Ok(Progress::Outpaced),
                Err(error) => return Err(forge_error(error).into()),
            }
            if let Some(before) = before.filter(|before| before.key != mark.key) {
                let text = description::superseded(&before, &mark);
                reporter.note(Level::Notice, &format!("pull request {}: {text}", open.number));
                host.comment(branches, open.number, "superseded", &text).map_err(forge_error)?;
            }
        }
        reporter.note(Level::Notice, &format!("pull request {}: {}", open.number, open.url));
        Ok(Progress::Ready(outcome.pull_request(open), open.clone()))
    }

    fn open(
        &self,
        host: &mut impl Forge,
        reporter: &mut impl Reporter,
        outcome: RunOutcome,
        dry_run: bool,
    ) -> Result<Progress, Errors> {
        let Self { attempt, options, branches } = self;
        let content = description::content(attempt, options, &Mark::new(attempt, options, None));
        match host.open(branches, &content) {
            Ok(Some(opened)) => {
                Ok(Progress::Opened(outcome.pull_request(&opened).changed(true), opened, content))
            }
            Ok(None) => {
                reporter.note(Level::Notice, &format!("would open a pull request: {}", content.title));
                Ok(Progress::Finished(outcome.changed(true)))
            }
            // A dry run would conflict again in every attempt.
            Err(HostError::Conflict(_)) if !dry_run => Ok(Progress::Outpaced),
            Err(error) => Err(forge_error(error).into()),
        }
    }
}
