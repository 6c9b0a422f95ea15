//! What forges are there, and what their refusals mean: the one table of answers after which a run tries again, waits or
//! stops. It never asks a forge.

use std::fmt;

/// A kind of forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub, also the Enterprise Server.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
}

impl ForgeKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::GitHub, Self::GitLab, Self::Gitea];

    /// As inputs name it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::Gitea => "Gitea",
        })
    }
}

/// What a forge was asked to do, as far as that decides what its refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To open a pull request.
    Open,
    /// To merge one.
    Merge,
    /// To keep something that nothing points at yet, which does no harm if it happens twice.
    Keep,
    /// Something else.
    Other,
}

/// What is done about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The forge is at fault for a moment: it is asked again.
    Retry,
    /// There were too many requests: it is asked again when it says so.
    Pause,
    /// A rule is not met yet: the run waits for the pull request.
    Wait,
    /// Another way of merging is tried.
    Otherwise,
    /// The branch points at something else by now: the promotion is made again.
    Moved,
    /// There is an open pull request already: that one is taken.
    Taken,
    /// It is final.
    Stop,
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    /// Whose answer it is; none for any forge.
    pub forge: Option<ForgeKind>,
    /// What was asked; none for anything.
    pub asked: Option<Asked>,
    /// The first and the last status.
    pub status: (u16, u16),
    /// One of these is in what it says, in whatever case; empty for anything.
    pub says: &'static [&'static str],
    /// What is done.
    pub class: Class,
    /// What it means.
    pub means: &'static str,
}

const fn row(
    forge: Option<ForgeKind>,
    asked: Option<Asked>,
    status: (u16, u16),
    says: &'static [&'static str],
    class: Class,
    means: &'static str,
) -> Row {
    Row { forge, asked, status, says, class, means }
}

const GITHUB: Option<ForgeKind> = Some(ForgeKind::GitHub);
const GITLAB: Option<ForgeKind> = Some(ForgeKind::GitLab);
const GITEA: Option<ForgeKind> = Some(ForgeKind::Gitea);
const OPEN: Option<Asked> = Some(Asked::Open);
const MERGE: Option<Asked> = Some(Asked::Merge);

/// What refusals mean. The first row that fits counts; where none does, it is final.
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>,
/// <https://docs.github.com/rest/pulls/pulls#merge-a-pull-request>,
/// <https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request>
pub const ROWS: [Row; 22] = [
    row(None, None, (429, 429), &[], Class::Pause, "too many requests"),
    row(
        GITHUB,
        None,
        (403, 403),
        &["rate limit", "abuse"],
        Class::Pause,
        "too many requests, also in a short time",
    ),
    row(None, None, (408, 408), &[], Class::Retry, "the forge was too slow"),
    row(None, None, (500, 599), &[], Class::Retry, "the forge has a fault"),
    row(GITHUB, OPEN, (422, 422), &["already exists"], Class::Taken, "there is an open pull request"),
    row(GITLAB, OPEN, (409, 409), &[], Class::Taken, "there is an open merge request"),
    row(GITEA, OPEN, (409, 409), &[], Class::Taken, "there is an open pull request"),
    row(GITHUB, MERGE, (409, 409), &[], Class::Moved, "the branch points at something else"),
    row(
        GITHUB,
        MERGE,
        (405, 405),
        &["base branch was modified"],
        Class::Retry,
        "somebody else merged just then",
    ),
    row(
        GITHUB,
        MERGE,
        (405, 405),
        &["not allowed on this repository"],
        Class::Otherwise,
        "the repository merges in another way",
    ),
    row(
        GITHUB,
        MERGE,
        (405, 405),
        &[],
        Class::Wait,
        "a rule is not met: checks, reviews, a merge queue, conflicts",
    ),
    row(GITLAB, MERGE, (409, 409), &[], Class::Moved, "the branch points at something else"),
    row(
        GITLAB,
        MERGE,
        (405, 406),
        &[],
        Class::Wait,
        "a rule is not met: pipeline, approvals, a draft, conflicts",
    ),
    row(
        GITLAB,
        MERGE,
        (422, 422),
        &[],
        Class::Wait,
        "it cannot be merged as it is, or GitLab has not looked yet",
    ),
    row(GITEA, MERGE, (405, 405), &["try again later"], Class::Retry, "Gitea has not looked at it yet"),
    row(GITEA, MERGE, (405, 405), &["merge style"], Class::Otherwise, "the repository merges in another way"),
    row(GITEA, MERGE, (405, 405), &["user not allowed"], Class::Stop, "the token may not merge"),
    row(GITEA, MERGE, (405, 405), &[], Class::Wait, "a rule is not met: checks, approvals, a draft"),
    row(GITEA, MERGE, (409, 409), &["head out of date"], Class::Moved, "the branch points at something else"),
    row(
        GITEA,
        MERGE,
        (409, 409),
        &["merge push out of date"],
        Class::Retry,
        "somebody else merged just then",
    ),
    row(GITEA, MERGE, (409, 409), &["pushrejected"], Class::Stop, "a hook of the server refuses it"),
    row(
        GITEA,
        MERGE,
        (409, 409),
        &[],
        Class::Wait,
        "it waits for its checks already, or conflicts with its base",
    ),
];

