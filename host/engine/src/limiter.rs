//! The memory budget of a component: the sum over all its memories, and over all its tables, not a bound on each. It
//! never bounds the host's own memory; the gate's budgets and the watch over the process do.

use lockstep_model::limits::Limits;
use wasmtime::ResourceLimiter;

/// Counts what a component holds.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    memory_limit: usize,
    table_elements: usize,
    table_limit: usize,
    count_limit: usize,
    /// Whether the component was refused memory: the likely reason, if it traps later.
    pub(crate) refused: bool,
}

impl Limiter {
    /// A budget of `memory_mb` MiB.
    pub(crate) fn new(limits: &Limits, memory_mb: u32) -> Self {
        Self {
            memory_bytes: 0,
            memory_limit: memory_mb as usize * 1024 * 1024,
            table_elements: 0,
            table_limit: limits.table_elements,
            count_limit: limits.instances,
            refused: false,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = grow(&mut self.memory_bytes, self.memory_limit, desired.saturating_sub(current));
        self.refused |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = grow(&mut self.table_elements, self.table_limit, desired.saturating_sub(current));
        self.refused |= !fits;
        Ok(fits)
    }

    // Wasmtime counts these over the whole store, instances within instances included.
    fn instances(&self) -> usize {
        self.count_limit
    }

    fn tables(&self) -> usize {
        self.count_limit
    }

    fn memories(&self) -> usize {
        self.count_limit
    }
}

/// Adds to a sum what fits below its limit; false if it does not. Growth that fails afterwards stays counted: the
/// component has less then, never more.
fn grow(sum: &mut usize, limit: usize, by: usize) -> bool {
    let total = sum.saturating_add(by);
    let fits = total <= limit;
    if fits {
        *sum = total;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_are_counted_in_sum() {
        let limits = Limits { table_elements: 100, ..Limits::default() };
        let mut limiter = Limiter::new(&limits, 1);
        let half = 512 * 1024;
        assert!(limiter.memory_growing(0, half, None).unwrap());
        assert!(limiter.memory_growing(0, half, None).unwrap() && !limiter.refused);
        assert!(!limiter.memory_growing(half, half + 1, None).unwrap() && limiter.refused);

        let mut limiter = Limiter::new(&limits, 1);
        assert!(limiter.table_growing(0, 60, None).unwrap());
        assert!(limiter.table_growing(60, 90, None).unwrap());
        // Another table, which alone would fit.
        assert!(!limiter.table_growing(0, 11, None).unwrap() && limiter.refused);
        assert!(limiter.table_growing(0, 10, None).unwrap());
        assert!(!limiter.table_growing(0, usize::MAX, None).unwrap());
    }
}
