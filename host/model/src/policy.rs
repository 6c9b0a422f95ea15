//! The policy file, `lockstep.yaml`: allow only, strict to the letter. It bounds what built-in steps may do
//! and says which other components may run at all. It never grants a built-in step anything.

use crate::connect::Connect;
use crate::digest::Digest;
use crate::grant::Permission;
use crate::info::StepLimits;
use crate::inputs::Inputs;
use crate::permissions::{self, PermissionError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// PermissionLines by capability: lines such as `read,write deploy/**`.
pub type PermissionLines = BTreeMap<String, Vec<String>>;

/// A policy file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The file's path, for messages.
    pub source: String,
    /// The digest of its bytes, for the receipt.
    pub digest: Digest,
    steps: BTreeMap<String, PermissionLines>,
    components: Vec<ComponentPolicy>,
}

/// A component that is not built in and may run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ComponentPolicy {
    /// The digest of its `.wasm` file: another file is another component.
    pub digest: String,
    /// What it may do.
    #[serde(default)]
    pub allow: PermissionLines,
    /// Its budgets.
    #[serde(default)]
    pub limits: StepLimits,
    /// The inputs that configure clients of the host.
    #[serde(default)]
    pub connect: Connect,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PolicyFile {
    version: u32,
    #[serde(default)]
    steps: BTreeMap<String, PermissionLines>,
    #[serde(default)]
    components: Vec<ComponentPolicy>,
}

/// Why a policy cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is no YAML of the right form: unknown or duplicate keys included.
    #[error("{policy}: {problem}")]
    Syntax {
        /// The file's path.
        policy: String,
        /// What the reader said, with line and column.
        problem: String,
    },
    /// Another version of the form.
    #[error("{policy}: version {version} is not known; this lockstep reads version 1")]
    Version {
        /// The file's path.
        policy: String,
        /// The number it has.
        version: u32,
    },
    /// A digest that is none.
    #[error("{policy}: `{digest}` is not `sha256:` and 64 lower-case hexadecimal digits")]
    Digest {
        /// The file's path.
        policy: String,
        /// The text it has.
        digest: String,
    },
    /// A right that cannot be read.
    #[error("{policy}: {problem}")]
    Permission {
        /// The file's path.
        policy: String,
        /// What is wrong with it.
        problem: PermissionError,
    },
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn parse(text: &str, source: &str) -> Result<Self, PolicyError> {
        let policy = source.to_owned();
        let file: PolicyFile = serde_saphyr::from_str(text).map_err(|error| {
            let problem = error.to_string().lines().next().unwrap_or_default().to_owned();
            PolicyError::Syntax { policy: policy.clone(), problem }
        })?;
        if file.version != 1 {
            return Err(PolicyError::Version { policy, version: file.version });
        }
        if let Some(bad) = file.components.iter().find(|component| Digest::parse(&component.digest).is_none())
        {
            return Err(PolicyError::Digest { policy, digest: bad.digest.clone() });
        }
        Ok(Self {
            source: policy,
            digest: Digest::of(text.as_bytes()),
            steps: file.steps,
            components: file.components,
        })
    }

    /// What it allows a built-in step at most, with this run's inputs put in. Nothing, if it does not
    /// name the step.
    ///
    /// # Errors
    /// A right that cannot be read.
    pub fn bound(&self, step: &str, inputs: &Inputs) -> Result<Vec<Permission>, PolicyError> {
        self.steps.get(step).map_or(Ok(Vec::new()), |rights| self.fill(rights, inputs))
    }

    /// The entry of a component that is not built in; none, if it may not run.
    #[must_use]
    pub fn component(&self, digest: Digest) -> Option<&ComponentPolicy> {
        self.components.iter().find(|component| Digest::parse(&component.digest) == Some(digest))
    }

    /// What it grants such a component, with this run's inputs put in.
    ///
    /// # Errors
    /// A right that cannot be read.
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

/// The policy that would let a component run with these rights, ready to be put in a file.
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
    use crate::capability::Capability;

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
    fn what_is_not_exactly_a_policy_is_refused() {
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
        let wrong = policy("version: 1\nsteps: {a: {network: [\"get x\"]}}").unwrap();
        assert!(wrong.bound("a", &Inputs::default()).is_err());
    }

    #[test]
    fn the_suggested_policy_is_a_policy() {
        let rights = PermissionLines::from([("workspace".to_owned(), vec!["read **".to_owned()])]);
        let text = suggest(Digest::of(b""), &rights);
        let policy = policy(&text).unwrap();
        let component = policy.component(Digest::of(b"")).unwrap();
        assert_eq!(component.allow, rights);
        assert!(policy_of_nothing().component(Digest::of(b"")).is_some());
    }

    fn policy_of_nothing() -> Policy {
        policy(&suggest(Digest::of(b""), &PermissionLines::new())).unwrap()
    }
}
