//! The host functions of `wit/forge.wit`.

use crate::bindings::forge as wit;
use crate::bindings::types;
use crate::host::{HostResult, RunHost, to_outcome};
use lockstep_forge::{
    Check, CheckState, Forges, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
    PullRequestStatus,
};
use lockstep_model::call::{Answer, CallError, CallRequest, RawRepositoryPart, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Permit;

impl wit::Host for RunHost {
    fn list_pull_requests(&mut self, branches: wit::BranchPair) -> HostResult<Vec<wit::PullRequest>> {
        let pull_requests = self.call_forge("list-pull-requests", &branches, Forges::list_pull_requests)?;
        Ok(pull_requests.map(|list| list.into_iter().map(to_pull_request).collect()))
    }

    fn get_status(&mut self, branches: wit::BranchPair, number: u64) -> HostResult<wit::PullRequestStatus> {
        let status =
            self.call_forge("get-status", &branches, |forges, permit| forges.get_status(permit, number))?;
        Ok(status.map(to_status))
    }

    fn open(
        &mut self,
        branches: wit::BranchPair,
        content: wit::PullRequestContent,
    ) -> HostResult<Option<wit::PullRequest>> {
        let content = read_content(content);
        let opened = self.call_forge("open", &branches, |forges, permit| forges.open(permit, &content))?;
        Ok(opened.map(|opened| opened.map(to_pull_request)))
    }

    fn update(
        &mut self,
        branches: wit::BranchPair,
        number: u64,
        content: wit::PullRequestContent,
    ) -> HostResult<types::Outcome> {
        let content = read_content(content);
        let outcome =
            self.call_forge("update", &branches, |forges, permit| forges.update(permit, number, &content))?;
        Ok(outcome.map(to_outcome))
    }

    fn comment(
        &mut self,
        branches: wit::BranchPair,
        number: u64,
        name: String,
        text: String,
    ) -> HostResult<types::Outcome> {
        let outcome = self.call_forge("comment", &branches, |forges, permit| {
            forges.comment(permit, number, &name, &text)
        })?;
        Ok(outcome.map(to_outcome))
    }

    fn close(&mut self, branches: wit::BranchPair, number: u64) -> HostResult<types::Outcome> {
        let outcome = self.call_forge("close", &branches, |forges, permit| forges.close(permit, number))?;
        Ok(outcome.map(to_outcome))
    }

    fn merge(
        &mut self,
        branches: wit::BranchPair,
        number: u64,
        head_commit: String,
        message: String,
    ) -> HostResult<wit::MergeResult> {
        let result = self.call_forge("merge", &branches, |forges, permit| {
            forges.merge(permit, number, &head_commit, &message)
        })?;
        Ok(result.map(|result| match result {
            MergeResult::Merged => wit::MergeResult::Merged,
            MergeResult::AutoMergeEnabled => wit::MergeResult::AutoMergeEnabled,
            MergeResult::NotReady => wit::MergeResult::NotReady,
            MergeResult::DryRun => wit::MergeResult::DryRun,
        }))
    }
}

impl RunHost {
    /// Passes a call on the pull requests between two branches.
    fn call_forge<T>(
        &mut self,
        function: &'static str,
        branches: &wit::BranchPair,
        action: impl FnOnce(&mut Forges, &Permit) -> Result<Answer<T>, CallError>,
    ) -> HostResult<T> {
        let wit::BranchPair { repository, base, head } = branches;
        let target = RawTarget::Repository(repository, RawRepositoryPart::PullRequests(base, head));
        let Self { gate, forges, .. } = self;
        let answer =
            gate.call(CallRequest::new(Capability::Forge, function, target), |permit| action(forges, permit));
        self.answer(answer)
    }
}

fn read_content(content: wit::PullRequestContent) -> PullRequestContent {
    let wit::PullRequestContent { title, body, labels } = content;
    PullRequestContent { title, body, labels }
}

fn to_pull_request(pull_request: PullRequest) -> wit::PullRequest {
    let PullRequest { number, url, state, head_commit, merge_commit, title, body, labels, auto_merge } =
        pull_request;
    let state = match state {
        PullRequestState::Open => wit::PullRequestState::Open,
        PullRequestState::Merged => wit::PullRequestState::Merged,
        PullRequestState::Closed => wit::PullRequestState::Closed,
    };
    wit::PullRequest { number, url, state, head_commit, merge_commit, title, body, labels, auto_merge }
}

fn to_status(status: PullRequestStatus) -> wit::PullRequestStatus {
    let blocker = match status.blocker {
        MergeBlocker::None => wit::MergeBlocker::None,
        MergeBlocker::Unknown => wit::MergeBlocker::Unknown,
        MergeBlocker::ChecksPending => wit::MergeBlocker::ChecksPending,
        MergeBlocker::ChecksFailed => wit::MergeBlocker::ChecksFailed,
        MergeBlocker::ReviewRequired => wit::MergeBlocker::ReviewRequired,
        MergeBlocker::Behind => wit::MergeBlocker::Behind,
        MergeBlocker::Conflicts => wit::MergeBlocker::Conflicts,
        MergeBlocker::Draft => wit::MergeBlocker::Draft,
        MergeBlocker::Blocked => wit::MergeBlocker::Blocked,
    };
    let check = |Check { name, state, url }: Check| {
        let state = match state {
            CheckState::Pending => wit::CheckState::Pending,
            CheckState::Passed => wit::CheckState::Passed,
            CheckState::Failed => wit::CheckState::Failed,
        };
        wit::Check { name, state, url }
    };
    wit::PullRequestStatus {
        pull_request: to_pull_request(status.pull_request),
        blocker,
        checks: status.checks.into_iter().map(check).collect(),
    }
}
