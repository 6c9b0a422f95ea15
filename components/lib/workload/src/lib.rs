//! What the objects of a Kubernetes cluster say about a rollout: rules as functions over JSON. It never asks
//! a cluster anything, and has no clock: times are handed in, as seconds of the caller's clock.
//!
//! [`Cluster`] takes in objects as they come and go, and says for each target what [`Status`] it has and
//! which [`Cause`]s doom it. [`RULES`] are the rules by which a target is doomed; [`Rules`] is the table with
//! the changes of a run.
#![forbid(unsafe_code)]

mod cause;
mod classify;
mod container;
mod custom;
mod declared;
mod facts;
mod findings;
mod fingerprint;
mod gitops;
mod index;
mod kind;
mod note;
mod plain;
mod pod;
mod revision;
mod rollout;
mod rules;
mod scheduling;
mod status;
mod store;
mod suspect;
mod target;
mod value;
pub mod words;
mod workload;

pub use cause::{Cause, Logs};
pub use gitops::gitops_owner;
pub use kind::Kind;
pub use lockstep_glue::duration::{duration, spell};
pub use rules::{Class, RULES, Rule, RuleId, Rules};
pub use status::{State, Status};
pub use store::{Cluster, Seen, TargetId};
