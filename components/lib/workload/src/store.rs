//! Takes in the objects of a cluster as they come and go, and says how the targets stand. Never looks at a
//! target that nothing has happened to.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use crate::cause::Cause;
use crate::facts::{Facts, Object};
use crate::index::{Index, Link, Name};
use crate::kind::Kind;
use crate::note::{Note, Notes};
use crate::rules::Rules;
use crate::status::Status;
use crate::target::Target;
use crate::value::text;

/// Names a target of a [`Cluster`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetId(usize);

/// An object that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, empty if its kind has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The UID of its controller, if it has one.
    pub owner: Option<String>,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// The objects of a cluster, as far as they have to do with a rollout, and the targets among them.
#[derive(Debug, Default)]
pub struct Cluster {
    pub(crate) rules: Rules,
    pub(crate) objects: BTreeMap<Rc<str>, Object>,
    pub(crate) index: Index,
    names: BTreeMap<Name, Rc<str>>,
    notes: BTreeMap<Rc<str>, Notes>,
    /// The real names of `.`, the namespace of the context, and `-`, which is none.
    aliases: BTreeMap<Box<str>, Rc<str>>,
    /// Each namespace once: many objects have the same.
    namespaces: BTreeMap<Box<str>, Rc<str>>,
    targets: Vec<Target>,
    by_name: BTreeMap<Name, Vec<usize>>,
    nothing: Notes,
}

