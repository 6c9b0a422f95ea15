//! The host functions of the capabilities, one module per interface of the contract. Each function makes a request, passes
//! the gate and returns the answer. These modules decide nothing; the crates of the capabilities hold the clients.

mod cluster;
mod forge;
mod http;
mod objects;
mod repository;
mod workspace;
