//! Kinds of objects, by the rules that apply to them. An unknown kind counts as a custom one.

use std::rc::Rc;

/// A kind of object, by the rules that apply to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// `Deployment.apps`
    Deployment,
    /// `StatefulSet.apps`
    StatefulSet,
    /// `DaemonSet.apps`
    DaemonSet,
    /// `ReplicaSet.apps`
    ReplicaSet,
    /// `ControllerRevision.apps`
    ControllerRevision,
    /// `Job.batch`
    Job,
    /// `CronJob.batch`
    CronJob,
    /// `Pod`
    Pod,
    /// `PersistentVolumeClaim`
    Claim,
    /// `Service`
    Service,
    /// `EndpointSlice.discovery.k8s.io`
    EndpointSlice,
    /// `Event`, also of the group `events.k8s.io`
    Event,
    /// `Namespace`
    Namespace,
    /// `CustomResourceDefinition.apiextensions.k8s.io`
    Definition,
    /// A kind whose objects are ready as soon as they exist: their status says nothing about a rollout.
    Plain(Rc<str>),
    /// Any other kind, with its group: ready when its conditions say so.
    Custom(Rc<str>),
}

/// The kinds with rules of their own, in lower case.
const KNOWN: [(&str, Kind); 15] = [
    ("deployment.apps", Kind::Deployment),
    ("statefulset.apps", Kind::StatefulSet),
    ("daemonset.apps", Kind::DaemonSet),
    ("replicaset.apps", Kind::ReplicaSet),
    ("controllerrevision.apps", Kind::ControllerRevision),
    ("job.batch", Kind::Job),
    ("cronjob.batch", Kind::CronJob),
    ("pod", Kind::Pod),
    ("persistentvolumeclaim", Kind::Claim),
    ("service", Kind::Service),
    ("endpointslice.discovery.k8s.io", Kind::EndpointSlice),
    ("event", Kind::Event),
    ("event.events.k8s.io", Kind::Event),
    ("namespace", Kind::Namespace),
    ("customresourcedefinition.apiextensions.k8s.io", Kind::Definition),
];

/// The kinds whose objects are ready as soon as they exist, in lower case.
const PLAIN: &[&str] = &[
    "clusterrole.rbac.authorization.k8s.io",
    "clusterrolebinding.rbac.authorization.k8s.io",
    "configmap",
    "csidriver.storage.k8s.io",
    "endpoints",
    "horizontalpodautoscaler.autoscaling",
    "ingress.networking.k8s.io",
    "ingressclass.networking.k8s.io",
    "lease.coordination.k8s.io",
    "limitrange",
    "mutatingadmissionpolicy.admissionregistration.k8s.io",
    "mutatingadmissionpolicybinding.admissionregistration.k8s.io",
    "mutatingwebhookconfiguration.admissionregistration.k8s.io",
    "networkpolicy.networking.k8s.io",
    "poddisruptionbudget.policy",
    "podtemplate",
    "priorityclass.scheduling.k8s.io",
    "referencegrant.gateway.networking.k8s.io",
    "resourcequota",
    "role.rbac.authorization.k8s.io",
    "rolebinding.rbac.authorization.k8s.io",
    "runtimeclass.node.k8s.io",
    "secret",
    "serviceaccount",
    "storageclass.storage.k8s.io",
    "validatingadmissionpolicy.admissionregistration.k8s.io",
    "validatingadmissionpolicybinding.admissionregistration.k8s.io",
    "validatingwebhookconfiguration.admissionregistration.k8s.io",
    "volumeattributesclass.storage.k8s.io",
];

impl Kind {
    /// The kind of a name with its API group, without a group for the core group, such as `Pod` or `Deployment.apps`.
    /// Case does not matter.
    pub fn of(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        if let Some((_, kind)) = KNOWN.iter().find(|(known, _)| *known == lower) {
            return kind.clone();
        }
        match PLAIN.contains(&lower.as_str()) {
            true => Self::Plain(name.into()),
            false => Self::Custom(name.into()),
        }
    }

    /// The built-in kind of Kubernetes with this name, in singular or plural, without its group. Case does not matter.
    pub fn builtin(name: &str) -> Option<Self> {
        let known = KNOWN.iter().map(|(_, kind)| kind.clone());
        let plain = PLAIN.iter().map(|name| Self::of(name));
        known.chain(plain).find(|kind| {
            let group = kind.name().split_once('.').map_or("", |(_, group)| group);
            let dot = if group.is_empty() { "" } else { "." };
            kind.has_name(&format!("{name}{dot}{group}"))
        })
    }

    /// The name of the kind, with its group unless that is the core group.
    pub fn name(&self) -> &str {
        match self {
            Self::Deployment => "Deployment.apps",
            Self::StatefulSet => "StatefulSet.apps",
            Self::DaemonSet => "DaemonSet.apps",
            Self::ReplicaSet => "ReplicaSet.apps",
            Self::ControllerRevision => "ControllerRevision.apps",
            Self::Job => "Job.batch",
            Self::CronJob => "CronJob.batch",
            Self::Pod => "Pod",
            Self::Claim => "PersistentVolumeClaim",
            Self::Service => "Service",
            Self::EndpointSlice => "EndpointSlice.discovery.k8s.io",
            Self::Event => "Event",
            Self::Namespace => "Namespace",
            Self::Definition => "CustomResourceDefinition.apiextensions.k8s.io",
            Self::Plain(name) | Self::Custom(name) => name,
        }
    }

    /// The name without the group, such as `Deployment`.
    pub fn short_name(&self) -> &str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// Whether a name means this kind, in singular or plural: `Widget.example.com` and `widgets.example.com` are the same.
    pub(crate) fn has_name(&self, other: &str) -> bool {
        let own = self.name().to_ascii_lowercase();
        let other = other.to_ascii_lowercase();
        let (word, group) = own.split_once('.').unwrap_or((&own, ""));
        let (other, other_group) = other.split_once('.').unwrap_or((&other, ""));
        // The plural that the tools of Kubernetes derive from a kind.
        let plural = match word.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ if word.ends_with(['s', 'x', 'z']) || word.ends_with("ch") || word.ends_with("sh") => {
                format!("{word}es")
            }
            _ => format!("{word}s"),
        };
        group == other_group && (word == other || plural == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_name_and_group() {
        assert_eq!(Kind::of("deployment.apps"), Kind::Deployment);
        assert_eq!(Kind::of("Deployment.example.com"), Kind::Custom("Deployment.example.com".into()));
        assert_eq!(Kind::of("ConfigMap"), Kind::Plain("ConfigMap".into()));
        for (name, kind) in KNOWN.iter().filter(|(name, _)| *name != "event.events.k8s.io") {
            assert_eq!(kind.name().to_ascii_lowercase(), *name);
        }
    }

    #[test]
    fn plurals_are_the_same_kind() {
        for (kind, other) in [
            ("Widget.example.com", "widgets.example.com"),
            ("Proxy.example.com", "proxies.example.com"),
            ("Gateway.example.com", "gateways.example.com"),
            ("Ingress.example.com", "ingresses.example.com"),
        ] {
            assert!(Kind::of(kind).has_name(other) && Kind::of(kind).has_name(kind));
        }
        assert!(!Kind::of("Widget.example.com").has_name("widgets.example.org"));
    }
}
