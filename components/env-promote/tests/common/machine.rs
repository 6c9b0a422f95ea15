//! What the model has of a machine: a clock, dice, and an ear for what a run says.

use super::Shared;
use env_promote::promote::Dice;
use lockstep_glue::{Clock, Level, Tell};

impl Clock for Shared {
    fn now(&self) -> u64 {
        self.0.borrow().now
    }

    fn sleep(&mut self, milliseconds: u64) {
        let mut model = self.0.borrow_mut();
        model.now += milliseconds;
        if let Some(later) = model.later.take() {
            later(&mut model);
        }
    }
}

impl Dice for Shared {
    fn roll(&mut self) -> f64 {
        0.5
    }
}

impl Tell for Shared {
    fn note(&mut self, level: Level, message: &str) {
        self.0.borrow_mut().said.push(format!("{level:?}: {message}"));
    }

    fn progress(&mut self, _: usize, _: usize) {}
}
