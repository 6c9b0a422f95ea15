//! The memory budget of a component: one for the sum of its memories, and one for the sum of its tables. It does not limit
//! the memory of the host; the budgets of the gate and the watch over the process do.

use lockstep_model::limits::Limits;
use wasmtime::ResourceLimiter;

/// Counts the memory and the table elements of a component.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    memory_limit: usize,
    table_elements: usize,
    table_limit: usize,
    count_limit: usize,
    /// Whether the limiter refused memory: the likely cause, if the component traps later.
    pub(crate) refused: bool,
}

impl Limiter {
    /// A limiter with a budget of `memory_mb` MiB of memory.
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

    // Wasmtime counts these for the whole store, with the instances within instances.
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

/// Adds growth to a sum, or returns false if the sum would exceed its limit. Growth that fails later stays in the sum: the
/// component then gets less, never more.
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
        // A second table, which would fit by itself.
        assert!(!limiter.table_growing(0, 11, None).unwrap() && limiter.refused);
        assert!(limiter.table_growing(0, 10, None).unwrap());
        assert!(!limiter.table_growing(0, usize::MAX, None).unwrap());
    }
}
