//! Follows objects of a Kubernetes cluster until they are as they should be: what people name, what to watch for it, and
//! when it has ended. It reaches the cluster, the clock and people only through traits.
#![forbid(unsafe_code)]

mod host;
mod plan;
mod rollout;
mod wanted;
pub mod words;

pub use host::{Effect, Event, Selection, Watch};
pub use lockstep_glue::Fault;
pub use plan::{Named, Plan, Role, Selected};
pub use rollout::{End, Rollout, Stop};
pub use wanted::{Form, Wanted};

/// Lets a step watch the cluster of its host, and gives its pure modules the [`Effect`]s of changes. Stands below the call
/// of `wit_bindgen::generate!` and of `lockstep_glue::errors_are_faults!`, once.
#[macro_export]
macro_rules! cluster_is_watched {
    ($world:ty) => {
        impl $crate::Watch for $world {
            type Watcher = lockstep::step::cluster::Watcher;

            fn watch(&mut self, selections: &[$crate::Selection]) -> Result<Self::Watcher, $crate::Fault> {
                let selection = |one: &$crate::Selection| {
                    let $crate::Selection { namespace, kind, name, labels, fields } = one.clone();
                    lockstep::step::cluster::Selection { namespace, kind, name, labels, fields }
                };
                let selections: Vec<_> = selections.iter().map(selection).collect();
                Ok(lockstep::step::cluster::watch(&selections)?)
            }

            fn next(
                &mut self,
                watcher: &mut Self::Watcher,
                patience: u32,
            ) -> Result<Vec<(u32, $crate::Event)>, $crate::Fault> {
                use lockstep::step::cluster::{Change, Event};
                let event = |change: Change| {
                    let event = match change.event {
                        Event::Present(json) => $crate::Event::Present(json),
                        Event::Gone(uid) => $crate::Event::Gone(uid),
                        Event::Complete => $crate::Event::Complete,
                        Event::Interrupted(text) => $crate::Event::Interrupted(text),
                        Event::Failed(error) => $crate::Event::Failed(error.into()),
                    };
                    (change.of, event)
                };
                Ok(watcher.next(patience)?.into_iter().map(event).collect())
            }

            fn get(&mut self, namespace: &str, kind: &str, name: &str) -> Result<String, $crate::Fault> {
                Ok(lockstep::step::cluster::get(namespace, kind, name)?)
            }
        }

        impl From<lockstep::step::cluster::Effect> for $crate::Effect {
            fn from(effect: lockstep::step::cluster::Effect) -> Self {
                use lockstep::step::cluster::Effect;
                match effect {
                    Effect::Made => Self::Made,
                    Effect::Planned => Self::Planned,
                }
            }
        }
    };
}
