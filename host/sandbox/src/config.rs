//! The settings of the sandbox. The compiler and the host use the same, because wasmtime loads no code from other settings.
//! This file names each knob of wasmtime: it sets the knob, or gives the reason to leave it alone. A test of xtask compares
//! the names with the source of wasmtime, so it fails for a new version with a new knob.

use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Engine, Inlining, InstanceAllocationStrategy, ProfilingStrategy, WasmBacktraceDetails,
};

/// The target of compiled components: the triple of the host. If it is set, the compiler uses no processor feature of the
/// compiling machine beyond that target.
const TARGET: &str = env!("LOCKSTEP_TARGET");

/// The stack of a component, in bytes. It is one of the settings, so all steps have the same.
const STACK_BYTES: usize = 1024 * 1024;
/// The stack of a thread that runs a component, in bytes. It has room for the code of the host, too.
pub const THREAD_STACK_BYTES: usize = STACK_BYTES + 2 * 1024 * 1024;

/// The address space for one memory, in bytes: all that 32 bits can address, so that the code needs no bounds checks.
const MEMORY_RESERVATION: u64 = 4 << 30;
/// The address space without pages after a memory, in bytes. An access with a smaller constant offset needs no check.
const MEMORY_GUARD: u64 = 32 << 20;
/// The address space after a memory that has moved, in bytes. No memory moves: 32 bits cannot address more than the
/// reservation.
const MEMORY_GROWTH: u64 = 2 << 30;
/// The largest gap of zeros that wasmtime copies into the image of a memory, in bytes.
const DENSE_IMAGE: u64 = 16 << 20;

/// The features of WebAssembly that a component may use: those that the compilers of wasm32-wasip2 emit. Linkers emit
/// `EXTENDED_CONST` for position-independent code. No compiler emits `MULTI_MEMORY`, but wasmtime itself does for composed
/// components that pass strings to each other; without it the compiler panics on them.
///
/// These features are off: threads and shared memory, garbage collection, typed function references, exceptions, tail calls,
/// 64-bit memories, relaxed SIMD, stack switching, custom page sizes and wide arithmetic. Of the component model these are
/// off: asynchronous functions, threads, maps, lists of fixed length, 64-bit memories, error contexts and `implements`.
/// Features of later versions are off, too.
const ACCEPTED: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Makes the engine of wasmtime.
///
/// # Errors
/// The machine does not support the settings.
pub fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config.target(TARGET)?;
    language(&mut config);
    limits(&mut config);
    memories(&mut config);
    code(&mut config);
    #[cfg(feature = "compiler")]
    compiler(&mut config);
    Engine::new(&config)
}

/// Sets the features of WebAssembly. The bits of [`WasmFeatures`] stand for these knobs:
/// `wasm_tail_call`, `wasm_custom_page_sizes`, `wasm_threads`, `wasm_shared_everything_threads`, `wasm_reference_types`,
/// `wasm_function_references`, `wasm_wide_arithmetic`, `wasm_gc`, `wasm_simd`, `wasm_relaxed_simd`, `wasm_bulk_memory`,
/// `wasm_multi_value`, `wasm_multi_memory`, `wasm_memory64`, `wasm_extended_const`, `wasm_stack_switching`,
/// `wasm_component_model`, `wasm_component_model_async`, `wasm_component_model_more_async_builtins`,
/// `wasm_component_model_async_stackful`, `wasm_component_model_threading`, `wasm_component_model_error_context`,
/// `wasm_component_model_gc`, `wasm_component_model_map`, `wasm_component_model_memory64`,
/// `wasm_component_model_fixed_length_lists`, `wasm_component_model_implements`, `wasm_exceptions`,
/// `wasm_legacy_exceptions`, `gc_support`.
fn language(config: &mut Config) {
    config.wasm_features(WasmFeatures::all(), false);
    config.wasm_features(ACCEPTED, true);
    // Branch hints of a component change no result; they are one more section to parse.
    config.wasm_branch_hinting(false);
    config.relaxed_simd_deterministic(true);
    config.concurrency_support(false);
    config.shared_memory(false);
}

