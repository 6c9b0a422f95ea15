//! What is done when others were faster: waits a little, longer each time, and in the end no more. Never goes on for ever.

use lockstep_glue::{Clock, Deadline, Level, Tell};

use crate::problem::{Code, Problem};

/// The first pause, in milliseconds, and the longest one. Each is up to twice as long as the one before.
const PAUSE: u64 = 100;
const LONGEST: u64 = 5_000;

/// Chances from 0 to 1, so that jobs that lost a race do not run the next one together.
pub trait Dice {
    /// The next one.
    fn roll(&mut self) -> f64;
}

/// The races of a run.
#[derive(Debug)]
pub struct Races {
    deadline: Deadline,
    pause: u64,
}

impl Races {
    /// Races that end in so many milliseconds.
    pub fn until(clock: &impl Clock, timeout: u64) -> Self {
        Self { deadline: Deadline::after(clock.now(), timeout), pause: PAUSE }
    }

    /// Waits after one that was lost.
    ///
    /// # Errors
    /// The time is up.
    pub fn lost<T: Clock + Dice>(
        &mut self,
        time: &mut T,
        tell: &mut impl Tell,
        branch: &str,
    ) -> Result<(), Vec<Problem>> {
        let wait = (self.pause as f64 * (1.0 + time.roll())) as u64;
        if self.deadline.left(time.now()) <= wait {
            let message = format!("others push to `{branch}` all the time");
            let hint = "run the step again, or give `timeout` more time";
            return Err(vec![Problem::new(Code::Contended, message).hint(hint)]);
        }
        let what = "somebody else has pushed meanwhile; the promotion is made again on top of that";
        tell.note(Level::Info, what);
        time.sleep(wait);
        self.pause = (self.pause * 2).min(LONGEST);
        Ok(())
    }
}
