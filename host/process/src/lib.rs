//! Programs that a run starts: where they may be, how they are started, and how they end with the run; and how files that
//! the caller names are read. It decides nothing about credentials.
//!
//! No program is started that lies in the checkout, and none outlives the run. The program is started by a keeper: a process
//! of this same executable that waits for the program and, when the run is gone, kills the program and everything that
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
