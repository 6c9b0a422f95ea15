//! What a run may do: what the step asks for with this run's inputs, narrowed by every ceiling. It
//! never widens anything, and it knows no deny rules but the fixed ones of [`crate::protected`].

use crate::call::Target;
use crate::capability::{Capability, Right};
use crate::object::{ObjectName, ObjectStore};
use crate::path::WorkspacePath;
use crate::protected;
use crate::repository::RepositoryPart;
use crate::resource::Resource;
use crate::scope::Scope;

/// A permission: these rights, within this scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The interface it is on.
    pub capability: Capability,
    /// What it allows.
    pub rights: Vec<Right>,
    /// What it may be done to.
    pub scope: Scope,
}

impl Permission {
    fn covers(&self, capability: Capability, right: Right, target: &Target) -> bool {
        let inside = || match target {
            Target::Path(path) => self.scope.has_file(path),
            Target::Pattern(pattern) => {
                matches!(&self.scope, Scope::Files(scope) if pattern.is_within(scope))
            }
            Target::Object(object) => self.scope.has_object(object),
            Target::Url(address) => matches!(&self.scope, Scope::Web(scope) if scope.covers(address)),
            Target::Resource(resource) => {
                matches!(&self.scope, Scope::Cluster(scope) if scope.covers(resource))
            }
            Target::Repository(repository, part) => {
                matches!(&self.scope, Scope::Repository(scope) if scope.covers(repository, part))
            }
            // Taken apart by `decide`.
            Target::Paths(_) | Target::Objects(_) | Target::Resources(_) => false,
            Target::Staged => true,
        };
        self.capability == capability && self.rights.contains(&right) && inside()
    }

    /// The right as a policy spells it, for example `read,write deploy/*.yaml`.
    #[must_use]
    pub fn line(&self) -> String {
        let names: Vec<_> = self.rights.iter().map(|right| right.name()).collect();
        format!("{} {}", names.join(","), self.scope.as_str())
    }
}

/// Rights that somebody other than the step's author sets as an upper bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Where the bound was read from, for messages: a file's path.
    pub source: String,
    /// What it allows.
    pub rights: Vec<Permission>,
}

/// What one run may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// What the step asked for, with this run's inputs put in.
    pub requested: Vec<Permission>,
    /// What bounds it.
    pub ceilings: Vec<Ceiling>,
}

