//! A forge in memory, with its repository.

use std::collections::BTreeMap;

use crate::forge::{
    BranchPair, Check, MergeBlocker, MergeResult, PullRequest, PullRequestContent, PullRequestState,
    PullRequestStatus,
};
use crate::repository::{CommitInfo, FileChange, FileEntry};
use crate::traits::HostResult;
use crate::types::{Error, Outcome};
use crate::{Forge, Repository};

use super::FakeRepository;

/// A pull request in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct FakePullRequest {
    /// Its branches.
    pub branches: BranchPair,
    /// What the forge returns for it. While it is open, the forge sets `head_commit` to the commit of the branch.
    pub pull_request: PullRequest,
}

/// Pull requests in memory, and the repository that they belong to. It implements [`Repository`] too, so it can be the whole
/// host of a step. A merge is a squash: one commit on the base with the files that the head branch changes.
///
/// ```
/// use lockstep_sdk::fake::{FakeForge, FakeRepository};
/// use lockstep_sdk::forge::{BranchPair, PullRequestContent, PullRequestState};
/// use lockstep_sdk::repository::FileChange;
/// use lockstep_sdk::{Forge, Repository};
///
/// let mut host = FakeForge::new(FakeRepository::default().with_branch("main", &[("web.yaml", "replicas: 1\n")]));
/// let base = host.branch_head(".", "main").unwrap().unwrap();
/// let change = FileChange { path: "web.yaml".into(), content: Some(b"replicas: 2\n".to_vec()) };
/// let commit = host.create_commit(".", &base, &[change], "Scale web").unwrap();
/// host.push(".", "scale", &commit, None).unwrap();
/// let branches = BranchPair { repository: ".".into(), base: "main".into(), head: "scale".into() };
/// let content = PullRequestContent { title: "Scale web".into(), body: String::new(), labels: Vec::new() };
/// let opened = host.open(&branches, &content).unwrap().unwrap();
/// host.merge(&branches, opened.number, &commit, "").unwrap();
/// assert_eq!(host.pull_requests[0].pull_request.state, PullRequestState::Merged);
/// assert_eq!(host.repository.text("main", "web.yaml"), Some("replicas: 2\n"));
/// ```
#[derive(Clone, Debug)]
pub struct FakeForge {
    /// The repository. Its `dry_run` holds for the forge too.
    pub repository: FakeRepository,
    /// The pull requests; the first has number 1.
    pub pull_requests: Vec<FakePullRequest>,
    /// The comments, by number and name.
    pub comments: BTreeMap<(u64, String), String>,
    /// Why no open pull request can be merged, in every status.
    pub blocker: MergeBlocker,
    /// The checks in every status.
    pub checks: Vec<Check>,
    /// The answer to every merge. With none, the forge merges.
    pub merge_answer: Option<HostResult<MergeResult>>,
}

impl Default for FakeForge {
    fn default() -> Self {
        Self::new(FakeRepository::default())
    }
}

impl FakeForge {
    /// A forge without pull requests.
    #[must_use]
    pub fn new(repository: FakeRepository) -> Self {
        Self {
            repository,
            pull_requests: Vec::new(),
            comments: BTreeMap::new(),
            blocker: MergeBlocker::None,
            checks: Vec::new(),
            merge_answer: None,
        }
    }

    /// Adds an open pull request.
    pub fn add_pull_request(&mut self, branches: &BranchPair, content: &PullRequestContent) -> PullRequest {
        let number = self.pull_requests.len() as u64 + 1;
        let mut labels = content.labels.clone();
        labels.sort();
        let pull_request = PullRequest {
            number,
            url: format!("https://forge.example.com/{number}"),
            state: PullRequestState::Open,
            head_commit: self.repository.branches.get(&branches.head).cloned().unwrap_or_default(),
            merge_commit: None,
            title: content.title.clone(),
            body: content.body.clone(),
            labels,
            auto_merge: false,
        };
        self.pull_requests
            .push(FakePullRequest { branches: branches.clone(), pull_request: pull_request.clone() });
        pull_request
    }

    /// Merges a pull request as somebody else would do it, without a look at its blocker. The message of the commit is that of
    /// the head commit.
    ///
    /// # Panics
    /// There is no such pull request, or its head branch is gone.
    pub fn merge_by_other(&mut self, number: u64) {
        let FakePullRequest { branches, pull_request } = &mut self.pull_requests[index(number)];
        let repository = &mut self.repository;
        let head = repository.commits[&repository.branches[&branches.head]].clone();
        let before = &repository.commits[&head.info.parents[0]].files;
        let changed = head.files.iter().filter(|(path, content)| before.get(*path) != Some(content));
        let changed: Vec<_> = changed.map(|(path, content)| (path.clone(), content.clone())).collect();
        let parent = repository.branches[&branches.base].clone();
        let mut files = repository.commits[&parent].files.clone();
        files.extend(changed);
        let commit = repository.add_commit(Some(parent), files, &head.info.message, false);
        repository.branches.insert(branches.base.clone(), commit.clone());
        pull_request.state = PullRequestState::Merged;
        pull_request.head_commit = head.info.id;
        pull_request.merge_commit = Some(commit);
    }

    fn current(&self, FakePullRequest { branches, pull_request }: &FakePullRequest) -> PullRequest {
        let mut pull_request = pull_request.clone();
        if let (PullRequestState::Open, Some(head)) =
            (pull_request.state, self.repository.branches.get(&branches.head))
        {
            pull_request.head_commit.clone_from(head);
        }
        pull_request
    }

