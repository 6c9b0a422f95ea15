//! What following needs from the outside, as traits and plain data: the host in a run, a model in tests. It decides
//! nothing.

use lockstep_glue::Fault;

/// Objects of one kind in one namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// As inputs spell it: a name, `.` or `-`.
    pub namespace: String,
    /// Such as `Deployment.apps`.
    pub kind: String,
    /// Only the one of this name.
    pub name: Option<String>,
    /// Only those with these labels.
    pub labels: Option<String>,
    /// Only those with these fields.
    pub fields: Option<String>,
}

impl Selection {
    /// All objects of a kind in a namespace.
    #[must_use]
    pub fn all(namespace: &str, kind: &str) -> Self {
        let (namespace, kind) = (namespace.to_owned(), kind.to_owned());
        Self { namespace, kind, name: None, labels: None, fields: None }
    }
}

/// What happened to objects that are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The object is there, as JSON.
    Present(String),
    /// The object of this UID is gone.
    Gone(String),
    /// All that there was has been passed on.
    Complete,
    /// The cluster does not answer well; it is tried again.
    Interrupted(String),
    /// Nothing more comes.
    Failed(Fault),
}

/// What a change of the cluster came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The cluster has taken it in.
    Made,
    /// The run only plans: nothing has changed.
    Planned,
}

/// The cluster, as far as it is watched.
pub trait Watch {
    /// Objects that are followed.
    type Watcher;

    /// Begins to follow objects.
    ///
    /// # Errors
    /// One of the kinds does not exist, or there is no way into the cluster.
    fn watch(&mut self, selections: &[Selection]) -> Result<Self::Watcher, Fault>;
    /// What happened to them, with the number of the selection; waits so many milliseconds for the first of it.
    ///
    /// # Errors
    /// A budget of the run is used up.
    fn next(&mut self, watcher: &mut Self::Watcher, patience: u32) -> Result<Vec<(u32, Event)>, Fault>;
    /// An object as JSON.
    ///
    /// # Errors
    /// It is not there, or the cluster refuses.
    fn get(&mut self, namespace: &str, kind: &str, name: &str) -> Result<String, Fault>;
}
