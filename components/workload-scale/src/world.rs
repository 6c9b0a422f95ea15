//! The host of a run as the pure modules see it: translates, and nothing else.

use std::time::{Duration, Instant};

use lockstep_glue::Fault;
use lockstep_glue::{Clock, Level, Tell};
use lockstep_rollout::{Effect, Event, Selection, Watch};

use crate::bindings::{self, cluster};
use crate::host::{At, Entry, Host};
use crate::object::KEPT;

/// The host.
pub(crate) struct World;

/// The clock of the run.
pub(crate) struct Time(Instant);

/// Those who watch.
pub(crate) struct Voice;

impl Watch for World {
    type Watcher = cluster::Watcher;

    fn watch(&mut self, selections: &[Selection]) -> Result<cluster::Watcher, Fault> {
        let selection = |one: &Selection| {
            let Selection { namespace, kind, name, labels, fields } = one.clone();
            cluster::Selection { namespace, kind, name, labels, fields }
        };
        Ok(cluster::watch(&selections.iter().map(selection).collect::<Vec<_>>())?)
    }

    fn next(&mut self, watcher: &mut cluster::Watcher, patience: u32) -> Result<Vec<(u32, Event)>, Fault> {
        let event = |change: cluster::Change| {
            let event = match change.event {
                cluster::Event::Present(json) => Event::Present(json),
                cluster::Event::Gone(uid) => Event::Gone(uid),
                cluster::Event::Complete => Event::Complete,
                cluster::Event::Interrupted(text) => Event::Interrupted(text),
                cluster::Event::Failed(error) => Event::Failed(error.into()),
            };
            (change.of, event)
        };
        Ok(watcher.next(patience)?.into_iter().map(event).collect())
    }

    fn get(&mut self, namespace: &str, kind: &str, name: &str) -> Result<String, Fault> {
        Ok(cluster::get(namespace, kind, name)?)
    }
}

impl Host for World {
    fn scale(&mut self, at: At<'_>, replicas: u32) -> Result<Effect, Fault> {
        Ok(effect(cluster::scale(at.namespace, at.kind, at.name, at.version, replicas)?))
    }

    fn suspend(&mut self, at: At<'_>, suspended: bool) -> Result<Effect, Fault> {
        Ok(effect(cluster::suspend(at.namespace, at.kind, at.name, at.version, suspended)?))
    }

    fn keep(&mut self, namespace: &str, version: Option<&str>, entries: &[Entry]) -> Result<Effect, Fault> {
        let entry = |(key, text): &Entry| cluster::Entry { key: key.clone(), text: text.clone() };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        Ok(effect(cluster::keep(namespace, KEPT, version, &entries)?))
    }
}

fn effect(effect: cluster::Effect) -> Effect {
    match effect {
        cluster::Effect::Made => Effect::Made,
        cluster::Effect::Planned => Effect::Planned,
    }
}

impl Time {
    /// The clock of a run that begins now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Time {
    fn now(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn sleep(&mut self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

impl Tell for Voice {
    fn note(&mut self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => bindings::Level::Debug,
            Level::Info => bindings::Level::Info,
            Level::Notice => bindings::Level::Notice,
            Level::Warning => bindings::Level::Warning,
            Level::Error => bindings::Level::Error,
        };
        bindings::note(level, message, None);
    }

    fn progress(&mut self, done: usize, total: usize) {
        bindings::progress(done as u64, Some(total as u64), "targets");
    }
}
