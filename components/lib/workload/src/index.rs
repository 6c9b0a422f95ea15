//! An index from owners, claims and Services to the UIDs of their objects.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kind::Kind;

/// Kind, namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) kind: Kind,
    pub(crate) namespace: Rc<str>,
    pub(crate) name: Rc<str>,
}

/// A link from an object to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    /// To its controller, by UID.
    Owner(Rc<str>),
    /// To the claim that a pod uses, by namespace and name.
    Claim(Rc<str>, Box<str>),
    /// To the Service of an EndpointSlice, by namespace and name.
    Service(Rc<str>, Box<str>),
}

/// The UIDs of objects by link.
#[derive(Debug, Default)]
pub(crate) struct Index {
    uids: BTreeMap<Link, BTreeSet<Rc<str>>>,
}

impl Index {
    pub(crate) fn add(&mut self, links: Vec<Link>, uid: &Rc<str>) {
        for link in links {
            self.uids.entry(link).or_default().insert(uid.clone());
        }
    }

    pub(crate) fn remove(&mut self, links: Vec<Link>, uid: &str) {
        for link in links {
            if let Some(uids) = self.uids.get_mut(&link) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.uids.remove(&link);
                }
            }
        }
    }

    /// The UIDs of the objects with a link, sorted.
    pub(crate) fn get<'a>(&'a self, link: &Link) -> impl Iterator<Item = &'a Rc<str>> + use<'a> {
        self.uids.get(link).into_iter().flatten()
    }
}
