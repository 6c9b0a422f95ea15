//! Decides what to watch: the objects that inputs name and those that explain their status, with one selection per kind and
//! namespace.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::cluster::{ObjectRef, Selection};
use lockstep_workload::Kind;

/// The purpose of a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its objects are targets if the plan names them.
    Named,
    /// All of its objects are targets.
    Selected,
    /// Its objects explain the status of targets. The run goes on if it may not read them.
    Explaining,
}

/// The selections to watch, and the named targets.
#[derive(Clone, Debug, Default)]
pub struct WatchPlan {
    /// The selections with their purpose.
    pub selections: Vec<(Selection, Role)>,
    /// The named targets. Their namespaces are as in the inputs.
    pub named: BTreeSet<ObjectRef>,
}

/// The field selectors of the watched Events: warnings, announced nodes, and the successes that end a failure to create pods
/// or mount volumes. All other Events are too many.
const EVENTS: [&str; 4] =
    ["type!=Normal", "reason=TriggeredScaleUp", "reason=SuccessfulCreate", "reason=Pulling"];

impl WatchPlan {
    /// Watches the named objects, all objects of the selections, and the objects that explain their status.
    #[must_use]
    pub fn new(named: BTreeSet<ObjectRef>, selected: &[Selection]) -> Self {
        let mut plan = Self { selections: Vec::new(), named };
        let kinds = plan.named_kinds();
        for ((namespace, kind), names) in &kinds {
            let name = if let [name] = names.as_slice() { Some(name.clone()) } else { None };
            plan.watch(Selection { name, ..Selection::all(namespace, kind) }, Role::Named);
        }
        let mut namespaces: BTreeMap<&str, BTreeSet<Kind>> = BTreeMap::new();
        for selection in selected {
            namespaces.entry(&selection.namespace).or_default().insert(Kind::of(&selection.kind));
            plan.watch(selection.clone(), Role::Selected);
        }
        for (namespace, kind) in kinds.keys() {
            namespaces.entry(namespace).or_default().insert(Kind::of(kind));
        }
        for (namespace, kinds) in &namespaces {
            plan.explain(namespace, kinds);
        }
        plan
    }

    /// The names by namespace and kind.
    fn named_kinds(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut kinds: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for object in &self.named {
            kinds
                .entry((object.namespace.clone(), object.kind.clone()))
                .or_default()
                .push(object.name.clone());
        }
        kinds
    }

    /// Watches what explains the status of objects of these kinds.
    fn explain(&mut self, namespace: &str, kinds: &BTreeSet<Kind>) {
        use Kind::{
            Claim, CronJob, DaemonSet, Deployment, EndpointSlice, Event, Job, Pod, ReplicaSet, StatefulSet,
        };
        let has = |any: &[Kind]| any.iter().any(|kind| kinds.contains(kind));
        let has_pods = has(&[Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod]);
        let mut also = Vec::new();
        if has_pods {
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
            self.watch(Selection::all(namespace, kind.name()), Role::Explaining);
        }
        if has_pods || has(&[Claim]) {
            for fields in EVENTS {
                let field_selector = Some(fields.to_owned());
                let events = Selection { field_selector, ..Selection::all(namespace, Event.name()) };
                self.watch(events, Role::Explaining);
            }
        }
    }

    fn watch(&mut self, selection: Selection, role: Role) {
        let covers = |other: &Selection| {
            (&other.namespace, &other.kind) == (&selection.namespace, &selection.kind) && other.is_all()
        };
        // A kind that is watched as a whole needs no second selection.
        if role == Role::Explaining && self.selections.iter().any(|(other, _)| covers(other)) {
            return;
        }
        self.selections.push((selection, role));
    }
}
