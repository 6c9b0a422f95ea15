//! The kind of object in which kwok looks up the logs of containers. It sends no request.

use serde_json::{Value, json};

/// The path of the collection that kwok reads.
pub(super) const COLLECTION: &str = "/apis/kwok.x-k8s.io/v1alpha1/clusterlogs";
/// The path of the collection of definitions.
pub(super) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The definition of the kind.
pub(super) fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "clusterlogs.kwok.x-k8s.io" },
        "spec": {
            "group": "kwok.x-k8s.io", "scope": "Cluster",
            "names": {
                "kind": "ClusterLogs", "listKind": "ClusterLogsList", "plural": "clusterlogs",
                "singular": "clusterlogs"
            },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "schema": {
                    "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
                }
            }]
        }
    })
}
