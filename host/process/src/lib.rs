//! Programs that the host starts for a run: it finds and starts them, and ends them with the run. It also reads files that
//! the caller names. It decides nothing about credentials.
//!
//! The host starts no program from the checkout, and no program outlives the run. A keeper starts the program: a process of
//! the same executable that waits for the program. When the run ends, the keeper kills the program and all processes that
//! the program has started.
#![forbid(unsafe_code)]

mod checkout;
mod find;
mod keeper;
pub mod regular_file;
mod start;
mod tree;

pub use checkout::{Checkout, DATA_FILE_VARIABLES};
pub use find::{ProgramNotFound, Programs};
pub use keeper::serve_keeper;
pub use start::ProgramLimits;
pub use tree::{descendants, resident_bytes};
