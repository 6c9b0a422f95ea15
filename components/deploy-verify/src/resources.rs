//! The objects to verify: those that inputs name or select, and those of manifest files.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_rollout::{ResourceSelector, SelectorEntry};
use lockstep_sdk::cluster::ObjectRef;
use lockstep_sdk::report::Level;
use lockstep_sdk::{Reporter, Workspace, skipped};
use lockstep_workload::{IgnoreRule, Kind, Removal};

use crate::failure::{Code, Error, file_error};
use crate::inputs::{RESOURCES, Request};
use crate::manifests::{self, ManifestObject};

/// The objects to verify.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// The named objects.
    pub named: BTreeSet<ObjectRef>,
    /// Why named objects may be gone although nothing is wrong.
    pub removals: BTreeMap<ObjectRef, Removal>,
    /// The selectors, one per entry and namespace. Each must find an object.
    pub selected: Vec<SelectorEntry>,
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
    /// A pattern matches no file or no resource, a manifest cannot be read, its namespace is not in the inputs, or one of
    /// several namespaces has no resource.
    pub fn find(
        host: &mut impl Workspace,
        reporter: &mut impl Reporter,
        request: &Request,
    ) -> Result<Self, Vec<Error>> {
        let mut resources = Self::default();
        let mut errors = Vec::new();
        for resource in &request.resources {
            match resource {
                ResourceSelector::Name { kind, name } => {
                    errors.extend(resources.add_named(request, kind, name).err());
                }
                ResourceSelector::Labels { entry, kinds, selector } => {
                    errors.extend(resources.add_selected(request, entry, (kinds, selector.as_deref())).err());
                }
                ResourceSelector::Files(pattern) => {
                    let result = resources.add_manifests(host, reporter, request, pattern);
                    errors.extend(result.err().into_iter().flatten());
                }
            }
        }
        if errors.is_empty() {
            errors.extend(resources.empty_namespaces(request));
        }
        if errors.is_empty() && resources.named.is_empty() && resources.selected.is_empty() {
            let message = "`resources`: nothing is left to verify of the manifests";
            errors.push(
                Error::new(Code::NoMatch, message).hint("verify another resource, or leave this step out"),
            );
        }
        if errors.is_empty() { Ok(resources) } else { Err(errors) }
    }

    /// Adds an object in each of the namespaces.
    fn add_named(&mut self, request: &Request, kind: &str, name: &str) -> Result<(), Error> {
        if let Some(rule) = ignored_by(request, kind, Some(name)) {
            return Err(contradiction(&format!("{kind}/{name}"), &rule));
        }
        let namespace = |namespace: &String| match CLUSTER_KINDS.contains(&kind) {
            true => "-".to_owned(),
            false => namespace.clone(),
        };
        let object = |namespace| ObjectRef { namespace, kind: kind.to_owned(), name: name.to_owned() };
        self.named.extend(request.namespaces.iter().map(namespace).map(object));
        Ok(())
    }

    /// Adds the objects of kinds with these labels in each of the namespaces, without ignored kinds.
    fn add_selected(
        &mut self,
        request: &Request,
        entry: &str,
        (kinds, labels): (&[String], Option<&str>),
    ) -> Result<(), Error> {
        let ignored = kinds.iter().find_map(|kind| ignored_by(request, kind, None));
        let kinds: Vec<_> =
            kinds.iter().filter(|kind| ignored_by(request, kind, None).is_none()).cloned().collect();
        if let Some(rule) = ignored.filter(|_| kinds.is_empty()) {
            return Err(contradiction(entry, &rule));
        }
        let cluster_wide = ["-".to_owned()];
        let has_namespace = !kinds.iter().all(|kind| CLUSTER_KINDS.contains(&kind.as_str()));
        let namespaces = if has_namespace { request.namespaces.as_slice() } else { &cluster_wide };
        self.selected.extend(namespaces.iter().map(|namespace| SelectorEntry {
            input: RESOURCES.name,
            text: entry.to_owned(),
            namespace: namespace.clone(),
            kinds: kinds.clone(),
            labels: labels.map(str::to_owned),
        }));
        Ok(())
    }

    /// The errors about namespaces without a resource, if others have one. A single namespace may be there for manifests
    /// that have objects without a namespace only.
    fn empty_namespaces(&self, request: &Request) -> Vec<Error> {
        let named = self.named.iter().map(|object| object.namespace.as_str());
        let used: BTreeSet<_> =
            named.chain(self.selected.iter().map(|entry| entry.namespace.as_str())).collect();
        let has_any = request.namespaces.iter().any(|name| used.contains(name.as_str()));
        let empty = request.namespaces.iter().filter(|name| has_any && !used.contains(name.as_str()));
        let empty = empty.map(|name| {
            let message = format!("`namespace`: no manifest has a resource in `{name}`");
            Error::new(Code::NoMatch, message).hint(format!("remove `{name}` from `namespace`"))
        });
        empty.collect()
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
        let (mut unverified, mut passed_over) = (BTreeSet::new(), BTreeSet::new());
        let mut verified = 0;
        for file in found.files {
            let content = host.read(&file.path).map_err(file_error);
            match content.and_then(|bytes| manifests::read(&file.path, &bytes)) {
                Ok(objects) => {
                    for object in objects {
                        if let Some(why) = why_passed_over(request, &object) {
                            passed_over.insert(format!("{}: {why}", title(&object)));
                            continue;
                        }
                        match namespace_of(request, &file.path, &object) {
                            Ok(Some(namespace)) => self.add_object(namespace, object, &mut verified),
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
        for one in &passed_over {
            reporter.note(Level::Info, &format!("passed over: {one}"));
        }
        if verified == 0 && passed_over.is_empty() && errors.is_empty() {
            let message = format!(
                "`resources`: the files of `{pattern}` declare no resource that this step can verify"
            );
            errors.push(Error::new(Code::NoMatch, message).hint("correct the entry or remove it"));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// Adds an object of a manifest.
    fn add_object(&mut self, namespace: String, object: ManifestObject, found: &mut usize) {
        let ManifestObject { kind, name, removal, .. } = object;
        let object = ObjectRef { namespace, kind, name };
        self.removals.extend(removal.map(|removal| (object.clone(), removal)));
        self.named.insert(object);
        *found += 1;
    }
}

/// The `ignore` rule of the run for an object; `name` is none for all objects of a kind.
fn ignored_by(request: &Request, kind: &str, name: Option<&str>) -> Option<String> {
    let kind = Kind::of(kind);
    request.rules.ignored().iter().find(|rule| rule.is_for(&kind, name)).map(IgnoreRule::text)
}

/// The error of an entry for what a rule ignores.
fn contradiction(entry: &str, rule: &str) -> Error {
    let message = format!("`resources` has `{entry}`, and `rules` has `{rule}`");
    Error::new(Code::BadInput, message).hint("remove one of them")
}

/// Why the step does not verify an object of a manifest, for a rule or because the deployment does not create it.
fn why_passed_over(request: &Request, object: &ManifestObject) -> Option<String> {
    if let Some(rule) = ignored_by(request, &object.kind, Some(&object.name)) {
        return Some(format!("the rule `{rule}`"));
    }
    match &object.removal {
        Some(Removal::NotCreated(reason)) => Some(reason.clone()),
        _ => None,
    }
}

/// The kind and name of an object, such as `Deployment web`.
fn title(object: &ManifestObject) -> String {
    format!("{} {}", Kind::of(&object.kind).short_name(), object.name)
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
            let message = format!(
                "{} is in the namespace `{namespace}`, which `namespace` does not contain",
                title(object)
            );
            let hint = format!("add `{namespace}` to `namespace`");
            Err(Error::new(Code::BadInput, message).hint(hint).at(path, Some(object.line)))
        }
    }
}
