//! Kubernetes for tests: a control plane with simulated nodes and pods, its users, its audit log, and a proxy that causes
//! faults. It has no code in common with the tested code.

pub mod audit;
pub mod client;
pub mod cluster;
mod folder;
mod keys;
mod kinds;
pub mod kubeconfig;
mod kubectl;
mod log_kind;
mod logs;
mod options;
mod process;
pub mod proxy;
pub mod stages;
pub mod users;
pub mod verify;

pub use cluster::Cluster;
pub use proxy::Proxy;
