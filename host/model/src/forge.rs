//! The kinds of forges, and the table of their error answers: for each the reaction of the host. This module sends no
//! request.

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

/// The kind of a request, as far as the reaction to an error depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// Opens a pull request.
    Open,
    /// Merges a pull request.
    Merge,
    /// Creates an object that nothing refers to yet, so the host may send the request twice.
    Keep,
    /// Any other request.
    Other,
}

/// The class of an error answer: it decides what the host does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// A temporary error: the host retries.
    Retry,
    /// Too many requests: the host retries after the time that the forge names.
    Pause,
    /// A rule for merging is not met yet: the run waits.
    Wait,
    /// The forge does not allow this merge method: the host tries the next one.
    Otherwise,
    /// The branch has moved: the step starts again from its new head.
    Moved,
    /// A pull request is open already: the step uses it.
    Taken,
    /// A permanent error.
    Stop,
}

/// A rule of the table: an error answer that matches all its fields has its class.
#[derive(Debug)]
pub struct ErrorRule {
    /// The kind of forge; none for all.
    pub forge: Option<ForgeKind>,
    /// The kind of request; none for all.
    pub request: Option<RequestKind>,
    /// The first and the last status code.
    pub status: (u16, u16),
    /// The message contains one of these texts, in any case; empty for all messages.
    pub says: &'static [&'static str],
    /// The class.
    pub class: ErrorClass,
    /// The cause, for the documentation.
    pub meaning: &'static str,
}

const fn rule(
    forge: Option<ForgeKind>,
    request: Option<RequestKind>,
    status: (u16, u16),
    says: &'static [&'static str],
    class: ErrorClass,
    meaning: &'static str,
) -> ErrorRule {
    ErrorRule { forge, request, status, says, class, meaning }
}

const GITHUB: Option<ForgeKind> = Some(ForgeKind::GitHub);
const GITLAB: Option<ForgeKind> = Some(ForgeKind::GitLab);
const GITEA: Option<ForgeKind> = Some(ForgeKind::Gitea);
const OPEN: Option<RequestKind> = Some(RequestKind::Open);
const MERGE: Option<RequestKind> = Some(RequestKind::Merge);

/// The rules. The first that matches counts; an error that no rule matches is permanent.
/// <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>,
/// <https://docs.github.com/rest/pulls/pulls#merge-a-pull-request>,
/// <https://docs.gitlab.com/api/merge_requests/#merge-a-merge-request>
pub const ERROR_RULES: [ErrorRule; 22] = [
    rule(None, None, (429, 429), &[], ErrorClass::Pause, "too many requests"),
    rule(
        GITHUB,
        None,
        (403, 403),
        &["rate limit", "abuse"],
        ErrorClass::Pause,
        "too many requests, also in a short time",
    ),
    rule(None, None, (408, 408), &[], ErrorClass::Retry, "the forge was too slow"),
    rule(None, None, (500, 599), &[], ErrorClass::Retry, "the forge has a fault"),
    rule(GITHUB, OPEN, (422, 422), &["already exists"], ErrorClass::Taken, "there is an open pull request"),
    rule(GITLAB, OPEN, (409, 409), &[], ErrorClass::Taken, "there is an open merge request"),
    rule(GITEA, OPEN, (409, 409), &[], ErrorClass::Taken, "there is an open pull request"),
    rule(GITHUB, MERGE, (409, 409), &[], ErrorClass::Moved, "the branch points at something else"),
    rule(
        GITHUB,
        MERGE,
        (405, 405),
        &["base branch was modified"],
        ErrorClass::Retry,
        "somebody else merged just then",
    ),
    rule(
        GITHUB,
        MERGE,
        (405, 405),
        &["not allowed on this repository"],
        ErrorClass::Otherwise,
        "the repository merges in another way",
    ),
    rule(
        GITHUB,
        MERGE,
        (405, 405),
        &[],
        ErrorClass::Wait,
        "a rule is not met: checks, reviews, a merge queue, conflicts",
    ),
    rule(GITLAB, MERGE, (409, 409), &[], ErrorClass::Moved, "the branch points at something else"),
    rule(
        GITLAB,
        MERGE,
        (405, 406),
        &[],
        ErrorClass::Wait,
        "a rule is not met: pipeline, approvals, a draft, conflicts",
    ),
    rule(
        GITLAB,
        MERGE,
        (422, 422),
        &[],
        ErrorClass::Wait,
        "it cannot be merged as it is, or GitLab has not looked yet",
    ),
    rule(GITEA, MERGE, (405, 405), &["try again later"], ErrorClass::Retry, "Gitea has not looked at it yet"),
    rule(
        GITEA,
        MERGE,
        (405, 405),
        &["merge style"],
        ErrorClass::Otherwise,
        "the repository merges in another way",
    ),
    rule(GITEA, MERGE, (405, 405), &["user not allowed"], ErrorClass::Stop, "the token may not merge"),
    rule(GITEA, MERGE, (405, 405), &[], ErrorClass::Wait, "a rule is not met: checks, approvals, a draft"),
    rule(
        GITEA,
        MERGE,
        (409, 409),
        &["head out of date"],
        ErrorClass::Moved,
        "the branch points at something else",
    ),
    rule(
        GITEA,
        MERGE,
        (409, 409),
        &["merge push out of date"],
        ErrorClass::Retry,
        "somebody else merged just then",
    ),
    rule(GITEA, MERGE, (409, 409), &["pushrejected"], ErrorClass::Stop, "a hook of the server refuses it"),
    rule(
        GITEA,
        MERGE,
        (409, 409),
        &[],
        ErrorClass::Wait,
        "it waits for its checks already, or conflicts with its base",
    ),
];

