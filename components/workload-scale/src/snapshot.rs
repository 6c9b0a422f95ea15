//! The state of the cluster, as the step reads it before it plans changes.

use std::collections::BTreeMap;

use lockstep_sdk::report::Level;

use crate::object::{Autoscaler, CRON_JOB, SCALED_OBJECT, Scalable, Size, TargetKey};
use crate::saved::{Gone, SavedSize, SavedSizes};

/// The state of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The targets.
    pub targets: BTreeMap<TargetKey, Scalable>,
    /// The targets that an annotation excludes.
    pub excluded: Vec<TargetKey>,
    /// The autoscalers of all workloads in the namespaces.
    pub autoscalers: Vec<Autoscaler>,
    /// The saved sizes, by the name of the namespace in the cluster.
    pub saved: BTreeMap<String, SavedSizes>,
    /// The objects of saved sizes that are gone.
    pub gone: BTreeMap<TargetKey, Gone>,
    /// Notes about what the step could not read or skips.
    pub notes: Vec<(Level, String)>,
}

impl Snapshot {
    /// The saved size of an object, if an object of its kind can have it.
    #[must_use]
    pub fn saved_size(&self, key: &TargetKey, object: &Scalable) -> Option<&SavedSize> {
        let saved = self.saved.get(&key.namespace)?.entries.get(&key.entry())?;
        let has_replicas = !matches!(key.kind.as_str(), CRON_JOB | SCALED_OBJECT);
        let is_valid = matches!(saved.size, Size::Replicas(_)) == has_replicas && saved.is_of(&object.uid);
        is_valid.then_some(saved)
    }

    /// A target, or an autoscaler that can be paused.
    #[must_use]
    pub fn object(&self, key: &TargetKey) -> Option<&Scalable> {
        let pause = || self.autoscalers.iter().find(|autoscaler| autoscaler.key == *key)?.pause.as_ref();
        self.targets.get(key).or_else(pause)
    }

    /// The autoscalers of a target.
    pub fn autoscalers_of<'a>(&'a self, key: &'a TargetKey) -> impl Iterator<Item = &'a Autoscaler> {
        let scales_target = |autoscaler: &&Autoscaler| {
            autoscaler.key.namespace == key.namespace
                && autoscaler.workload == (key.kind.clone(), key.name.clone())
        };
        self.autoscalers.iter().filter(scales_target)
    }

    /// Whether an autoscaler may change the replicas of a target. A paused one of KEDA does not.
    #[must_use]
    pub fn is_autoscaled(&self, key: &TargetKey) -> bool {
        let is_paused = |autoscaler: &Autoscaler| {
            autoscaler.pause.as_ref().is_some_and(|pause| pause.size == Size::Suspended(true))
        };
        self.autoscalers_of(key).any(|autoscaler| !is_paused(autoscaler))
    }

    /// The Rollout that runs the pods of a target with its pod template.
    #[must_use]
    pub fn rollout_of(&self, key: &TargetKey) -> Option<&TargetKey> {
        let is_own = |(rollout, object): &(&TargetKey, &Scalable)| {
            let workload = object.workload.as_ref();
            rollout.namespace == key.namespace
                && workload.is_some_and(|(kind, name)| (kind, name) == (&key.kind, &key.name))
        };
        self.targets.iter().find(is_own).map(|(rollout, _)| rollout)
    }
}