    fn find(&self, branches: &BranchPair, number: u64) -> HostResult<PullRequest> {
        let found = self.pull_requests.iter().find(|one| one.pull_request.number == number);
        let found = found.filter(|one| one.branches == *branches);
        let missing = || Error::NotFound(format!("there is no pull request {number} between these branches"));
        found.map(|one| self.current(one)).ok_or_else(missing)
    }

    fn find_open(&self, branches: &BranchPair, number: u64) -> HostResult<PullRequest> {
        let found = self.find(branches, number)?;
        match found.state {
            PullRequestState::Open => Ok(found),
            _ => Err(Error::Conflict(format!("pull request {number} is not open"))),
        }
    }

    /// Changes an open pull request, except in a dry run.
    fn change(
        &mut self,
        branches: &BranchPair,
        number: u64,
        change: impl FnOnce(&mut PullRequest),
    ) -> HostResult<Outcome> {
        self.find_open(branches, number)?;
        if self.repository.dry_run {
            return Ok(Outcome::DryRun);
        }
        change(&mut self.pull_requests[index(number)].pull_request);
        Ok(Outcome::Applied)
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or_default().saturating_sub(1)
}

impl Forge for FakeForge {
    fn list_pull_requests(&mut self, branches: &BranchPair) -> HostResult<Vec<PullRequest>> {
        let found = self.pull_requests.iter().rev().filter(|one| one.branches == *branches);
        Ok(found.map(|one| self.current(one)).collect())
    }

    fn get_status(&mut self, branches: &BranchPair, number: u64) -> HostResult<PullRequestStatus> {
        let pull_request = self.find(branches, number)?;
        Ok(PullRequestStatus { pull_request, blocker: self.blocker, checks: self.checks.clone() })
    }

    fn open(
        &mut self,
        branches: &BranchPair,
        content: &PullRequestContent,
    ) -> HostResult<Option<PullRequest>> {
        let is_open = |one: &FakePullRequest| one.pull_request.state == PullRequestState::Open;
        if self.pull_requests.iter().any(|one| one.branches == *branches && is_open(one)) {
            return Err(Error::Conflict("there is an open pull request".to_owned()));
        }
        if self.repository.dry_run {
            return Ok(None);
        }
        Ok(Some(self.add_pull_request(branches, content)))
    }

    fn update(
        &mut self,
        branches: &BranchPair,
        number: u64,
        content: &PullRequestContent,
    ) -> HostResult<Outcome> {
        self.change(branches, number, |pull_request| {
            pull_request.title.clone_from(&content.title);
            pull_request.body.clone_from(&content.body);
            pull_request.labels.extend_from_slice(&content.labels);
            pull_request.labels.sort();
            pull_request.labels.dedup();
        })
    }

    fn comment(&mut self, branches: &BranchPair, number: u64, name: &str, text: &str) -> HostResult<Outcome> {
        self.find(branches, number)?;
        if self.repository.dry_run {
            return Ok(Outcome::DryRun);
        }
        self.comments.insert((number, name.to_owned()), text.to_owned());
        Ok(Outcome::Applied)
    }

    fn close(&mut self, branches: &BranchPair, number: u64) -> HostResult<Outcome> {
        self.change(branches, number, |pull_request| pull_request.state = PullRequestState::Closed)
    }

    fn merge(
        &mut self,
        branches: &BranchPair,
        number: u64,
        head_commit: &str,
        _message: &str,
    ) -> HostResult<MergeResult> {
        if self.find_open(branches, number)?.head_commit != head_commit {
            return Err(Error::Conflict(format!("`{}` points at another commit", branches.head)));
        }
        if let Some(answer) = &self.merge_answer {
            return answer.clone();
        }
        if self.repository.dry_run {
            return Ok(MergeResult::DryRun);
        }
        self.merge_by_other(number);
        Ok(MergeResult::Merged)
    }
}

impl Repository for FakeForge {
    fn branch_head(&mut self, repository: &str, branch: &str) -> HostResult<Option<String>> {
        self.repository.branch_head(repository, branch)
    }

    fn tag_commit(&mut self, repository: &str, tag: &str) -> HostResult<Option<String>> {
        self.repository.tag_commit(repository, tag)
    }

    fn list_files(&mut self, repository: &str, commit: &str, pattern: &str) -> HostResult<Vec<FileEntry>> {
        self.repository.list_files(repository, commit, pattern)
    }

    fn read_files(&mut self, repository: &str, commit: &str, paths: &[String]) -> HostResult<Vec<Vec<u8>>> {
        self.repository.read_files(repository, commit, paths)
    }

    fn log(&mut self, repository: &str, commit: &str, limit: u32) -> HostResult<Vec<CommitInfo>> {
        self.repository.log(repository, commit, limit)
    }

    fn create_commit(
        &mut self,
        repository: &str,
        parent: &str,
        changes: &[FileChange],
        message: &str,
    ) -> HostResult<String> {
        self.repository.create_commit(repository, parent, changes, message)
    }

    fn push(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> HostResult<Outcome> {
        self.repository.push(repository, branch, commit, expected)
    }

    fn replace_head(
        &mut self,
        repository: &str,
        branch: &str,
        commit: &str,
        expected: &str,
    ) -> HostResult<Outcome> {
        self.repository.replace_head(repository, branch, commit, expected)
    }
}
