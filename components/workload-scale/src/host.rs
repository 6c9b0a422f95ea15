//! What this step needs from a cluster besides watching it, as a trait: the host in a run, a model in tests. It decides
//! nothing.

use lockstep_glue::Fault;
use lockstep_rollout::{Effect, Watch};

/// An object, and the version of it that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// The namespace, as inputs spell it.
    pub namespace: &'a str,
    /// Such as `Deployment.apps`.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The version.
    pub version: &'a str,
}

/// The key of a text that is kept, and the text; none to forget it.
pub type Entry = (String, Option<String>);

/// What changes the cluster. Each fails with a conflict where somebody else came first.
pub trait Host: Watch {
    /// Says how many instances an object is to have.
    ///
    /// # Errors
    /// It has changed, or the cluster refuses.
    fn scale(&mut self, at: At<'_>, replicas: u32) -> Result<Effect, Fault>;
    /// Keeps an object from doing anything by itself, or lets it again.
    ///
    /// # Errors
    /// It has changed, or the cluster refuses.
    fn suspend(&mut self, at: At<'_>, suspended: bool) -> Result<Effect, Fault>;
    /// Keeps texts in the ConfigMap of this step at this version; with none, in a new one.
    ///
    /// # Errors
    /// It has changed, or the cluster refuses.
    fn keep(&mut self, namespace: &str, version: Option<&str>, entries: &[Entry]) -> Result<Effect, Fault>;
}