/// What is done about a refusal.
#[must_use]
pub fn class(forge: ForgeKind, asked: Asked, status: u16, says: &str) -> Class {
    let says = says.to_lowercase();
    let fits = |row: &&Row| {
        row.forge.is_none_or(|of| of == forge)
            && row.asked.is_none_or(|of| of == asked)
            && (row.status.0..=row.status.1).contains(&status)
            && (row.says.is_empty() || row.says.iter().any(|word| says.contains(word)))
    };
    ROWS.iter().find(fits).map_or(Class::Stop, |row| row.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_mean_what_the_forges_say() {
        for (forge, asked, status, says, expected) in [
            (ForgeKind::GitHub, Asked::Other, 502, "", Class::Retry),
            (ForgeKind::GitLab, Asked::Other, 429, "Retry later", Class::Pause),
            (ForgeKind::GitHub, Asked::Other, 403, "You have exceeded a secondary rate limit.", Class::Pause),
            (ForgeKind::GitHub, Asked::Other, 403, "Resource not accessible by integration", Class::Stop),
            (ForgeKind::GitLab, Asked::Other, 403, "rate limit", Class::Stop),
            (
                ForgeKind::GitHub,
                Asked::Open,
                422,
                "A pull request already exists for shop:promote/web.",
                Class::Taken,
            ),
            (ForgeKind::GitHub, Asked::Open, 422, "No commits between main and promote/web", Class::Stop),
            (
                ForgeKind::GitHub,
                Asked::Merge,
                405,
                "Base branch was modified. Review and try the merge again.",
                Class::Retry,
            ),
            (
                ForgeKind::GitHub,
                Asked::Merge,
                405,
                "Merge commits are not allowed on this repository.",
                Class::Otherwise,
            ),
            (ForgeKind::GitHub, Asked::Merge, 405, "Required status check \"ci\" is expected.", Class::Wait),
            (ForgeKind::GitHub, Asked::Merge, 409, "Head branch was modified.", Class::Moved),
            (ForgeKind::GitHub, Asked::Merge, 422, "Validation Failed", Class::Stop),
            (ForgeKind::GitLab, Asked::Merge, 405, "405 Method Not Allowed", Class::Wait),
            (ForgeKind::GitLab, Asked::Merge, 409, "SHA does not match HEAD of source branch", Class::Moved),
            (ForgeKind::GitLab, Asked::Merge, 422, "Branch cannot be merged", Class::Wait),
            (ForgeKind::Gitea, Asked::Merge, 405, "Please try again later", Class::Retry),
            (ForgeKind::Gitea, Asked::Merge, 405, "User not allowed to merge PR", Class::Stop),
            (ForgeKind::Gitea, Asked::Merge, 405, "Does not have enough approvals", Class::Wait),
            (ForgeKind::Gitea, Asked::Merge, 409, "head out of date", Class::Moved),
            (ForgeKind::Gitea, Asked::Merge, 409, "merge push out of date", Class::Retry),
            (
                ForgeKind::Gitea,
                Asked::Open,
                409,
                "pull request already exists for these targets",
                Class::Taken,
            ),
            (ForgeKind::Gitea, Asked::Other, 404, "", Class::Stop),
        ] {
            assert_eq!(class(forge, asked, status, says), expected, "{forge} {status} {says}");
        }
    }
}
