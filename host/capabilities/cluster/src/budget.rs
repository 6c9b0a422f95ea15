//! What a run may receive of its cluster and follow of it at once, whatever it follows it with: counts that all watches
//! share. It ends nothing itself.

use lockstep_model::call::CallError;
use lockstep_model::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// The most selections that are followed at once. Each is a connection, of which a process has a thousand.
pub(super) const SELECTIONS: usize = 100;

/// The counts of one run.
#[derive(Debug)]
pub(super) struct Budget {
    most_bytes: u64,
    most_objects: usize,
    bytes: AtomicU64,
    objects: AtomicUsize,
    /// The most objects that there ever were at once.
    peak: AtomicUsize,
    selections: AtomicUsize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most_bytes: limits.watched_bytes,
            most_objects: limits.watched_objects,
            bytes: AtomicU64::new(0),
            objects: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            selections: AtomicUsize::new(0),
        })
    }

    /// Counts bytes that came.
    pub(super) fn receive(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, SeqCst);
    }

    /// Whether the run is within its budget.
    ///
    /// # Errors
    /// More has come than may.
    pub(super) fn check(&self) -> Result<(), CallError> {
        let Self { most_bytes, most_objects, .. } = self;
        if self.bytes.load(SeqCst) > *most_bytes {
            return Err(CallError::LimitExceeded(format!(
                "more than {most_bytes} bytes came from the cluster"
            )));
        }
        if self.peak.load(SeqCst) > *most_objects {
            return Err(CallError::LimitExceeded(format!("more than {most_objects} objects to follow")));
        }
        Ok(())
    }

    /// Takes room for selections, which is given back when what it gives is dropped.
    ///
    /// # Errors
    /// There is no room for so many.
    pub(super) fn take(self: &Arc<Self>, selections: usize) -> Result<Taken, CallError> {
        let room = |taken: usize| Some(taken + selections).filter(|taken| *taken <= SELECTIONS);
        self.selections
            .fetch_update(SeqCst, SeqCst, room)
            .map(|_| Taken { budget: Arc::clone(self), selections })
            .map_err(|_| {
                CallError::LimitExceeded(format!("more than {SELECTIONS} selections followed at once"))
            })
    }

    /// Counts the objects of one selection.
    pub(super) fn objects(self: &Arc<Self>) -> Objects {
        Objects { budget: Arc::clone(self), counted: 0 }
    }
}

/// Room for selections.
#[derive(Debug)]
pub(super) struct Taken {
    budget: Arc<Budget>,
    selections: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.budget.selections.fetch_sub(self.selections, SeqCst);
    }
}

/// The objects of one selection. They count until this is dropped.
#[derive(Debug)]
pub(super) struct Objects {
    budget: Arc<Budget>,
    counted: usize,
}

impl Objects {
    /// Counts so many of them from now on; false if those of all selections are too many.
    pub(super) fn are(&mut self, now: usize) -> bool {
        let Self { budget, counted } = self;
        budget.objects.fetch_sub(std::mem::replace(counted, now), SeqCst);
        let all = budget.objects.fetch_add(now, SeqCst) + now;
        budget.peak.fetch_max(all, SeqCst);
        all <= budget.most_objects
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        self.budget.objects.fetch_sub(self.counted, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<Budget> {
        Budget::new(&Limits { watched_bytes: 10, watched_objects: 5, ..Limits::default() })
    }

    #[test]
    fn bytes_are_counted_over_all_that_came() {
        let budget = budget();
        budget.receive(6);
        budget.receive(4);
        assert_eq!(budget.check(), Ok(()));
        budget.receive(1);
        assert_eq!(budget.check().unwrap_err().word(), "limit-exceeded");
    }

    #[test]
    fn objects_count_over_all_selections_and_no_longer_than_they_are_followed() {
        let budget = budget();
        let (mut some, mut others) = (budget.objects(), budget.objects());
        assert!(some.are(3) && others.are(2) && some.are(1) && others.are(4));
        drop(some);
        assert!(others.are(5));
        assert_eq!(budget.check(), Ok(()));
        assert!(!others.are(6));
        // It was too much, even if it no longer is.
        drop(others);
        assert_eq!(budget.check().unwrap_err().word(), "limit-exceeded");
    }

    #[test]
    fn there_is_room_for_so_many_selections_at_once() {
        let budget = budget();
        let some = budget.take(60).unwrap();
        assert_eq!(budget.take(41).unwrap_err().word(), "limit-exceeded");
        let rest = budget.take(40).unwrap();
        assert_eq!(budget.take(1).unwrap_err().word(), "limit-exceeded");
        drop(some);
        assert!(budget.take(60).is_ok());
        drop(rest);
        assert!(budget.take(SELECTIONS).is_ok() && budget.take(SELECTIONS + 1).is_err());
    }
}
