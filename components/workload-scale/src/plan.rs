//! Decides what each object is to have, and what is to be kept of it. Looks at what is there, and never reaches the
//! cluster.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_glue::{Level, Mistake};

use crate::object::{Autoscaler, Kept, Key, SCALED_OBJECT, Size, Sized};
use crate::settings::To;

/// What there is.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The targets.
    pub targets: BTreeMap<Key, Sized>,
    /// What scales workloads by itself, of whatever workload.
    pub autoscalers: Vec<Autoscaler>,
    /// What is kept, by the namespace in the cluster.
    pub kept: BTreeMap<String, Kept>,
    /// What people should know of what could not be looked at.
    pub notes: Vec<(Level, String)>,
}

/// A change of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The object.
    pub key: Key,
    /// How inputs spell its namespace.
    pub spelled: String,
    /// The version of it that was looked at.
    pub version: String,
    /// What it had then.
    pub from: Size,
    /// What it is to have.
    pub to: Size,
}

/// What to keep in a namespace, or to forget there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// How inputs spell the namespace.
    pub spelled: String,
    /// The version of what is kept; none if nothing is.
    pub version: Option<String>,
    /// What to keep, and what to forget.
    pub entries: BTreeMap<String, Option<Size>>,
}

/// What is to be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What each object is to have in the end.
    pub goals: BTreeMap<Key, Size>,
    /// The changes, in their order.
    pub changes: Vec<Change>,
    /// What to keep before them, by namespace.
    pub before: BTreeMap<String, Memory>,
    /// What to forget after them, by namespace.
    pub after: BTreeMap<String, Memory>,
    /// What people should know.
    pub notes: Vec<(Level, String)>,
    /// What keeps it from being done.
    pub mistakes: Vec<Mistake>,
}

impl View {
    /// What is kept of an object, if it is something that such an object can have.
    #[must_use]
    pub fn entry(&self, key: &Key) -> Option<Size> {
        let kept = self.kept.get(&key.namespace)?.entries.get(&key.entry()).copied()?;
        let counts = !matches!(key.kind.as_str(), "CronJob.batch" | SCALED_OBJECT);
        (matches!(kept, Size::Count(_)) == counts).then_some(kept)
    }

    /// What scales a target by itself.
    pub fn autoscalers<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Autoscaler> {
        let is = |autoscaler: &&Autoscaler| {
            autoscaler.key.namespace == key.namespace && autoscaler.of == (key.kind.clone(), key.name.clone())
        };
        self.autoscalers.iter().filter(is)
    }

    /// Whether something other than this step may change the count of a target from now on. One of KEDA rests with the
    /// pause, and Kubernetes' own does while the target is at zero.
    #[must_use]
    pub fn is_autoscaled(&self, key: &Key) -> bool {
        let rests = |autoscaler: &Autoscaler| {
            autoscaler.pause.as_ref().is_some_and(|pause| pause.size == Size::Suspended(true))
        };
        self.autoscalers(key).any(|autoscaler| !rests(autoscaler))
    }
}

impl Plan {
    /// Plans. `own` is what this very run has kept already of objects that it has not changed yet.
    #[must_use]
    pub fn make(view: &View, to: To, own: &BTreeSet<Key>) -> Self {
        let mut plan = Self { notes: view.notes.clone(), ..Self::default() };
        for (key, target) in &view.targets {
            match to {
                To::Sleep => plan.put_to_sleep(view, key, target, own),
                To::Restore => plan.wake(view, key, target),
                To::Number(number) => plan.set(view, key, target, number),
            }
        }
        // Nothing may wake a target while it is put to sleep, and nothing may move one before it is back.
        let pauses = |change: &Change| change.key.kind == SCALED_OBJECT;
        plan.changes.sort_by_key(|change| pauses(change) != (to == To::Sleep));
        plan
    }

    fn put_to_sleep(&mut self, view: &View, key: &Key, target: &Sized, own: &BTreeSet<Key>) {
        self.sleep_one(view, key, target, own);
        for autoscaler in view.autoscalers(key) {
            match &autoscaler.pause {
                Some(pause) => self.sleep_one(view, &autoscaler.key, pause, own),
                None if autoscaler.bounds.0 == 0 => {
                    let message = format!(
                        "{} goes down to 0 by itself, so it does not rest then: it may wake {}",
                        autoscaler.key.short(),
                        key.short()
                    );
                    self.notes.push((Level::Warning, message));
                }
                None => {}
            }
        }
    }

