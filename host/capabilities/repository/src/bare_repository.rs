//! A bare repository of the run, with the commits that the run fetches from one server and creates. It fetches only the objects
//! that a call needs, if the server supports partial fetches, and pushes nothing.

use super::git::Git;
use super::signing::Signing;
use super::{RepositoryConfig, seal};
use lockstep_model::call::CallError;
use lockstep_model::path::WorkspacePath;
use lockstep_model::pattern::Pattern;
use lockstep_model::repository::Repository;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path.
    pub path: String,
    /// The id of its blob.
    pub blob_id: String,
    /// Whether it is executable.
    pub executable: bool,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its id.
    pub id: String,
    /// The ids of its parents.
    pub parents: Vec<String>,
    /// `NAME <EMAIL>` of its author.
    pub author: String,
    /// The time of the commit, in seconds since 1970-01-01T00:00:00Z.
    pub committed_at: u64,
    /// Its message.
    pub message: String,
    /// Whether a run created it and nobody changed its content, message or parent since.
    pub sealed: bool,
}

/// The largest file that a call reads, and the most bytes of all its files.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
const MAX_CALL_BYTES: u64 = 64 * 1024 * 1024;
/// The most files that match a pattern.
const MAX_FILES: usize = 100_000;
/// The most commits of a history.
const MAX_COMMITS: u32 = 1000;
/// The most paths on the command line of git.
const MAX_NAMED_PATHS: usize = 500;
/// The default author.
const AUTHOR: (&str, &str) = ("lockstep", "lockstep@localhost");
/// The modes of regular files. <https://git-scm.com/docs/gitformat-index>
pub(super) const PLAIN: &str = "100644";
pub(super) const EXECUTABLE: &str = "100755";
/// The separator of commits in the output of `git log`.
const RECORD: char = '\x1e';

/// The bare repository for one repository of a server.
pub(super) struct BareRepository {
    pub(super) git: Git,
    remote: Repository,
    pub(super) author: (String, String),
    pub(super) trailers: Vec<(String, String)>,
    pub(super) signing: Signing,
    /// The commits that it has with their trees.
    fetched: HashSet<String>,
    /// The blobs that it has.
    pub(super) contents: HashSet<String>,
    /// The commits of this run, each with its parent.
    pub(super) created: HashMap<String, String>,
    /// The heads of branches that the run has read.
    pub(super) heads: HashSet<String>,
    /// How long a call retries after a temporary error.
    pub(super) retry_timeout: Duration,
}

/// An entry of a tree.
pub(super) struct TreeEntry {
    pub(super) mode: String,
    id: String,
}

impl BareRepository {
    pub(super) fn new(
        git: Git,
        remote: Repository,
        url: String,
        RepositoryConfig { author, trailers, signing, retry_timeout, .. }: &RepositoryConfig,
    ) -> Result<Self, CallError> {
        let author = author.as_deref().and_then(|author| author.trim().strip_suffix('>')?.split_once('<'));
        let (name, email) = author.unwrap_or(AUTHOR);
        let folder = git.folder().display().to_string();
        git.call(&["init", "--quiet", "--bare", &folder], b"")?;
        for (name, value) in [
            ("remote.origin.url", &*url),
            ("remote.origin.promisor", "true"),
            ("remote.origin.partialclonefilter", "blob:none"),
        ] {
            git.call(&["config", name, value], b"")?;
        }
        Ok(Self {
            git,
            remote,
            author: (name.trim().to_owned(), email.trim().to_owned()),
            trailers: trailers.to_vec(),
            signing: signing.clone(),
            fetched: HashSet::new(),
            contents: HashSet::new(),
            created: HashMap::new(),
            heads: HashSet::new(),
            retry_timeout: *retry_timeout,
        })
    }

    /// The repository on the server.
    pub(super) fn remote(&self) -> &Repository {
        &self.remote
    }

    /// The head of a branch on the server; none if there is no such branch.
    pub(super) fn head(&mut self, branch: &str) -> Result<Option<String>, CallError> {
        let name = format!("refs/heads/{branch}");
        let mut refs = self.refs(&format!("the branch `{branch}`"), &[&name])?;
        let head = refs.remove(&name);
        self.heads.extend(head.clone());
        Ok(head)
    }

    /// The commit of a tag on the server; of an annotated tag, the commit to which it points.
    /// <https://git-scm.com/docs/git-ls-remote>
    pub(super) fn tag(&self, tag: &str) -> Result<Option<String>, CallError> {
        let [peeled, plain] = [format!("refs/tags/{tag}^{{}}"), format!("refs/tags/{tag}")];
        let mut refs = self.refs(&format!("the tag `{tag}`"), &[&peeled, &plain])?;
        Ok(refs.remove(&peeled).or_else(|| refs.remove(&plain)))
    }

