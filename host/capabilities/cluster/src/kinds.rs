//! From the kind that a component names to the path of the API. Well-known kinds need no request; others are looked up
//! in what the cluster says it has.

use super::failure;
use super::patience::patiently;
use kube::core::ApiResource;
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use std::collections::HashMap;

/// A kind of the cluster.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    pub(super) resource: ApiResource,
    /// Whether its objects are in namespaces.
    pub(super) namespaced: bool,
}

/// Group, version, kind, plural, whether in namespaces: what every supported Kubernetes serves.
/// <https://kubernetes.io/docs/reference/kubernetes-api/>
const KNOWN: [(&str, &str, &str, &str, bool); 20] = [
    ("", "v1", "Pod", "pods", true),
    ("", "v1", "Event", "events", true),
    ("", "v1", "Service", "services", true),
    ("", "v1", "ConfigMap", "configmaps", true),
    ("", "v1", "ServiceAccount", "serviceaccounts", true),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true),
    ("", "v1", "Namespace", "namespaces", false),
    ("", "v1", "Node", "nodes", false),
    ("apps", "v1", "Deployment", "deployments", true),
    ("apps", "v1", "StatefulSet", "statefulsets", true),
    ("apps", "v1", "DaemonSet", "daemonsets", true),
    ("apps", "v1", "ReplicaSet", "replicasets", true),
    ("apps", "v1", "ControllerRevision", "controllerrevisions", true),
    ("batch", "v1", "Job", "jobs", true),
    ("batch", "v1", "CronJob", "cronjobs", true),
    ("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true),
    ("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true),
    ("networking.k8s.io", "v1", "Ingress", "ingresses", true),
    ("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", true),
    ("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false),
];

/// The kinds that a run has looked up.
#[derive(Default)]
pub(super) struct Kinds(HashMap<String, Vec<Kind>>);

impl Kinds {
    /// The kind of this name, which is spelled as one, or as `kubectl` takes it for groups other than the well-known.
    ///
    /// # Errors
    /// The cluster has none, it holds credentials, or the cluster does not answer well.
    pub(super) async fn find(&mut self, client: &kube::Client, named: &Resource) -> Result<Kind, CallError> {
        let known =
            KNOWN.iter().find(|(group, _, kind, ..)| *group == named.group() && *kind == named.kind());
        if let Some((group, version, kind, plural, namespaced)) = known {
            let api_version =
                if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
            let resource = ApiResource {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
                api_version,
                kind: (*kind).to_owned(),
                plural: (*plural).to_owned(),
            };
            return Ok(Kind { resource, namespaced: *namespaced });
        }
        let group = named.group();
        if !self.0.contains_key(group) {
            let found = kinds_of(client, group).await?;
            self.0.insert(group.to_owned(), found);
        }
        let is = |kind: &&Kind| {
            let resource = &kind.resource;
            let names = [&resource.kind, &resource.plural];
            names.iter().any(|name| name.eq_ignore_ascii_case(named.kind()))
        };
        let kinds = self.0.get(group).map(Vec::as_slice).unwrap_or_default();
        let kind = kinds.iter().find(is).ok_or_else(|| CallError::NotFound(unknown(named, kinds)))?;
        // What it is called must not open what it is.
        if kind.resource.group.is_empty() && kind.resource.plural == "secrets" {
            return Err(CallError::Denied(format!("`{named}` holds credentials")));
        }
        Ok(kind.clone())
    }
}

/// The kinds of an API group in the version that the cluster prefers.
async fn kinds_of(client: &kube::Client, group: &str) -> Result<Vec<Kind>, CallError> {
    let found = match patiently(async || kube::discovery::group(client, group).await).await {
        Ok(found) => found,
        Err(kube::Error::Discovery(_)) => return Ok(Vec::new()),
        Err(error) => return Err(failure::told(&format!("what there is in the group `{group}`"), &error)),
    };
    let kind = |(resource, capabilities): (ApiResource, kube::discovery::ApiCapabilities)| Kind {
        resource,
        namespaced: capabilities.scope == kube::discovery::Scope::Namespaced,
    };
    Ok(found.recommended_resources().into_iter().map(kind).collect())
}

fn unknown(named: &Resource, kinds: &[Kind]) -> String {
    let (kind, group) = (named.kind(), named.group());
    let mut names: Vec<_> = kinds.iter().map(|kind| kind.resource.kind.as_str()).collect();
    names.sort_unstable();
    match (group, names.as_slice()) {
        ("", _) => format!("the cluster has no kind `{kind}` without a group; write `KIND.GROUP`"),
        (_, []) => format!("the cluster has no API group `{group}`"),
        _ => {
            format!("the cluster has no kind `{kind}` in the group `{group}`; there are {}", names.join(", "))
        }
    }
}
