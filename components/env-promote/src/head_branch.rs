//! The head branch of a pull request: who committed to it last, and whether it has the promotion.

use lockstep_sdk::Repository;
use lockstep_sdk::repository::CommitInfo;

use crate::attempt::Attempt;
use crate::commit_message;
use crate::failure::{Error, repository_error};
use crate::git::commit_info;

/// A head branch, from the point of view of an attempt.
#[derive(Debug)]
pub enum HeadBranch {
    /// It does not exist.
    Missing,
    /// It has this promotion.
    Current {
        /// Its head.
        commit: String,
    },
    /// It has a promotion of an earlier run.
    Outdated {
        /// Its head.
        commit: String,
    },
    /// Somebody else committed to it.
    Foreign(CommitInfo),
}

impl HeadBranch {
    /// Reads a branch. With `on_base`, it has the promotion only on top of the base of the attempt.
    ///
    /// # Errors
    /// The repository fails.
    pub fn read(
        host: &mut impl Repository,
        attempt: &Attempt<'_>,
        branch: &str,
        on_base: bool,
    ) -> Result<Self, Error> {
        let Attempt { request, commits, plan } = attempt;
        let head = host.branch_head(&request.repository, branch).map_err(repository_error)?;
        let Some(commit) = head else { return Ok(Self::Missing) };
        let info = commit_info(host, request, &commit)?;
        if !info.sealed {
            return Ok(Self::Foreign(info));
        }
        let is_same = (!on_base || info.parents.first() == Some(&commits.base))
            && commit_message::is_same(&info.message, request, plan)
            && plan.is_in(host, request, &commit)?;
        Ok(if is_same { Self::Current { commit } } else { Self::Outdated { commit } })
    }
}
