//! The host of a run as the pure modules see it: translates, and nothing else.

use std::time::{Duration, Instant};

use lockstep_glue::Clock;
use lockstep_glue::Fault;
use lockstep_rollout::Effect;

use crate::bindings::cluster;
use crate::host::{At, Entry, Host};
use crate::object::KEPT;

/// The host.
pub(crate) struct World;

/// The clock of the run.
pub(crate) struct Time(Instant);

/// Those who watch.
pub(crate) struct Voice;

impl Host for World {
    fn scale(&mut self, at: At<'_>, replicas: u32) -> Result<Effect, Fault> {
        Ok(cluster::scale(at.namespace, at.kind, at.name, at.version, replicas)?.into())
    }

    fn suspend(&mut self, at: At<'_>, suspended: bool) -> Result<Effect, Fault> {
        Ok(cluster::suspend(at.namespace, at.kind, at.name, at.version, suspended)?.into())
    }

    fn keep(&mut self, namespace: &str, version: Option<&str>, entries: &[Entry]) -> Result<Effect, Fault> {
        let entry = |(key, text): &Entry| cluster::Entry { key: key.clone(), text: text.clone() };
        let entries: Vec<_> = entries.iter().map(entry).collect();
        Ok(cluster::keep(namespace, KEPT, version, &entries)?.into())
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