    /// Fetches a commit and its trees, unless it has them.
    fn fetch(&mut self, commit: &str) -> Result<(), CallError> {
        check_id(commit)?;
        if self.fetched.contains(commit) || self.created.contains_key(commit) {
            return Ok(());
        }
        self.fetch_history(&format!("the commit `{commit}`"), commit, 1)
    }

    /// Fetches this number of commits up to a commit, with their trees and without blobs.
    fn fetch_history(&mut self, label: &str, commit: &str, depth: u32) -> Result<(), CallError> {
        self.fetch_filtered(label, commit, Some(depth), "blob:none")?;
        self.fetched.insert(commit.to_owned());
        Ok(())
    }

    /// Fetches the same without trees.
    pub(super) fn fetch_commits(&mut self, commit: &str, depth: u32) -> Result<(), CallError> {
        self.fetch_filtered(&format!("the history of `{commit}`"), commit, Some(depth), "tree:0")
    }

    /// Fetches a commit on top of those that it has.
    pub(super) fn fetch_new(&mut self, commit: &str) -> Result<(), CallError> {
        self.fetch_filtered(&format!("the new commit `{commit}`"), commit, None, "blob:none")
    }

    fn fetch_filtered(
        &mut self,
        label: &str,
        commit: &str,
        depth: Option<u32>,
        filter: &str,
    ) -> Result<(), CallError> {
        let (depth, filter) = (depth.map(|depth| format!("--depth={depth}")), format!("--filter={filter}"));
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head"];
        args.extend(depth.as_deref());
        args.extend([&*filter, "origin", commit]);
        self.query(label, &args, b"").map(drop)
    }

    /// The entries of a commit at these paths and at the folders above them; without paths, all entries.
    pub(super) fn entries(
        &mut self,
        commit: &str,
        paths: &[&str],
    ) -> Result<BTreeMap<String, TreeEntry>, CallError> {
        self.fetch(commit)?;
        let above = paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
        let names: BTreeSet<_> = paths.iter().copied().chain(above).collect();
        let literal: Vec<_> = names.iter().map(|path| format!(":(literal){path}")).collect();
        let mut args = vec!["ls-tree", "-t", "-z", "--full-tree"];
        // A long list of paths does not fit on a command line: then it lists all entries.
        if literal.is_empty() || literal.len() > MAX_NAMED_PATHS {
            args.extend(["-r", commit]);
        } else {
            args.extend([commit, "--"]);
            args.extend(literal.iter().map(String::as_str));
        }
        let listed = self.git.call_with(&args, b"", &[("GIT_NO_LAZY_FETCH", "1")])?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let entry = |line: &str| {
            let (facts, path) = line.split_once('\t')?;
            let mut facts = facts.split(' ');
            let (mode, _, id) = (facts.next()?, facts.next()?, facts.next()?);
            Some((path.to_owned(), TreeEntry { mode: mode.to_owned(), id: id.to_owned() }))
        };
        Ok(listed.split('\0').filter_map(entry).collect())
    }

    /// The files of a commit that match a pattern, sorted by path.
    pub(super) fn files(&mut self, commit: &str, pattern: &Pattern) -> Result<Vec<FileEntry>, CallError> {
        let entries = self.entries(commit, &[])?;
        let is_wanted = |path: &str| WorkspacePath::parse(path).is_ok_and(|path| pattern.matches(&path));
        let file = |(path, TreeEntry { mode, id }): (String, TreeEntry)| {
            (is_regular(&mode) && is_wanted(&path)).then(|| FileEntry {
                executable: mode == EXECUTABLE,
                path,
                blob_id: id,
            })
        };
        let files: Vec<_> = entries.into_iter().filter_map(file).collect();
        if files.len() > MAX_FILES {
            return Err(CallError::LimitExceeded(format!(
                "more than {MAX_FILES} files match `{}`",
                pattern.as_str()
            )));
        }
        Ok(files)
    }

    /// Reads files of a commit.
    pub(super) fn read(&mut self, commit: &str, paths: &[WorkspacePath]) -> Result<Vec<Vec<u8>>, CallError> {
        let names: Vec<_> = paths.iter().map(WorkspacePath::as_str).collect();
        let entries = self.entries(commit, &names)?;
        let mut ids = Vec::new();
        for path in &names {
            let entry = entries
                .get(*path)
                .ok_or_else(|| CallError::NotFound(format!("there is no `{path}` in `{commit}`")))?;
            if !is_regular(&entry.mode) {
                return Err(CallError::Invalid(format!(
                    "`{path}` is a folder, a link or a submodule, not a regular file"
                )));
            }
            ids.push(entry.id.as_str());
        }
        self.fetch_contents(&ids)?;
        let input = ids.join("\n") + "\n";
        let read = self.git.call(&["cat-file", "--batch"], input.as_bytes())?;
        contents(&read, &names)
    }

