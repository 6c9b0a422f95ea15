//! Pushes a commit of this run to a branch. It never overwrites commits of others, and never takes the reason for a failure from
//! a text of the server.

use super::bare_repository::{BareRepository, check_id};
use super::remote::{RetryTimer, ServerFault, is_up_to_date};
use lockstep_model::call::{CallError, Outcome};

/// How many commits of a history the host fetches to find an ancestor: first a few, in the end all.
const DEPTHS: [u32; 3] = [64, 2048, 2_147_483_647];

/// The change of a branch by a push.
#[derive(Debug, Clone, Copy)]
pub(super) enum PushTarget<'a> {
    /// Creates it.
    NewBranch,
    /// Adds a commit on top of its head, which this is.
    OnTopOf(&'a str),
    /// Replaces its head, which this is.
    Replace(&'a str),
}

impl<'a> PushTarget<'a> {
    /// The expected head of the branch; none if it must not exist.
    fn expected(self) -> Option<&'a str> {
        match self {
            Self::NewBranch => None,
            Self::OnTopOf(expected) | Self::Replace(expected) => Some(expected),
        }
    }
}

/// Pushes a commit to a branch.
pub(super) fn push(
    repository: &mut BareRepository,
    branch: &str,
    commit: &str,
    target: PushTarget<'_>,
    dry_run: bool,
) -> Result<Outcome, CallError> {
    let action = format!("push to `{branch}` of `{}`", repository.remote());
    check_id(commit)?;
    let Some(parent) = repository.created.get(commit).cloned() else {
        return Err(CallError::Invalid(format!("{action}: this run has not created the commit `{commit}`")));
    };
    // So a branch gets one commit on top, or starts at the head of another branch.
    let has_expected_parent = match target {
        PushTarget::OnTopOf(expected) => parent == expected,
        PushTarget::NewBranch | PushTarget::Replace(_) => repository.heads.contains(&parent),
    };
    if !has_expected_parent {
        return Err(CallError::Invalid(format!(
            "{action}: the parent of the commit is not the head of the branch"
        )));
    }
    let (expected, moved) = (target.expected(), || {
        CallError::Conflict(format!("{action}: somebody else has pushed to the branch"))
    });
    if let PushTarget::Replace(expected) = target {
        if repository.head(branch)?.as_deref() != Some(expected) {
            return Err(moved());
        }
        check_replaceable(repository, &action, expected, &parent)?;
        // An earlier run has created the very same commit within the same second.
        if commit == expected {
            return Ok(if dry_run { Outcome::DryRun } else { Outcome::Unchanged });
        }
    }
    if dry_run {
        return if repository.head(branch)?.as_deref() == expected {
            Ok(Outcome::DryRun)
        } else {
            Err(moved())
        };
    }
    let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
    let names = format!("{commit}:refs/heads/{branch}");
    let args = ["push", "--porcelain", "--no-verify", &lease, "origin", &names];
    let (mut timer, mut first) = (RetryTimer::new(repository.retry_timeout), true);
    loop {
        let failure = match repository.git.query(&args, b"")? {
            // Another run has pushed the same commit. In a retry, it is the push of this run, whose answer got lost.
            Ok(printed) if first && is_up_to_date(&printed) => return Err(moved()),
            Ok(_) => return Ok(Outcome::Applied),
            Err(failure) => failure,
        };
        first = false;
        // The branch itself tells the cause: the push may have succeeded and its answer got lost. If the branch has not moved,
        // a retry is safe, because the lease allows the push only once.
        match repository.head(branch)? {
            head if head.as_deref() == Some(commit) => return Ok(Outcome::Applied),
            head if head.as_deref() != expected => return Err(moved()),
            _ => {}
        }
        let ServerFault { error, is_transient } = repository.push_fault(&action, &failure);
        if !is_transient || !timer.wait() {
            return Err(error);
        }
    }
}

/// Checks that a push replaces no commit of others: the branch may lose one commit, which a run created and which is the only one
/// that its new head does not contain.
fn check_replaceable(
    repository: &mut BareRepository,
    action: &str,
    head: &str,
    base: &str,
) -> Result<(), CallError> {
    let foreign = |why: &str| CallError::Invalid(format!("{action}: the push would drop commits: {why}"));
    let history = repository.history(head, 1)?;
    let head = history.first().filter(|head| head.sealed);
    let parent = head.and_then(|head| head.parents.first());
    let parent = parent.ok_or_else(|| foreign("somebody else has committed to the branch"))?;
    if repository.has_ancestor(base, parent)? {
        Ok(())
    } else {
        Err(foreign("the branch rests on commits of somebody else"))
    }
}

impl BareRepository {
    /// Whether `ancestor` is a commit or one of its ancestors.
    fn has_ancestor(&mut self, commit: &str, ancestor: &str) -> Result<bool, CallError> {
        if commit == ancestor {
            return Ok(true);
        }
        for depth in DEPTHS {
            self.fetch_commits(commit, depth)?;
            let args = ["merge-base", "--is-ancestor", ancestor, commit];
            if self.git.call_with(&args, b"", &[("GIT_NO_LAZY_FETCH", "1")]).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
