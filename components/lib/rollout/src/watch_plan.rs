//! Decides what to watch: the objects that inputs name and those that explain their status, with one selection per kind and
//! namespace.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::cluster::{ObjectRef, Selection};
use lockstep_workload::{Kind, Removal, SELECTABLE_KINDS};

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

/// What one entry of an input selects in one namespace. At least one object must match, of any of its kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorEntry {
    /// The name of the input.
    pub input: &'static str,
    /// The entry as it was given, such as `-l app=web`.
    pub text: String,
    /// The namespace as in the inputs; `-` for kinds without one.
    pub namespace: String,
    /// The kinds.
    pub kinds: Vec<String>,
    /// The label selector; none for all objects.
    pub labels: Option<String>,
}

/// The selections to watch, and the named targets.
#[derive(Clone, Debug, Default)]
pub struct WatchPlan {
    /// The selections with their purpose.
    pub selections: Vec<(Selection, Role)>,
    /// The named targets. Their namespaces are as in the inputs.
    pub named: BTreeSet<ObjectRef>,
    /// Why named targets may be gone although nothing is wrong.
    pub removals: BTreeMap<ObjectRef, Removal>,
    /// The entries, each with the indexes of its selections.
    entries: Vec<(SelectorEntry, Vec<usize>)>,
}

/// The field selectors of the watched Events: warnings, announced nodes, and the successes that end a failure to create pods
/// or mount volumes. All other Events are too many.
const EVENTS: [&str; 4] =
    ["type!=Normal", "reason=TriggeredScaleUp", "reason=SuccessfulCreate", "reason=Pulling"];

/// The field selector of the Events about claims whose volume is made for their first pod.
const CLAIM_EVENTS: &str = "reason=WaitForFirstConsumer";

impl WatchPlan {
    /// Watches the named objects, all objects that the entries select, and the objects that explain their status.
    #[must_use]
    pub fn new(named: BTreeSet<ObjectRef>, entries: &[SelectorEntry]) -> Self {
        let mut plan = Self { named, ..Self::default() };
        let kinds = plan.named_kinds();
        for ((namespace, kind), names) in &kinds {
            let name = if let [name] = names.as_slice() { Some(name.clone()) } else { None };
            plan.watch(Selection { name, ..Selection::all(namespace, kind) }, Role::Named);
        }
        let mut namespaces: BTreeMap<&str, BTreeSet<Kind>> = BTreeMap::new();
        for entry in entries {
            let kinds = entry.kinds.iter().map(|kind| Kind::of(kind));
            namespaces.entry(&entry.namespace).or_default().extend(kinds);
            plan.select(entry);
        }
        for (namespace, kind) in kinds.keys() {
            namespaces.entry(namespace).or_default().insert(Kind::of(kind));
        }
        for (namespace, kinds) in &namespaces {
            plan.explain(namespace, kinds);
        }
        plan
    }

    /// The entries of which no selection is among those that have found an object.
    pub(crate) fn unmatched(&self, found: &BTreeSet<usize>) -> Vec<&SelectorEntry> {
        let is_unmatched =
            |(_, indexes): &&(SelectorEntry, Vec<usize>)| indexes.iter().all(|index| !found.contains(index));
        self.entries.iter().filter(is_unmatched).map(|(entry, _)| entry).collect()
    }

    /// Watches what an entry selects. Entries that select the same share a selection.
    fn select(&mut self, entry: &SelectorEntry) {
        if self.entries.iter().any(|(known, _)| known == entry) {
            return;
        }
        let mut indexes = Vec::new();
        for kind in &entry.kinds {
            let label_selector = entry.labels.clone();
            let selection =
                (Selection { label_selector, ..Selection::all(&entry.namespace, kind) }, Role::Selected);
            let known = self.selections.iter().position(|known| *known == selection);
            indexes.push(known.unwrap_or(self.selections.len()));
            if known.is_none() {
                self.selections.push(selection);
            }
        }
        self.entries.push((entry.clone(), indexes));
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
        if has(&[Claim]) && !has_pods {
            also.push(Pod);
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
            also.extend(SELECTABLE_KINDS.into_iter().filter(|kind| !also.contains(kind)).collect::<Vec<_>>());
        }
        for kind in also {
            self.watch(Selection::all(namespace, kind.name()), Role::Explaining);
        }
        if has_pods || has(&[Claim]) {
            let of_claims = has(&[Claim]).then_some(CLAIM_EVENTS);
            for fields in EVENTS.into_iter().chain(of_claims) {
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
