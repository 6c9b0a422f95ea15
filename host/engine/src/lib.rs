//! The sandbox: loads a component, links what its run was granted and nothing else, runs it within its
//! budgets. It never opens a file, a socket or a credential itself; the capabilities do, behind the gate.

mod bindings;
mod capability;
pub mod compiler;
mod confines;
pub mod guest;
mod handles;
mod host;
pub mod imports;
mod limiter;
mod link;
pub mod live_log;
pub mod load;
mod parallel;
pub mod run;
mod value;
mod waiting;
mod watch;
