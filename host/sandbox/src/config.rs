//! The settings of the sandbox, the same where code is compiled and where it runs: code that was compiled under other
//! settings does not load. Every knob of wasmtime is named here, set or left alone with the reason. A test of xtask
//! compares the names with the source of wasmtime, so a new version with a new knob fails until somebody has decided.

use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Engine, Inlining, InstanceAllocationStrategy, ProfilingStrategy, WasmBacktraceDetails,
};

/// The target that components are compiled for: the host's own triple, spelled out so that no feature of
/// the compiling machine's processor gets in.
const TARGET: &str = env!("LOCKSTEP_TARGET");

/// How much stack a component may use. Part of the settings, so the same for every step.
const STACK_BYTES: usize = 1024 * 1024;
/// The stack of a thread that runs a component: the host's own code needs some besides.
pub const THREAD_STACK_BYTES: usize = STACK_BYTES + 2 * 1024 * 1024;

/// Address space for one memory: all that 32 bits can address, so that no access needs a check of its own.
const MEMORY_RESERVATION: u64 = 4 << 30;
/// Address space without pages behind it. An access with a constant offset that is smaller needs no check.
const MEMORY_GUARD: u64 = 32 << 20;
/// Address space behind a memory that had to move. None moves here: 32 bits cannot address more than is reserved.
const MEMORY_GROWTH: u64 = 2 << 30;
/// The largest gap of zeros that is copied into the image of a memory instead of being left out.
const DENSE_IMAGE: u64 = 16 << 20;

/// The parts of WebAssembly that a component may use, and no others: what the compilers of wasm32-wasip2 emit. Two need
/// a word. `EXTENDED_CONST` is what linkers emit for code that can be placed anywhere. `MULTI_MEMORY` no compiler emits,
/// but wasmtime itself does, where components that were composed hand each other strings; without it the compiler
/// panics on them.
///
/// So these are off: threads and shared memory, garbage collection, typed function references, exceptions, tail calls,
/// 64-bit memories, relaxed SIMD, stack switching, custom page sizes, wide arithmetic, and of the component model all
/// that is asynchronous, its threads, its maps, its lists of fixed length, its 64-bit memories, its error contexts and
/// `implements`. And whatever a later version brings.
const ACCEPTED: WasmFeatures = WasmFeatures::WASM2
    .difference(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Makes the one engine of this process.
///
/// # Errors
/// The settings do not fit the machine.
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

/// What a component may consist of. The bits of [`WasmFeatures`] are those that the single knobs would set:
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
    // Hints of a component about its own branches change no result; they are one more section to parse.
    config.wasm_branch_hinting(false);
    config.relaxed_simd_deterministic(true);
    config.concurrency_support(false);
    config.shared_memory(false);
}

/// What ends a component, and what it leaves.
fn limits(config: &mut Config) {
    config.epoch_interruption(true);
    // The epoch ends a component that computes; counting its instructions would slow it down. So there is no
    // `operator_cost` either.
    config.consume_fuel(false);
    config.max_wasm_stack(STACK_BYTES);
    // Nothing runs on a stack of its own: `async_stack_size` must only not be smaller than what a component may use.
    config.async_stack_size(THREAD_STACK_BYTES);
    config.async_stack_zeroing(false);
    // Guard pages and signals find accesses that are out of bounds, so the code needs no checks for them.
    config.signals_based_traps(true);
    config.macos_use_mach_ports(true);
    // Nobody reads a component's backtrace; without what it needs the code is a quarter smaller and loads faster.
    config.wasm_backtrace_max_frames(None);
    // Unless told so, wasmtime asks the environment (`WASMTIME_BACKTRACE_DETAILS`), and whoever could set that could
    // keep every component from loading. (`wasm_backtrace` is the older form of the line above.)
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
}

/// Where memories and tables of a component lie.
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

/// What is kept of compiled code: what runs, and nothing for debuggers and profilers.
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

/// How the compiler works. Its mitigations of Spectre, for heaps and for tables, are on; they have no knob that is safe
/// to call, and are not turned off (`cranelift_flag_enable`, `cranelift_flag_set`).
#[cfg(feature = "compiler")]
fn compiler(config: &mut Config) {
    use wasmtime::{OptLevel, RegallocAlgorithm, Strategy};
    config.enable_compiler(true);
    config.strategy(Strategy::Cranelift);
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_regalloc_algorithm(RegallocAlgorithm::Backtracking);
    // The bits of a NaN differ between processors; a component that shows them would give other outputs elsewhere.
    config.cranelift_nan_canonicalization(true);
    config.cranelift_debug_verifier(false);
    config.cranelift_wasmtime_debug_checks(false);
    config.wmemcheck(false);
}

// Left alone, each for its reason:
//
// - Not compiled in, since the features of wasmtime that have them are not: `guest_debug`, `coredump_on_trap`, `cache`,
//   `enable_incremental_compilation`, `parallel_compilation` (the compiler is one thread, and its child may start none),
//   `collector`, `gc_heap_initial_size`, `gc_heap_reservation`, `gc_heap_guard_size`, `gc_heap_reservation_for_growth`,
//   `gc_heap_may_move`, `gc_zeal_alloc_counter`, `metadata_for_gc_heap_corruption` (there is no collected heap), `rr`
//   (recording and replaying of runs).
// - The default is what is wanted, and the knob takes an implementation of one's own: `with_host_memory`,
//   `with_host_stack`, `with_custom_code_memory`.
// - `module_version`: by default code of another version of wasmtime does not load.
// - `emit_clif` writes files.
// - `async_support` does nothing any more.
// - `detect_host_feature` and `x86_float_abi_ok` are unsafe and for systems without an operating system; by default
//   wasmtime looks whether the processor has what the code needs.
