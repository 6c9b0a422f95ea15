//! Watches a rollout on a Kubernetes cluster: reads how inputs name resources, decides what to watch, and ends when every
//! resource is ready or one has failed.
#![forbid(unsafe_code)]

mod end;
mod hint;
mod interruptions;
mod judge;
pub mod messages;
mod resource_input;
mod rollout;
mod run_input;
mod watch_plan;

pub use end::{End, RolloutError};
pub use resource_input::{ResourceInput, ResourceSelector};
pub use rollout::Rollout;
pub use run_input::{namespaces, timeout_ms};
pub use watch_plan::{Role, SelectorEntry, WatchPlan};
