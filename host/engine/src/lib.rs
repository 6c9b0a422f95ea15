//! The sandbox: loads a component, links what its run was granted and nothing else, runs it within its
//! budgets. It never opens a file, a socket or a credential itself; the capabilities do, behind the gate.

pub mod cluster;
pub mod compiler;
mod confines;
mod forge;
pub mod host;
pub mod http;
pub mod imports;
mod limiter;
mod link;
pub mod load;
pub mod objects;
mod parallel;
mod repository;
pub mod run;
mod value;
mod waiting;
mod watch;
