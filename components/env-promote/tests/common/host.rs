//! The model as the host and the clock of a run. It passes calls on to the fakes, after what the test wants to happen first.

use std::cell::RefCell;
use std::rc::Rc;

use lockstep_sdk::forge::{BranchPair, MergeResult, PullRequest, PullRequestContent, PullRequestStatus};
use lockstep_sdk::http::{self, ErrorCode};
use lockstep_sdk::repository::{CommitInfo, FileChange, FileEntry};
use lockstep_sdk::types::{Error, Outcome};
use lockstep_sdk::{Clock, Forge, HostResult, Http, Repository};

use super::Model;

/// Host and clock are one: what happens while the run sleeps changes the host.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Rc<RefCell<Model>>);

impl Clock for Shared {
    fn now(&self) -> u64 {
        self.0.borrow().now
    }

    fn sleep(&mut self, milliseconds: u64) {
        let mut model = self.0.borrow_mut();
        model.now += milliseconds;
        if let Some(event) = model.after_sleep.take() {
            event(&mut model);
        }
    }
}

impl Shared {
    fn before_push(model: &mut Model) -> HostResult<()> {
        let number = model.pushes;
        model.pushes += 1;
        let edits: Vec<_> =
            model.others.iter().filter(|(at, _)| *at == number).map(|(_, edit)| *edit).collect();
        edits.into_iter().for_each(|edit| model.edit(edit));
        model.refusal.clone().map_or(Ok(()), Err)
    }
}

impl Repository for Shared {
    fn branch_head(&mut self, repository: &str, branch: &str) -> HostResult<Option<String>> {
        self.0.borrow_mut().forge.branch_head(repository, branch)
    }

    fn tag_commit(&mut self, repository: &str, tag: &str) -> HostResult<Option<String>> {
        self.0.borrow_mut().forge.tag_commit(repository, tag)
    }

    fn list_files(&mut self, repository: &str, commit: &str, pattern: &str) -> HostResult<Vec<FileEntry>> {
        self.0.borrow_mut().forge.list_files(repository, commit, pattern)
    }

    fn read_files(&mut self, repository: &str, commit: &str, paths: &[String]) -> HostResult<Vec<Vec<u8>>> {
        self.0.borrow_mut().forge.read_files(repository, commit, paths)
    }

    fn log(&mut self, repository: &str, commit: &str, limit: u32) -> HostResult<Vec<CommitInfo>> {
        self.0.borrow_mut().forge.log(repository, commit, limit)
    }

    fn create_commit(
        &mut self,
        repository: &str,
        parent: &str,
        changes: &[FileChange],
        message: &str,
    ) -> HostResult<String> {
        self.0.borrow_mut().change(format!("commit {}", changes.len()), |model| {
            model.forge.create_commit(repository, parent, changes, message)
        })
    }

    fn push(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> HostResult<Outcome> {
        self.0.borrow_mut().change(format!("push {branch}"), |model| {
            Self::before_push(model)?;
            model.forge.push(repository, branch, commit, expected)
        })
    }

    fn replace_head(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: &str,
    ) -> HostResult<Outcome> {
        self.0.borrow_mut().change(format!("push {branch}"), |model| {
            Self::before_push(model)?;
            if model.has_foreign_history {
                return Err(Error::Invalid("the push would drop commits of somebody else".into()));
            }
            model.forge.replace_head(repository, branch, commit, expected)
        })
    }
}

impl Forge for Shared {
    fn list_pull_requests(&mut self, branches: &BranchPair) -> HostResult<Vec<PullRequest>> {
        self.0.borrow_mut().forge.list_pull_requests(branches)
    }

    fn get_status(&mut self, branches: &BranchPair, number: u64) -> HostResult<PullRequestStatus> {
        let mut model = self.0.borrow_mut();
        if model.outages > 0 {
            model.outages -= 1;
            return Err(Error::Unavailable("502".into()));
        }
        if !model.status_events.is_empty() {
            let event = model.status_events.remove(0);
            event(&mut model);
        }
        model.forge.get_status(branches, number)
    }

    fn open(
        &mut self,
        branches: &BranchPair,
        content: &PullRequestContent,
    ) -> HostResult<Option<PullRequest>> {
        self.0.borrow_mut().change(format!("open {}", branches.head), |model| {
            if let Some(state) = model.duplicate.take() {
                let number = model.forge.add_pull_request(branches, content).number;
                model.pull_request(number as usize).state = state;
                return Ok(Some(model.forge.add_pull_request(branches, content)));
            }
            if std::mem::take(&mut model.rival) {
                model.forge.add_pull_request(branches, content);
            }
            model.forge.open(branches, content)
        })
    }

    fn update(
        &mut self,
        branches: &BranchPair,
        number: u64,
        content: &PullRequestContent,
    ) -> HostResult<Outcome> {
        self.0
            .borrow_mut()
            .change(format!("update {number}"), |model| model.forge.update(branches, number, content))
    }

    fn comment(&mut self, branches: &BranchPair, number: u64, name: &str, text: &str) -> HostResult<Outcome> {
        self.0.borrow_mut().change(format!("comment {number} {name}"), |model| {
            model.forge.comment(branches, number, name, text)
        })
    }

    fn close(&mut self, branches: &BranchPair, number: u64) -> HostResult<Outcome> {
        self.0.borrow_mut().change(format!("close {number}"), |model| model.forge.close(branches, number))
    }

    fn merge(
        &mut self,
        branches: &BranchPair,
        number: u64,
        head_commit: &str,
        message: &str,
    ) -> HostResult<MergeResult> {
        assert!(message.contains("Promoted-From: "), "{message}");
        self.0.borrow_mut().change(format!("merge {number}"), |model| {
            model.forge.merge(branches, number, head_commit, message)
        })
    }
}

impl Http for Shared {
    fn authenticate(&mut self, url: &str, _timeout_ms: u32) -> HostResult<Result<(), ErrorCode>> {
        let mut model = self.0.borrow_mut();
        let Some(answer) = model.with_token.remove(url) else {
            return Err(Error::Unauthorized("the server gives out no token".into()));
        };
        model.http.responses.insert(url.to_owned(), vec![Ok(answer)]);
        Ok(Ok(()))
    }

    fn send(&mut self, requests: &[http::Request]) -> HostResult<Vec<Result<http::Response, ErrorCode>>> {
        self.0.borrow_mut().http.send(requests)
    }
}
