//! The scope of a permission on a repository: all of it, or branches, files or pull requests that patterns match.

use super::{Repository, RepositoryError, RepositoryPart};
use crate::pattern::Pattern;

/// The scope of a permission on a repository or its pull requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryScope {
    text: String,
    repository: Repository,
    selector: ScopeSelector,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ScopeSelector {
    /// Everything.
    All,
    /// The branches that a pattern matches.
    Branches(Pattern),
    /// The files that a pattern matches.
    Files(Pattern),
    /// The pull requests from branches that the second pattern matches into those that the first matches.
    PullRequests(Pattern, Pattern),
}

impl RepositoryScope {
    /// Parses a scope.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, RepositoryError> {
        let pattern =
            |text: &str| Pattern::parse(text).map_err(|error| RepositoryError::Path(error.to_string()));
        let begin = text.find("://").map_or(0, |at| at + 3);
        // A local path has a third slash there.
        let begin = begin + usize::from(text[begin..].starts_with('/'));
        let (repository, selector) = match (text.split_once('#'), text[begin..].find("//")) {
            (Some((repository, branches)), _) => match branches.split_once("...") {
                Some((base, branch)) => {
                    (repository, ScopeSelector::PullRequests(pattern(base)?, pattern(branch)?))
                }
                None => (repository, ScopeSelector::Branches(pattern(branches)?)),
            },
            (None, Some(at)) => {
                (&text[..begin + at], ScopeSelector::Files(pattern(&text[begin + at + 2..])?))
            }
            (None, None) => (text, ScopeSelector::All),
        };
        let repository = Repository::parse(repository)?;
        Ok(Self { text: text.to_owned(), repository, selector })
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scope contains a part of a repository. A scope of files also contains the list of branches.
    #[must_use]
    pub fn covers(&self, repository: &Repository, part: &RepositoryPart) -> bool {
        let within = match (&self.selector, part) {
            (ScopeSelector::All, _) | (ScopeSelector::Files(_), RepositoryPart::Whole) => true,
            (ScopeSelector::Branches(pattern), RepositoryPart::Branch(branch)) => pattern.matches(branch),
            (ScopeSelector::Files(pattern), RepositoryPart::Files(paths)) => {
                paths.iter().all(|path| pattern.matches(path))
            }
            (ScopeSelector::Files(outer), RepositoryPart::Pattern(pattern)) => pattern.is_within(outer),
            (ScopeSelector::PullRequests(bases, branches), RepositoryPart::PullRequests(base, branch)) => {
                bases.matches(base) && branches.matches(branch)
            }
            (ScopeSelector::Branches(_) | ScopeSelector::PullRequests(..), _)
            | (ScopeSelector::Files(_), RepositoryPart::Branch(_) | RepositoryPart::PullRequests(..)) => {
                false
            }
        };
        self.repository == *repository && within
    }
}
