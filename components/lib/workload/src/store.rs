//! The state of a cluster as a run knows it: receives objects and Events, and evaluates the targets that they affect.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::cause::Cause;
use crate::event::Event;
use crate::index::{Link, Name};
use crate::inventory::Inventory;
use crate::kind::Kind;
use crate::object::{Details, Object};
use crate::revision;
use crate::rules::Rules;
use crate::status::Status;
use crate::target::{Evaluator, Target};
use crate::value::text;

/// Identifies a target of a [`ClusterState`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetId(usize);

/// An object that [`ClusterState::observe`] added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedObject {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, empty if its kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The UID of its controller, if it has one.
    pub owner: Option<String>,
    /// Whether it was unknown before.
    pub is_new: bool,
}

/// The known objects of a cluster, and the targets among them.
#[derive(Debug, Default)]
pub struct ClusterState {
    rules: Rules,
    inventory: Inventory,
    /// The real names of `.`, the namespace of the context, and of `-`, which is no namespace.
    aliases: BTreeMap<Box<str>, Rc<str>>,
    /// Each namespace once, because many objects share it.
    namespaces: BTreeMap<Box<str>, Rc<str>>,
    targets: Vec<Target>,
    by_name: BTreeMap<Name, Vec<usize>>,
}

impl ClusterState {
    /// A cluster without known objects.
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Makes an object a target, with the namespace as selections have it. A second call returns the same target.
    pub fn target(&mut self, kind: &Kind, namespace: &str, name: &str) -> TargetId {
        let namespace = self.aliases.get(namespace).cloned().unwrap_or_else(|| self.namespace(namespace));
        let name = Name { kind: kind.clone(), namespace, name: name.into() };
        let ids = self.by_name.entry(name.clone()).or_default();
        if let Some(id) = ids.first() {
            return TargetId(*id);
        }
        ids.push(self.targets.len());
        self.targets.push(Target::new(name));
        TargetId(self.targets.len() - 1)
    }

    /// Adds or replaces an object. `namespace` is that of its selection, such as `.`. Returns none for JSON that is not
    /// an object with a name and a UID. An Event is returned too, but only its part about another object is kept.
    pub fn observe(&mut self, kind: &Kind, namespace: &str, json: &str, now: u64) -> Option<ObservedObject> {
        let value: Value = serde_json::from_str(json).ok()?;
        let meta = &value["metadata"];
        let (uid, name) = (text(meta, "uid"), text(meta, "name"));
        if uid.is_empty() || name.is_empty() {
            return None;
        }
        let namespace = self.resolve_namespace(namespace, text(meta, "namespace"));
        if *kind == Kind::Event {
            self.add_event(&value, now);
            let (namespace, name) = (namespace.to_string(), name.to_owned());
            return Some(ObservedObject { kind: Kind::Event, namespace, name, owner: None, is_new: true });
        }
        let uid: Rc<str> = uid.into();
        let mut object = Object::parse(kind.clone(), namespace, &value, &self.rules);
        let before = self.inventory.take(&uid);
        if let Details::Pod(pod) = &mut object.details {
            pod.follow(before.as_ref().and_then(Object::pod), now);
        }
        let observed = ObservedObject {
            kind: kind.clone(),
            namespace: object.namespace.to_string(),
            name: name.to_owned(),
            owner: object.owner.as_deref().map(str::to_owned),
            is_new: before.is_none(),
        };
        // The former owner has lost a pod.
        if let Some(owner) =
            before.and_then(|before| before.owner).filter(|old| Some(old) != object.owner.as_ref())
        {
            self.mark_changed(&owner);
        }
        self.inventory.insert(uid.clone(), object);
        self.mark_changed(&uid);
        Some(observed)
    }

    /// Removes the object with this UID.
    pub fn remove(&mut self, uid: &str) {
        let uid: Rc<str> = uid.into();
        self.mark_changed(&uid);
        self.inventory.remove(&uid);
    }

    /// Evaluates the targets that have changed or are due. Returns those with another result than before.
    pub fn evaluate(&mut self, now: u64) -> Vec<TargetId> {
        let evaluator = Evaluator { inventory: &self.inventory, rules: &self.rules, now };
        let mut changed = Vec::new();
        for (at, target) in self.targets.iter_mut().enumerate() {
            let is_due = target.is_changed || target.due.is_some_and(|due| due <= now);
            if is_due && evaluator.evaluate(target) {
                changed.push(TargetId(at));
            }
        }
        changed
    }

    /// The time of the next [`ClusterState::evaluate`] if no object changes before.
    pub fn next_due(&self) -> Option<u64> {
        self.targets.iter().filter_map(|target| target.due).min()
    }

    /// All targets, in the order of their creation.
    pub fn targets(&self) -> impl Iterator<Item = TargetId> + use<> {
        (0..self.targets.len()).map(TargetId)
    }

