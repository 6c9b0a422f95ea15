//! The settings of the sandbox and the bounds of a compilation, for the host and its compiler alike. This crate neither
//! compiles nor runs a component.
#![forbid(unsafe_code)]

mod config;

pub use config::{THREAD_STACK_BYTES, engine};

/// The bounds of one compilation. The compiler limits itself, and the host kills a compiler that exceeds them.
pub mod bounds {
    /// The largest component, in bytes.
    pub const WASM_BYTES: u64 = 64 * 1024 * 1024;
    /// The largest machine code of a component, in bytes.
    pub const CODE_BYTES: u64 = 512 * 1024 * 1024;
    /// The maximum address space of the compiler, in bytes.
    pub const MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
    /// The timeout of a compilation, in seconds.
    pub const SECONDS: u64 = 60;
}
