//! Rolls an object back: restores the pod template of an earlier revision and changes nothing else of the object. It never
//! chooses the revision.

use super::change::ChangeTarget;
use super::failure::{request_error, with_missing_rule};
use super::kinds::KindCache;
use super::retry::with_retries;
use kube::api::{Api, DynamicObject, ListParams, Patch};
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use serde_json::{Value, json};

/// The annotation of a ReplicaSet with its revision.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#checking-rollout-history-of-a-deployment>
const REVISION: &str = "deployment.kubernetes.io/revision";
/// The label that the controller adds to the template of each ReplicaSet.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Rolls an object back to a revision, if it still has this version.
pub(super) async fn rollback(
    object: &ChangeTarget<'_>,
    kinds: &mut KindCache,
    version: &str,
    revision: u64,
) -> Result<(), CallError> {
    let target = object.target;
    let action = format!("roll back `{target}` to revision {revision}");
    let revision_kind = match (target.group(), target.kind()) {
        ("apps", "Deployment") => "ReplicaSet.apps",
        ("apps", "StatefulSet" | "DaemonSet") => "ControllerRevision.apps",
        _ => {
            return Err(CallError::Invalid(format!("{action}: the cluster keeps no revisions of this kind")));
        }
    };
    let now = with_retries(async || object.api.get(object.name()).await).await;
    let now = now.map_err(|error| object.error(&action, &error, "", "get"))?;
    if now.metadata.resource_version.as_deref() != Some(version) {
        return Err(CallError::Conflict(format!("{action}: the object has changed since")));
    }
    let saved = Resource::parse(&format!("{}/{revision_kind}", target.namespace()))
        .map_err(|error| CallError::Invalid(error.to_string()))?;
    let saved = kinds.find(object.client, &saved).await?.resource;
    let namespace = now.metadata.namespace.as_deref().unwrap_or_default();
    let all: Api<DynamicObject> = Api::namespaced_with(object.client.clone(), namespace, &saved);
    let all = with_retries(async || all.list(&ListParams::default()).await).await.map_err(|error| {
        with_missing_rule(request_error(&action, &error), &saved.group, &saved.plural, &["list"])
    })?;
    let own = |saved: &&DynamicObject| {
        let owners = saved.metadata.owner_references.as_deref().unwrap_or_default();
        owners.iter().any(|owner| Some(&owner.uid) == now.metadata.uid.as_ref())
            && self::revision(saved) == Some(revision)
    };
    let saved = all.items.iter().find(own);
    let saved = saved
        .ok_or_else(|| CallError::NotFound(format!("{action}: the cluster no longer has this revision")))?;
    let patch = patch(saved, revision_kind, version)
        .ok_or_else(|| CallError::Invalid(format!("{action}: the revision has no pod template")))?;
    let (params, patch) = (object.params(), Patch::Strategic(patch));
    let patched = with_retries(async || object.api.patch(object.name(), &params, &patch).await).await;
    patched.map(drop).map_err(|error| object.error(&action, &error, "", "patch"))
}

/// The number of a saved revision.
fn revision(saved: &DynamicObject) -> Option<u64> {
    match &saved.data["revision"] {
        Value::Number(number) => number.as_u64(),
        _ => saved.metadata.annotations.as_ref()?.get(REVISION)?.parse().ok(),
    }
}

/// A strategic merge patch that replaces the template. Its version makes it fail if somebody else changed the object first.
/// <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>
fn patch(saved: &DynamicObject, revision_kind: &str, version: &str) -> Option<Value> {
    let mut patch = match revision_kind {
        // A ControllerRevision holds such a patch.
        "ControllerRevision.apps" => saved.data.get("data")?.clone(),
        _ => {
            let mut template = saved.data.get("spec")?.get("template")?.clone();
            let labels = template.get_mut("metadata").and_then(|metadata| metadata.get_mut("labels"));
            if let Some(labels) = labels.and_then(Value::as_object_mut) {
                labels.shift_remove(TEMPLATE_HASH);
            }
            template.as_object_mut()?.insert("$patch".into(), "replace".into());
            json!({"spec": {"template": template}})
        }
    };
    patch.as_object_mut()?.insert("metadata".into(), json!({"resourceVersion": version}));
    Some(patch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(json: Value) -> DynamicObject {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_the_template_is_replaced_and_only_at_this_version() {
        let replica_set = saved(json!({
            "metadata": {"annotations": {REVISION: "3"}},
            "spec": {"replicas": 5, "template": {
                "metadata": {"labels": {"app": "web", TEMPLATE_HASH: "abc"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            }},
        }));
        assert_eq!(revision(&replica_set), Some(3));
        let expected = json!({
            "spec": {"template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
                "$patch": "replace",
            }},
            "metadata": {"resourceVersion": "77"},
        });
        assert_eq!(patch(&replica_set, "ReplicaSet.apps", "77"), Some(expected));

        let data = json!({"spec": {"template": {"$patch": "replace", "spec": {}}}});
        let revision_of = saved(json!({"metadata": {}, "revision": 4, "data": data}));
        assert_eq!(revision(&revision_of), Some(4));
        let patched = patch(&revision_of, "ControllerRevision.apps", "77").unwrap();
        assert_eq!(patched["metadata"]["resourceVersion"], "77");
        assert_eq!(patched["spec"], data["spec"]);
    }
}
