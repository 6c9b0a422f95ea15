//! The library of the tests: servers, clients and runs of the finished program. It never ships.
#![forbid(unsafe_code)]

pub mod git;
pub mod git_http;
#[cfg(feature = "live")]
pub mod gitea;
pub mod github;
#[cfg(feature = "live")]
pub mod kube;
pub mod peers;
#[cfg(feature = "live")]
pub mod platforms;
pub mod runner;
pub mod s3;
pub mod services;
pub mod shim;
pub mod shop;
pub mod stand_in;
pub mod support;
pub mod terraform;
pub mod tofu;
pub mod wat;
pub mod web;
