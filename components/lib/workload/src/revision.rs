//! Which pods are of the newest revision, and which earlier revision still serves. Never guesses: without
//! proof there is no revision to go back to.

use std::rc::Rc;

use crate::facts::{Facts, Object};
use crate::index::Link;
use crate::kind::Kind;
use crate::pod::Pod;
use crate::store::{Cluster, TargetId};

/// A pod with its UID.
pub(crate) type OwnedPod<'a> = (&'a Rc<str>, &'a Object, &'a Pod);

impl Cluster {
    /// What an object controls.
    pub(crate) fn owned<'a>(&'a self, uid: &Rc<str>) -> impl Iterator<Item = (&'a Rc<str>, &'a Object)> {
        self.index.get(&Link::Owner(uid.clone())).filter_map(|uid| Some((uid, self.objects.get(uid)?)))
    }

    fn owned_pods<'a>(&'a self, uid: &Rc<str>) -> impl Iterator<Item = OwnedPod<'a>> {
        self.owned(uid).filter_map(|(uid, object)| Some((uid, object, object.pod()?)))
    }

    /// The ReplicaSet that a Deployment made of its present template.
    pub(crate) fn newest<'a>(&'a self, uid: &Rc<str>, object: &Object) -> Option<(&'a Rc<str>, &'a Object)> {
        let deployment = object.workload()?;
        let sets = || self.owned(uid).filter_map(|(uid, set)| Some((uid, set, set.workload()?)));
        let by_template = sets().filter(|(_, _, set)| set.template == deployment.template);
        // A cluster that was upgraded may have added defaults to one of the templates; the number is the same
        // then.
        let by_number = sets().filter(|(_, _, set)| {
            set.revision == deployment.revision && set.revision > 0 && object.is_observed(deployment.observed)
        });
        let newest = by_template.max_by_key(|(_, _, set)| set.revision);
        newest.or_else(|| by_number.last()).map(|(uid, set, _)| (uid, set))
    }

    /// The pods of an object, and for each whether it is of the newest revision.
    pub(crate) fn pods_of<'a>(&'a self, uid: &Rc<str>, object: &'a Object) -> Vec<(bool, OwnedPod<'a>)> {
        match object.kind {
            Kind::Deployment => {
                let newest = self.newest(uid, object).map(|(uid, _)| uid);
                let sets = self.owned(uid).filter(|(_, set)| set.kind == Kind::ReplicaSet);
                sets.flat_map(|(set, _)| self.owned_pods(set).map(move |pod| (Some(set) == newest, pod)))
                    .collect()
            }
            Kind::StatefulSet | Kind::DaemonSet => {
                let hash = self.newest_hash(uid, object);
                self.owned_pods(uid).map(|pod| (is_newest(object, hash, pod.2), pod)).collect()
            }
            Kind::ReplicaSet | Kind::Job => self.owned_pods(uid).map(|pod| (true, pod)).collect(),
            // Of what makes pods by rules of its own it is not known which are of its newest revision.
            _ => Vec::new(),
        }
    }

    /// The label of the newest revision of a StatefulSet or DaemonSet, if it can be known.
    fn newest_hash<'a>(&'a self, uid: &Rc<str>, object: &'a Object) -> Option<&'a str> {
        match object.kind {
            Kind::StatefulSet => object.workload().map(|workload| &*workload.update_revision),
            _ => self.revisions(uid).max().map(|(_, hash, _)| hash),
        }
    }

    /// The revisions that are kept of a StatefulSet or DaemonSet: number, label and name.
    fn revisions<'a>(&'a self, uid: &Rc<str>) -> impl Iterator<Item = (u64, &'a str, &'a str)> {
        self.owned(uid).filter_map(|(_, object)| match &object.facts {
            Facts::Revision { number, hash } => Some((*number, &**hash, &*object.name)),
            _ => None,
        })
    }

    /// The newest revision before the present one that has pods that are ready now.
    pub(crate) fn serving(&self, uid: &Rc<str>, object: &Object) -> Result<u64, String> {
        let serving = match object.kind {
            Kind::Deployment => self.serving_set(uid, object)?,
            Kind::StatefulSet | Kind::DaemonSet => self.serving_pods(uid, object)?,
            _ => return Err(format!("a {} keeps no revisions", object.kind.word())),
        };
        serving.filter(|revision| *revision > 0).ok_or_else(|| {
            format!("no earlier revision of {} is known to have pods that are ready now", object.title())
        })
    }

    /// Names and UIDs of the pods that keep a StatefulSet from going back: its controller waits for each pod of
    /// its newest revision to become ready before it makes it anew, whatever the template is by then.
    /// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback>
    pub fn stuck_pods(&self, target: TargetId) -> Vec<(String, String)> {
        match self.find(self.target_name(target)) {
            Some((uid, object)) if object.kind == Kind::StatefulSet => {
                let pods = self.pods_of(uid, object).into_iter();
                let stuck = pods.filter(|(is_newest, pod)| *is_newest && !is_serving(pod));
                stuck.map(|(_, (uid, pod, _))| (pod.name.to_string(), uid.to_string())).collect()
            }
            _ => Vec::new(),
        }
    }

    fn serving_set(&self, uid: &Rc<str>, object: &Object) -> Result<Option<u64>, String> {
        let Some((newest, _)) = self.newest(uid, object) else {
            return Err(format!("which ReplicaSet is the newest of {} is not known", object.title()));
        };
        let sets = self.owned(uid).filter(|(uid, set)| *uid != newest && set.kind == Kind::ReplicaSet);
        let sets = sets.filter_map(|(uid, set)| Some((uid, set.workload()?)));
        let serving = sets.filter(|(uid, set)| {
            let mut pods = self.owned_pods(uid).peekable();
            // The pods say it, if they are known; else what their ReplicaSet counts.
            match pods.peek() {
                Some(_) => pods.any(|pod| is_serving(&pod)),
                None => set.ready > 0,
            }
        });
        Ok(serving.map(|(_, set)| set.revision).max())
    }

    fn serving_pods(&self, uid: &Rc<str>, object: &Object) -> Result<Option<u64>, String> {
        if object.workload().is_some_and(|workload| !object.is_observed(workload.observed)) {
            return Err(format!(
                "the controller of {} has not taken up its newest specification",
                object.title()
            ));
        }
        let pods = self.pods_of(uid, object);
        let serving: Vec<&Pod> = pods
            .iter()
            .filter(|(is_newest, pod)| !is_newest && is_serving(pod))
            .map(|(_, pod)| pod.2)
            .collect();
        // The label of a pod is the name of the revision, or its end.
        let numbers = self.revisions(uid).filter(|(_, hash, name)| {
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
}

/// Whether a pod of a StatefulSet or DaemonSet is of the revision with this label. If that of a DaemonSet is
/// not known, the number of its template tells, which its pods have too.
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
