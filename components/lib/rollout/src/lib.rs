//! Follows objects of a Kubernetes cluster until they are as they should be: what people name, what to watch for it, and
//! when it has ended. It reaches the cluster, the clock and people only through traits.
#![forbid(unsafe_code)]

mod duration;
mod host;
mod mistake;
mod plan;
mod rollout;
mod time;
mod wanted;
pub mod words;

pub use duration::{duration, spelled};
pub use host::{Effect, Event, Level, Selection, Tell, Watch};
pub use mistake::Mistake;
pub use plan::{Named, Plan, Role, Selected};
pub use rollout::{End, Rollout, Stop};
pub use time::{Clock, Deadline};
pub use wanted::{Form, Wanted};
