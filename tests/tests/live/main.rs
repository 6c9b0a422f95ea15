//! Tests with real servers and runners, which are installed on first use. They share one control plane: what a test defines
//! for the whole cluster has a name of its own, or is the same in each test.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod book;
mod github_contract;
mod kube_changes;
mod kube_services;
mod linters;
mod nightly;
mod patches;
mod promote_examples;
mod promotions;
mod pull_requests;
mod s3_services;
mod scale;
mod score;
mod silence;
mod terraform_outputs;
mod terraform_plans;
mod upload;
mod upload_faults;
mod upload_network;
mod upload_resume;
mod upload_roles;
mod verify;
mod verify_checks;
mod verify_faults;
mod wrappers;
