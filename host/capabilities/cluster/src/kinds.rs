//! Finds the API resource of a kind that a component names. Built-in kinds need no request; for others, it asks the cluster for
//! the kinds of their API group.

use super::failure;
use super::retry::with_retries;
use kube::core::ApiResource;
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use std::collections::HashMap;

/// A kind of objects in the cluster.
#[derive(Debug, Clone)]
pub(super) struct ObjectKind {
    pub(super) resource: ApiResource,
    /// Whether its objects have a namespace.
    pub(super) namespaced: bool,
}

/// Group, version, kind, plural and whether namespaced, for kinds that every supported Kubernetes serves.
/// <https://kubernetes.io/docs/reference/kubernetes-api/>
const BUILT_IN: [(&str, &str, &str, &str, bool); 20] = [
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

/// The kinds of each API group that the run has asked for.
#[derive(Default)]
pub(super) struct KindCache(HashMap<String, Vec<ObjectKind>>);

impl KindCache {
    /// Finds a kind by its name. For a kind that is not built in, it also accepts the plural and any case, as `kubectl` does.
    ///
    /// # Errors
    /// `NotFound` if the cluster lacks the kind, `Denied` if its objects hold credentials, or an error of the cluster.
    pub(super) async fn find(
        &mut self,
        client: &kube::Client,
        named: &Resource,
    ) -> Result<ObjectKind, CallError> {
        let built_in =
            BUILT_IN.iter().find(|(group, _, kind, ..)| *group == named.group() && *kind == named.kind());
        if let Some((group, version, kind, plural, namespaced)) = built_in {
            let api_version =
                if group.is_empty() { (*version).to_owned() } else { format!("{group}/{version}") };
            let resource = ApiResource {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
                api_version,
                kind: (*kind).to_owned(),
                plural: (*plural).to_owned(),
            };
            return Ok(ObjectKind { resource, namespaced: *namespaced });
        }
        let group = named.group();
        if !self.0.contains_key(group) {
            let found = kinds_of(client, group).await?;
            self.0.insert(group.to_owned(), found);
        }
        let is = |kind: &&ObjectKind| {
            let resource = &kind.resource;
            let names = [&resource.kind, &resource.plural];
            names.iter().any(|name| name.eq_ignore_ascii_case(named.kind()))
        };
        let kinds = self.0.get(group).map(Vec::as_slice).unwrap_or_default();
        let kind = kinds.iter().find(is).ok_or_else(|| CallError::NotFound(unknown_kind(named, kinds)))?;
        // The plural is another name for the same kind: no name opens secrets.
        if kind.resource.group.is_empty() && kind.resource.plural == "secrets" {
            return Err(CallError::Denied(format!("objects of the kind `{named}` hold credentials")));
        }
        Ok(kind.clone())
    }
}

/// The kinds of an API group, in the version that the cluster prefers.
async fn kinds_of(client: &kube::Client, group: &str) -> Result<Vec<ObjectKind>, CallError> {
    let found = match with_retries(async || kube::discovery::group(client, group).await).await {
        Ok(found) => found,
        Err(kube::Error::Discovery(_)) => return Ok(Vec::new()),
        Err(error) => {
            return Err(failure::request_error(
                &format!("list the kinds of the API group `{group}`"),
                &error,
            ));
        }
    };
    let kind = |(resource, capabilities): (ApiResource, kube::discovery::ApiCapabilities)| ObjectKind {
        resource,
        namespaced: capabilities.scope == kube::discovery::Scope::Namespaced,
    };
    Ok(found.recommended_resources().into_iter().map(kind).collect())
}

/// The message about a kind that the cluster lacks.
fn unknown_kind(named: &Resource, kinds: &[ObjectKind]) -> String {
    let (kind, group) = (named.kind(), named.group());
    let mut names: Vec<_> = kinds.iter().map(|kind| kind.resource.kind.as_str()).collect();
    names.sort_unstable();
    match (group, names.as_slice()) {
        ("", _) => format!("the cluster has no kind `{kind}` without a group; write `KIND.GROUP`"),
        (_, []) => format!("the cluster has no API group `{group}`"),
        _ => {
            format!("invalid kind `{kind}` in the API group `{group}`: expected one of {}", names.join(", "))
        }
    }
}
