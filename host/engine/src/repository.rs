//! The host's side of `repository`: each function turns the component's words into a request, passes the gate and hands
//! back the answer. No decision is taken here and no effect happens here.

use crate::host::Host;
use crate::host::bindings::lockstep::step::repository as wit;
use crate::host::bindings::lockstep::step::types::Error;
use lockstep_model::call::{Answer, CallError, Capability, RawPart, RawTarget, Request};
use lockstep_model::gate::Permit;
use lockstep_repository::{Effect, File, Repositories, Revision};
use wasmtime::Result;

type Told<T> = Result<std::result::Result<T, Error>>;

impl wit::Host for Host {
    fn head(&mut self, repository: String, branch: String) -> Told<Option<String>> {
        let part = RawPart::Whole;
        self.on("head", "read", (&repository, part), |repositories, permit| {
            repositories.head(permit, &branch)
        })
    }

    fn tag(&mut self, repository: String, name: String) -> Told<Option<String>> {
        let part = RawPart::Whole;
        self.on("tag", "read", (&repository, part), |repositories, permit| repositories.tag(permit, &name))
    }

    fn files(&mut self, repository: String, commit: String, pattern: String) -> Told<Vec<wit::File>> {
        let part = RawPart::Pattern(&pattern);
        let files = self.on("files", "read", (&repository, part), |repositories, permit| {
            repositories.files(permit, &commit)
        })?;
        Ok(files.map(|files| files.into_iter().map(to_file).collect()))
    }

    fn read(&mut self, repository: String, commit: String, paths: Vec<String>) -> Told<Vec<Vec<u8>>> {
        let part = RawPart::Files(&paths);
        self.on("read", "read", (&repository, part), |repositories, permit| {
            repositories.read(permit, &commit)
        })
    }

    fn history(&mut self, repository: String, commit: String, most: u32) -> Told<Vec<wit::Revision>> {
        let part = RawPart::Whole;
        let history = self.on("history", "read", (&repository, part), |repositories, permit| {
            repositories.history(permit, &commit, most)
        })?;
        Ok(history.map(|history| history.into_iter().map(to_revision).collect()))
    }

    fn commit(
        &mut self,
        repository: String,
        parent: String,
        changes: Vec<wit::Change>,
        message: String,
    ) -> Told<String> {
        let (paths, contents): (Vec<_>, Vec<_>) =
            changes.into_iter().map(|wit::Change { path, content }| (path, content)).unzip();
        let part = RawPart::Files(&paths);
        self.on("commit", "commit", (&repository, part), |repositories, permit| {
            repositories.commit(permit, &parent, &contents, &message)
        })
    }

    fn push(
        &mut self,
        repository: String,
        branch: String,
        commit: String,
        expected: Option<String>,
    ) -> Told<wit::Effect> {
        let part = RawPart::Branch(&branch);
        let effect = self.on("push", "push", (&repository, part), |repositories, permit| {
            repositories.push(permit, &commit, expected.as_deref())
        })?;
        Ok(effect.map(to_effect))
    }

    fn replace(
        &mut self,
        repository: String,
        branch: String,
        commit: String,
        expected: String,
    ) -> Told<wit::Effect> {
        let part = RawPart::Branch(&branch);
        let effect = self.on("replace", "push", (&repository, part), |repositories, permit| {
            repositories.replace(permit, &commit, &expected)
        })?;
        Ok(effect.map(to_effect))
    }
}

impl Host {
    /// A call on a repository, or on a part of it.
    fn on<T>(
        &mut self,
        verb: &'static str,
        right: &'static str,
        (repository, part): (&str, RawPart<'_>),
        act: impl FnOnce(&mut Repositories, &Permit) -> std::result::Result<Answer<T>, CallError>,
    ) -> Told<T> {
        let target = RawTarget::Repository(repository, part);
        let request =
            Request { capability: Capability::Repository, verb, right: Some(right), target, source: None };
        let Self { gate, repositories, .. } = self;
        let answer = gate.call(request, |permit| act(repositories, permit));
        self.told(answer)
    }
}

fn to_effect(effect: Effect) -> wit::Effect {
    match effect {
        Effect::Made => wit::Effect::Made,
        Effect::Planned => wit::Effect::Planned,
    }
}

fn to_file(File { path, id, executable }: File) -> wit::File {
    wit::File { path, id, executable }
}

fn to_revision(revision: Revision) -> wit::Revision {
    let Revision { id, parents, author, at, message, sealed } = revision;
    wit::Revision { id, parents, author, at, message, sealed }
}