    /// Kind, namespace and name of a target. The namespace is the real one once an object of it is known.
    pub fn name(&self, target: TargetId) -> (&Kind, &str, &str) {
        let name = &self.targets[target.0].name;
        (&name.kind, &name.namespace, &name.name)
    }

    /// The status of a target at its last evaluation.
    pub fn status(&self, target: TargetId) -> &Status {
        &self.targets[target.0].status
    }

    /// Why a target fails or may fail: certain causes first. The others explain why it is not ready yet.
    pub fn causes(&self, target: TargetId) -> &[Cause] {
        &self.targets[target.0].causes
    }

    /// The newest earlier revision of a target that has ready pods.
    ///
    /// # Errors
    /// There is none, or the objects do not tell; the text says why.
    pub fn healthy_revision(&self, target: TargetId) -> Result<u64, String> {
        let name = &self.targets[target.0].name;
        match self.inventory.find(name) {
            Some((uid, object)) => revision::serving(&self.inventory, uid, object),
            None => Err(format!("{} {} is not there", name.kind.short_name(), name.name)),
        }
    }

    /// Names and UIDs of the pods that block the rollback of a StatefulSet: its controller waits for each pod of the
    /// newest revision to become ready before it replaces it, even after the template has changed.
    /// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback>
    pub fn stuck_pods(&self, target: TargetId) -> Vec<(String, String)> {
        match self.inventory.find(&self.targets[target.0].name) {
            Some((uid, object)) if object.kind == Kind::StatefulSet => {
                revision::stuck_pods(&self.inventory, uid, object)
            }
            _ => Vec::new(),
        }
    }

    /// Announces a change that the caller itself makes to a target, such as a rollback: the next change is not
    /// somebody else's, and the target is not ready before it arrives.
    pub fn expect_change(&mut self, target: TargetId) {
        let target = &mut self.targets[target.0];
        (target.is_awaited, target.is_changed) = (target.baseline.is_some(), true);
    }

    /// Announces that the caller may not read all objects of a kind: their absence proves nothing.
    pub fn set_unreadable(&mut self, kind: Kind) {
        self.inventory.set_unreadable(kind);
    }

    fn add_event(&mut self, value: &Value, now: u64) {
        if let Some((uid, event)) = Event::parse(value) {
            let uid: Rc<str> = uid.into();
            self.inventory.add_event(uid.clone(), event, now);
            self.mark_changed(&uid);
        }
    }

    /// Marks the targets that an object is part of.
    fn mark_changed(&mut self, uid: &Rc<str>) {
        let mut parts: Vec<Rc<str>> = vec![uid.clone()];
        if let Some(object) = self.inventory.get(uid) {
            match &object.details {
                Details::Claim(_) => {
                    let claim = Link::Claim(object.namespace.clone(), (*object.name).into());
                    parts.extend(self.inventory.linked(&claim).map(|(uid, _)| uid.clone()));
                }
                Details::EndpointSlice { service, .. } => {
                    let (namespace, name) = (object.namespace.clone(), (**service).into());
                    let service = Name { kind: Kind::Service, namespace, name };
                    parts.extend(self.inventory.find(&service).map(|(uid, _)| uid.clone()));
                }
                _ => {}
            }
        }
        for part in parts {
            self.mark_with_owners(part);
        }
    }

    /// Marks the targets among an object and its controllers.
    fn mark_with_owners(&mut self, uid: Rc<str>) {
        let mut uid = Some(uid);
        // A Pod, its ReplicaSet or Job, a Deployment or CronJob, and one more above. The limit also ends a loop of
        // objects that own each other.
        for _ in 0..5 {
            let Some(object) = uid.and_then(|uid| self.inventory.get(&uid)) else { return };
            for id in self.by_name.get(&object.full_name()).into_iter().flatten() {
                self.targets[*id].is_changed = true;
            }
            uid = object.owner.clone();
        }
    }

    fn namespace(&mut self, namespace: &str) -> Rc<str> {
        if let Some(known) = self.namespaces.get(namespace) {
            return known.clone();
        }
        let new: Rc<str> = namespace.into();
        self.namespaces.insert(namespace.into(), new.clone());
        new
    }

    /// The namespace of an object. The first object of a selection tells the real name of `.`.
    fn resolve_namespace(&mut self, selected: &str, real: &str) -> Rc<str> {
        let namespace = self.namespace(real);
        let is_alias =
            matches!((selected, real), (".", name) if !name.is_empty()) || (selected, real) == ("-", "");
        if is_alias && !self.aliases.contains_key(selected) {
            self.aliases.insert(selected.into(), namespace.clone());
            for (id, target) in self.targets.iter_mut().enumerate() {
                if *target.name.namespace == *selected {
                    self.by_name.remove(&target.name);
                    target.name.namespace = namespace.clone();
                    target.is_changed = true;
                    self.by_name.entry(target.name.clone()).or_default().push(id);
                }
            }
        }
        namespace
    }
}
