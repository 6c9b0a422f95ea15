//! Pauses between attempts when others push first, until the time is up.

use std::hash::{BuildHasher as _, RandomState};

use lockstep_sdk::report::Level;
use lockstep_sdk::{Clock, Deadline, Reporter};

use crate::failure::{Code, Error};

/// The first pause, in milliseconds. Each pause is up to twice as long as the one before.
const FIRST_PAUSE_MS: u64 = 100;
/// The longest pause, in milliseconds, without jitter.
const MAX_PAUSE_MS: u64 = 5_000;

/// The attempts of a run.
#[derive(Debug)]
pub struct Retries {
    deadline: Deadline,
    pause_ms: u64,
}

impl Retries {
    /// Attempts that end after so many milliseconds.
    pub fn start(clock: &impl Clock, timeout_ms: u64) -> Self {
        Self { deadline: Deadline::after(clock.now(), timeout_ms), pause_ms: FIRST_PAUSE_MS }
    }

    /// Pauses after another push came first.
    ///
    /// # Errors
    /// The time is up.
    pub fn pause(
        &mut self,
        clock: &mut impl Clock,
        reporter: &mut impl Reporter,
        branch: &str,
    ) -> Result<(), Error> {
        let pause = (self.pause_ms as f64 * (1.0 + jitter())) as u64;
        if self.deadline.left(clock.now()) <= pause {
            let message = format!("others pushed to `{branch}` before every attempt");
            let hint = "run the step again, or increase `timeout`";
            return Err(Error::new(Code::Contended, message).hint(hint));
        }
        let message = "another push came first; the step computes the promotion again on top of it";
        reporter.note(Level::Info, message);
        clock.sleep(pause);
        self.pause_ms = (self.pause_ms * 2).min(MAX_PAUSE_MS);
        Ok(())
    }
}

/// A random number from 0 to 1, so that jobs that collided once do not collide again.
fn jitter() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
