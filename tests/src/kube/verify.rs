//! Runs of `deploy-verify` on a cluster of a test, and the workloads that they verify. It uses the command line only.

use super::stages;
use crate::support::{ProgramOutput, Run, Scene};
use serde_json::{Value, json};
use std::path::Path;

/// A run of the step in this namespace.
#[must_use]
pub fn verify<'s>(scene: &'s Scene, kubeconfig: &Path, namespace: &str) -> Run<'s> {
    scene.run("deploy-verify").args(["--namespace", namespace]).env("KUBECONFIG", kubeconfig)
}

/// The verdict of a run that has one.
#[must_use]
pub fn verdict(ended: &ProgramOutput) -> String {
    ended.result()["outputs"]["verdict"].as_str().unwrap_or_default().to_owned()
}

/// State and reason of the one resource of a run.
#[must_use]
pub fn state(ended: &ProgramOutput) -> (String, String) {
    let resource = &ended.result()["outputs"]["resources"][0];
    let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
    (text("state"), text("reason"))
}

/// Creates a Deployment whose pods have a behaviour; none for normal pods.
#[must_use]
pub fn deployment(name: &str, replicas: u32, stage: &str, notes: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, stage, notes),
        },
    })
}

/// Creates a StatefulSet of the same kind.
#[must_use]
pub fn stateful_set(name: &str, replicas: u32, stage: &str, strategy: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": replicas, "serviceName": name, "updateStrategy": strategy,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, stage, &json!({})),
        },
    })
}

/// The pods of a workload.
#[must_use]
pub fn template(name: &str, stage: &str, notes: &Value) -> Value {
    let mut labels = json!({"app": name});
    if !stage.is_empty() {
        labels[stages::STAGE] = json!(stage);
    }
    json!({
        "metadata": {"labels": labels, "annotations": notes},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "initContainers": [{"name": "setup", "image": "registry.test/setup:1"}],
            "containers": [{"name": "app", "image": "registry.test/app:1"}],
        },
    })
}
