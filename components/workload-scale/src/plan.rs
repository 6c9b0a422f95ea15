//! Plans the changes of objects and of the saved sizes, from the state of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::InputError;
use lockstep_sdk::report::Level;

use crate::inputs::Goal;
use crate::object::{Autoscaler, SCALED_OBJECT, SavedSizes, Scalable, Size, TargetKey};

/// The state of the cluster.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The targets.
    pub targets: BTreeMap<TargetKey, Scalable>,
    /// The autoscalers of all workloads in the namespaces.
    pub autoscalers: Vec<Autoscaler>,
    /// The saved sizes, by the name of the namespace in the cluster.
    pub saved: BTreeMap<String, SavedSizes>,
    /// Notes about what the step could not read or skips.
    pub notes: Vec<(Level, String)>,
}

/// A change of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub key: TargetKey,
    /// Its namespace, as in the inputs.
    pub input_namespace: String,
    /// Its version in the snapshot.
    pub version: String,
    /// Its size in the snapshot.
    pub from: Size,
    /// Its new size.
    pub to: Size,
}

/// A change of the saved sizes of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSizesChange {
    /// The namespace, as in the inputs.
    pub input_namespace: String,
    /// The version of the ConfigMap; none if it does not exist.
    pub version: Option<String>,
    /// The sizes to save; none deletes an entry.
    pub entries: BTreeMap<String, Option<Size>>,
}

/// The changes to make.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The goal of each object.
    pub goals: BTreeMap<TargetKey, Size>,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The sizes to save before the changes, by namespace.
    pub saves: BTreeMap<String, SavedSizesChange>,
    /// The saved sizes to delete after the changes, by namespace.
    pub deletions: BTreeMap<String, SavedSizesChange>,
    /// Notes for the log.
    pub notes: Vec<(Level, String)>,
    /// Contradictions between inputs and the cluster.
    pub errors: Vec<InputError>,
}

impl Snapshot {
    /// The saved size of an object, if an object of its kind can have it.
    #[must_use]
    pub fn saved_size(&self, key: &TargetKey) -> Option<Size> {
        let saved = self.saved.get(&key.namespace)?.entries.get(&key.entry()).copied()?;
        let has_replicas = !matches!(key.kind.as_str(), "CronJob.batch" | SCALED_OBJECT);
        (matches!(saved, Size::Replicas(_)) == has_replicas).then_some(saved)
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
}

impl Plan {
    /// Plans the changes. `own` are objects that this run has not changed yet and whose sizes it has saved.
    #[must_use]
    pub fn new(snapshot: &Snapshot, goal: Goal, own: &BTreeSet<TargetKey>) -> Self {
        let mut plan = Self { notes: snapshot.notes.clone(), ..Self::default() };
        for (key, target) in &snapshot.targets {
            match goal {
                Goal::Sleep => plan.put_to_sleep(snapshot, key, target, own),
                Goal::Restore => plan.restore(snapshot, key, target),
                Goal::Replicas(replicas) => plan.set_replicas(snapshot, key, target, replicas),
            }
        }
        // KEDA must not scale a target up while it is put to sleep, or scale one before it is restored.
        let is_pause = |change: &Change| change.key.kind == SCALED_OBJECT;
        plan.changes.sort_by_key(|change| is_pause(change) != (goal == Goal::Sleep));
        plan
    }

    fn put_to_sleep(
        &mut self,
        snapshot: &Snapshot,
        key: &TargetKey,
        target: &Scalable,
        own: &BTreeSet<TargetKey>,
    ) {
        self.sleep_object(snapshot, key, target, own);
        for autoscaler in snapshot.autoscalers_of(key) {
            match &autoscaler.pause {
                Some(pause) => self.sleep_object(snapshot, &autoscaler.key, pause, own),
                None if autoscaler.bounds.0 == 0 => {
                    let message = format!(
                        "{} may scale to 0 itself, so it stays active and may scale {} up again",
                        autoscaler.key.title(),
                        key.title()
                    );
                    self.notes.push((Level::Warning, message));
                }
                None => {}
            }
        }
    }

