//! Finds out which objects are to be verified: those that inputs name, and those of manifest files. Never asks the
//! cluster.

use std::collections::BTreeSet;

use lockstep_glue::{Level, Tell};
use lockstep_rollout::{Named, Selected, Wanted};
use lockstep_workload::Kind;

use crate::host::Host;
use crate::manifests;
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// The objects to verify.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// Those with a name.
    pub named: BTreeSet<Named>,
    /// Those with labels.
    pub selected: BTreeSet<Selected>,
}

/// Kinds that are in no namespace, of those that manifests of a deployment hold. The first two are looked at.
const CLUSTER_WIDE: [&str; 12] = [
    "Namespace",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "ClusterRole.rbac.authorization.k8s.io",
    "ClusterRoleBinding.rbac.authorization.k8s.io",
    "IngressClass.networking.k8s.io",
    "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    "PersistentVolume",
    "PriorityClass.scheduling.k8s.io",
    "RuntimeClass.node.k8s.io",
    "StorageClass.storage.k8s.io",
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
];
const WITH_STATUS: usize = 2;

impl Resources {
    /// Finds out which they are. Manifest files are read for it.
    ///
    /// # Errors
    /// A pattern finds nothing, a manifest cannot be read, or is of a namespace that the run does not name.
    pub fn find(
        host: &mut impl Host,
        tell: &mut impl Tell,
        settings: &Settings,
    ) -> Result<Self, Vec<Problem>> {
        let mut found = Self::default();
        let mut problems = Vec::new();
        for wanted in &settings.wanted {
            match wanted {
                Wanted::Named { kind, name } => found.name(settings, kind, name),
                Wanted::Selected { kinds, labels } => {
                    for namespace in &settings.namespaces {
                        let selected = |kind: &String| Selected {
                            namespace: namespace.clone(),
                            kind: kind.clone(),
                            labels: labels.clone(),
                        };
                        found.selected.extend(kinds.iter().map(selected));
                    }
                }
                Wanted::Files(pattern) => match found.declare(host, tell, settings, pattern) {
                    Ok(()) => {}
                    Err(mut more) => problems.append(&mut more),
                },
            }
        }
        if problems.is_empty() { Ok(found) } else { Err(problems) }
    }

    /// Names an object, in each of the namespaces.
    fn name(&mut self, settings: &Settings, kind: &str, name: &str) {
        let place = |namespace: &String| match CLUSTER_WIDE.contains(&kind) {
            true => "-".to_owned(),
            false => namespace.clone(),
        };
        let named = |namespace| Named { namespace, kind: kind.to_owned(), name: name.to_owned() };
        self.named.extend(settings.namespaces.iter().map(place).map(named));
    }

    /// Names the objects of manifest files.
    fn declare(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        settings: &Settings,
        pattern: &str,
    ) -> Result<(), Vec<Problem>> {
        let paths = host.glob(pattern).map_err(|fault| vec![Problem::file(&fault)])?;
        if paths.is_empty() {
            let hint = "see whether the files are there when the step runs";
            let message = format!("`resources`: `{pattern}` finds no file");
            return Err(vec![Problem::new(Code::NoMatch, message).hint(hint)]);
        }
        let mut problems = Vec::new();
        let mut left_out = BTreeSet::new();
        for path in paths {
            let declared = host.read(&path).map_err(|fault| Problem::file(&fault));
            match declared.and_then(|bytes| manifests::read(&path, &bytes)) {
                Ok(declared) => {
                    for one in declared {
                        match self.place(settings, &path, &one) {
                            Ok(Some(namespace)) => {
                                self.named.insert(Named { namespace, kind: one.kind, name: one.name });
                            }
                            Ok(None) => drop(left_out.insert(one.kind)),
                            Err(problem) => problems.push(problem),
                        }
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !left_out.is_empty() {
            let kinds: Vec<_> = left_out.iter().map(|kind| Kind::of(kind).word().to_owned()).collect();
            let why = "they hold credentials, or are of the whole cluster and have no status";
            tell.note(Level::Info, &format!("not looked at: {} ({why})", kinds.join(", ")));
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// The namespace of a declared object; none for one that is not looked at.
    fn place(
        &self,
        settings: &Settings,
        path: &str,
        declared: &manifests::Declared,
    ) -> Result<Option<String>, Problem> {
        if let Some(at) = CLUSTER_WIDE.iter().position(|kind| *kind == declared.kind) {
            return Ok((at < WITH_STATUS).then(|| "-".to_owned()));
        }
        if declared.kind == "Secret" {
            return Ok(None);
        }
        let own = settings.namespaces.first().cloned().unwrap_or_default();
        match &declared.namespace {
            None => Ok(Some(own)),
            Some(namespace) if settings.namespaces.contains(namespace) => Ok(Some(namespace.clone())),
            Some(namespace) => {
                let word = Kind::of(&declared.kind).word().to_owned();
                let message = format!(
                    "{word} {} is in the namespace `{namespace}`, which the run does not name",
                    declared.name
                );
                let hint = format!("add `{namespace}` to `namespace`");
                Err(Problem::new(Code::BadInput, message).hint(hint).at(path, Some(declared.line)))
            }
        }
    }
}
