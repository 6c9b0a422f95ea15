//! Lets a branch point at a commit that this run has made. It never overwrites what others have pushed, and never takes a
//! text of the server for the reason why it could not.

use super::Effect;
use super::store::{Store, id};
use lockstep_model::call::CallError;

/// Pushes a commit to a branch that points at `expected`; with none, to one that is not there.
pub(super) fn push(
    store: &mut Store,
    branch: &str,
    commit: &str,
    expected: Option<&str>,
    planned: bool,
) -> Result<Effect, CallError> {
    let what = format!("push to `{branch}` of `{}`", store.name());
    id(commit)?;
    let Some(parent) = store.made.get(commit) else {
        return Err(CallError::Invalid(format!("{what}: `{commit}` is no commit that this run has made")));
    };
    // So a branch only ever gets one commit on top, or begins at the head of another one.
    let fits = match expected {
        Some(expected) => parent == expected,
        None => store.heads.contains(parent),
    };
    if !fits {
        return Err(CallError::Invalid(format!(
            "{what}: the commit is not on top of what the branch points at"
        )));
    }
    let moved = || CallError::Conflict(format!("{what}: somebody else has pushed to it"));
    if planned {
        return if store.head(branch)?.as_deref() == expected { Ok(Effect::Planned) } else { Err(moved()) };
    }
    let lease = format!("--force-with-lease=refs/heads/{branch}:{}", expected.unwrap_or_default());
    let names = format!("{commit}:refs/heads/{branch}");
    let pushed = store.git.ask(&["push", "--quiet", "--no-verify", &lease, "origin", &names], b"")?;
    let Err(refused) = pushed else { return Ok(Effect::Made) };
    // What has become of the branch says why, whatever the words are; and the answer alone may have been lost.
    match store.head(branch) {
        Ok(head) if head.as_deref() == Some(commit) => Ok(Effect::Made),
        Ok(head) if head.as_deref() != expected => Err(moved()),
        Ok(_) => Err(match store.refused(&what, &refused) {
            error @ (CallError::Unauthorized(_) | CallError::NotFound(_)) => error,
            _ => CallError::Upstream {
                status: 0,
                message: format!("{what}: the server refuses it: {}", refused.0),
            },
        }),
        Err(_) => Err(store.refused(&what, &refused)),
    }
}
