//! Reads branches, tags and commits of the repository, with the errors of this step.

use lockstep_sdk::repository::CommitInfo;
use lockstep_sdk::types::{Error as HostError, Outcome};
use lockstep_sdk::{HostResult, Repository};

use crate::failure::{Code, Error, repository_error};
use crate::inputs::Request;

/// The commits that a promotion starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commits {
    /// The commit that has `from`.
    pub source: String,
    /// The head of the base branch.
    pub base: String,
}

/// What a push expects of its branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushTarget<'a> {
    /// The branch does not exist.
    NewBranch,
    /// The branch points at this commit, the parent of the new one.
    Head(&'a str),
    /// The branch points at this commit of an earlier run, which the push drops.
    Replace(&'a str),
}

impl Commits {
    /// Reads both commits.
    ///
    /// # Errors
    /// A branch, tag or commit does not exist, or the repository fails.
    pub fn read(host: &mut impl Repository, request: &Request) -> Result<Self, Error> {
        let source = source(host, request)?;
        let is_base = request.from_ref == request.base;
        let base = if is_base { source.clone() } else { branch_head(host, request, &request.base)? };
        Ok(Self { source, base })
    }
}

/// The head of a branch that must exist.
///
/// # Errors
/// It does not exist, or the repository fails.
pub fn branch_head(host: &mut impl Repository, request: &Request, branch: &str) -> Result<String, Error> {
    let head = host.branch_head(&request.repository, branch).map_err(repository_error)?;
    head.ok_or_else(|| {
        let message = format!("the repository has no branch `{branch}`");
        Error::new(Code::BadInput, message).hint("name the branch with `base`")
    })
}

/// The commit that `from-ref` names.
fn source(host: &mut impl Repository, request: &Request) -> Result<String, Error> {
    let name = &request.from_ref;
    if *name == request.base {
        return branch_head(host, request, name);
    }
    if is_commit_id(name) {
        return Ok(name.clone());
    }
    let commit = match host.branch_head(&request.repository, name).map_err(repository_error)? {
        None => host.tag_commit(&request.repository, name).map_err(repository_error)?,
        head => head,
    };
    commit.ok_or_else(|| {
        let message = format!("the repository has no branch and no tag `{name}`");
        let hint = "name a branch, a tag or the full id of a commit with `from-ref`";
        Error::new(Code::BadInput, message).hint(hint)
    })
}

/// Whether a text has the form of a commit id of SHA-1 or SHA-256.
fn is_commit_id(text: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    matches!(text.len(), 40 | 64) && text.bytes().all(is_hex)
}

/// A commit.
///
/// # Errors
/// It does not exist, or the repository fails.
pub fn commit_info(host: &mut impl Repository, request: &Request, id: &str) -> Result<CommitInfo, Error> {
    let commit = host.log(&request.repository, id, 1).map_err(repository_error)?.into_iter().next();
    let missing = || repository_error(HostError::NotFound(format!("there is no commit `{id}`")));
    commit.ok_or_else(missing)
}

/// Pushes a commit if the branch is as expected.
///
/// # Errors
/// As the host reports them, so that the caller can retry after a conflict.
pub fn push(
    host: &mut impl Repository,
    request: &Request,
    branch: &str,
    commit: &str,
    target: PushTarget<'_>,
) -> HostResult<Outcome> {
    match target {
        PushTarget::NewBranch => host.push(&request.repository, branch, commit, None),
        PushTarget::Head(head) => host.push(&request.repository, branch, commit, Some(head)),
        PushTarget::Replace(head) => host.replace_head(&request.repository, branch, commit, head),
    }
}
