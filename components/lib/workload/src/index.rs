//! Which objects belong to which, found without going through all. Never holds an object itself.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) kind: crate::kind::Kind,
    pub(crate) namespace: Rc<str>,
    pub(crate) name: Rc<str>,
}

/// What an object belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Link {
    /// Its controller, by UID.
    Owner(Rc<str>),
    /// The claim that a pod uses, by namespace and name.
    Claim(Rc<str>, Box<str>),
    /// The Service whose endpoints they are, by namespace and name.
    Service(Rc<str>, Box<str>),
}

/// The UIDs of objects by what they belong to.
#[derive(Debug, Default)]
pub(crate) struct Index {
    of: BTreeMap<Link, BTreeSet<Rc<str>>>,
}

impl Index {
    pub(crate) fn add(&mut self, links: Vec<Link>, uid: &Rc<str>) {
        for link in links {
            self.of.entry(link).or_default().insert(uid.clone());
        }
    }

    pub(crate) fn remove(&mut self, links: Vec<Link>, uid: &str) {
        for link in links {
            if let Some(uids) = self.of.get_mut(&link) {
                uids.remove(uid);
                if uids.is_empty() {
                    self.of.remove(&link);
                }
            }
        }
    }

    /// The UIDs of what belongs to something, in their order.
    pub(crate) fn get<'a>(&'a self, link: &Link) -> impl Iterator<Item = &'a Rc<str>> + use<'a> {
        self.of.get(link).into_iter().flatten()
    }
}
