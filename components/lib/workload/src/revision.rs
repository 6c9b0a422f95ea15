//! Which pods are of the newest revision, and which earlier revision still serves. Without proof there is no revision to
//! roll back to.

use std::rc::Rc;

use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::{Details, Object};
use crate::pod::Pod;

/// A pod with its UID.
pub(crate) type OwnedPod<'a> = (&'a Rc<str>, &'a Object, &'a Pod);

fn owned_pods<'a>(inventory: &'a Inventory, uid: &Rc<str>) -> impl Iterator<Item = OwnedPod<'a>> {
    inventory.owned(uid).filter_map(|(uid, object)| Some((uid, object, object.pod()?)))
}

/// The ReplicaSet that a Deployment made of its present template.
pub(crate) fn newest_replica_set<'a>(
    inventory: &'a Inventory,
    uid: &Rc<str>,
    object: &Object,
) -> Option<(&'a Rc<str>, &'a Object)> {
    let deployment = object.workload()?;
    let sets = || inventory.owned(uid).filter_map(|(uid, set)| Some((uid, set, set.workload()?)));
    let by_template = sets().filter(|(_, _, set)| set.template == deployment.template);
    // An upgrade of the cluster may add defaults to one of the templates, but it keeps the number.
    let by_number = sets().filter(|(_, _, set)| {
        set.revision == deployment.revision && set.revision > 0 && object.is_observed(deployment.observed)
    });
    let newest = by_template.max_by_key(|(_, _, set)| set.revision);
    newest.or_else(|| by_number.last()).map(|(uid, set, _)| (uid, set))
}

/// The pods of an object, and for each whether it is of the newest revision.
pub(crate) fn pods_of<'a>(
    inventory: &'a Inventory,
    uid: &Rc<str>,
    object: &'a Object,
) -> Vec<(bool, OwnedPod<'a>)> {
    match object.kind {
        Kind::Deployment => {
            let newest = newest_replica_set(inventory, uid, object).map(|(uid, _)| uid);
            let sets = inventory.owned(uid).filter(|(_, set)| set.kind == Kind::ReplicaSet);
            sets.flat_map(|(set, _)| owned_pods(inventory, set).map(move |pod| (Some(set) == newest, pod)))
                .collect()
        }
        Kind::StatefulSet | Kind::DaemonSet => {
            let hash = newest_hash(inventory, uid, object);
            owned_pods(inventory, uid).map(|pod| (is_newest(object, hash, pod.2), pod)).collect()
        }
        Kind::ReplicaSet | Kind::Job => owned_pods(inventory, uid).map(|pod| (true, pod)).collect(),
        // The rules of other controllers are unknown, and so is the newest revision of their pods.
        _ => Vec::new(),
    }
}

/// The label of the newest revision of a StatefulSet or DaemonSet, if the objects tell.
fn newest_hash<'a>(inventory: &'a Inventory, uid: &Rc<str>, object: &'a Object) -> Option<&'a str> {
    match object.kind {
        Kind::StatefulSet => object.workload().map(|workload| &*workload.update_revision),
        _ => revisions(inventory, uid).max().map(|(_, hash, _)| hash),
    }
}

/// The revisions of a StatefulSet or DaemonSet: number, label and name.
fn revisions<'a>(inventory: &'a Inventory, uid: &Rc<str>) -> impl Iterator<Item = (u64, &'a str, &'a str)> {
    inventory.owned(uid).filter_map(|(_, object)| match &object.details {
        Details::Revision { number, hash } => Some((*number, &**hash, &*object.name)),
        _ => None,
    })
}

/// The newest revision before the present one that has ready pods now.
///
/// # Errors
/// There is none, or the objects do not tell; the text says why.
pub(crate) fn serving(inventory: &Inventory, uid: &Rc<str>, object: &Object) -> Result<u64, String> {
    let serving = match object.kind {
        Kind::Deployment => serving_set(inventory, uid, object)?,
        Kind::StatefulSet | Kind::DaemonSet => serving_pods(inventory, uid, object)?,
        _ => return Err(format!("a {} keeps no revisions", object.kind.short_name())),
    };
    serving.filter(|revision| *revision > 0).ok_or_else(|| {
        format!("no earlier revision of {} is known to have pods that are ready now", object.title())
    })
}

/// Names and UIDs of the pods of the newest revision that are not ready.
pub(crate) fn stuck_pods(inventory: &Inventory, uid: &Rc<str>, object: &Object) -> Vec<(String, String)> {
    let pods = pods_of(inventory, uid, object).into_iter();
    let stuck = pods.filter(|(is_newest, pod)| *is_newest && !is_serving(pod));
    stuck.map(|(_, (uid, pod, _))| (pod.name.to_string(), uid.to_string())).collect()
}

fn serving_set(inventory: &Inventory, uid: &Rc<str>, object: &Object) -> Result<Option<u64>, String> {
    let Some((newest, _)) = newest_replica_set(inventory, uid, object) else {
        return Err(format!("which ReplicaSet is the newest of {} is not known", object.title()));
    };
    let sets = inventory.owned(uid).filter(|(uid, set)| *uid != newest && set.kind == Kind::ReplicaSet);
    let sets = sets.filter_map(|(uid, set)| Some((uid, set.workload()?)));
    let serving = sets.filter(|(uid, set)| {
        let mut pods = owned_pods(inventory, uid).peekable();
        // The count of the ReplicaSet is the fallback for a run that knows no pods.
        match pods.peek() {
            Some(_) => pods.any(|pod| is_serving(&pod)),
            None => set.ready > 0,
        }
    });
    Ok(serving.map(|(_, set)| set.revision).max())
}

fn serving_pods(inventory: &Inventory, uid: &Rc<str>, object: &Object) -> Result<Option<u64>, String> {
    if object.workload().is_some_and(|workload| !object.is_observed(workload.observed)) {
        return Err(format!(
            "the controller of {} has not taken up its newest specification",
            object.title()
        ));
    }
    let pods = pods_of(inventory, uid, object);
    let serving: Vec<&Pod> =
        pods.iter().filter(|(is_newest, pod)| !is_newest && is_serving(pod)).map(|(_, pod)| pod.2).collect();
    // The label of a pod is the name of the revision, or its end.
    let numbers = revisions(inventory, uid).filter(|(_, hash, name)| {
        serving.iter().any(|pod| !pod.hash.is_empty() && (*pod.hash == **hash || *pod.hash == **name))
    });
    let number = numbers.map(|(number, _, _)| number).max();
    match (number, serving.is_empty()) {
        (None, false) => {
            Err(format!("the number of the revision of {} that serves is not known", object.title()))
        }
        (number, _) => Ok(number),
    }
}

/// Whether a pod of a StatefulSet or DaemonSet is of the revision with this label. For a DaemonSet without a known label,
/// the number of its template decides, which its pods have as a label too.
fn is_newest(object: &Object, hash: Option<&str>, pod: &Pod) -> bool {
    match (hash, object.workload()) {
        (Some(hash), _) => !hash.is_empty() && *pod.hash == *hash,
        (None, Some(set)) => {
            object.kind == Kind::DaemonSet && set.revision > 0 && pod.template == set.revision
        }
        (None, None) => false,
    }
}

/// Whether a pod serves now.
fn is_serving((_, object, pod): &OwnedPod<'_>) -> bool {
    pod.is_ready && !object.is_deleting
}
