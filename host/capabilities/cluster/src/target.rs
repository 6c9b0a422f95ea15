//! Resolves the target of a call: its object, version, namespace and API. It sends no request.

use super::connect::ClusterClient;
use super::kinds::ObjectKind;
use kube::api::{Api, DynamicObject};
use lockstep_model::call::CallError;
use lockstep_model::gate::Permit;
use lockstep_model::resource::Resource;

/// Requires a version: a change without one would overwrite changes of others.
pub(super) fn required(version: &str) -> Result<&str, CallError> {
    if version.is_empty() {
        Err(CallError::Invalid("the call lacks the version of the object".into()))
    } else {
        Ok(version)
    }
}

/// The one object of a permit.
pub(super) fn single_object(permit: &Permit) -> Result<&Resource, CallError> {
    let target = permit.resource().filter(|target| target.name().is_some());
    target.ok_or_else(|| CallError::Invalid("the call names no object".into()))
}

/// The namespace of a target in the cluster; none for kinds without namespaces.
pub(super) fn namespace(
    client: &ClusterClient,
    target: &Resource,
    kind: &ObjectKind,
) -> Result<Option<String>, CallError> {
    match (target.namespace(), kind.namespaced) {
        ("-", false) => Ok(None),
        ("-", true) => Err(CallError::Invalid(format!(
            "invalid namespace `-` in `{target}`: objects of this kind have one"
        ))),
        (_, false) => Err(CallError::Invalid(format!(
            "invalid namespace in `{target}`: objects of this kind have none, write `-`"
        ))),
        (".", true) => Ok(Some(client.namespace.clone())),
        (namespace, true) => Ok(Some(namespace.to_owned())),
    }
}

/// The API for the objects of a target.
pub(super) fn api(
    client: &ClusterClient,
    target: &Resource,
    kind: &ObjectKind,
) -> Result<Api<DynamicObject>, CallError> {
    let kube = client.kube.clone();
    Ok(match namespace(client, target, kind)? {
        Some(namespace) => Api::namespaced_with(kube, &namespace, &kind.resource),
        None => Api::all_with(kube, &kind.resource),
    })
}
