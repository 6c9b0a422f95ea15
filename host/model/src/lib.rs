//! The rules and the data of a run, as functions and types. This crate uses no file, network, environment variable,
//! clock or sandbox.
#![forbid(unsafe_code)]

pub mod call;
pub mod capability;
pub mod causes;
pub mod connect;
pub mod digest;
pub mod exit;
pub mod forge;
pub mod gate;
pub mod grant;
pub mod host_code;
pub mod info;
pub mod inputs;
pub mod limits;
pub mod near;
pub mod object;
pub mod outputs;
pub mod path;
pub mod pattern;
pub mod permissions;
pub mod policy;
pub mod protected;
pub mod receipt;
pub mod redact;
pub mod render;
pub mod report;
pub mod repository;
pub mod resource;
pub mod scope;
pub mod secret;
pub mod secret_registry;
pub mod text;
pub mod types;
pub mod web;
