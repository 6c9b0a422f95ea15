//! What the host and its compiler must agree on: the settings of the sandbox, and the bounds of one compilation. It
//! neither compiles nor runs anything.
#![forbid(unsafe_code)]

mod config;

pub use config::{THREAD_STACK_BYTES, engine};

/// The bounds of one compilation. The compiler limits itself, and the host ends a compiler that does not.
pub mod bounds {
    /// The largest component, in bytes.
    pub const WASM_BYTES: u64 = 64 * 1024 * 1024;
    /// The largest machine code of a component, in bytes.
    pub const CODE_BYTES: u64 = 512 * 1024 * 1024;
    /// The most memory that the compiler maps, in bytes.
    pub const MEMORY_BYTES: u64 = 2 * 1024 * 1024 * 1024;
    /// The longest that a compilation takes, in seconds.
    pub const SECONDS: u64 = 60;
}
