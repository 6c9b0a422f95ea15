//! Decides what to follow: which objects of which kinds, with as few selections as there are kinds and namespaces. Never
//! asks the cluster.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_workload::Kind;

use crate::host::Selection;

/// What a selection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Objects of it are followed if they are named.
    Named,
    /// All objects of it are followed.
    Selected,
    /// What it shows explains the others. Where it may not be read, the run goes on without.
    Explaining,
}

/// An object to follow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The namespace, as inputs spell it.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// Objects to follow, whatever they are called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selected {
    /// The namespace, as inputs spell it.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Only those with these labels.
    pub labels: Option<String>,
}

/// What to follow, and whom it is for.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What to follow, and what for.
    pub selections: Vec<(Selection, Role)>,
    /// What is named.
    pub named: BTreeSet<Named>,
}

/// Which Events are followed: what goes wrong, that a node is on its way, and what says that creating pods or mounting
/// volumes, which had failed, works again. All others would be many and say nothing.
const EVENTS: [&str; 4] =
    ["type!=Normal", "reason=TriggeredScaleUp", "reason=SuccessfulCreate", "reason=Pulling"];

impl Plan {
    /// Follows these, and what explains how they stand.
    #[must_use]
    pub fn of(named: BTreeSet<Named>, selected: &BTreeSet<Selected>) -> Self {
        let mut plan = Self { selections: Vec::new(), named };
        let kinds = plan.named_kinds();
        for ((namespace, kind), names) in &kinds {
            let name = if let [name] = names.as_slice() { Some(name.clone()) } else { None };
            plan.follow(namespace, kind, Role::Named, |selection| selection.name = name);
        }
        let mut namespaces: BTreeMap<String, BTreeSet<Kind>> = BTreeMap::new();
        for Selected { namespace, kind, labels } in selected {
            namespaces.entry(namespace.clone()).or_default().insert(Kind::of(kind));
            plan.follow(namespace, kind, Role::Selected, |selection| selection.labels.clone_from(labels));
        }
        for (namespace, kind) in kinds.keys() {
            namespaces.entry(namespace.clone()).or_default().insert(Kind::of(kind));
        }
        for (namespace, kinds) in &namespaces {
            plan.explain(namespace, kinds);
        }
        plan
    }

    /// The names by namespace and kind.
    fn named_kinds(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut kinds: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for named in &self.named {
            kinds.entry((named.namespace.clone(), named.kind.clone())).or_default().push(named.name.clone());
        }
        kinds
    }

    /// What explains how objects of these kinds stand.
    fn explain(&mut self, namespace: &str, kinds: &BTreeSet<Kind>) {
        use Kind::{
            Claim, CronJob, DaemonSet, Deployment, EndpointSlice, Event, Job, Pod, ReplicaSet, StatefulSet,
        };
        let has = |kinds_: &[Kind]| kinds_.iter().any(|kind| kinds.contains(kind));
        let pods = has(&[Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod]);
        let mut also = Vec::new();
        if pods {
            also.extend([Pod, Claim]);
        }
        if has(&[Deployment]) {
            also.push(ReplicaSet);
        }
        if has(&[StatefulSet, DaemonSet]) {
            also.push(Kind::ControllerRevision);
        }
        if has(&[CronJob]) {
            also.push(Job);
        }
        if has(&[Kind::Service]) {
            also.push(EndpointSlice);
        }
        for kind in also {
            self.follow(namespace, kind.name(), Role::Explaining, |_| {});
        }
        if pods || has(&[Claim]) {
            for fields in EVENTS {
                let fields = Some(fields.to_owned());
                self.follow(namespace, Event.name(), Role::Explaining, |selection| selection.fields = fields);
            }
        }
    }

    fn follow(&mut self, namespace: &str, kind: &str, role: Role, narrow: impl FnOnce(&mut Selection)) {
        let mut selection = Selection::all(namespace, kind);
        narrow(&mut selection);
        let all = |other: &Selection| {
            (&other.namespace, &other.kind) == (&selection.namespace, &selection.kind)
                && other.name.is_none()
                && other.labels.is_none()
                && other.fields.is_none()
        };
        // What is followed as a whole is not followed twice.
        if role == Role::Explaining && self.selections.iter().any(|(other, _)| all(other)) {
            return;
        }
        self.selections.push((selection, role));
    }
}
