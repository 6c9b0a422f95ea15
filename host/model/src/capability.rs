//! The registry of capabilities: for each interface of the contract its functions, the right that each function needs,
//! and the form of its scopes. The gate, the policy suggestion and the generated pages use it.

mod cluster;
mod forge;
mod http;
mod objects;
mod repository;
mod workspace;

use crate::scope::Scope;

/// An interface of the contract that needs rights. `report` is not one: a component may always report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Files of the workspace.
    Workspace,
    /// Objects in buckets, or in a local folder.
    Objects,
    /// Web servers.
    Http,
    /// Objects of a Kubernetes cluster.
    Cluster,
    /// Git repositories.
    Repository,
    /// Pull requests.
    Forge,
}

/// A right that a permission names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read files, objects of a cluster, commits or pull requests.
    Read,
    /// Read files, also those with hidden names that the scope does not spell.
    ReadHidden,
    /// Write files.
    Write,
    /// Remove files.
    Remove,
    /// List objects of a store.
    List,
    /// Read the metadata of objects.
    Head,
    /// Write whole objects.
    Put,
    /// Write objects in parts.
    Multipart,
    /// Delete objects.
    Delete,
    /// Send requests to a web server.
    Get,
    /// Connect to a web server whose host name resolves to a private address.
    Private,
    /// Read logs of containers.
    Logs,
    /// Restore an earlier revision of a workload.
    Rollback,
    /// Set the number of replicas.
    Scale,
    /// Suspend and resume objects.
    Suspend,
    /// Evict pods.
    Evict,
    /// Write the `ConfigMap` in which Lockstep stores the results of a step.
    PutConfigMap,
    /// Create commits.
    Commit,
    /// Push branches.
    Push,
    /// Open, update, comment and close pull requests.
    Open,
    /// Merge pull requests.
    Merge,
}

/// Whether the calls that need a right only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightEffect {
    /// They only read.
    Reads,
    /// They change something.
    Changes,
}

/// A capability as the contract declares it.
#[derive(Debug)]
pub struct Spec {
    /// Its name in `wit/`, in `step.toml`, in a policy and in a receipt.
    pub name: &'static str,
    /// The rights that a permission may name, in their order.
    pub rights: &'static [(Right, RightEffect)],
    /// The functions of the interface and of its resources, each with the right that it needs. A function of a resource
    /// needs none, because the call that made the resource needed one.
    pub functions: &'static [(&'static str, Option<Right>)],
    /// The settings of its client that inputs may configure, see [`crate::connect`].
    pub settings: &'static [&'static str],
    /// The form of a scope, for messages.
    pub scope_form: &'static str,
    /// Parses a scope.
    pub parse_scope: fn(&str) -> Result<Scope, String>,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 6] =
        [Self::Workspace, Self::Objects, Self::Http, Self::Cluster, Self::Repository, Self::Forge];

    /// Its entry in the registry.
    #[must_use]
    pub fn spec(self) -> &'static Spec {
        match self {
            Self::Workspace => &workspace::SPEC,
            Self::Objects => &objects::SPEC,
            Self::Http => &http::SPEC,
            Self::Cluster => &cluster::SPEC,
            Self::Repository => &repository::SPEC,
            Self::Forge => &forge::SPEC,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The capability of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.name() == name)
    }

    /// The names of its rights.
    #[must_use]
    pub fn right_names(self) -> Vec<&'static str> {
        self.spec().rights.iter().map(|(right, _)| right.name()).collect()
    }

    /// Its right of this name.
    #[must_use]
    pub fn right(self, name: &str) -> Option<Right> {
        self.spec().rights.iter().map(|(right, _)| *right).find(|right| right.name() == name)
    }

    /// Whether a right on it only reads. A right that it does not have counts as one that changes something.
    #[must_use]
    pub fn only_reads(self, right: Right) -> bool {
        self.spec().rights.contains(&(right, RightEffect::Reads))
    }

    /// The right that a function needs: `Some(None)` for a function of a resource, `None` if the interface has no such
    /// function.
    #[must_use]
    pub fn needs(self, function: &str) -> Option<Option<Right>> {
        self.spec().functions.iter().find(|(name, _)| *name == function).map(|(_, right)| *right)
    }

    /// Parses a scope of the capability.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse_scope(self, text: &str) -> Result<Scope, String> {
        (self.spec().parse_scope)(text)
    }

    /// A permission line for a policy with the rights that these functions need; none if they need no right.
    #[must_use]
    pub fn suggest<'f>(self, functions: impl IntoIterator<Item = &'f str>) -> Option<String> {
        let needed: Vec<_> =
            functions.into_iter().filter_map(|function| self.needs(function).flatten()).collect();
        let rights =
            self.spec().rights.iter().map(|(right, _)| *right).filter(|right| needed.contains(right));
        let names: Vec<_> = rights.map(Right::name).collect();
        (!names.is_empty()).then(|| format!("{} {}", names.join(","), self.spec().scope_form))
    }
}

impl Right {
    /// Its name in `step.toml` and in a policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ReadHidden => "read-hidden",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::List => "list",
            Self::Head => "head",
            Self::Put => "put",
            Self::Multipart => "multipart",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::Private => "private",
            Self::Logs => "logs",
            Self::Rollback => "rollback",
            Self::Scale => "scale",
            Self::Suspend => "suspend",
            Self::Evict => "evict",
            Self::PutConfigMap => "put-config-map",
            Self::Commit => "commit",
            Self::Push => "push",
            Self::Open => "open",
            Self::Merge => "merge",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_of_a_function_is_a_right_of_its_capability() {
        for capability in Capability::ALL {
            let spec = capability.spec();
            for (function, right) in spec.functions {
                let known = right.is_none_or(|right| capability.right(right.name()) == Some(right));
                assert!(known, "{}.{function}", spec.name);
            }
            assert_eq!(Capability::parse(spec.name), Some(capability));
        }
    }

    #[test]
    fn the_suggestion_names_the_rights_in_the_order_of_the_capability() {
        let suggest = |functions: &[&'static str]| Capability::Workspace.suggest(functions.iter().copied());
        assert_eq!(suggest(&["write", "read", "diff"]).as_deref(), Some("read,write **"));
        assert_eq!(suggest(&["diff", "unknown"]), None);
    }
}
