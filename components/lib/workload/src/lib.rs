//! The status of a rollout from the objects of a Kubernetes cluster: rules as functions over JSON. The library makes no
//! calls and has no clock; the caller passes times as seconds of its own clock.
//!
//! [`ClusterState`] receives objects and gives each target a [`Status`] and the [`Cause`]s of its failure. [`RULES`] are
//! the rules that fail a target; [`Rules`] is this table with the changes of a run.
#![forbid(unsafe_code)]

mod builtin;
mod cause;
mod claim;
mod classify;
mod conditions;
mod container;
mod custom;
mod custom_rule;
mod event;
mod finding;
mod fingerprint;
mod gitops;
mod index;
mod inspect;
mod inventory;
mod kind;
pub mod messages;
mod object;
mod pod;
mod pod_health;
mod readiness;
mod removal;
mod revision;
mod rules;
mod scheduling;
mod selected;
mod service;
mod status;
mod store;
mod target;
mod unused_claim;
mod value;
mod words;
mod workload;

pub use cause::Cause;
pub use custom_rule::IgnoreRule;
pub use finding::LogSource;
pub use gitops::gitops_owner;
pub use kind::Kind;
pub use removal::Removal;
pub use rules::{Class, RULES, Rule, RuleId, Rules};
pub use selected::SELECTABLE_KINDS;
pub use status::{State, Status};
pub use store::{ClusterState, ObservedObject, TargetId};
