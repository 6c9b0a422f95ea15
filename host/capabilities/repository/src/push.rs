//! Lets a branch point at a commit that this run has made. It never overwrites what others have pushed, and never takes a
//! text of the server for the reason why it could not.

use super::bare_repository::{BareRepository, id};
use super::remote::{RetryTimer, ServerFault, is_up_to_date};
use lockstep_model::call::{CallError, Outcome};

/// How much of a branch's history is fetched until it is known what it rests on: first a little, in the end all of it.
const DEPTHS: [u32; 3] = [64, 2048, 2_147_483_647];

/// What a push is to come to.
#[derive(Debug, Clone, Copy)]
pub(super) enum PushTarget<'a> {
    /// A branch that is not there.
    Nothing,
    /// On top of what the branch points at.
    Head(&'a str),
    /// In the place of what the branch points at.
    Replace(&'a str),
}

impl<'a> PushTarget<'a> {
    /// What the branch has to point at.
    fn expected(self) -> Option<&'a str> {
        match self {
            Self::Nothing => None,
            Self::Head(expected) | Self::Replace(expected) => Some(expected),
        }
    }
}

/// Pushes a commit to a branch.
pub(super) fn push(
    store: &mut BareRepository,
    branch: &str,
    commit: &str,
    onto: PushTarget<'_>,
    dry_run: bool,
) -> Result<Outcome, CallError> {
    let what = format!("push to `{branch}` of `{}`", store.name());
    id(commit)?;
    let Some(parent) = store.made.get(commit).cloned() else {
        return Err(CallError::Invalid(format!("{what}: `{commit}` is no commit that this run has made")));
    };
    // So a branch only ever gets one commit on top, or begins at the head of another one.
    let fits = match onto {
        PushTarget::Head(expected) => parent == expected,
        PushTarget::Nothing | PushTarget::Replace(_) => store.heads.contains(&parent),
    };
    if !fits {
        return Err(CallError::Invalid(format!(
            "{what}: the commit is not on top of what the branch points at"
        )));
    }
    let (expected, moved) =
        (onto.expected(), || CallError::Conflict(format!("{what}: somebody else has pushed to it")));
    if let PushTarget::Replace(expected) = onto {
        if store.head(branch)?.as_deref() != Some(expected) {
            return Err(moved());
        }
        may_be_replaced(store, &what, expected, &parent)?;
    }
    if dry_run {
        return if store.head(branch)?.as_deref() == expected { Ok(Outcome::DryRun) } else { Err(moved()) };
    }
    let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
    let names = format!("{commit}:refs/heads/{branch}");
    let args = ["push", "--porcelain", "--no-verify", &lease, "origin", &names];
    let (mut timer, mut first) = (RetryTimer::of(store.retry_timeout), true);
    loop {
        let failure = match store.git.query(&args, b"")? {
            // Another run has made and pushed the very same commit. A push whose answer was lost is ours.
            Ok(printed) if first && is_up_to_date(&printed) => return Err(moved()),
            Ok(_) => return Ok(Outcome::Applied),
            Err(failure) => failure,
        };
        first = false;
        // What has become of the branch says why, whatever the words are; and the answer alone may have been lost. If it is
        // where it was, the push can be repeated: the lease lets it through only once.
        match store.head(branch)? {
            head if head.as_deref() == Some(commit) => return Ok(Outcome::Applied),
            head if head.as_deref() != expected => return Err(moved()),
            _ => {}
        }
        let ServerFault { error, is_transient } = store.push_fault(&what, &failure);
        if !is_transient || !timer.wait() {
            return Err(error);
        }
    }
}

/// Refuses to drop what others have done: a branch may only lose the one commit of a run that it has beyond the commit
/// that it is to rest on.
fn may_be_replaced(store: &mut BareRepository, what: &str, head: &str, base: &str) -> Result<(), CallError> {
    let foreign = |why: &str| CallError::Invalid(format!("{what}: it would be lost that {why}"));
    let history = store.history(head, 1)?;
    let head = history.first().filter(|head| head.sealed);
    let parent = head.and_then(|head| head.parents.first());
    let parent = parent.ok_or_else(|| foreign("somebody else has committed to it"))?;
    if store.rests_on(base, parent)? { Ok(()) } else { Err(foreign("it rests on commits of somebody else")) }
}

impl BareRepository {
    /// Whether a commit is among those that another one rests on, or is that one.
    fn rests_on(&mut self, commit: &str, other: &str) -> Result<bool, CallError> {
        if commit == other {
            return Ok(true);
        }
        for depth in DEPTHS {
            self.fetch_commits(commit, depth)?;
            let requested = ["merge-base", "--is-ancestor", other, commit];
            if self.git.call_with(&requested, b"", &[("GIT_NO_LAZY_FETCH", "1")]).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
