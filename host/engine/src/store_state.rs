//! The state that the store of each component instance has: WASI without files, network and environment, the budgets, and
//! a stop that interrupts the instance. It links no capability.

use crate::limiter::Limiter;
use lockstep_model::limits::Limits;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView};

/// The state of the store of one instance.
pub(crate) struct StoreState {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) limiter: Limiter,
}

/// The data of a store, which includes its state.
pub(crate) trait HasStoreState: Send + 'static {
    /// The state of the store.
    fn store_state(&mut self) -> &mut StoreState;
}

impl StoreState {
    /// A state with a budget of `memory_mb` MiB of memory. `printed` captures standard output and error.
    pub(crate) fn new(limits: &Limits, memory_mb: u32, printed: &MemoryOutputPipe) -> Self {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(printed.clone()).stderr(printed.clone());
        wasi.max_random_size(limits.random_bytes);
        wasi.allow_tcp(false).allow_udp(false).allow_ip_name_lookup(false);
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self { wasi: wasi.build(), table, limiter: Limiter::new(limits, memory_mb) }
    }

    /// The parts that the functions of WASI use.
    pub(crate) fn wasi_view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Makes a store that enforces the budgets and interrupts its instance when `stop` is set.
pub(crate) fn new_store<T: HasStoreState>(
    engine: &Engine,
    data: T,
    limits: &Limits,
    stop: Arc<AtomicBool>,
) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.store_state().limiter);
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
