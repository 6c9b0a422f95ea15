//! The objects to verify: those that inputs name or select, and those of manifest files.

use std::collections::BTreeSet;

use lockstep_rollout::ResourceSelector;
use lockstep_sdk::cluster::{ObjectRef, Selection};
use lockstep_sdk::report::Level;
use lockstep_sdk::{Reporter, Workspace, skipped};
use lockstep_workload::Kind;

use crate::failure::{Code, Error, file_error};
use crate::inputs::Request;
use crate::manifests::{self, ManifestObject};

/// The objects to verify.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// The named objects.
    pub named: BTreeSet<ObjectRef>,
    /// The selections, sorted, each once.
    pub selected: Vec<Selection>,
}

/// Kinds without a namespace that manifests of a deployment may contain. The step verifies the first two only.
const CLUSTER_KINDS: [&str; 12] = [
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
const VERIFIED_CLUSTER_KINDS: usize = 2;

impl Resources {
    /// Finds the objects, and reads manifest files for that.
    ///
    /// # Errors
    /// A pattern matches no file, a manifest cannot be read, or its namespace is not in the inputs.
    pub fn find(
        host: &mut impl Workspace,
        reporter: &mut impl Reporter,
        request: &Request,
    ) -> Result<Self, Vec<Error>> {
        let mut resources = Self::default();
        let mut errors = Vec::new();
        for resource in &request.resources {
            match resource {
                ResourceSelector::Name { kind, name } => resources.add_named(request, kind, name),
                ResourceSelector::Labels { kinds, selector } => {
                    resources.add_selected(request, kinds, selector.as_deref());
                }
                ResourceSelector::Files(pattern) => {
                    let result = resources.add_manifests(host, reporter, request, pattern);
                    errors.extend(result.err().into_iter().flatten());
                }
            }
        }
        let key = |one: &Selection| (one.namespace.clone(), one.kind.clone(), one.label_selector.clone());
        resources.selected.sort_by_key(key);
        resources.selected.dedup();
        if errors.is_empty() { Ok(resources) } else { Err(errors) }
    }

    /// Adds an object in each of the namespaces.
    fn add_named(&mut self, request: &Request, kind: &str, name: &str) {
        let namespace = |namespace: &String| match CLUSTER_KINDS.contains(&kind) {
            true => "-".to_owned(),
            false => namespace.clone(),
        };
        let object = |namespace| ObjectRef { namespace, kind: kind.to_owned(), name: name.to_owned() };
        self.named.extend(request.namespaces.iter().map(namespace).map(object));
    }

    /// Adds the objects of kinds with these labels in each of the namespaces.
    fn add_selected(&mut self, request: &Request, kinds: &[String], labels: Option<&str>) {
        for namespace in &request.namespaces {
            let selection = |kind: &String| Selection {
                label_selector: labels.map(str::to_owned),
                ..Selection::all(namespace, kind)
            };
            self.selected.extend(kinds.iter().map(selection));
        }
    }

    /// Adds the objects of manifest files.
    fn add_manifests(
        &mut self,
        host: &mut impl Workspace,
        reporter: &mut impl Reporter,
        request: &Request,
        pattern: &str,
    ) -> Result<(), Vec<Error>> {
        let found = host.glob(pattern).map_err(|error| vec![file_error(error)])?;
        skipped::note(reporter, &found.skipped);
        if found.files.is_empty() {
            let message = format!("`resources`: `{pattern}` matches no file");
            let hint = "check that the files exist when the step runs";
            return Err(vec![Error::new(Code::NoMatch, message).hint(hint)]);
        }
        let mut errors = Vec::new();
        let mut unverified = BTreeSet::new();
        for file in found.files {
            let content = host.read(&file.path).map_err(file_error);
            match content.and_then(|bytes| manifests::read(&file.path, &bytes)) {
                Ok(objects) => {
                    for object in objects {
                        match namespace_of(request, &file.path, &object) {
                            Ok(Some(namespace)) => {
                                let ManifestObject { kind, name, .. } = object;
                                self.named.insert(ObjectRef { namespace, kind, name });
                            }
                            Ok(None) => drop(unverified.insert(object.kind)),
                            Err(error) => errors.push(error),
                        }
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        if !unverified.is_empty() {
            let kinds: Vec<_> =
                unverified.iter().map(|kind| Kind::of(kind).short_name().to_owned()).collect();
            let why = "these kinds contain credentials, or have no namespace and no status";
            reporter.note(Level::Info, &format!("skipped: {} ({why})", kinds.join(", ")));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// The namespace of an object in a manifest; none for a kind that the step does not verify.
fn namespace_of(request: &Request, path: &str, object: &ManifestObject) -> Result<Option<String>, Error> {
    if let Some(index) = CLUSTER_KINDS.iter().position(|kind| *kind == object.kind) {
        return Ok((index < VERIFIED_CLUSTER_KINDS).then(|| "-".to_owned()));
    }
    if object.kind == "Secret" {
        return Ok(None);
    }
    match &object.namespace {
        None => Ok(Some(request.namespaces.first().cloned().unwrap_or_default())),
        Some(namespace) if request.namespaces.contains(namespace) => Ok(Some(namespace.clone())),
        Some(namespace) => {
            let kind = Kind::of(&object.kind).short_name().to_owned();
            let message = format!(
                "{kind} {} is in the namespace `{namespace}`, which `namespace` does not contain",
                object.name
            );
            let hint = format!("add `{namespace}` to `namespace`");
            Err(Error::new(Code::BadInput, message).hint(hint).at(path, Some(object.line)))
        }
    }
}
