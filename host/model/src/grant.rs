//! What a run may do: what the step asks for with this run's inputs, narrowed by every ceiling. It
//! never widens anything, and it knows no deny rules but the fixed ones of [`crate::protected`].

use crate::call::{Capability, Target};
use crate::pattern::Pattern;
use crate::protected;

/// One right: these verbs, within this scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The interface it is on.
    pub capability: Capability,
    /// What may be done, a subset of [`Capability::rights`].
    pub verbs: Vec<String>,
    /// What it may be done to.
    pub scope: Pattern,
}

impl Right {
    fn covers(&self, capability: Capability, verb: &str, target: &Target) -> bool {
        let inside = match target {
            // Standard input is no file: patterns such as `**` do not mean it.
            Target::Path(path) if path.is_stdin() => self.scope.as_str() == path.as_str(),
            Target::Path(path) => self.scope.matches(path),
            Target::Pattern(pattern) => pattern.is_within(&self.scope),
            Target::Staged => true,
        };
        self.capability == capability && self.verbs.iter().any(|own| own == verb) && inside
    }

    /// The right as a policy spells it, for example `read,write deploy/*.yaml`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{} {}", self.verbs.join(","), self.scope)
    }
}

/// Rights that somebody other than the step's author sets as an upper bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ceiling {
    /// Where the bound was read from, for messages: a file's path.
    pub source: String,
    /// What it allows.
    pub rights: Vec<Right>,
}

/// What one run may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grant {
    /// What the step asked for, with this run's inputs put in.
    pub asked: Vec<Right>,
    /// What bounds it.
    pub ceilings: Vec<Ceiling>,
}

impl Grant {
    /// Whether nothing can be changed with it.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.asked.iter().all(|right| right.verbs.iter().all(|verb| verb == "read"))
    }

    /// Decides one call.
    ///
    /// # Errors
    /// The reason, which names the target and the exact line that would allow it where there is one.
    pub fn decide(&self, capability: Capability, verb: &str, target: &Target) -> Result<(), String> {
        if let Target::Path(path) = target {
            let fixed = match verb {
                "read" => protected::unreachable(path.as_str()),
                _ => protected::unchangeable(path),
            };
            if let Some(reason) = fixed {
                return Err(format!("{verb} `{path}`: it {reason}"));
            }
        }
        let name = match target {
            Target::Path(path) => path.as_str(),
            Target::Pattern(pattern) => pattern.as_str(),
            Target::Staged => "what is staged",
        };
        if !self.asked.iter().any(|right| right.covers(capability, verb, target)) {
            let reason = if self.asked.is_empty() { "nothing" } else { "only what its inputs name" };
            return Err(format!("{verb} `{name}`: this run was granted {reason}"));
        }
        for ceiling in &self.ceilings {
            if !ceiling.rights.iter().any(|right| right.covers(capability, verb, target)) {
                return Err(format!(
                    "{verb} `{name}`: {} does not allow it; to allow it, add `{verb} {name}` there under `{}`",
                    ceiling.source,
                    capability.word()
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::WorkspacePath;

    fn right(verbs: &str, scope: &str) -> Right {
        Right {
            capability: Capability::Workspace,
            verbs: verbs.split(',').map(str::to_owned).collect(),
            scope: Pattern::parse(scope).unwrap(),
        }
    }

    fn path(text: &str) -> Target {
        Target::Path(WorkspacePath::parse(text).unwrap())
    }

    fn decide(grant: &Grant, verb: &str, text: &str) -> Result<(), String> {
        grant.decide(Capability::Workspace, verb, &path(text))
    }

    #[test]
    fn only_what_was_asked_and_no_ceiling_forbids_is_allowed() {
        let mut grant = Grant { asked: vec![right("read,write", "deploy/*.yaml")], ceilings: vec![] };
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
            let grant = Grant { asked: vec![right("read,write", scope)], ceilings: vec![] };
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
            asked: vec![
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
