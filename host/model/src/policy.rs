//! The policy file `lockstep.yaml`. It restricts the permissions of built-in steps, and lists the other components that
//! may run, with their permissions. It has no deny rules, and unknown keys are errors.

use crate::capability::Capability;
use crate::connect::Connect;
use crate::digest::Digest;
use crate::grant::Permission;
use crate::info::{LimitError, StepLimits};
use crate::inputs::Inputs;
use crate::near;
use crate::permissions::{self, PermissionError};
use crate::text;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Permission lines by capability, such as `read,write deploy/**`.
pub type PermissionLines = BTreeMap<String, Vec<String>>;

/// A policy file, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The path of the file, for messages.
    pub source: String,
    /// The digest of the file, for the receipt.
    pub digest: Digest,
    steps: BTreeMap<String, PermissionLines>,
    components: Vec<ComponentPolicy>,
}

/// The entry of a component that is not built in and may run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ComponentPolicy {
    /// The digest of its `.wasm` file.
    pub digest: String,
    /// Its permissions.
    #[serde(default)]
    pub allow: PermissionLines,
    /// Its budgets.
    #[serde(default)]
    pub limits: StepLimits,
    /// The inputs that configure clients of the host.
    #[serde(default)]
    pub connect: Connect,
}

/// The YAML of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    version: u32,
    #[serde(default)]
    steps: BTreeMap<String, PermissionLines>,
    #[serde(default)]
    components: Vec<ComponentPolicy>,
}

/// The error of an invalid policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The file is not valid YAML, or has an unknown or duplicate key.
    #[error("{policy}: {problem}")]
    Syntax {
        /// The path of the file.
        policy: String,
        /// The message of the YAML parser, with line and column.
        problem: String,
    },
    /// The file has another version.
    #[error("{policy}: invalid version {version}: expected 1")]
    Version {
        /// The path of the file.
        policy: String,
        /// The version.
        version: u32,
    },
    /// A digest is invalid.
    #[error("{policy}: invalid digest `{digest}`: expected `sha256:` and 64 lower-case hexadecimal digits")]
    Digest {
        /// The path of the file.
        policy: String,
        /// The digest.
        digest: String,
    },
    /// A capability has another name.
    #[error("{policy}: {place}: invalid capability `{name}`: {expected}")]
    Capability {
        /// The path of the file.
        policy: String,
        /// The step or the component.
        place: String,
        /// The name.
        name: String,
        /// The names that there are, with the nearest one first.
        expected: String,
    },
    /// Two entries are for the same component.
    #[error("{policy}: two entries for `{digest}`: join them")]
    DuplicateDigest {
        /// The path of the file.
        policy: String,
        /// The digest.
        digest: String,
    },
    /// A budget is out of its range.
    #[error("{policy}: component `{digest}`: {problem}")]
    Limit {
        /// The path of the file.
        policy: String,
        /// The digest of the component.
        digest: String,
        /// The problem.
        problem: LimitError,
    },
    /// A permission is invalid.
    #[error("{policy}: {problem}")]
    Permission {
        /// The path of the file.
        policy: String,
        /// The problem.
        problem: PermissionError,
    },
}

impl Policy {
    /// Parses a policy.
    ///
    /// # Errors
    /// The first problem.
    pub fn parse(text: &str, source: &str) -> Result<Self, PolicyError> {
        let policy = source.to_owned();
        let file: PolicyFile = serde_saphyr::from_str(text).map_err(|error| PolicyError::Syntax {
            policy: policy.clone(),
            problem: text::yaml_problem(&error.to_string()),
        })?;
        if file.version != 1 {
            return Err(PolicyError::Version { policy, version: file.version });
        }
        let steps = file.steps.iter().map(|(step, lines)| (format!("step `{step}`"), lines));
        let components =
            file.components.iter().map(|one| (format!("component `{}`", one.digest), &one.allow));
        for (place, lines) in steps.chain(components) {
            check_capabilities(&policy, &place, lines)?;
        }
        check_components(&policy, &file.components)?;
        Ok(Self {
            source: policy,
            digest: Digest::of(text.as_bytes()),
            steps: file.steps,
            components: file.components,
        })
    }

    /// The upper bound for a built-in step, with the inputs of the run filled in. It is empty if the policy does not
    /// name the step.
    ///
    /// # Errors
    /// The error of an invalid permission.
    pub fn bound(&self, step: &str, inputs: &Inputs) -> Result<Vec<Permission>, PolicyError> {
        self.steps.get(step).map_or(Ok(Vec::new()), |rights| self.fill(rights, inputs))
    }

    /// The names of the steps that it restricts.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.steps.keys().map(String::as_str)
    }

    /// The entry of a component that is not built in; none if it may not run.
    #[must_use]
    pub fn component(&self, digest: Digest) -> Option<&ComponentPolicy> {
        self.components.iter().find(|component| Digest::parse(&component.digest) == Some(digest))
    }

    /// The permissions of a component that is not built in, with the inputs of the run filled in.
    ///
    /// # Errors
    /// The error of an invalid permission.
    pub fn grant(
        &self,
        component: &ComponentPolicy,
        inputs: &Inputs,
    ) -> Result<Vec<Permission>, PolicyError> {
        self.fill(&component.allow, inputs)
    }

    fn fill(&self, rights: &PermissionLines, inputs: &Inputs) -> Result<Vec<Permission>, PolicyError> {
        let refuse = |problem| PolicyError::Permission { policy: self.source.clone(), problem };
        permissions::fill(rights, inputs).map_err(refuse)
    }
}

