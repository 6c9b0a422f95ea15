//! The capabilities: what the host does for a component, and the only crate that holds clients and
//! secrets. It never knows the sandbox, and it takes what a call is about only from the gate's permit.
#![forbid(unsafe_code)]

pub mod content;
pub mod objects;
pub mod workspace;
