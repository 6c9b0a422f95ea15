//! Goes back to an earlier revision: the pod template that the cluster keeps of it is put in place, and nothing else of
//! the object changes. It never chooses the revision.

use super::change::Object;
use super::failure::{told, with_rule};
use super::kinds::Kinds;
use super::patience::patiently;
use kube::api::{Api, DynamicObject, ListParams, Patch};
use lockstep_model::call::CallError;
use lockstep_model::resource::Resource;
use serde_json::{Value, json};

/// Where a Deployment's ReplicaSets say their revision.
/// <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#checking-rollout-history-of-a-deployment>
const REVISION: &str = "deployment.kubernetes.io/revision";
/// What the controller adds to the template of each ReplicaSet.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Goes back to a revision, if the object still has this version.
pub(super) async fn rollback(
    object: &Object<'_>,
    kinds: &mut Kinds,
    version: &str,
    revision: u64,
) -> Result<(), CallError> {
    let target = object.target;
    let what = format!("roll back `{target}` to revision {revision}");
    let keeper = match (target.group(), target.kind()) {
        ("apps", "Deployment") => "ReplicaSet.apps",
        ("apps", "StatefulSet" | "DaemonSet") => "ControllerRevision.apps",
        _ => return Err(CallError::Invalid(format!("{what}: the cluster keeps no revisions of this kind"))),
    };
    let now = patiently(async || object.api.get(object.name()).await).await;
    let now = now.map_err(|error| object.error(&what, &error, "", "get"))?;
    if now.metadata.resource_version.as_deref() != Some(version) {
        return Err(CallError::Conflict(format!("{what}: the object changed meanwhile")));
    }
    let kept = Resource::parse(&format!("{}/{keeper}", target.namespace()))
        .map_err(|error| CallError::Invalid(error.to_string()))?;
    let kept = kinds.find(object.client, &kept).await?.resource;
    let namespace = now.metadata.namespace.as_deref().unwrap_or_default();
    let all: Api<DynamicObject> = Api::namespaced_with(object.client.clone(), namespace, &kept);
    let all = patiently(async || all.list(&ListParams::default()).await)
        .await
        .map_err(|error| with_rule(told(&what, &error), &kept.group, &kept.plural, &["list"]))?;
    let own = |kept: &&DynamicObject| {
        let owners = kept.metadata.owner_references.as_deref().unwrap_or_default();
        owners.iter().any(|owner| Some(&owner.uid) == now.metadata.uid.as_ref())
            && self::revision(kept) == Some(revision)
    };
    let kept = all.items.iter().find(own);
    let kept =
        kept.ok_or_else(|| CallError::NotFound(format!("{what}: the cluster does not keep it any more")))?;
    let patch = patch(kept, keeper, version)
        .ok_or_else(|| CallError::Invalid(format!("{what}: what the cluster keeps has no pod template")))?;
    let (params, patch) = (object.params(), Patch::Strategic(patch));
    let patched = patiently(async || object.api.patch(object.name(), &params, &patch).await).await;
    patched.map(drop).map_err(|error| object.error(&what, &error, "", "patch"))
}

/// The number of what is kept.
fn revision(kept: &DynamicObject) -> Option<u64> {
    match &kept.data["revision"] {
        Value::Number(number) => number.as_u64(),
        _ => kept.metadata.annotations.as_ref()?.get(REVISION)?.parse().ok(),
    }
}

/// A strategic merge patch that replaces the template. With the version in it, it fails where somebody else came first.
/// <https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/>
fn patch(kept: &DynamicObject, keeper: &str, version: &str) -> Option<Value> {
    let mut patch = match keeper {
        // What is kept of these kinds is such a patch itself.
        "ControllerRevision.apps" => kept.data.get("data")?.clone(),
        _ => {
            let mut template = kept.data.get("spec")?.get("template")?.clone();
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

    fn kept(json: Value) -> DynamicObject {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_the_template_is_replaced_and_only_at_this_version() {
        let replica_set = kept(json!({
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
        let revision_of = kept(json!({"metadata": {}, "revision": 4, "data": data}));
        assert_eq!(revision(&revision_of), Some(4));
        let patched = patch(&revision_of, "ControllerRevision.apps", "77").unwrap();
        assert_eq!(patched["metadata"]["resourceVersion"], "77");
        assert_eq!(patched["spec"], data["spec"]);
    }
}