/// Checks the names of capabilities, also for steps that do not run now.
fn check_capabilities(policy: &str, place: &str, lines: &PermissionLines) -> Result<(), PolicyError> {
    let Some(name) = lines.keys().find(|name| Capability::parse(name).is_none()) else { return Ok(()) };
    let names = Capability::ALL.map(Capability::name);
    let question = near::question(name, names).map(|question| question + " ").unwrap_or_default();
    Err(PolicyError::Capability {
        policy: policy.to_owned(),
        place: place.to_owned(),
        name: name.clone(),
        expected: format!("{question}expected one of `{}`", names.join("`, `")),
    })
}

/// Checks the digests and budgets of the components.
fn check_components(policy: &str, components: &[ComponentPolicy]) -> Result<(), PolicyError> {
    let policy = policy.to_owned();
    let mut known = BTreeSet::new();
    for component in components {
        let digest = component.digest.clone();
        match Digest::parse(&digest) {
            None => return Err(PolicyError::Digest { policy, digest }),
            Some(parsed) if !known.insert(parsed.hex()) => {
                return Err(PolicyError::DuplicateDigest { policy, digest });
            }
            Some(_) => {}
        }
        if let Err(problem) = component.limits.check() {
            return Err(PolicyError::Limit { policy, digest, problem });
        }
    }
    Ok(())
}

/// A policy file that allows a component to run with these permissions.
#[must_use]
pub fn suggest(digest: Digest, rights: &PermissionLines) -> String {
    let mut text = format!("version: 1\ncomponents:\n  - digest: {digest}\n");
    if !rights.is_empty() {
        text.push_str("    allow:\n");
    }
    for (capability, lines) in rights {
        let lines: Vec<_> = lines.iter().map(|line| format!("\"{line}\"")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "      {capability}: [{}]", lines.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn policy(text: &str) -> Result<Policy, PolicyError> {
        Policy::parse(text, "lockstep.yaml")
    }

    #[test]
    fn a_policy_bounds_steps_and_names_components() {
        let text = format!(
            "version: 1\nsteps:\n  manifest-patch:\n    workspace: [\"read,write deploy/**\"]\n\
             components:\n  - digest: {DIGEST}\n    allow: {{workspace: [\"read **\"]}}\n    limits: {{seconds: 5}}\n"
        );
        let policy = policy(&text).unwrap();
        let inputs = Inputs::default();
        assert_eq!(policy.bound("manifest-patch", &inputs).unwrap()[0].line(), "read,write deploy/**");
        assert!(policy.bound("artifact-upload", &inputs).unwrap().is_empty());
        let component = policy.component(Digest::of(b"")).unwrap();
        assert_eq!(policy.grant(component, &inputs).unwrap()[0].capability, Capability::Workspace);
        assert_eq!(component.limits.seconds, Some(5));
        assert_eq!(policy.component(Digest::of(b"x")), None);
    }

    #[test]
    fn an_invalid_policy_is_refused() {
        for bad in [
            "",
            "steps: {}",
            "version: 2",
            "version: 1\nversion: 1",
            "version: 1\nstep: {}",
            "version: 1\nsteps: {a: {}, a: {}}",
            "version: 1\ncomponents: [{digest: sha256:00}]",
            "version: 1\ncomponents: [{allow: {}}]",
            "version: 1\ncomponents: [{digest: \"\", deny: {}}]",
            "version: 1\n---\nversion: 1",
            "[",
        ] {
            let error = policy(bad).expect_err(bad);
            assert!(error.to_string().starts_with("lockstep.yaml: "), "{error}");
        }
        for limits in ["seconds: 0", "seconds: 21601", "memory-mb: 1025", "calls: 300001", "output-mb: 257"] {
            let text = format!("version: 1\ncomponents: [{{digest: \"{DIGEST}\", limits: {{{limits}}}}}]");
            let error = policy(&text).expect_err(limits).to_string();
            assert!(error.contains(limits) && error.contains("expected 1 to "), "{error}");
        }
        let twice = format!("version: 1\ncomponents: [{{digest: \"{DIGEST}\"}}, {{digest: \"{DIGEST}\"}}]");
        assert!(matches!(policy(&twice), Err(PolicyError::DuplicateDigest { .. })));
        let wrong = policy("version: 1\nsteps: {a: {workspace: [\"get x\"]}}").unwrap();
        assert!(wrong.bound("a", &Inputs::default()).is_err());
        let error = policy("version: 1\nsteps: {a: {workspce: [\"read x\"]}}").unwrap_err().to_string();
        assert!(
            error.contains("step `a`: invalid capability `workspce`: did you mean `workspace`?"),
            "{error}"
        );
    }

    #[test]
    fn the_suggested_policy_is_a_policy() {
        let rights = PermissionLines::from([("workspace".to_owned(), vec!["read **".to_owned()])]);
        let text = suggest(Digest::of(b""), &rights);
        let policy = policy(&text).unwrap();
        let component = policy.component(Digest::of(b"")).unwrap();
        assert_eq!(component.allow, rights);
        assert!(policy_without_permissions().component(Digest::of(b"")).is_some());
    }

    fn policy_without_permissions() -> Policy {
        policy(&suggest(Digest::of(b""), &PermissionLines::new())).unwrap()
    }
}
