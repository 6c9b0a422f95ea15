//! The host's side of `forge`: each function turns the component's words into a request, passes the gate and hands back the
//! answer. No decision is taken here and no effect happens here.

use crate::host::Host;
use crate::host::bindings::lockstep::step::forge as wit;
use crate::host::bindings::lockstep::step::types::Error;
use lockstep_forge::{
    Check, CheckState, Effect, Forges, Hurdle, Merging, Proposal, PullRequest, Standing, State,
};
use lockstep_model::call::{Answer, CallError, Capability, RawPart, RawTarget, Request};
use lockstep_model::gate::Permit;
use wasmtime::Result;

type Told<T> = Result<std::result::Result<T, Error>>;

impl wit::Host for Host {
    fn pull_requests(
        &mut self,
        repository: String,
        base: String,
        branch: String,
    ) -> Told<Vec<wit::PullRequest>> {
        let between = (&*repository, &*base, &*branch);
        let found = self.between("pull-requests", "read", between, Forges::pull_requests)?;
        Ok(found.map(|found| found.into_iter().map(to_pull_request).collect()))
    }

    fn inspect(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        number: u64,
    ) -> Told<wit::Standing> {
        let between = (&*repository, &*base, &*branch);
        let standing =
            self.between("inspect", "read", between, |forges, permit| forges.inspect(permit, number))?;
        Ok(standing.map(to_standing))
    }

    fn open(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        proposal: wit::Proposal,
    ) -> Told<Option<wit::PullRequest>> {
        let (between, proposal) = ((&*repository, &*base, &*branch), read_proposal(proposal));
        let opened =
            self.between("open", "propose", between, |forges, permit| forges.open(permit, &proposal))?;
        Ok(opened.map(|opened| opened.map(to_pull_request)))
    }

    fn edit(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        number: u64,
        proposal: wit::Proposal,
    ) -> Told<wit::Effect> {
        let (between, proposal) = ((&*repository, &*base, &*branch), read_proposal(proposal));
        let effect = self
            .between("edit", "propose", between, |forges, permit| forges.edit(permit, number, &proposal))?;
        Ok(effect.map(to_effect))
    }

    fn comment(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        number: u64,
        name: String,
        text: String,
    ) -> Told<wit::Effect> {
        let between = (&*repository, &*base, &*branch);
        let effect = self.between("comment", "propose", between, |forges, permit| {
            forges.comment(permit, number, &name, &text)
        })?;
        Ok(effect.map(to_effect))
    }

    fn withdraw(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        number: u64,
    ) -> Told<wit::Effect> {
        let between = (&*repository, &*base, &*branch);
        let effect =
            self.between("withdraw", "propose", between, |forges, permit| forges.withdraw(permit, number))?;
        Ok(effect.map(to_effect))
    }

    fn merge(
        &mut self,
        repository: String,
        base: String,
        branch: String,
        number: u64,
        head: String,
        message: String,
    ) -> Told<wit::Merging> {
        let between = (&*repository, &*base, &*branch);
        let merging = self.between("merge", "merge", between, |forges, permit| {
            forges.merge(permit, number, &head, &message)
        })?;
        Ok(merging.map(|merging| match merging {
            Merging::Merged => wit::Merging::Merged,
            Merging::Waiting => wit::Merging::Waiting,
            Merging::NotYet => wit::Merging::NotYet,
            Merging::Planned => wit::Merging::Planned,
        }))
    }
}

impl Host {
    /// A call on what a branch is to bring into its base.
    fn between<T>(
        &mut self,
        verb: &'static str,
        right: &'static str,
        (repository, base, branch): (&str, &str, &str),
        act: impl FnOnce(&mut Forges, &Permit) -> std::result::Result<Answer<T>, CallError>,
    ) -> Told<T> {
        let target = RawTarget::Repository(repository, RawPart::Proposal(base, branch));
        let request =
            Request { capability: Capability::Forge, verb, right: Some(right), target, source: None };
        let Self { gate, forges, .. } = self;
        let answer = gate.call(request, |permit| act(forges, permit));
        self.told(answer)
    }
}

fn read_proposal(proposal: wit::Proposal) -> Proposal {
    let wit::Proposal { title, body, labels } = proposal;
    Proposal { title, body, labels }
}

fn to_effect(effect: Effect) -> wit::Effect {
    match effect {
        Effect::Made => wit::Effect::Made,
        Effect::Planned => wit::Effect::Planned,
    }
}

fn to_pull_request(one: PullRequest) -> wit::PullRequest {
    let PullRequest { number, url, state, head, merged, title, body, labels, auto_merge } = one;
    let state = match state {
        State::Open => wit::State::Open,
        State::Merged => wit::State::Merged,
        State::Closed => wit::State::Closed,
    };
    wit::PullRequest { number, url, state, head, merged, title, body, labels, auto_merge }
}

fn to_standing(standing: Standing) -> wit::Standing {
    let Standing { now, hurdle, checks } = standing;
    let hurdle = match hurdle {
        Hurdle::None => wit::Hurdle::None,
        Hurdle::Unknown => wit::Hurdle::Unknown,
        Hurdle::ChecksPending => wit::Hurdle::ChecksPending,
        Hurdle::ChecksFailed => wit::Hurdle::ChecksFailed,
        Hurdle::Review => wit::Hurdle::Review,
        Hurdle::Behind => wit::Hurdle::Behind,
        Hurdle::Conflicts => wit::Hurdle::Conflicts,
        Hurdle::Draft => wit::Hurdle::Draft,
        Hurdle::Blocked => wit::Hurdle::Blocked,
    };
    let check = |Check { name, state, url }: Check| {
        let state = match state {
            CheckState::Pending => wit::CheckState::Pending,
            CheckState::Passed => wit::CheckState::Passed,
            CheckState::Failed => wit::CheckState::Failed,
        };
        wit::Check { name, state, url }
    };
    wit::Standing { now: to_pull_request(now), hurdle, checks: checks.into_iter().map(check).collect() }
}
