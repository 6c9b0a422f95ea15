//! The host of a run as the pure modules see it: translates, and nothing else.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use lockstep_glue::{Clock, Fault};

use crate::bindings::repository;
use crate::host::{Change, Effect, File, Host};
use crate::promote::Dice;

/// The repository of the run.
pub(crate) struct World(String);

/// The clock of the run, and its chances.
pub(crate) struct Time(Instant);

/// Those who watch.
pub(crate) struct Voice;

impl World {
    pub(crate) fn new(repository: String) -> Self {
        Self(repository)
    }
}

impl Host for World {
    fn head(&mut self, branch: &str) -> Result<Option<String>, Fault> {
        Ok(repository::head(&self.0, branch)?)
    }

    fn files(&mut self, commit: &str, pattern: &str) -> Result<Vec<File>, Fault> {
        let file = |file: repository::File| File { path: file.path, id: file.id };
        Ok(repository::files(&self.0, commit, pattern)?.into_iter().map(file).collect())
    }

    fn read(&mut self, commit: &str, paths: &[String]) -> Result<Vec<Vec<u8>>, Fault> {
        Ok(repository::read(&self.0, commit, paths)?)
    }

    fn commit(&mut self, parent: &str, changes: &[Change], message: &str) -> Result<String, Fault> {
        let change = |(path, content): &Change| repository::Change {
            path: path.clone(),
            content: Some(content.clone()),
        };
        let changes: Vec<_> = changes.iter().map(change).collect();
        Ok(repository::commit(&self.0, parent, &changes, message)?)
    }

    fn push(&mut self, branch: &str, commit: &str, expected: &str) -> Result<Effect, Fault> {
        match repository::push(&self.0, branch, commit, Some(expected))? {
            repository::Effect::Made => Ok(Effect::Made),
            repository::Effect::Planned => Ok(Effect::Planned),
        }
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

impl Dice for Time {
    fn roll(&mut self) -> f64 {
        RandomState::new().hash_one(0) as f64 / u64::MAX as f64
    }
}
