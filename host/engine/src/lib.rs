//! The sandbox: loads a component, links the capabilities that the run grants, and runs the component within its budgets.
//! It opens no file and no socket, and holds no credential; the capabilities do, behind the gate.

mod bindings;
mod capability;
pub mod compiler;
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
mod slow_calls;
mod store_state;
mod value;
mod watch;
