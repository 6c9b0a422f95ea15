//! The host's side of the capabilities, one module per interface of the contract: each function makes a request, passes the
//! gate and returns the answer. No module decides anything, and none reaches anything except through its crate.

mod cluster;
mod forge;
mod http;
mod objects;
mod repository;
mod workspace;
