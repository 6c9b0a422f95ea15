//! Constructors and an order for objects and selections of a cluster.

use std::cmp::Ordering;

use crate::cluster::{ObjectRef, Selection};

impl Selection {
    /// All objects of a kind in a namespace.
    ///
    /// ```
    /// # use lockstep_sdk::cluster::Selection;
    /// let web = Selection { name: Some("web".into()), ..Selection::all("shop", "Deployment.apps") };
    /// assert!(web.label_selector.is_none());
    /// ```
    #[must_use]
    pub fn all(namespace: &str, kind: &str) -> Self {
        let (namespace, kind) = (namespace.to_owned(), kind.to_owned());
        Self { namespace, kind, name: None, label_selector: None, field_selector: None }
    }

    /// Whether it selects every object of its kind in its namespace.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.name.is_none() && self.label_selector.is_none() && self.field_selector.is_none()
    }
}

impl Ord for ObjectRef {
    /// By namespace, kind and name.
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.namespace, &self.kind, &self.name).cmp(&(&other.namespace, &other.kind, &other.name))
    }
}

impl PartialOrd for ObjectRef {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
