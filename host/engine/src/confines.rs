//! What every instance of a component gets, whatever else it may reach: WASI over nothing, its budgets, and a stop
//! that interrupts it. It links no capability.

use crate::limiter::Limiter;
use lockstep_model::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView};

/// The confines of one instance.
pub(crate) struct Confines {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
}

/// What a store holds for its instance.
pub(crate) trait Confined: Send + 'static {
    /// The confines of the instance.
    fn confines(&mut self) -> &mut Confines;
}

impl Confines {
    /// Confines with `memory_mb` of memory. What the instance prints is captured.
    pub(crate) fn new(limits: &Limits, memory_mb: u32, printed: &MemoryOutputPipe) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(printed.clone()).stderr(printed.clone());
        wasi.max_random_size(limits.random_bytes);
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self { wasi: wasi.build(), table, limiter: Limiter::new(limits, memory_mb) }
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// A store whose instance keeps within its confines and ends when `stop` is set.
pub(crate) fn store<T: Confined>(
    engine: &Engine,
    data: T,
    limits: &Limits,
    stop: Arc<AtomicBool>,
) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.confines().limiter);
    store.set_hostcall_fuel(limits.hostcall_bytes);
    store.set_max_component_handles(limits.handles);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| {
        if stop.load(Ordering::Relaxed) {
            Ok(UpdateDeadline::Interrupt)
        } else {
            Ok(UpdateDeadline::Continue(1))
        }
    });
    store
}