    /// Saves the size of an object, unless the saved one is better, and puts the object to sleep.
    fn sleep_object(
        &mut self,
        snapshot: &Snapshot,
        key: &TargetKey,
        object: &Scalable,
        own: &BTreeSet<TargetKey>,
    ) {
        let is_asleep = object.size.is_asleep();
        let saved = snapshot.saved_size(key).filter(|_| is_asleep || !own.contains(key));
        match saved {
            Some(saved) if is_asleep || !saved.is_asleep() => {
                if !is_asleep && saved != object.size {
                    let (name, now) = (key.title(), object.size);
                    let message =
                        format!("{name} was scaled up meanwhile and has {now}; the saved size stays {saved}");
                    self.notes.push((Level::Notice, message));
                }
            }
            // No size is saved, or the saved size is zero and somebody scaled the object up since.
            _ => self.save(snapshot, key, object, Some(object.size)),
        }
        let to = match object.size {
            Size::Replicas(_) => Size::Replicas(0),
            Size::Suspended(_) => Size::Suspended(true),
        };
        self.change(key, object, to);
    }

    fn restore(&mut self, snapshot: &Snapshot, key: &TargetKey, target: &Scalable) {
        match snapshot.saved_size(key) {
            // An autoscaler has changed it since an interrupted run restored it.
            Some(Size::Replicas(1..)) if !target.size.is_asleep() && snapshot.is_autoscaled(key) => {
                self.change(key, target, target.size);
            }
            Some(saved) => self.change(key, target, saved),
            None => {
                if target.size.is_asleep() {
                    let message = format!(
                        "there is no saved size of {}: it stays {}",
                        key.title(),
                        if target.size == Size::Replicas(0) { "at 0" } else { "suspended" }
                    );
                    self.notes.push((Level::Warning, message));
                }
                self.change(key, target, target.size);
            }
        }
        self.delete_saved(snapshot, key, target);
        self.resume_autoscalers(snapshot, key);
    }

    fn set_replicas(&mut self, snapshot: &Snapshot, key: &TargetKey, target: &Scalable, replicas: u32) {
        if matches!(target.size, Size::Suspended(_)) {
            let message = format!("{} has no replicas and stays as it is", key.title());
            self.notes.push((Level::Info, message));
            return;
        }
        for autoscaler in snapshot.autoscalers_of(key) {
            let (min, max) = autoscaler.bounds;
            if !(min..=max).contains(&replicas) {
                let name = autoscaler.key.title();
                let message =
                    format!("{} cannot stay at {replicas}: {name} keeps it from {min} to {max}", key.title());
                self.errors.push(InputError::new(message, format!("change the bounds of {name} instead")));
            }
        }
        if snapshot.is_autoscaled(key) {
            self.notes.push((
                Level::Notice,
                format!("{} has an autoscaler, which may change the number", key.title()),
            ));
        }
        self.change(key, target, Size::Replicas(replicas));
        self.delete_saved(snapshot, key, target);
        self.resume_autoscalers(snapshot, key);
    }

    /// Resumes the autoscalers that were paused with a target.
    fn resume_autoscalers(&mut self, snapshot: &Snapshot, key: &TargetKey) {
        for autoscaler in snapshot.autoscalers_of(key) {
            if let (Some(pause), Some(saved)) = (&autoscaler.pause, snapshot.saved_size(&autoscaler.key)) {
                self.change(&autoscaler.key, pause, saved);
                self.delete_saved(snapshot, &autoscaler.key, pause);
            }
        }
    }

    fn change(&mut self, key: &TargetKey, object: &Scalable, to: Size) {
        // An autoscaler may have two targets.
        let known = self.goals.insert(key.clone(), to).is_some();
        if object.size != to && !known {
            self.changes.push(Change {
                key: key.clone(),
                input_namespace: object.input_namespace.clone(),
                version: object.version.clone(),
                from: object.size,
                to,
            });
        }
    }

    fn delete_saved(&mut self, snapshot: &Snapshot, key: &TargetKey, object: &Scalable) {
        if snapshot.saved.get(&key.namespace).is_some_and(|saved| saved.entries.contains_key(&key.entry())) {
            self.save(snapshot, key, object, None);
        }
    }

    /// Plans to save a size, or to delete a saved one.
    fn save(&mut self, snapshot: &Snapshot, key: &TargetKey, object: &Scalable, size: Option<Size>) {
        let changes = if size.is_some() { &mut self.saves } else { &mut self.deletions };
        let change = changes.entry(key.namespace.clone()).or_default();
        change.input_namespace.clone_from(&object.input_namespace);
        change.version = snapshot.saved.get(&key.namespace).and_then(|saved| saved.version.clone());
        change.entries.insert(key.entry(), size);
    }
}
