//! What this step needs from the outside besides web servers and a cluster to watch, as traits and plain data: the host
//! in a run, a model in tests. It decides nothing.

use lockstep_glue::Fault;
use lockstep_rollout::{Effect, Watch};

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

/// Files, and what the cluster can do besides being watched.
pub trait Host: Watch {
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
    /// The last lines of a log.
    ///
    /// # Errors
    /// There is none, or the cluster refuses.
    fn logs(&mut self, of: LogOf<'_>) -> Result<String, Fault>;
    /// Puts the pod template of an earlier revision back in place.
    ///
    /// # Errors
    /// The object has changed, or the cluster refuses.
    fn rollback(&mut self, back: Back<'_>) -> Result<Effect, Fault>;
    /// Asks the pod with this UID to end.
    ///
    /// # Errors
    /// It is another one, it is needed, or the cluster refuses.
    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> Result<Effect, Fault>;
}
