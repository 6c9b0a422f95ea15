//! The host functions of `wit/repository.wit`.

use crate::bindings::repository as wit;
use crate::bindings::types;
use crate::host::{HostResult, RunHost, to_outcome};
use lockstep_model::call::{Answer, CallError, CallRequest, RawRepositoryPart, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Permit;
use lockstep_repository::{CommitInfo, FileEntry, Repositories};

impl wit::Host for RunHost {
    fn branch_head(&mut self, repository: String, branch: String) -> HostResult<Option<String>> {
        self.call_repository(
            "branch-head",
            (&repository, RawRepositoryPart::Whole),
            |repositories, permit| repositories.branch_head(permit, &branch),
        )
    }

    fn tag_commit(&mut self, repository: String, tag: String) -> HostResult<Option<String>> {
        self.call_repository("tag-commit", (&repository, RawRepositoryPart::Whole), |repositories, permit| {
            repositories.tag_commit(permit, &tag)
        })
    }

    fn list_files(
        &mut self,
        repository: String,
        commit: String,
        pattern: String,
    ) -> HostResult<Vec<wit::FileEntry>> {
        let part = RawRepositoryPart::Pattern(&pattern);
        let files = self.call_repository("list-files", (&repository, part), |repositories, permit| {
            repositories.list_files(permit, &commit)
        })?;
        Ok(files.map(|files| files.into_iter().map(to_file_entry).collect()))
    }

    fn read_files(
        &mut self,
        repository: String,
        commit: String,
        paths: Vec<String>,
    ) -> HostResult<Vec<Vec<u8>>> {
        let part = RawRepositoryPart::Files(&paths);
        self.call_repository("read-files", (&repository, part), |repositories, permit| {
            repositories.read_files(permit, &commit)
        })
    }

    fn log(&mut self, repository: String, commit: String, limit: u32) -> HostResult<Vec<wit::CommitInfo>> {
        let log =
            self.call_repository("log", (&repository, RawRepositoryPart::Whole), |repositories, permit| {
                repositories.log(permit, &commit, limit)
            })?;
        Ok(log.map(|log| log.into_iter().map(to_commit_info).collect()))
    }

    fn create_commit(
        &mut self,
        repository: String,
        parent: String,
        changes: Vec<wit::FileChange>,
        message: String,
    ) -> HostResult<String> {
        let (paths, contents): (Vec<_>, Vec<_>) =
            changes.into_iter().map(|wit::FileChange { path, content }| (path, content)).unzip();
        let part = RawRepositoryPart::Files(&paths);
        self.call_repository("create-commit", (&repository, part), |repositories, permit| {
            repositories.create_commit(permit, &parent, &contents, &message)
        })
    }

    fn push(
        &mut self,
        repository: String,
        branch: String,
        commit: String,
        expected: Option<String>,
    ) -> HostResult<types::Outcome> {
        let part = RawRepositoryPart::Branch(&branch);
        let outcome = self.call_repository("push", (&repository, part), |repositories, permit| {
            repositories.push(permit, &commit, expected.as_deref())
        })?;
        Ok(outcome.map(to_outcome))
    }

    fn replace_head(
        &mut self,
        repository: String,
        branch: String,
        commit: String,
        expected: String,
    ) -> HostResult<types::Outcome> {
        let part = RawRepositoryPart::Branch(&branch);
        let outcome = self.call_repository("replace-head", (&repository, part), |repositories, permit| {
            repositories.replace_head(permit, &commit, &expected)
        })?;
        Ok(outcome.map(to_outcome))
    }
}

impl RunHost {
    /// Passes a call on a repository, or on a part of it.
    fn call_repository<T>(
        &mut self,
        function: &'static str,
        (repository, part): (&str, RawRepositoryPart<'_>),
        action: impl FnOnce(&mut Repositories, &Permit) -> Result<Answer<T>, CallError>,
    ) -> HostResult<T> {
        let target = RawTarget::Repository(repository, part);
        let Self { gate, repositories, .. } = self;
        let answer = gate.call(CallRequest::new(Capability::Repository, function, target), |permit| {
            action(repositories, permit)
        });
        self.answer(answer)
    }
}

fn to_file_entry(FileEntry { path, blob_id, executable }: FileEntry) -> wit::FileEntry {
    wit::FileEntry { path, blob_id, executable }
}

fn to_commit_info(commit: CommitInfo) -> wit::CommitInfo {
    let CommitInfo { id, parents, author, committed_at, message, sealed } = commit;
    wit::CommitInfo { id, parents, author, committed_at, message, sealed }
}