impl Grant {
    /// Whether nothing can be changed with it.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.requested.iter().all(|right| right.rights.iter().all(|one| right.capability.only_reads(*one)))
    }

    /// Decides one call.
    ///
    /// # Errors
    /// The reason, which names the target and the exact line that would allow it where there is one.
    pub fn decide(&self, capability: Capability, right: Right, target: &Target) -> Result<(), String> {
        let name = match target {
            Target::Paths(paths) => {
                let each = |path: &WorkspacePath| self.decide(capability, right, &Target::Path(path.clone()));
                return paths.iter().try_for_each(each);
            }
            Target::Objects(objects) => {
                let each =
                    |object: &ObjectName| self.decide(capability, right, &Target::Object(object.clone()));
                return objects.iter().try_for_each(each);
            }
            Target::Resources(resources) => {
                let each = |one: &Resource| self.decide(capability, right, &Target::Resource(one.clone()));
                return resources.iter().try_for_each(each);
            }
            Target::Repository(repository, RepositoryPart::Files(paths)) if paths.len() > 1 => {
                let one = |path: &WorkspacePath| {
                    Target::Repository(repository.clone(), RepositoryPart::Files(vec![path.clone()]))
                };
                return paths.iter().try_for_each(|path| self.decide(capability, right, &one(path)));
            }
            Target::Path(path) => path.as_str(),
            Target::Pattern(pattern) => pattern.as_str(),
            Target::Object(object) => object.as_str(),
            // What comes behind the origin can be long and say much.
            Target::Url(address) => &address.origin(),
            Target::Resource(resource) => resource.as_str(),
            Target::Repository(repository, part) => &part.named(repository),
            Target::Staged => "what is staged",
        };
        let fixed = match target {
            Target::Path(path) if right == Right::Read => protected::unreachable(path.as_str()),
            Target::Path(path) => protected::unchangeable(path.as_str()),
            Target::Object(object) if object.store() == ObjectStore::Folder => {
                protected::unchangeable(object.key())
            }
            Target::Resource(resource) => resource.unreachable(),
            Target::Repository(_, RepositoryPart::Files(paths)) if right == Right::Commit => {
                paths.iter().find_map(|path| protected::unchangeable(path.as_str()))
            }
            _ => None,
        };
        let verb = right.name();
        if let Some(reason) = fixed {
            return Err(format!("{verb} `{name}`: it {reason}"));
        }
        if !self.requested.iter().any(|one| one.covers(capability, right, target)) {
            let reason = if self.requested.is_empty() { "nothing" } else { "only what its inputs name" };
            return Err(format!("{verb} `{name}`: this run was granted {reason}"));
        }
        for ceiling in &self.ceilings {
            if !ceiling.rights.iter().any(|one| one.covers(capability, right, target)) {
                return Err(format!(
                    "{verb} `{name}`: {} does not allow it; to allow it, add `{verb} {name}` there under `{}`",
                    ceiling.source,
                    capability.name()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(rights: &str, scope: &str) -> Permission {
        Permission::parse(Capability::Workspace, &format!("{rights} {scope}")).unwrap()
    }

    fn path(text: &str) -> Target {
        Target::Path(WorkspacePath::parse(text).unwrap())
    }

    fn decide(grant: &Grant, verb: &str, text: &str) -> Result<(), String> {
        grant.decide(Capability::Workspace, Capability::Workspace.right(verb).unwrap(), &path(text))
    }

    #[test]
    fn each_file_of_a_commit_needs_a_right_and_they_may_be_several() {
        let right =
            |scope: &str| Permission::parse(Capability::Repository, &format!("commit {scope}")).unwrap();
        let grant = Grant { requested: vec![right(".//envs/prod/**"), right(".//ledger")], ceilings: vec![] };
        let decide = |paths: &[&str]| {
            let files = paths.iter().map(|path| WorkspacePath::parse(path).unwrap()).collect();
            let repository = crate::repository::Repository::parse(".").unwrap();
            grant.decide(
                Capability::Repository,
                Right::Commit,
                &Target::Repository(repository, RepositoryPart::Files(files)),
            )
        };
        assert!(
            decide(&["envs/prod/a", "envs/prod/b"]).is_ok() && decide(&["envs/prod/a", "ledger"]).is_ok()
        );
        let denied = decide(&["envs/prod/a", "envs/dev/a"]).unwrap_err();
        assert!(denied.contains("`.//envs/dev/a`"), "{denied}");
        assert!(decide(&["ledger", ".github/workflows/ci.yml"]).is_err());
    }

    #[test]
    fn only_what_was_asked_and_no_ceiling_forbids_is_allowed() {
        let mut grant = Grant { requested: vec![right("read,write", "deploy/*.yaml")], ceilings: vec![] };
        assert!(decide(&grant, "read", "deploy/web.yaml").is_ok());
        assert!(decide(&grant, "write", "deploy/web.yaml").is_ok());
        assert!(decide(&grant, "remove", "deploy/web.yaml").is_err());
        assert!(decide(&grant, "read", "src/web.yaml").is_err());

        grant
            .ceilings
            .push(Ceiling { source: "lockstep.yaml".into(), rights: vec![right("read", "deploy/**")] });
        assert!(decide(&grant, "read", "deploy/web.yaml").is_ok());
        let refused = decide(&grant, "write", "deploy/web.yaml").unwrap_err();
        assert!(refused.contains("add `write deploy/web.yaml`"), "{refused}");
    }

    #[test]
    fn only_a_scope_that_spells_it_opens_standard_input() {
        let granted = |scope: &str| {
            let grant = Grant { requested: vec![right("read,write", scope)], ceilings: vec![] };
            decide(&grant, "read", "-").is_ok()
        };
        assert!(granted("-"));
        for scope in ["**", "*", "?", "{-,a}", "[-]"] {
            assert!(!granted(scope), "{scope}");
        }
    }

    #[test]
    fn no_grant_opens_what_is_protected() {
        let grant = Grant {
            requested: vec![
                right("read,write,remove", "**"),
                right("read,write", ".git/**"),
                right("write", ".github/**"),
            ],
            ceilings: vec![],
        };
        assert!(decide(&grant, "read", ".git/config").is_err());
        assert!(decide(&grant, "write", ".github/workflows/ci.yml").is_err());
        assert!(decide(&grant, "write", "Jenkinsfile").is_err());
        assert!(decide(&grant, "read", "Jenkinsfile").is_ok());
    }
}