/// The class of an error answer: it decides what the host does next.
#[must_use]
pub fn classify(forge: ForgeKind, request: RequestKind, status: u16, says: &str) -> ErrorClass {
    let says = says.to_lowercase();
    let fits = |rule: &&ErrorRule| {
        rule.forge.is_none_or(|of| of == forge)
            && rule.request.is_none_or(|of| of == request)
            && (rule.status.0..=rule.status.1).contains(&status)
            && (rule.says.is_empty() || rule.says.iter().any(|word| says.contains(word)))
    };
    ERROR_RULES.iter().find(fits).map_or(ErrorClass::Stop, |rule| rule.class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_the_class_of_its_documentation() {
        for (forge, request, status, says, expected) in [
            (ForgeKind::GitHub, RequestKind::Other, 502, "", ErrorClass::Retry),
            (ForgeKind::GitLab, RequestKind::Other, 429, "Retry later", ErrorClass::Pause),
            (
                ForgeKind::GitHub,
                RequestKind::Other,
                403,
                "You have exceeded a secondary rate limit.",
                ErrorClass::Pause,
            ),
            (
                ForgeKind::GitHub,
                RequestKind::Other,
                403,
                "Resource not accessible by integration",
                ErrorClass::Stop,
            ),
            (ForgeKind::GitLab, RequestKind::Other, 403, "rate limit", ErrorClass::Stop),
            (
                ForgeKind::GitHub,
                RequestKind::Open,
                422,
                "A pull request already exists for shop:promote/web.",
                ErrorClass::Taken,
            ),
            (
                ForgeKind::GitHub,
                RequestKind::Open,
                422,
                "No commits between main and promote/web",
                ErrorClass::Stop,
            ),
            (
                ForgeKind::GitHub,
                RequestKind::Merge,
                405,
                "Base branch was modified. Review and try the merge again.",
                ErrorClass::Retry,
            ),
            (
                ForgeKind::GitHub,
                RequestKind::Merge,
                405,
                "Merge commits are not allowed on this repository.",
                ErrorClass::Otherwise,
            ),
            (
                ForgeKind::GitHub,
                RequestKind::Merge,
                405,
                "Required status check \"ci\" is expected.",
                ErrorClass::Wait,
            ),
            (ForgeKind::GitHub, RequestKind::Merge, 409, "Head branch was modified.", ErrorClass::Moved),
            (ForgeKind::GitHub, RequestKind::Merge, 422, "Validation Failed", ErrorClass::Stop),
            (ForgeKind::GitLab, RequestKind::Merge, 405, "405 Method Not Allowed", ErrorClass::Wait),
            (
                ForgeKind::GitLab,
                RequestKind::Merge,
                409,
                "SHA does not match HEAD of source branch",
                ErrorClass::Moved,
            ),
            (ForgeKind::GitLab, RequestKind::Merge, 422, "Branch cannot be merged", ErrorClass::Wait),
            (ForgeKind::Gitea, RequestKind::Merge, 405, "Please try again later", ErrorClass::Retry),
            (ForgeKind::Gitea, RequestKind::Merge, 405, "User not allowed to merge PR", ErrorClass::Stop),
            (ForgeKind::Gitea, RequestKind::Merge, 405, "Does not have enough approvals", ErrorClass::Wait),
            (ForgeKind::Gitea, RequestKind::Merge, 409, "head out of date", ErrorClass::Moved),
            (ForgeKind::Gitea, RequestKind::Merge, 409, "merge push out of date", ErrorClass::Retry),
            (
                ForgeKind::Gitea,
                RequestKind::Open,
                409,
                "pull request already exists for these targets",
                ErrorClass::Taken,
            ),
            (ForgeKind::Gitea, RequestKind::Other, 404, "", ErrorClass::Stop),
        ] {
            assert_eq!(classify(forge, request, status, says), expected, "{forge} {status} {says}");
        }
    }
}
