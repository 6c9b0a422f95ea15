//! The budget of a run for its cluster: one count of bytes, objects and selections over all watches and calls. It ends nothing
//! itself.

use lockstep_model::call::CallError;
use lockstep_model::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// The most selections that a run watches at once. Each is a connection, of which a process has a thousand.
pub(super) const MAX_SELECTIONS: usize = 100;

/// The counts of one run.
#[derive(Debug)]
pub(super) struct WatchBudget {
    max_bytes: u64,
    max_objects: usize,
    bytes: AtomicU64,
    objects: AtomicUsize,
    /// The most objects at once so far.
    peak: AtomicUsize,
    selections: AtomicUsize,
}

impl WatchBudget {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            max_bytes: limits.watched_bytes,
            max_objects: limits.watched_objects,
            bytes: AtomicU64::new(0),
            objects: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            selections: AtomicUsize::new(0),
        })
    }

    /// Counts received bytes.
    pub(super) fn receive(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, SeqCst);
    }

    /// Checks that the run is within its budget.
    ///
    /// # Errors
    /// `LimitExceeded` if the run has received too many bytes or watches too many objects.
    pub(super) fn check(&self) -> Result<(), CallError> {
        let Self { max_bytes, max_objects, .. } = self;
        if self.bytes.load(SeqCst) > *max_bytes {
            return Err(CallError::LimitExceeded(format!(
                "the cluster has sent more than {max_bytes} bytes"
            )));
        }
        if self.peak.load(SeqCst) > *max_objects {
            return Err(CallError::LimitExceeded(format!("the run watches more than {max_objects} objects")));
        }
        Ok(())
    }

    /// Takes slots for selections. Dropping them gives them back.
    ///
    /// # Errors
    /// `LimitExceeded` if there are too few slots.
    pub(super) fn take_slots(self: &Arc<Self>, selections: usize) -> Result<SelectionSlots, CallError> {
        let add = |taken: usize| Some(taken + selections).filter(|taken| *taken <= MAX_SELECTIONS);
        self.selections
            .fetch_update(SeqCst, SeqCst, add)
            .map(|_| SelectionSlots { budget: Arc::clone(self), selections })
            .map_err(|_| {
                CallError::LimitExceeded(format!(
                    "the run watches more than {MAX_SELECTIONS} selections at once"
                ))
            })
    }

    /// A counter for the objects of one selection.
    pub(super) fn objects(self: &Arc<Self>) -> ObjectCounter {
        ObjectCounter { budget: Arc::clone(self), counted: 0 }
    }
}

/// Slots for selections.
#[derive(Debug)]
pub(super) struct SelectionSlots {
    budget: Arc<WatchBudget>,
    selections: usize,
}

impl Drop for SelectionSlots {
    fn drop(&mut self) {
        self.budget.selections.fetch_sub(self.selections, SeqCst);
    }
}

/// The number of objects of one selection. They count until it is dropped.
#[derive(Debug)]
pub(super) struct ObjectCounter {
    budget: Arc<WatchBudget>,
    counted: usize,
}

impl ObjectCounter {
    /// Sets the number; false if the objects of all selections are too many.
    pub(super) fn set(&mut self, now: usize) -> bool {
        let Self { budget, counted } = self;
        budget.objects.fetch_sub(std::mem::replace(counted, now), SeqCst);
        let all = budget.objects.fetch_add(now, SeqCst) + now;
        budget.peak.fetch_max(all, SeqCst);
        all <= budget.max_objects
    }
}

impl Drop for ObjectCounter {
    fn drop(&mut self) {
        self.budget.objects.fetch_sub(self.counted, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<WatchBudget> {
        WatchBudget::new(&Limits { watched_bytes: 10, watched_objects: 5, ..Limits::default() })
    }

    #[test]
    fn the_budget_counts_all_received_bytes() {
        let budget = budget();
        budget.receive(6);
        budget.receive(4);
        assert_eq!(budget.check(), Ok(()));
        budget.receive(1);
        assert_eq!(budget.check().unwrap_err().word(), "limit-exceeded");
    }

    #[test]
    fn objects_count_over_all_selections_while_the_run_watches_them() {
        let budget = budget();
        let (mut some, mut others) = (budget.objects(), budget.objects());
        assert!(some.set(3) && others.set(2) && some.set(1) && others.set(4));
        drop(some);
        assert!(others.set(5));
        assert_eq!(budget.check(), Ok(()));
        assert!(!others.set(6));
        // The peak counts, not the present number.
        drop(others);
        assert_eq!(budget.check().unwrap_err().word(), "limit-exceeded");
    }

    #[test]
    fn a_run_watches_a_limited_number_of_selections_at_once() {
        let budget = budget();
        let some = budget.take_slots(60).unwrap();
        assert_eq!(budget.take_slots(41).unwrap_err().word(), "limit-exceeded");
        let rest = budget.take_slots(40).unwrap();
        assert_eq!(budget.take_slots(1).unwrap_err().word(), "limit-exceeded");
        drop(some);
        assert!(budget.take_slots(60).is_ok());
        drop(rest);
        assert!(budget.take_slots(MAX_SELECTIONS).is_ok() && budget.take_slots(MAX_SELECTIONS + 1).is_err());
    }
}
