//! The rules and the data of a run. It never touches a file, the network, the environment, a clock
//! or the sandbox: everything here can be tested as a function.
#![forbid(unsafe_code)]

pub mod digest;
pub mod exit;
pub mod info;
pub mod path;
pub mod pattern;
pub mod redact;
pub mod render;
pub mod report;
pub mod text;