    /// Keeps what an object has, unless something better is kept, and puts it to sleep.
    fn sleep_one(&mut self, view: &View, key: &Key, object: &Sized, own: &BTreeSet<Key>) {
        let is_asleep = object.size.is_asleep();
        let kept = view.entry(key).filter(|_| is_asleep || !own.contains(key));
        match kept {
            Some(kept) if is_asleep || !kept.is_asleep() => {
                if !is_asleep && kept != object.size {
                    let (name, now) = (key.short(), object.size);
                    let message =
                        format!("{name} was woken meanwhile and has {now}; what is kept stays {kept}");
                    self.notes.push((Level::Notice, message));
                }
            }
            // Nothing is kept, or that it slept when it was put to sleep first, and somebody woke it since.
            _ => self.remember(view, key, object, Some(object.size)),
        }
        let to = match object.size {
            Size::Count(_) => Size::Count(0),
            Size::Suspended(_) => Size::Suspended(true),
        };
        self.change(key, object, to);
    }

    fn wake(&mut self, view: &View, key: &Key, target: &Sized) {
        match view.entry(key) {
            // What is moved by itself has been moved since it woke.
            Some(Size::Count(1..)) if !target.size.is_asleep() && view.is_autoscaled(key) => {
                self.change(key, target, target.size);
            }
            Some(kept) => self.change(key, target, kept),
            None => {
                if target.size.is_asleep() {
                    let message = format!(
                        "nothing is kept of {}: it stays {}",
                        key.short(),
                        if target.size == Size::Count(0) { "at 0" } else { "suspended" }
                    );
                    self.notes.push((Level::Warning, message));
                }
                self.change(key, target, target.size);
            }
        }
        self.forget(view, key, target);
        self.wake_autoscalers(view, key);
    }

    fn set(&mut self, view: &View, key: &Key, target: &Sized, number: u32) {
        if matches!(target.size, Size::Suspended(_)) {
            let message = format!("{} has no number and is left as it is", key.short());
            self.notes.push((Level::Info, message));
            return;
        }
        for autoscaler in view.autoscalers(key) {
            let (fewest, most) = autoscaler.bounds;
            if !(fewest..=most).contains(&number) {
                let of = autoscaler.key.short();
                let message =
                    format!("{} cannot stay at {number}: {of} keeps it from {fewest} to {most}", key.short());
                self.mistakes.push(Mistake::new(message, format!("change the bounds of {of} instead")));
            }
        }
        if view.is_autoscaled(key) {
            self.notes
                .push((Level::Notice, format!("{} has an autoscaler, which goes on from here", key.short())));
        }
        self.change(key, target, Size::Count(number));
        self.forget(view, key, target);
        self.wake_autoscalers(view, key);
    }

    /// Lets go on what was paused with a target.
    fn wake_autoscalers(&mut self, view: &View, key: &Key) {
        for autoscaler in view.autoscalers(key) {
            if let (Some(pause), Some(kept)) = (&autoscaler.pause, view.entry(&autoscaler.key)) {
                self.change(&autoscaler.key, pause, kept);
                self.forget(view, &autoscaler.key, pause);
            }
        }
    }

    fn change(&mut self, key: &Key, object: &Sized, to: Size) {
        // What scales two targets by itself is one object.
        let known = self.goals.insert(key.clone(), to).is_some();
        if object.size != to && !known {
            self.changes.push(Change {
                key: key.clone(),
                spelled: object.spelled.clone(),
                version: object.version.clone(),
                from: object.size,
                to,
            });
        }
    }

    fn forget(&mut self, view: &View, key: &Key, object: &Sized) {
        if view.kept.get(&key.namespace).is_some_and(|kept| kept.entries.contains_key(&key.entry())) {
            self.remember(view, key, object, None);
        }
    }

    fn remember(&mut self, view: &View, key: &Key, object: &Sized, size: Option<Size>) {
        let memories = if size.is_some() { &mut self.before } else { &mut self.after };
        let memory = memories.entry(key.namespace.clone()).or_default();
        memory.spelled.clone_from(&object.spelled);
        memory.version = view.kept.get(&key.namespace).and_then(|kept| kept.version.clone());
        memory.entries.insert(key.entry(), size);
    }
}