impl Cluster {
    /// A cluster of which nothing is known yet.
    pub fn new(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Makes an object a target, named as selections name it. The same one twice is one target.
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

    /// Takes in an object that is there. `namespace` is that of the selection it came by, such as `.`.
    /// Nothing comes back if the text is no object with a name and a UID; it is left out then. An Event comes
    /// back as what it is, and is kept as far as it is of use.
    pub fn present(&mut self, kind: &Kind, namespace: &str, json: &str, now: u64) -> Option<Seen> {
        let value: Value = serde_json::from_str(json).ok()?;
        let meta = &value["metadata"];
        let (uid, name) = (text(meta, "uid"), text(meta, "name"));
        if uid.is_empty() || name.is_empty() {
            return None;
        }
        let place = self.place(namespace, text(meta, "namespace"));
        if *kind == Kind::Event {
            self.add_note(&value, now);
            let (namespace, name) = (place.to_string(), name.to_owned());
            return Some(Seen { kind: Kind::Event, namespace, name, owner: None, is_new: true });
        }
        let uid: Rc<str> = uid.into();
        let mut object = Object::parse(kind.clone(), place, &value, &self.rules);
        let before = self.forget(&uid);
        if let Facts::Pod(pod) = &mut object.facts {
            pod.follow(before.as_ref().and_then(Object::pod), now);
        }
        let seen = Seen {
            kind: kind.clone(),
            namespace: object.namespace.to_string(),
            name: name.to_owned(),
            owner: object.owner.as_deref().map(str::to_owned),
            is_new: before.is_none(),
        };
        // An owner that it no longer has loses a pod by that.
        if let Some(owner) =
            before.and_then(|before| before.owner).filter(|old| Some(old) != object.owner.as_ref())
        {
            self.touch(&owner);
        }
        self.remember(uid, object);
        Some(seen)
    }

    /// Takes in that the object with this UID is no longer there.
    pub fn gone(&mut self, uid: &str) {
        let uid: Rc<str> = uid.into();
        self.touch(&uid);
        if let Some(object) = self.forget(&uid) {
            let name = name_of(&object);
            if self.names.get(&name) == Some(&uid) {
                self.names.remove(&name);
            }
            self.notes.remove(&uid);
        }
    }

    /// Looks at the targets to which something has happened, or for which a time has come. Those that have
    /// changed.
    pub fn evaluate(&mut self, now: u64) -> Vec<TargetId> {
        let mut targets = std::mem::take(&mut self.targets);
        let mut changed = Vec::new();
        for (at, target) in targets.iter_mut().enumerate() {
            let is_due = target.is_touched || target.due.is_some_and(|due| due <= now);
            if is_due && self.look(target, now) {
                changed.push(TargetId(at));
            }
        }
        self.targets = targets;
        changed
    }

    /// When [`Cluster::evaluate`] must be called next although nothing has happened.
    pub fn next_due(&self) -> Option<u64> {
        self.targets.iter().filter_map(|target| target.due).min()
    }

    /// All targets, in the order in which they were made.
    pub fn targets(&self) -> impl Iterator<Item = TargetId> + use<> {
        (0..self.targets.len()).map(TargetId)
    }

    /// Kind, namespace and name of a target. The namespace is its real one as soon as an object of it was
    /// seen.
    pub fn name(&self, target: TargetId) -> (&Kind, &str, &str) {
        let name = &self.targets[target.0].name;
        (&name.kind, &name.namespace, &name.name)
    }

    /// How a target stood when it was last evaluated.
    pub fn status(&self, target: TargetId) -> &Status {
        &self.targets[target.0].status
    }

    /// What dooms a target, or may: certain causes first. Those that are not certain explain why it is not
    /// ready yet.
    pub fn causes(&self, target: TargetId) -> &[Cause] {
        &self.targets[target.0].causes
    }

    /// The earlier revision of a target that is known to serve now: some pod of it is ready.
    ///
    /// # Errors
    /// If there is none, or it cannot be known; the text says why.
    pub fn healthy_revision(&self, target: TargetId) -> Result<u64, String> {
        let name = &self.targets[target.0].name;
        match self.find(name) {
            Some((uid, object)) => self.serving(uid, object),
            None => Err(format!("{} {} is not there", name.kind.word(), name.name)),
        }
    }

    /// Says that the caller itself has changed a target, such as by a rollback: the next change of it is no
    /// one else's, and until it is seen the target is not ready.
    pub fn expect_change(&mut self, target: TargetId) {
        let target = &mut self.targets[target.0];
        (target.is_awaited, target.is_touched) = (target.baseline.is_some(), true);
    }

    pub(crate) fn target_name(&self, target: TargetId) -> &Name {
        &self.targets[target.0].name
    }

    /// The object of this name, and its UID.
    pub(crate) fn find(&self, name: &Name) -> Option<(&Rc<str>, &Object)> {
        let uid = self.names.get(name)?;
        Some((uid, self.objects.get(uid)?))
    }

    /// What Events say about an object.
    pub(crate) fn notes(&self, uid: &str) -> &Notes {
        self.notes.get(uid).unwrap_or(&self.nothing)
    }

    fn add_note(&mut self, event: &Value, now: u64) {
        if let Some((uid, note)) = Note::parse(event) {
            let uid: Rc<str> = uid.into();
            self.notes.entry(uid.clone()).or_default().add(note, now);
            self.touch(&uid);
        }
    }

    fn remember(&mut self, uid: Rc<str>, object: Object) {
        self.index.add(links(&object), &uid);
        if !matches!(object.kind, Kind::EndpointSlice | Kind::ControllerRevision) {
            self.names.insert(name_of(&object), uid.clone());
        }
        self.objects.insert(uid.clone(), object);
        self.touch(&uid);
    }

    fn forget(&mut self, uid: &Rc<str>) -> Option<Object> {
        let object = self.objects.remove(uid)?;
        self.index.remove(links(&object), uid);
        Some(object)
    }

    /// Marks the targets that an object is part of.
    fn touch(&mut self, uid: &Rc<str>) {
        let mut parts: Vec<Rc<str>> = vec![uid.clone()];
        if let Some(object) = self.objects.get(uid) {
            match &object.facts {
                Facts::Claim(_) => {
                    let claim = Link::Claim(object.namespace.clone(), (*object.name).into());
                    parts.extend(self.index.get(&claim).cloned());
                }
                Facts::Slice { service, .. } => {
                    let (namespace, name) = (object.namespace.clone(), (**service).into());
                    let service = Name { kind: Kind::Service, namespace, name };
                    parts.extend(self.names.get(&service).cloned());
                }
                _ => {}
            }
        }
        for part in parts {
            self.touch_up(part);
        }
    }

    /// Marks the targets among an object and its controllers.
    fn touch_up(&mut self, uid: Rc<str>) {
        let mut uid = Some(uid);
        // A Pod, its ReplicaSet or Job, a Deployment or CronJob, and one more above. Objects that own each
        // other end here too.
        for _ in 0..5 {
            let Some(object) = uid.and_then(|uid| self.objects.get(&uid)) else { return };
            for id in self.by_name.get(&name_of(object)).into_iter().flatten() {
                self.targets[*id].is_touched = true;
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

    /// The namespace of an object. What the context calls its own gets its real name with the first object
    /// from there.
    fn place(&mut self, selected: &str, real: &str) -> Rc<str> {
        let place = self.namespace(real);
        let is_news =
            matches!((selected, real), (".", name) if !name.is_empty()) || (selected, real) == ("-", "");
        if is_news && !self.aliases.contains_key(selected) {
            self.aliases.insert(selected.into(), place.clone());
            for (id, target) in self.targets.iter_mut().enumerate() {
                if *target.name.namespace == *selected {
                    self.by_name.remove(&target.name);
                    target.name.namespace = place.clone();
                    target.is_touched = true;
                    self.by_name.entry(target.name.clone()).or_default().push(id);
                }
            }
        }
        place
    }
}

fn name_of(object: &Object) -> Name {
    Name { kind: object.kind.clone(), namespace: object.namespace.clone(), name: object.name.clone() }
}

/// What an object belongs to.
fn links(object: &Object) -> Vec<Link> {
    let mut links: Vec<Link> = object.owner.clone().map(Link::Owner).into_iter().collect();
    match &object.facts {
        Facts::Pod(pod) => {
            let claims = pod.claims.iter();
            links.extend(claims.map(|name| Link::Claim(object.namespace.clone(), name.clone())));
        }
        Facts::Slice { service, .. } => links.push(Link::Service(object.namespace.clone(), service.clone())),
        _ => {}
    }
    links
}
