//! Lists objects of the cluster, until a deadline.

use std::collections::BTreeSet;

use lockstep_sdk::cluster::{Event, Selection};
use lockstep_sdk::report::Level;
use lockstep_sdk::types;
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter, Watch};

use crate::failure::{Code, Error, cluster_error};

/// The longest wait for events, in milliseconds.
const MAX_WAIT_MS: u64 = 5_000;

/// The objects of each selection as JSON, or why it has none.
pub(crate) type Listing = Vec<Result<Vec<String>, types::Error>>;

/// Why objects cannot be listed.
pub(crate) enum ListError {
    /// A call failed.
    Host(types::Error),
    /// The deadline is over; the last interruption.
    TimedOut(String),
}

impl ListError {
    /// The error of the run.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Host(error) => cluster_error(error),
            Self::TimedOut(why) => {
                Error::new(Code::Unavailable, format!("the cluster did not answer in time: {why}"))
            }
        }
    }
}

/// Lists objects until a deadline.
pub(crate) struct Lister<'a, C, R> {
    pub(crate) clock: &'a C,
    pub(crate) reporter: &'a mut R,
    pub(crate) deadline: Deadline,
}

impl<C: Clock, R: Reporter> Lister<'_, C, R> {
    /// The objects of selections.
    pub(crate) fn list(
        &mut self,
        host: &mut impl Cluster,
        selections: &[Selection],
    ) -> Result<Listing, ListError> {
        let mut watcher = host.watch(selections).map_err(ListError::Host)?;
        let mut unsynced: BTreeSet<_> = (0..selections.len()).collect();
        let mut listing: Listing = selections.iter().map(|_| Ok(Vec::new())).collect();
        let mut interrupted = None;
        while !unsynced.is_empty() {
            let left = self.deadline.left(self.clock.now());
            if left == 0 {
                return Err(ListError::TimedOut(interrupted.unwrap_or_else(|| "no response".to_owned())));
            }
            for event in watcher.next(left.min(MAX_WAIT_MS) as u32).map_err(ListError::Host)? {
                let index = event.selection as usize;
                match (event.event, &mut listing[index]) {
                    (Event::Updated(json), Ok(objects)) => objects.push(json),
                    (Event::Synced, _) => drop(unsynced.remove(&index)),
                    (Event::Failed(error), slot) => {
                        unsynced.remove(&index);
                        *slot = Err(error);
                    }
                    (Event::Interrupted(text), _) if interrupted.as_ref() != Some(&text) => {
                        self.reporter.note(Level::Warning, &format!("{text}; retrying"));
                        interrupted = Some(text);
                    }
                    // The change of an object that was deleted meanwhile fails, and then the plan is made again.
                    _ => {}
                }
            }
        }
        Ok(listing)
    }
    /// The objects of selections, of which those in `optional` count as empty if the cluster lacks their kind or if the run
    /// may not list them. Returns also why it may not.
    pub(crate) fn list_with_optional(
        &mut self,
        host: &mut impl Cluster,
        selections: &[Selection],
        optional: &BTreeSet<usize>,
    ) -> Result<(Listing, Option<String>), ListError> {
        let part = |is_optional: bool| {
            let own = (0..selections.len()).filter(|at| optional.contains(at) == is_optional);
            own.map(|at| selections[at].clone()).collect::<Vec<_>>()
        };
        let mut required = match part(false).as_slice() {
            [] => Vec::new(),
            selections => self.list(host, selections)?,
        }
        .into_iter();
        let mut others = match part(true).as_slice() {
            [] => Vec::new(),
            selections => match self.list(host, selections) {
                Err(ListError::Host(types::Error::NotFound(_))) => Vec::new(),
                listing => listing?,
            },
        }
        .into_iter();
        let mut refused = None;
        let all = (0..selections.len()).map(|at| match optional.contains(&at) {
            false => required.next(),
            true => others.next().map(|objects| match objects {
                Err(types::Error::Unauthorized(why)) => {
                    refused.get_or_insert(why);
                    Ok(Vec::new())
                }
                objects => objects,
            }),
        });
        let all = all.map(|objects| objects.unwrap_or_else(|| Ok(Vec::new()))).collect();
        Ok((all, refused))
    }
}
