//! Plans the changes of objects and of the saved sizes, from the state of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sdk::InputError;
use lockstep_sdk::report::Level;

use crate::inputs::Goal;
use crate::messages;
use crate::object::{SCALED_OBJECT, Scalable, Size, TargetKey};
use crate::saved::SavedSize;
use crate::snapshot::Snapshot;

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
    pub entries: BTreeMap<String, Option<SavedSize>>,
}

/// The changes to make.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The goal of each object.
    pub goals: BTreeMap<TargetKey, Size>,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// The changes of the saved sizes before the changes of objects, by namespace.
    pub saves: BTreeMap<String, SavedSizesChange>,
    /// The saved sizes to delete after the changes of objects, by namespace.
    pub deletions: BTreeMap<String, SavedSizesChange>,
    /// The objects whose present sizes the plan saves.
    pub newly_saved: BTreeSet<TargetKey>,
    /// Notes for the log.
    pub notes: Vec<(Level, String)>,
    /// Contradictions between inputs and the cluster.
    pub errors: Vec<InputError>,
    /// The targets without a saved size that `restore` leaves as they are, with their sizes.
    unsaved: Vec<String>,
}

/// When the saved sizes change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    BeforeObjects,
    AfterObjects,
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
                Goal::Replicas(replicas) => plan.set_replicas(snapshot, key, target, (replicas, own)),
            }
        }
        // KEDA must not scale a target up while it is put to sleep, or scale one before it is restored.
        let is_pause = |change: &Change| change.key.kind == SCALED_OBJECT;
        plan.changes.sort_by_key(|change| is_pause(change) != (goal == Goal::Sleep));
        plan.drop_gone(snapshot, goal);
        plan.notes.extend(messages::unsaved(&plan.unsaved).map(|note| (Level::Info, note)));
        plan.notes.extend(messages::excluded(&snapshot.excluded).map(|note| (Level::Info, note)));
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

    /// Saves the earlier size of an object and puts the object to sleep.
    fn sleep_object(
        &mut self,
        snapshot: &Snapshot,
        key: &TargetKey,
        object: &Scalable,
        own: &BTreeSet<TargetKey>,
    ) {
        let to = match object.size {
            Size::Replicas(_) => Size::Replicas(0),
            Size::Suspended(_) => Size::Suspended(true),
        };
        self.save_earlier(snapshot, key, object, (to, own));
        self.change(key, object, to);
    }

    /// Saves the earlier size of an object, unless one is saved already and no newer one replaces it.
    fn save_earlier(
        &mut self,
        snapshot: &Snapshot,
        key: &TargetKey,
        object: &Scalable,
        (to, own): (Size, &BTreeSet<TargetKey>),
    ) {
        let saved = snapshot.saved_size(key, object);
        // Somebody changed an object between the two calls that save its size and change it.
        let saved = saved.filter(|_| object.size.is_asleep() || !own.contains(key));
        let newer = saved.and_then(|saved| saved.newer(object));
        let mut earlier = match (saved, newer) {
            (Some(saved), None) => saved.clone(),
            (_, newer) => {
                let size = newer.map_or(object.size, |newer| newer.size);
                SavedSize { size, ..SavedSize::of(object) }
            }
        };
        match (saved, newer) {
            (Some(saved), Some(newer)) => self.notes.push((Level::Notice, newer.note(key, saved.size))),
            (Some(saved), None) if !saved.is_own(object.size) && object.size != saved.size => {
                let (name, now, saved) = (key.title(), object.size, saved.size);
                let message =
                    format!("{name} was scaled up meanwhile and has {now}; the saved size stays {saved}");
                self.notes.push((Level::Notice, message));
            }
            _ => {}
        }
        // A run can be killed before it changes the object: both numbers are the step's own then.
        let is_own = saved.is_some_and(|saved| newer.is_none() && saved.is_own(object.size));
        let numbers = [Some(to), is_own.then_some(object.size)];
        let numbers: BTreeSet<_> = numbers
            .into_iter()
            .filter_map(|size| match size {
                Some(Size::Replicas(replicas @ 1..)) => Some(replicas),
                _ => None,
            })
            .collect();
        if !numbers.is_subset(&earlier.set) {
            earlier.set = numbers;
        }
        if earlier.size == object.size && (saved.is_none() || newer.is_some()) {
            self.newly_saved.insert(key.clone());
        }
        if saved != Some(&earlier) {
            self.put_entry(snapshot, key, Some(earlier), Stage::BeforeObjects);
        }
    }

    fn restore(&mut self, snapshot: &Snapshot, key: &TargetKey, target: &Scalable) {
        let is_awake = !target.size.is_asleep();
        match snapshot.saved_size(key, target) {
            // An autoscaler has changed it since an interrupted run restored it.
            Some(saved)
                if !saved.is_own(target.size) && !saved.size.is_asleep() && snapshot.is_autoscaled(key) =>
            {
                self.change(key, target, target.size);
            }
            Some(saved) => {
                let newer = saved.newer(target);
                self.notes.extend(newer.map(|newer| (Level::Notice, newer.note(key, saved.size))));
                self.change(key, target, newer.map_or(saved.size, |newer| newer.size));
            }
            None => {
                if is_awake {
                    self.unsaved.push(format!("{} ({})", key.title(), target.size));
                } else {
                    self.notes.push((Level::Warning, messages::unsaved_asleep(key, target.size)));
                }
                self.change(key, target, target.size);
            }
        }
        self.delete_entry(snapshot, key);
        self.resume_autoscalers(snapshot, key);
    }

    fn set_replicas(
        &mut self,
        snapshot: &Snapshot,
        key: &TargetKey,
        target: &Scalable,
        (replicas, own): (u32, &BTreeSet<TargetKey>),
    ) {
        if matches!(target.size, Size::Suspended(_)) {
            let message = format!("{} has no replicas and stays as it is", key.title());
            self.notes.push((Level::Info, message));
            return;
        }
        let earlier = snapshot.saved_size(key, target).map_or(target.size, |saved| saved.size);
        if let Some(rollout) = snapshot.rollout_of(key).filter(|_| earlier == Size::Replicas(0)) {
            let message =
                format!("{} stays at {}: {} runs its pods", key.title(), target.size, rollout.title());
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
        let to = Size::Replicas(replicas);
        self.save_earlier(snapshot, key, target, (to, own));
        self.change(key, target, to);
        self.resume_autoscalers(snapshot, key);
    }

    /// Resumes the autoscalers that were paused with a target.
    fn resume_autoscalers(&mut self, snapshot: &Snapshot, key: &TargetKey) {
        for autoscaler in snapshot.autoscalers_of(key) {
            let Some(pause) = &autoscaler.pause else { continue };
            if let Some(saved) = snapshot.saved_size(&autoscaler.key, pause) {
                self.change(&autoscaler.key, pause, saved.size);
                self.delete_entry(snapshot, &autoscaler.key);
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

    /// Drops the saved sizes whose objects are gone, except those that the plan replaces.
    fn drop_gone(&mut self, snapshot: &Snapshot, goal: Goal) {
        let stage = if goal == Goal::Restore { Stage::AfterObjects } else { Stage::BeforeObjects };
        let mut dropped = Vec::new();
        for (key, gone) in &snapshot.gone {
            let saved = snapshot.saved.get(&key.namespace).and_then(|saved| saved.entries.get(&key.entry()));
            dropped.extend(saved.map(|saved| (*gone, format!("{} ({})", key.title(), saved.size))));
            let saves = self.saves.get(&key.namespace);
            if saves.is_none_or(|saves| !saves.entries.contains_key(&key.entry())) {
                self.put_entry(snapshot, key, None, stage);
            }
        }
        self.notes.extend(messages::dropped(&dropped).into_iter().map(|note| (Level::Notice, note)));
    }

    fn delete_entry(&mut self, snapshot: &Snapshot, key: &TargetKey) {
        if snapshot.saved.get(&key.namespace).is_some_and(|saved| saved.entries.contains_key(&key.entry())) {
            self.put_entry(snapshot, key, None, Stage::AfterObjects);
        }
    }

    /// Plans to save a size, or to delete a saved one.
    fn put_entry(&mut self, snapshot: &Snapshot, key: &TargetKey, size: Option<SavedSize>, stage: Stage) {
        let changes = if stage == Stage::BeforeObjects { &mut self.saves } else { &mut self.deletions };
        let change = changes.entry(key.namespace.clone()).or_default();
        let saved = snapshot.saved.get(&key.namespace);
        let input_namespace = saved.map(|saved| &saved.input_namespace);
        let input_namespace = input_namespace.or_else(|| Some(&snapshot.object(key)?.input_namespace));
        change.input_namespace = input_namespace.cloned().unwrap_or_default();
        change.version = saved.and_then(|saved| saved.version.clone());
        change.entries.insert(key.entry(), size);
    }
}
