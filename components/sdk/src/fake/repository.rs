//! A git repository in memory.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::Repository;
use crate::repository::{CommitInfo, FileChange, FileEntry};
use crate::traits::HostResult;
use crate::types::{Error, Outcome};

use super::workspace::matches;

/// The files of a commit, by path.
pub type FileTree = BTreeMap<String, Vec<u8>>;

/// A commit in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct FakeCommit {
    /// What `log` returns for it.
    pub info: CommitInfo,
    /// All files of the commit.
    pub files: FileTree,
}

/// Commits, branches and tags in memory. Every repository name that a call uses means this repository. Ids of commits grow, so
/// `commits` is in the order in which they were created.
///
/// ```
/// use lockstep_sdk::Repository;
/// use lockstep_sdk::fake::FakeRepository;
///
/// let mut host = FakeRepository::default().with_branch("main", &[("web.yaml", "replicas: 1\n")]);
/// host.commit_by_other("main", |files| drop(files.insert("README.md".into(), b"news\n".to_vec())));
/// let head = host.branch_head(".", "main").unwrap().unwrap();
/// assert_eq!(host.list_files(".", &head, "*.yaml").unwrap().len(), 1);
/// assert_eq!(host.text("main", "README.md"), Some("news\n"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FakeRepository {
    /// The commits, by id.
    pub commits: BTreeMap<String, FakeCommit>,
    /// The commit of each branch.
    pub branches: BTreeMap<String, String>,
    /// The commit of each tag.
    pub tags: BTreeMap<String, String>,
    /// Whether the run is a dry run: then no push moves a branch.
    pub dry_run: bool,
}

impl FakeRepository {
    /// Adds a branch with one commit by somebody else.
    #[must_use]
    pub fn with_branch(mut self, branch: &str, files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        let commit = self.add_commit(None, files, "first", false);
        self.branches.insert(branch.to_owned(), commit);
        self
    }

    /// Adds a commit by somebody else to a branch.
    ///
    /// # Panics
    /// The branch does not exist.
    pub fn commit_by_other(&mut self, branch: &str, edit: impl FnOnce(&mut FileTree)) {
        let parent = self.branches[branch].clone();
        let mut files = self.commits[&parent].files.clone();
        edit(&mut files);
        let commit = self.add_commit(Some(parent), files, "a commit by somebody else", false);
        self.branches.insert(branch.to_owned(), commit);
    }

    /// The files of a branch, if it exists.
    #[must_use]
    pub fn files(&self, branch: &str) -> Option<&FileTree> {
        Some(&self.commits.get(self.branches.get(branch)?)?.files)
    }

    /// The text of a file of a branch, if both exist and it is UTF-8.
    #[must_use]
    pub fn text(&self, branch: &str, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files(branch)?.get(path)?).ok()
    }

    /// The messages of the commits that runs created, in order.
    #[must_use]
    pub fn messages(&self) -> Vec<&str> {
        let created = self.commits.values().filter(|commit| commit.info.sealed);
        created.map(|commit| commit.info.message.as_str()).collect()
    }

    /// Adds a commit and returns its id. No branch moves.
    pub fn add_commit(
        &mut self,
        parent: Option<String>,
        files: FileTree,
        message: &str,
        sealed: bool,
    ) -> String {
        let number = self.commits.len() as u64 + 1;
        let id = format!("{number:040x}");
        let author = if sealed { "lockstep <lockstep@example.com>" } else { "Eva <eva@example.com>" };
        let info = CommitInfo {
            id: id.clone(),
            parents: parent.into_iter().collect(),
            author: author.to_owned(),
            committed_at: number,
            message: message.to_owned(),
            sealed,
        };
        self.commits.insert(id.clone(), FakeCommit { info, files });
        id
    }

    fn get(&self, commit: &str) -> HostResult<&FakeCommit> {
        self.commits.get(commit).ok_or_else(|| Error::NotFound(format!("there is no commit `{commit}`")))
    }

    fn move_branch(&mut self, branch: &str, commit: &str, expected: Option<&str>) -> HostResult<Outcome> {
        self.get(commit)?;
        if self.branches.get(branch).map(String::as_str) != expected {
            return Err(Error::Conflict(format!("`{branch}` points at another commit")));
        }
        if self.dry_run {
            return Ok(Outcome::DryRun);
        }
        self.branches.insert(branch.to_owned(), commit.to_owned());
        Ok(Outcome::Applied)
    }
}

fn blob_id(content: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:040x}", hasher.finish())
}

impl Repository for FakeRepository {
    fn branch_head(&mut self, _repository: &str, branch: &str) -> HostResult<Option<String>> {
        Ok(self.branches.get(branch).cloned())
    }

    fn tag_commit(&mut self, _repository: &str, tag: &str) -> HostResult<Option<String>> {
        Ok(self.tags.get(tag).cloned())
    }

    fn list_files(&mut self, _repository: &str, commit: &str, pattern: &str) -> HostResult<Vec<FileEntry>> {
        let found = self.get(commit)?.files.iter().filter(|(path, _)| matches(pattern, path));
        let entry = |(path, content): (&String, &Vec<u8>)| FileEntry {
            path: path.clone(),
            blob_id: blob_id(content),
            executable: false,
        };
        Ok(found.map(entry).collect())
    }

    fn read_files(&mut self, _repository: &str, commit: &str, paths: &[String]) -> HostResult<Vec<Vec<u8>>> {
        let files = &self.get(commit)?.files;
        let missing = |path: &String| Error::NotFound(format!("there is no file `{path}` in {commit}"));
        paths.iter().map(|path| files.get(path).cloned().ok_or_else(|| missing(path))).collect()
    }

    fn log(&mut self, _repository: &str, commit: &str, limit: u32) -> HostResult<Vec<CommitInfo>> {
        let mut next = Some(&self.get(commit)?.info);
        let commits = std::iter::from_fn(|| {
            let info = next?;
            next =
                info.parents.first().and_then(|parent| self.commits.get(parent)).map(|commit| &commit.info);
            Some(info.clone())
        });
        Ok(commits.take(limit as usize).collect())
    }

    fn create_commit(
        &mut self,
        _repository: &str,
        parent: &str,
        changes: &[FileChange],
        message: &str,
    ) -> HostResult<String> {
        let before = &self.get(parent)?.files;
        let mut files = before.clone();
        for FileChange { path, content } in changes {
            match content {
                Some(content) => drop(files.insert(path.clone(), content.clone())),
                None => drop(files.remove(path)),
            }
        }
        if files == *before {
            return Err(Error::Invalid("the commit would change nothing".to_owned()));
        }
        Ok(self.add_commit(Some(parent.to_owned()), files, message, true))
    }

    fn push(
        &mut self,
        _repository: &str,
        branch: &str,
        commit: &str,
        expected: Option<&str>,
    ) -> HostResult<Outcome> {
        let parents = &self.get(commit)?.info.parents;
        if expected.is_some_and(|expected| parents.first().is_none_or(|parent| parent != expected)) {
            return Err(Error::Invalid(format!("{commit} is not on top of the expected commit")));
        }
        self.move_branch(branch, commit, expected)
    }

    fn replace_head(
        &mut self,
        _repository: &str,
        branch: &str,
        commit: &str,
        expected: &str,
    ) -> HostResult<Outcome> {
        if !self.get(expected)?.info.sealed {
            return Err(Error::Invalid(format!("`{branch}` would lose a commit of somebody else")));
        }
        self.move_branch(branch, commit, Some(expected))
    }
}
