//! The settings of the sandbox, each set on purpose, the same where code is compiled and where it runs.
//! Code compiled under other settings does not load.

use wasmtime::{Config, Engine};

/// The target that components are compiled for: the host's own triple, spelled out so that no feature of
/// the compiling machine's processor gets in.
const TARGET: &str = env!("LOCKSTEP_TARGET");

/// How much stack a component may use. Part of the settings, so the same for every step.
pub(crate) const STACK_BYTES: usize = 1024 * 1024;
/// The stack of a thread that runs a component: the host's own code needs some besides.
pub(crate) const THREAD_STACK_BYTES: usize = STACK_BYTES + 2 * 1024 * 1024;

/// Makes the one engine of this process.
///
/// # Errors
/// The settings do not fit the machine.
pub(crate) fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.target(TARGET)?;
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK_BYTES);
    // Nobody reads a component's backtrace; without what it needs the code is a quarter smaller and loads faster.
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config.memory_init_cow(true);

    // What no step needs is off: each is attack surface.
    config.wasm_memory64(false);
    config.wasm_component_model_memory64(false);
    config.wasm_component_model_map(false);
    config.wasm_component_model_fixed_length_lists(false);
    config.wasm_component_model_implements(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.concurrency_support(false);
    Engine::new(&config)
}
