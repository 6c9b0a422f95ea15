//! Kubernetes as tests need it: a control plane whose nodes and pods are played, users of it, what it wrote down, and a
//! proxy that spoils what passes. None of it is the code that it tests, or shares any with it.

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
