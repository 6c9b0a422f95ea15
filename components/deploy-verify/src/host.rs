//! What this step needs from the outside besides web servers, as traits and plain data: the host in a run, a model in
//! tests. It decides nothing.

pub use crate::web::Fault;

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

/// Which container's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOf<'a> {
    /// As inputs spell it.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container in it.
    pub container: &'a str,
    /// Whether that of its previous instance.
    pub previous: bool,
    /// How many lines at most.
    pub lines: u32,
}

/// An object to go back to an earlier revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back<'a> {
    /// As inputs spell it.
    pub namespace: &'a str,
    /// Such as `Deployment.apps`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The version of the object that was looked at.
    pub version: &'a str,
    /// The revision.
    pub revision: u64,
}

/// Files and the cluster.
pub trait Host {
    /// Objects that are followed.
    type Watcher;

    /// The paths of the files that a pattern finds.
    ///
    /// # Errors
    /// The pattern cannot be followed everywhere.
    fn glob(&mut self, pattern: &str) -> Result<Vec<String>, Fault>;
    /// The content of a file.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, Fault>;
    /// Stages a file.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&mut self, path: &str, content: &str) -> Result<(), Fault>;
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
    /// The last lines of a log.
    ///
    /// # Errors
    /// There is none, or the cluster refuses.
    fn logs(&mut self, of: LogOf<'_>) -> Result<String, Fault>;
    /// Puts the pod template of an earlier revision back in place.
    ///
    /// # Errors
    /// The object has changed, or the cluster refuses.
    fn rollback(&mut self, back: Back<'_>) -> Result<(), Fault>;
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For those who look closely.
    Debug,
    /// What happens.
    Info,
    /// What people may not expect.
    Notice,
    /// What they should look at.
    Warning,
    /// What is wrong.
    Error,
}

/// People who watch.
pub trait Tell {
    /// Says one thing.
    fn note(&mut self, level: Level, message: &str);
    /// Says how many of how many resources are ready.
    fn progress(&mut self, done: usize, total: usize);
}