    /// Fetches blobs, unless it has them, by one request. Git itself would fetch each alone and without the login.
    fn fetch_contents(&mut self, ids: &[&str]) -> Result<(), CallError> {
        let lines = |ids: &BTreeSet<&str>| ids.iter().map(|id| format!("{id}\n")).collect::<String>();
        let wanted: BTreeSet<_> = ids.iter().copied().collect();
        let missing: BTreeSet<_> = wanted.iter().copied().filter(|id| !self.contents.contains(*id)).collect();
        if !missing.is_empty() {
            let args = [
                "-c",
                "fetch.negotiationAlgorithm=noop",
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--recurse-submodules=no",
                "--filter=blob:none",
                "--stdin",
                "origin",
            ];
            self.query("files", &args, lines(&missing).as_bytes())?;
            self.contents.extend(missing.into_iter().map(str::to_owned));
        }
        let check = ["cat-file", "--batch-check=%(objectname) %(objectsize)"];
        let output = self.git.call_with(&check, lines(&wanted).as_bytes(), &[("GIT_NO_LAZY_FETCH", "1")])?;
        let sizes = String::from_utf8_lossy(&output).into_owned();
        let sizes = sizes.lines().filter_map(|line| line.split_once(' ')?.1.parse::<u64>().ok());
        let all = sizes.clone().sum::<u64>();
        if sizes.max().unwrap_or(0) > MAX_FILE_BYTES || all > MAX_CALL_BYTES {
            return Err(CallError::LimitExceeded(format!(
                "a call reads files of at most {MAX_FILE_BYTES} bytes each and {MAX_CALL_BYTES} bytes in all"
            )));
        }
        Ok(())
    }

    /// The diff of a commit of this run to its parent; empty if a blob is missing, because it fetches nothing.
    pub(super) fn diff(&self, commit: &str) -> String {
        let args = ["diff", "--no-color", "--no-ext-diff", "--no-textconv", &format!("{commit}^"), commit];
        let diff = self.git.call_with(&args, b"", &[("GIT_NO_LAZY_FETCH", "1")]);
        diff.map(|diff| String::from_utf8_lossy(&diff).into_owned()).unwrap_or_default()
    }

    /// A commit and the commits before it, newest first.
    pub(super) fn history(&mut self, commit: &str, max: u32) -> Result<Vec<CommitInfo>, CallError> {
        check_id(commit)?;
        let max = max.clamp(1, MAX_COMMITS);
        if !self.created.contains_key(commit) {
            // At the end of a fetched history, git knows no parents: it fetches one commit more.
            match self.fetched.contains(commit) {
                true => self.fetch_commits(commit, max + 1)?,
                false => self.fetch_history(&format!("the history of `{commit}`"), commit, max + 1)?,
            }
        }
        let format = "--format=%H%x00%P%x00%T%x00%an <%ae>%x00%ct%x00%B%x1e";
        let output = self.git.call(&["log", format, "-n", &max.to_string(), commit], b"")?;
        let output = String::from_utf8_lossy(&output).into_owned();
        let commit_info = |record: &str| {
            let mut fields = record.trim_start().splitn(6, '\0');
            let (id, parents, tree, author) =
                (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
            let (committed_at, message) = (fields.next()?.parse().ok()?, fields.next()?);
            let parents: Vec<_> = parents.split_whitespace().map(str::to_owned).collect();
            let (author, message) = (author.to_owned(), message.trim_end().to_owned());
            let sealed = seal::is_valid(&message, &parents, tree);
            Some(CommitInfo { id: id.to_owned(), parents, author, committed_at, message, sealed })
        };
        Ok(output.split(RECORD).filter_map(commit_info).collect())
    }
}

/// The contents in the output of `git cat-file --batch`, in the order of the request.
fn contents(mut read: &[u8], names: &[&str]) -> Result<Vec<Vec<u8>>, CallError> {
    let mut all = Vec::new();
    for name in names {
        let bad = || CallError::Unavailable(format!("cannot read `{name}` in the output of git"));
        let end = read.iter().position(|byte| *byte == b'\n').ok_or_else(bad)?;
        let head = String::from_utf8_lossy(&read[..end]).into_owned();
        let size: usize = head.rsplit_once(' ').and_then(|(_, size)| size.parse().ok()).ok_or_else(bad)?;
        let content = read.get(end + 1..end + 1 + size).ok_or_else(bad)?;
        all.push(content.to_vec());
        read = read.get(end + 2 + size..).ok_or_else(bad)?;
    }
    Ok(all)
}

/// Whether a mode is that of a regular file.
fn is_regular(mode: &str) -> bool {
    matches!(mode, PLAIN | EXECUTABLE)
}

/// Checks the id of a commit: git could take another text for an option or a name.
pub(super) fn check_id(text: &str) -> Result<(), CallError> {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match matches!(text.len(), 40 | 64) && text.bytes().all(hex) {
        true => Ok(()),
        false => Err(CallError::Invalid(format!(
            "invalid commit `{}`: expected 40 or 64 digits from 0 to f",
            text.escape_debug()
        ))),
    }
}
