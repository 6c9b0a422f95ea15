//! The memory budget of a component: the sum over all its memories, not a bound on each. It never
//! bounds the host's own memory; the gate's budgets and the watch over the process do.

use lockstep_model::limits::Limits;
use wasmtime::ResourceLimiter;

/// Counts what a component holds.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory_bytes: usize,
    memory_limit: usize,
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
            table_limit: limits.table_elements,
            count_limit: limits.instances,
            refused: false,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        let fits = total <= self.memory_limit;
        if fits {
            self.memory_bytes = total;
        }
        self.refused |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.table_limit;
        self.refused |= !fits;
        Ok(fits)
    }

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
