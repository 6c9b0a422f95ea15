//! Detects whether a GitOps controller owns an object, because it would revert a change. Labels that people also set by hand
//! do not count.

use serde_json::Value;

use crate::value::text;

/// The GitOps owner of an object given as JSON, such as `Argo CD application web` or `Flux kustomization
/// flux-system/web`; none without one.
///
/// <https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/>,
/// <https://fluxcd.io/flux/components/kustomize/kustomizations/#reconciliation>
pub fn gitops_owner(json: &str) -> Option<String> {
    let object: Value = serde_json::from_str(json).ok()?;
    let meta = &object["metadata"];
    argo(&object).or_else(|| flux(meta)).or_else(|| fleet(meta))
}

/// The annotation names its object, because tools copy annotations to other objects. The label
/// `app.kubernetes.io/instance`, which Argo CD can use too, proves nothing: every chart sets it.
fn argo(object: &Value) -> Option<String> {
    let meta = &object["metadata"];
    let tracking = text(&meta["annotations"], "argocd.argoproj.io/tracking-id");
    // APPLICATION:GROUP/KIND:NAMESPACE/NAME
    let mut parts = tracking.splitn(3, ':');
    let (application, kind, name) = (parts.next()?, parts.next(), parts.next());
    let is_kind = kind
        .and_then(|kind| kind.rsplit('/').next())
        .is_some_and(|kind| text(object, "kind").is_empty() || kind == text(object, "kind"));
    let is_name =
        name.and_then(|name| name.rsplit('/').next()).is_some_and(|name| name == text(meta, "name"));
    if !application.is_empty() && is_kind && is_name {
        return Some(format!("Argo CD application {application}"));
    }
    let instance = text(&meta["labels"], "argocd.argoproj.io/instance");
    (!instance.is_empty()).then(|| format!("Argo CD application {instance}"))
}

fn flux(meta: &Value) -> Option<String> {
    [("kustomize", "kustomization"), ("helm", "Helm release")].into_iter().find_map(|(controller, owner)| {
        let key = |end: &str| format!("{controller}.toolkit.fluxcd.io/{end}");
        let name = text(&meta["labels"], &key("name"));
        // Flux ignores an object with this annotation.
        let is_off = text(&meta["annotations"], &key("reconcile")) == "disabled";
        let namespace = text(&meta["labels"], &key("namespace"));
        let slash = if namespace.is_empty() { "" } else { "/" };
        (!name.is_empty() && !is_off).then(|| format!("Flux {owner} {namespace}{slash}{name}"))
    })
}

/// k3s uses the same annotations for its own objects, with an owner of another kind.
fn fleet(meta: &Value) -> Option<String> {
    let annotations = &meta["annotations"];
    let bundle = ["labels", "annotations"]
        .into_iter()
        .map(|part| text(&meta[part], "fleet.cattle.io/bundle-name"))
        .find(|bundle| !bundle.is_empty())
        .unwrap_or_else(|| text(annotations, "objectset.rio.cattle.io/id"));
    let is_other = !text(annotations, "objectset.rio.cattle.io/owner-gvk").is_empty();
    (!bundle.is_empty() && !is_other).then(|| format!("Rancher Fleet bundle {bundle}"))
}