/// Sets what interrupts a component, and the stacks.
fn limits(config: &mut Config) {
    config.epoch_interruption(true);
    // The epoch interrupts a component that computes; counting its instructions would slow it down. So this sets no
    // `operator_cost` either.
    config.consume_fuel(false);
    config.max_wasm_stack(STACK_BYTES);
    // The sandbox uses no asynchronous stacks. Wasmtime only requires `async_stack_size` to hold the stack of a component.
    config.async_stack_size(THREAD_STACK_BYTES);
    config.async_stack_zeroing(false);
    // Guard pages and signals find accesses that are out of bounds, so the code needs no checks for them.
    config.signals_based_traps(true);
    config.macos_use_mach_ports(true);
    // Nobody reads a backtrace of a component. Without the data for it, the code is a quarter smaller and loads faster.
    config.wasm_backtrace_max_frames(None);
    // By default wasmtime reads the environment (`WASMTIME_BACKTRACE_DETAILS`), so a variable could stop each component
    // from loading. (`wasm_backtrace` is the older form of the line above.)
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
}

/// Sets how wasmtime allocates memories and tables.
fn memories(config: &mut Config) {
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config.memory_reservation(MEMORY_RESERVATION);
    config.memory_guard_size(MEMORY_GUARD);
    config.memory_reservation_for_growth(MEMORY_GROWTH);
    config.memory_may_move(false);
    config.guard_before_linear_memory(true);
    config.memory_init_cow(true);
    config.memory_guaranteed_dense_image_size(DENSE_IMAGE);
    config.force_memory_init_memfd(false);
    config.table_lazy_init(true);
}

/// Leaves data for debuggers and profilers out of compiled code.
fn code(config: &mut Config) {
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config.debug_info(false);
    config.debug_symbols(false);
    config.debug_adapter_modules(false);
    config.metadata_for_internal_asserts(false);
    config.profiler(ProfilingStrategy::None);
    config.compiler_inlining(Inlining::No);
}

/// Sets how the compiler works. Its mitigations of Spectre, for heaps and for tables, are on by default, and this leaves them
/// on: their knobs are unsafe (`cranelift_flag_enable`, `cranelift_flag_set`).
#[cfg(feature = "compiler")]
fn compiler(config: &mut Config) {
    use wasmtime::{OptLevel, RegallocAlgorithm, Strategy};
    config.enable_compiler(true);
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);
    // The bits of a NaN differ between processors, so a component that returns them would have other outputs elsewhere.
    config.cranelift_nan_canonicalization(true);
    config.cranelift_debug_verifier(false);
    config.cranelift_wasmtime_debug_checks(false);
    config.wmemcheck(false);
}

// Knobs that this file leaves alone, and why:
//
// - The features of wasmtime that have these knobs are off: `guest_debug`, `coredump_on_trap`, `cache`,
//   `enable_incremental_compilation`, `parallel_compilation` (the jail allows the compiler one thread),
//   `collector`, `gc_heap_initial_size`, `gc_heap_reservation`, `gc_heap_guard_size`, `gc_heap_reservation_for_growth`,
//   `gc_heap_may_move`, `gc_zeal_alloc_counter`, `metadata_for_gc_heap_corruption` (there is no collected heap), `rr`
//   (recording and replaying of runs).
// - The default is right, and these knobs replace an implementation: `with_host_memory`,
//   `with_host_stack`, `with_custom_code_memory`.
// - `module_version`: by default wasmtime loads no code of another version.
// - `emit_clif` writes files.
// - `async_support` does nothing any more.
// - `detect_host_feature` and `x86_float_abi_ok` are unsafe and for systems without an operating system; by default
//   wasmtime checks whether the processor has the features that the code needs.
