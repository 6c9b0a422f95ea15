//! The objects of the cluster that a run knows, by UID, name and owner, with their Events.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::event::{Event, ObjectEvents};
use crate::index::{Index, Link, Name};
use crate::kind::Kind;
use crate::object::{Details, Object};

/// The known objects.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    objects: BTreeMap<Rc<str>, Object>,
    index: Index,
    names: BTreeMap<Name, Rc<str>>,
    events: BTreeMap<Rc<str>, ObjectEvents>,
    no_events: ObjectEvents,
    /// The kinds of which the caller may not read all objects.
    unreadable: BTreeSet<Kind>,
}

impl Inventory {
    /// The object with this UID.
    pub(crate) fn get(&self, uid: &str) -> Option<&Object> {
        self.objects.get(uid)
    }

    /// The object of this name, and its UID.
    pub(crate) fn find(&self, name: &Name) -> Option<(&Rc<str>, &Object)> {
        let uid = self.names.get(name)?;
        Some((uid, self.objects.get(uid)?))
    }

    /// The Events about an object.
    pub(crate) fn events(&self, uid: &str) -> &ObjectEvents {
        self.events.get(uid).unwrap_or(&self.no_events)
    }

    /// The objects with this link.
    pub(crate) fn linked<'a>(
        &'a self,
        link: &Link,
    ) -> impl Iterator<Item = (&'a Rc<str>, &'a Object)> + use<'a> {
        self.index.get(link).filter_map(|uid| Some((uid, self.objects.get(uid)?)))
    }

    /// The objects whose controller has this UID.
    pub(crate) fn owned<'a>(&'a self, uid: &Rc<str>) -> impl Iterator<Item = (&'a Rc<str>, &'a Object)> {
        self.linked(&Link::Owner(uid.clone()))
    }

    /// All objects of a namespace.
    pub(crate) fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Object> {
        self.objects.values().filter(move |object| *object.namespace == *namespace)
    }

    /// Announces a kind of which the caller may not read all objects.
    pub(crate) fn set_unreadable(&mut self, kind: Kind) {
        self.unreadable.insert(kind);
    }

    /// Whether the absence of objects of this kind proves nothing.
    pub(crate) fn is_unreadable(&self, kind: &Kind) -> bool {
        self.unreadable.contains(kind)
    }

    /// Adds an object.
    pub(crate) fn insert(&mut self, uid: Rc<str>, object: Object) {
        self.index.add(links(&object), &uid);
        if !matches!(object.kind, Kind::EndpointSlice | Kind::ControllerRevision) {
            self.names.insert(object.full_name(), uid.clone());
        }
        self.objects.insert(uid, object);
    }

    /// Takes out an object that a newer version will replace.
    pub(crate) fn take(&mut self, uid: &Rc<str>) -> Option<Object> {
        let object = self.objects.remove(uid)?;
        self.index.remove(links(&object), uid);
        Some(object)
    }

    /// Removes a deleted object and its Events.
    pub(crate) fn remove(&mut self, uid: &Rc<str>) {
        if let Some(object) = self.take(uid) {
            let name = object.full_name();
            if self.names.get(&name) == Some(uid) {
                self.names.remove(&name);
            }
            self.events.remove(uid);
        }
    }

    /// Adds an Event about the object with this UID.
    pub(crate) fn add_event(&mut self, uid: Rc<str>, event: Event, now: u64) {
        self.events.entry(uid).or_default().add(event, now);
    }
}

/// The links of an object.
fn links(object: &Object) -> Vec<Link> {
    let mut links: Vec<Link> = object.owner.clone().map(Link::Owner).into_iter().collect();
    match &object.details {
        Details::Pod(pod) => {
            let claims = pod.claims.iter();
            links.extend(claims.map(|name| Link::Claim(object.namespace.clone(), name.clone())));
        }
        Details::EndpointSlice { service, .. } => {
            links.push(Link::Service(object.namespace.clone(), service.clone()));
        }
        _ => {}
    }
    links
}
