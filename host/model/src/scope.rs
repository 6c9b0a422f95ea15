//! The scope of a permission: the files, objects, addresses or repositories to which it applies. A capability reads its
//! own scopes, see [`crate::capability::Spec`].

use crate::object::ObjectName;
use crate::path::WorkspacePath;
use crate::pattern::Pattern;
use crate::repository::RepositoryScope;
use crate::resource::Resource;
use crate::web::WebAddress;

/// The scope of a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The files that a pattern matches.
    Files(Pattern),
    /// One object of a store, or all objects below a prefix.
    Objects(ObjectName),
    /// An origin, or the URLs below a path of it.
    Web(WebAddress),
    /// Objects of a cluster.
    Cluster(Resource),
    /// Files, branches or pull requests of a git repository.
    Repository(RepositoryScope),
}

impl Scope {
    /// The scope as a policy spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Files(pattern) => pattern.as_str(),
            Self::Objects(name) => name.as_str(),
            Self::Web(address) => address.spelled(),
            Self::Cluster(resource) => resource.as_str(),
            Self::Repository(scope) => scope.as_str(),
        }
    }

    /// Whether the scope contains a file. `hidden`: whether its wildcards match hidden names.
    #[must_use]
    pub fn has_file(&self, path: &WorkspacePath, hidden: bool) -> bool {
        match self {
            // Standard input is no file: patterns such as `**` do not mean it.
            Self::Files(pattern) if path.is_stdin() => pattern.as_str() == path.as_str(),
            Self::Files(pattern) => {
                pattern.matches(path) || hidden && pattern.clone().with_hidden().matches(path)
            }
            _ => false,
        }
    }

    /// Whether the scope certainly contains every file that a pattern matches. `hidden`: as for [`Scope::has_file`].
    #[must_use]
    pub fn has_files(&self, pattern: &Pattern, hidden: bool) -> bool {
        match self {
            Self::Files(scope) => {
                pattern.is_within(scope) || hidden && pattern.is_within(&scope.clone().with_hidden())
            }
            _ => false,
        }
    }

    /// Whether the scope contains an object of a store.
    #[must_use]
    pub fn has_object(&self, object: &ObjectName) -> bool {
        matches!(self, Self::Objects(name) if name.covers(object))
    }
}
