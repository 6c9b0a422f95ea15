//! Lets a branch point at a commit that this run has made. It never overwrites what others have pushed, and never takes a
//! text of the server for the reason why it could not.

use super::Effect;
use super::ask::{Fault, Patience, is_up_to_date};
use super::store::{Store, id};
use lockstep_model::call::CallError;

/// What a push is to come to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Onto<'a> {
    /// A branch that is not there.
    Nothing,
    /// On top of what the branch points at.
    Head(&'a str),
    /// In the place of what the branch points at.
    Replace(&'a str),
}

impl<'a> Onto<'a> {
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
    store: &mut Store,
    branch: &str,
    commit: &str,
    onto: Onto<'_>,
    planned: bool,
) -> Result<Effect, CallError> {
    let what = format!("push to `{branch}` of `{}`", store.name());
    id(commit)?;
    let Some(parent) = store.made.get(commit).cloned() else {
        return Err(CallError::Invalid(format!("{what}: `{commit}` is no commit that this run has made")));
    };
    // So a branch only ever gets one commit on top, or begins at the head of another one.
    let fits = match onto {
        Onto::Head(expected) => parent == expected,
        Onto::Nothing | Onto::Replace(_) => store.heads.contains(&parent),
    };
    if !fits {
        return Err(CallError::Invalid(format!(
            "{what}: the commit is not on top of what the branch points at"
        )));
    }
    let (expected, moved) =
        (onto.expected(), || CallError::Conflict(format!("{what}: somebody else has pushed to it")));
    if let Onto::Replace(expected) = onto {
        if store.head(branch)?.as_deref() != Some(expected) {
            return Err(moved());
        }
        may_be_replaced(store, &what, expected, &parent)?;
        // An earlier run has made the very same commit within the same second.
        if commit == expected {
            return Ok(if planned { Effect::Planned } else { Effect::Made });
        }
    }
    if planned {
        return if store.head(branch)?.as_deref() == expected { Ok(Effect::Planned) } else { Err(moved()) };
    }
    let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
    let names = format!("{commit}:refs/heads/{branch}");
    let args = ["push", "--porcelain", "--no-verify", &lease, "origin", &names];
    let (mut patience, mut first) = (Patience::of(store.patience), true);
    loop {
        let refused = match store.git.ask(&args, b"")? {
            // Another run has made and pushed the very same commit. A push whose answer was lost is ours.
            Ok(printed) if first && is_up_to_date(&printed) => return Err(moved()),
            Ok(_) => return Ok(Effect::Made),
            Err(refused) => refused,
        };
        first = false;
        // What has become of the branch says why, whatever the words are; and the answer alone may have been lost. If it is
        // where it was, the push can be repeated: the lease lets it through only once.
        match store.head(branch)? {
            head if head.as_deref() == Some(commit) => return Ok(Effect::Made),
            head if head.as_deref() != expected => return Err(moved()),
            _ => {}
        }
        let Fault { error, passes } = store.push_fault(&what, &refused);
        if !passes || !patience.wait() {
            return Err(error);
        }
    }
}

/// Refuses to drop what others have done: a branch may only lose the one commit of a run that it has beyond the commit
/// that it is to rest on.
fn may_be_replaced(store: &mut Store, what: &str, head: &str, base: &str) -> Result<(), CallError> {
    let foreign = |why: &str| CallError::Invalid(format!("{what}: it would be lost that {why}"));
    let history = store.history(head, 1)?;
    let head = history.first().filter(|head| head.sealed);
    let parent = head.and_then(|head| head.parents.first());
    let parent = parent.ok_or_else(|| foreign("somebody else has committed to it"))?;
    if store.rests_on(base, parent)? { Ok(()) } else { Err(foreign("it rests on commits of somebody else")) }
}
