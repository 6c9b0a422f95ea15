//! The grant of a run: the permissions that the step requests with the inputs of the run, restricted by every ceiling.
//! The only deny rules are those of [`crate::protected`].

use crate::call::Target;
use crate::capability::{Capability, Right};
use crate::object::{ObjectName, ObjectStore};
use crate::path::WorkspacePath;
use crate::protected;
use crate::repository::RepositoryPart;
use crate::resource::Resource;
use crate::scope::Scope;

/// A permission: rights within a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The interface it is on.
    pub capability: Capability,
    /// The rights.
    pub rights: Vec<Right>,
    /// The scope of the rights.
    pub scope: Scope,
}

impl Permission {
    fn covers(&self, capability: Capability, right: Right, target: &Target) -> bool {
        // `read-hidden` opens what `read` opens, and hidden files.
        let reads_hidden =
            matches!(right, Right::Read | Right::ReadHidden) && self.rights.contains(&Right::ReadHidden);
        let inside = || match target {
            Target::Path(path) => self.scope.has_file(path, reads_hidden),
            Target::Pattern(pattern) => self.scope.has_files(pattern, reads_hidden),
            Target::Object(object) => self.scope.has_object(object),
            Target::Url(address) => matches!(&self.scope, Scope::Web(scope) if scope.covers(address)),
            Target::Resource(resource) => {
                matches!(&self.scope, Scope::Cluster(scope) if scope.covers(resource))
            }
            Target::Repository(repository, part) => {
                matches!(&self.scope, Scope::Repository(scope) if scope.covers(repository, part))
            }
            // `decide` asks for each of them.
            Target::Paths(_) | Target::Objects(_) | Target::Resources(_) => false,
            Target::Staged => true,
        };
        self.capability == capability && (reads_hidden || self.rights.contains(&right)) && inside()
    }

    /// The permission as a policy spells it, for example `read,write deploy/*.yaml`.
    #[must_use]
    pub fn line(&self) -> String {
        let names: Vec<_> = self.rights.iter().map(|right| right.name()).collect();
        format!("{} {}", names.join(","), self.scope.as_str())
    }
}

/// An upper bound of the grant, from a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// The path of the file, for messages.
    pub source: String,
    /// The permissions that it allows.
    pub rights: Vec<Permission>,
}

/// The grant of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// The permissions that the step requests, with the inputs of the run filled in.
    pub requested: Vec<Permission>,
    /// The upper bounds.
    pub ceilings: Vec<Ceiling>,
    /// The path of the policy that gives the permissions, for a component that is not built in. Otherwise the inputs of
    /// the step give them.
    pub policy: Option<String>,
}

impl Grant {
    /// Whether it has only rights that read.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.requested.iter().all(|right| right.rights.iter().all(|one| right.capability.only_reads(*one)))
    }

    /// Decides about one call.
    ///
    /// # Errors
    /// The reason. It names the target and, if a policy denies the call, the line that would allow it.
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
            // The path and the query can be long, and can hold secrets.
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
            let reason = match &self.policy {
                Some(policy) => format!(
                    "{policy} does not allow it; to allow it, add `{verb} {name}` under `allow` of this component, as `{}`",
                    capability.name()
                ),
                None if self.requested.is_empty() => "this run was granted nothing".to_owned(),
                None => "this run was granted only what its inputs name".to_owned(),
            };
            return Err(format!("{verb} `{name}`: {reason}"));
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
    fn several_rights_together_can_cover_the_files_of_a_commit() {
        let right =
            |scope: &str| Permission::parse(Capability::Repository, &format!("commit {scope}")).unwrap();
        let grant = Grant {
            requested: vec![right(".//envs/prod/**"), right(".//ledger")],
            ceilings: vec![],
            policy: None,
        };
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
    fn a_call_needs_a_requested_permission_and_every_ceiling() {
        let mut grant =
            Grant { requested: vec![right("read,write", "deploy/*.yaml")], ceilings: vec![], policy: None };
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
            let grant = Grant { requested: vec![right("read,write", scope)], ceilings: vec![], policy: None };
            decide(&grant, "read", "-").is_ok()
        };
        assert!(granted("-"));
        for scope in ["**", "*", "?", "{-,a}", "[-]"] {
            assert!(!granted(scope), "{scope}");
        }
    }

    #[test]
    fn hidden_files_need_a_right_of_their_own() {
        let grant = |rights: &str| Grant {
            requested: vec![right(rights, "dist/**")],
            ceilings: vec![],
            policy: None,
        };
        let find = |grant: &Grant, verb: &str, hidden: bool| {
            let pattern = crate::pattern::Pattern::parse("dist/**").unwrap();
            let pattern = if hidden { pattern.with_hidden() } else { pattern };
            let right = Capability::Workspace.right(verb).unwrap();
            grant.decide(Capability::Workspace, right, &Target::Pattern(pattern)).is_ok()
        };
        let (plain, hidden) = (grant("read"), grant("read-hidden"));
        assert!(decide(&plain, "read", "dist/a").is_ok() && decide(&plain, "read", "dist/.env").is_err());
        assert!(decide(&plain, "read", "dist/.well-known/a").is_ok());
        assert!(decide(&hidden, "read", "dist/a").is_ok() && decide(&hidden, "read", "dist/.env").is_ok());
        assert!(
            decide(&hidden, "read", "dist/.git/config").is_err() && decide(&hidden, "read", ".env").is_err()
        );
        assert!(decide(&hidden, "write", "dist/.env").is_err());
        assert!(find(&plain, "read", false) && !find(&plain, "read-hidden", true));
        assert!(find(&hidden, "read", false) && find(&hidden, "read-hidden", true));
        // A ceiling without the right restricts a grant that has it.
        let ceiling = Ceiling { source: "lockstep.yaml".into(), rights: plain.requested.clone() };
        let restricted = Grant { ceilings: vec![ceiling], ..hidden };
        assert!(decide(&restricted, "read", "dist/.env").is_err() && !find(&restricted, "read-hidden", true));
        assert!(decide(&restricted, "read", "dist/a").is_ok());
    }

    #[test]
    fn no_grant_opens_a_protected_file() {
        let grant = Grant {
            requested: vec![
                right("read,write,remove", "**"),
                right("read,write", ".git/**"),
                right("write", ".github/**"),
            ],
            ceilings: vec![],
            policy: None,
        };
        assert!(decide(&grant, "read", ".git/config").is_err());
        assert!(decide(&grant, "write", ".github/workflows/ci.yml").is_err());
        assert!(decide(&grant, "write", "Jenkinsfile").is_err());
        assert!(decide(&grant, "read", "Jenkinsfile").is_ok());
    }
}
