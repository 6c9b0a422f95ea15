//! Follows objects of a Kubernetes cluster until they are as they should be: what people name, what to watch for it, and
//! when it has ended. It reaches the cluster, the clock and people only through traits.
#![forbid(unsafe_code)]

mod host;
mod plan;
mod rollout;
mod wanted;
pub mod words;

pub use host::{Effect, Event, Selection, Watch};
pub use plan::{Named, Plan, Role, Selected};
pub use rollout::{End, Rollout, Stop};
pub use wanted::{Form, Wanted};
