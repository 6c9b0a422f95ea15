//! The outputs of a run, and the rejection that can go with them.

use lockstep_sdk::forge::PullRequest;

use crate::attempt::Attempt;
use crate::failure::Error;
use crate::{Outputs, State, messages};

/// How a run ends that has outputs.
#[derive(Debug)]
pub struct RunOutcome {
    /// The outputs.
    pub outputs: Outputs,
    /// The commits that the run read, for the summary.
    pub read: String,
    /// Why the run fails in spite of its outputs.
    pub rejection: Option<Error>,
}

impl RunOutcome {
    /// The outputs of an attempt that has changed nothing on this branch so far.
    pub fn new(attempt: &Attempt<'_>, branch: &str) -> Self {
        let outputs = Outputs {
            changed: false,
            commit: String::new(),
            branch: branch.to_owned(),
            pull_request: None,
            url: String::new(),
            state: State::None,
            source: attempt.commits.source.clone(),
            promoted: attempt.plan.values.iter().map(Into::into).collect(),
            ledger: attempt.request.ledger.clone().unwrap_or_default(),
        };
        let read = messages::read_commits(attempt.request, &attempt.commits);
        Self { outputs, read, rejection: None }
    }

    /// Sets the state.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.outputs.state = state;
        self
    }

    /// Sets the commit.
    #[must_use]
    pub fn commit(mut self, commit: String) -> Self {
        self.outputs.commit = commit;
        self
    }

    /// Adds to what is known whether the run changed anything.
    #[must_use]
    pub fn changed(mut self, changed: bool) -> Self {
        self.outputs.changed |= changed;
        self
    }

    /// Sets the pull request.
    #[must_use]
    pub fn pull_request(mut self, pull_request: &PullRequest) -> Self {
        self.outputs.pull_request = Some(pull_request.number);
        self.outputs.url.clone_from(&pull_request.url);
        self
    }

    /// Makes the run fail.
    #[must_use]
    pub fn reject(self, error: Error) -> Self {
        Self { rejection: Some(error), ..self }
    }
}
