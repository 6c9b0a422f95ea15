//! Custom kinds of objects. Tests that need the same kind define it equally, so that they can use one cluster.

use super::Cluster;
use serde_json::json;

impl Cluster {
    /// Defines a kind with replicas, unless it exists, and waits until the API server serves it.
    ///
    /// # Panics
    /// The API server rejects the request.
    pub fn define(&self, group: &str, version: &str, kind: &str) {
        let singular = kind.to_lowercase();
        let plural = format!("{singular}s");
        let scale = json!({"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"});
        let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": singular},
                "versions": [{
                    "name": version, "served": true, "storage": true, "subresources": {"scale": scale},
                    "schema": {"openAPIV3Schema": anything},
                }],
            },
        });
        self.apply("default", &definition.to_string()).unwrap_or_else(|error| panic!("{error}"));
        let served = format!("/apis/{group}/{version}/namespaces/default/{plural}");
        self.wait(&format!("the kind {kind}"), || self.get(&served).ok());
    }
}
