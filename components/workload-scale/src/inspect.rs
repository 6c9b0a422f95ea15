//! Reads the state of the cluster: the targets, their autoscalers, and the saved sizes. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_rollout::{ResourceSelector, SelectorEntry, messages};
use lockstep_sdk::cluster::{Event, ObjectRef, Selection};
use lockstep_sdk::report::Level;
use lockstep_sdk::types;
use lockstep_sdk::{Clock, Cluster, Deadline, InputError, Reporter, Watch};

use crate::failure::{Code, Error, cluster_error};
use crate::inputs::{Request, TARGETS};
use crate::object::{AUTOSCALER, CONFIG_MAP, SCALED_OBJECT, TargetKey, autoscaler, saved_sizes, scalable};
use crate::plan::Snapshot;

/// The longest wait for events, in milliseconds.
const MAX_WAIT_MS: u64 = 5_000;

/// The objects of each selection as JSON, or why it has none.
type Listing = Vec<Result<Vec<String>, types::Error>>;

/// Reads the state. Objects come before the saved sizes, so that each sleeping object has its saved size in the snapshot.
///
/// # Errors
/// The cluster cannot be read, a target does not exist, or another object controls it.
pub fn snapshot(
    host: &mut impl Cluster,
    clock: &impl Clock,
    reporter: &mut impl Reporter,
    (request, deadline): (&Request, Deadline),
) -> Result<Snapshot, Vec<Error>> {
    let one = |error| vec![error];
    let (selections, names) = selections(request);
    let mut lister = Lister { clock, reporter, deadline };
    let listing = lister.list(host, &selections).map_err(|error| vec![error.into_error()])?;
    let mut snapshot = Snapshot::default();
    let (mut errors, mut found) = (Vec::new(), Vec::new());
    for ((selection, names), objects) in selections.iter().zip(&names).zip(listing) {
        let objects = objects.map_err(|error| vec![cluster_error(error)])?;
        let (has_target, invalid) = add_targets(&mut snapshot, selection, names.as_ref(), &objects);
        errors.extend(invalid);
        found.extend((names.is_none() && !objects.is_empty()).then_some((selection, has_target)));
    }
    errors.extend(unmatched(request, &found));
    if !errors.is_empty() {
        return Err(errors.into_iter().map(|error| Error::input(Code::NoMatch, error)).collect());
    }
    lister.add_autoscalers(host, &mut snapshot).map_err(one)?;
    add_saved_sizes(host, &mut snapshot).map_err(one)?;
    Ok(snapshot)
}

/// One selection per kind, namespace and set of labels, with the wanted names of its objects; none for all.
fn selections(request: &Request) -> (Vec<Selection>, Vec<Option<BTreeSet<String>>>) {
    let mut named: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut selected: BTreeSet<(&str, &str, Option<&str>)> = BTreeSet::new();
    for namespace in &request.namespaces {
        for target in &request.targets {
            match target {
                ResourceSelector::Name { kind, name } => {
                    named.entry((namespace, kind)).or_default().insert(name.clone());
                }
                ResourceSelector::Labels { kinds, selector, .. } => {
                    selected.extend(kinds.iter().map(|kind| (&**namespace, &**kind, selector.as_deref())));
                }
                ResourceSelector::Files(_) => {}
            }
        }
    }
    let named = named.into_iter().map(|((namespace, kind), names)| {
        let name = if names.len() == 1 { names.first().cloned() } else { None };
        (Selection { name, ..Selection::all(namespace, kind) }, Some(names))
    });
    let selected = selected.into_iter().map(|(namespace, kind, labels)| {
        let label_selector = labels.map(str::to_owned);
        (Selection { label_selector, ..Selection::all(namespace, kind) }, None)
    });
    named.chain(selected).unzip()
}

/// Adds the targets of a selection. Returns whether it has one, and the errors about its names.
fn add_targets(
    snapshot: &mut Snapshot,
    selection: &Selection,
    names: Option<&BTreeSet<String>>,
    objects: &[String],
) -> (bool, Vec<InputError>) {
    let (mut has_target, mut errors) = (false, Vec::new());
    let mut missing = names.cloned().unwrap_or_default();
    for json in objects {
        let Some((key, target)) = scalable(&selection.kind, &selection.namespace, json) else { continue };
        missing.remove(&key.name);
        let is_named = names.map(|names| names.contains(&key.name));
        match (is_named, &target.controller) {
            (Some(false), _) => {}
            (Some(true), Some(controller)) => {
                let message = format!("{} belongs to {controller}, which sets its number", key.title());
                errors.push(InputError::new(message, "scale that instead"));
            }
            (None, Some(controller)) => {
                let message = format!("{} is skipped: {controller} controls it", key.title());
                snapshot.notes.push((Level::Debug, message));
            }
            (_, None) => {
                has_target = true;
                snapshot.targets.insert(key, target);
            }
        }
    }
    for name in missing {
        let namespace = match selection.namespace.as_str() {
            "." => "the namespace of the context".to_owned(),
            name => format!("`{name}`"),
        };
        let key = TargetKey { namespace: String::new(), kind: selection.kind.clone(), name };
        let hint = format!("see `kubectl get {}s` there", key.kind_name().to_ascii_lowercase());
        errors.push(InputError::new(format!("there is no {} in {namespace}", key.title()), hint));
    }
    (has_target, errors)
}

/// The errors of selectors that find no target in a namespace. `found` are the selections that have objects, and whether one
/// of these is a target.
fn unmatched(request: &Request, found: &[(&Selection, bool)]) -> Vec<InputError> {
    let mut errors = Vec::new();
    for namespace in &request.namespaces {
        for target in &request.targets {
            let ResourceSelector::Labels { entry, kinds, selector } = target else { continue };
            let is_own = |(one, _): &&(&Selection, bool)| {
                one.namespace == *namespace && kinds.contains(&one.kind) && one.label_selector == *selector
            };
            let own: Vec<_> = found.iter().filter(is_own).collect();
            if own.is_empty() {
                errors.push(messages::no_match(&SelectorEntry {
                    input: TARGETS.name,
                    text: entry.clone(),
                    namespace: namespace.clone(),
                    kinds: kinds.clone(),
                    labels: selector.clone(),
                }));
            } else if !own.iter().any(|(_, has_target)| *has_target) {
                let message = format!("`targets`: `{entry}` finds only objects that other objects control");
                errors.push(InputError::new(message, "scale what controls them"));
            }
        }
    }
    errors
}

/// Why objects cannot be listed.
enum ListError {
    /// A call failed.
    Host(types::Error),
    /// The deadline is over; the last interruption.
    TimedOut(String),
}

impl ListError {
    fn into_error(self) -> Error {
        match self {
            Self::Host(error) => cluster_error(error),
            Self::TimedOut(why) => {
                Error::new(Code::Unavailable, format!("the cluster did not answer in time: {why}"))
            }
        }
    }
}

/// Lists objects until a deadline.
struct Lister<'a, C, R> {
    clock: &'a C,
    reporter: &'a mut R,
    deadline: Deadline,
}

impl<C: Clock, R: Reporter> Lister<'_, C, R> {
    /// The objects of selections.
    fn list(&mut self, host: &mut impl Cluster, selections: &[Selection]) -> Result<Listing, ListError> {
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

    /// Adds the autoscalers. The run goes on without those that it may not read.
    fn add_autoscalers(&mut self, host: &mut impl Cluster, snapshot: &mut Snapshot) -> Result<(), Error> {
        let has_replicas = |key: &TargetKey| key.kind != "CronJob.batch";
        let targets = snapshot.targets.iter().filter(|(key, _)| has_replicas(key));
        let namespaces: BTreeSet<_> = targets.map(|(_, target)| target.input_namespace.clone()).collect();
        if namespaces.is_empty() {
            return Ok(());
        }
        for kind in [AUTOSCALER, SCALED_OBJECT] {
            let selections: Vec<_> =
                namespaces.iter().map(|namespace| Selection::all(namespace, kind)).collect();
            let listing = match self.list(host, &selections) {
                // Most clusters have no KEDA.
                Err(ListError::Host(types::Error::NotFound(_))) if kind == SCALED_OBJECT => continue,
                listing => listing.map_err(ListError::into_error)?,
            };
            for (selection, objects) in selections.iter().zip(listing) {
                match objects {
                    Ok(objects) => snapshot.autoscalers.extend(
                        objects.iter().filter_map(|json| autoscaler(kind, &selection.namespace, json)),
                    ),
                    Err(error) => {
                        let message = format!("{}; the step ignores these autoscalers", error.message());
                        snapshot.notes.push((Level::Warning, message));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Adds the saved sizes of the namespaces of the targets.
fn add_saved_sizes(host: &mut impl Cluster, snapshot: &mut Snapshot) -> Result<(), Error> {
    let namespaces: BTreeMap<_, _> = snapshot
        .targets
        .iter()
        .map(|(key, target)| (key.namespace.clone(), target.input_namespace.clone()))
        .collect();
    for (namespace, input_namespace) in namespaces {
        let config_map = ObjectRef {
            namespace: input_namespace,
            kind: "ConfigMap".to_owned(),
            name: CONFIG_MAP.to_owned(),
        };
        match host.get(&config_map) {
            Ok(json) => {
                let (saved, invalid) = saved_sizes(&json);
                for key in invalid {
                    let message =
                        format!("`{key}` in the ConfigMap `{CONFIG_MAP}` cannot be read and stays unchanged");
                    snapshot.notes.push((Level::Warning, message));
                }
                snapshot.saved.insert(namespace, saved);
            }
            Err(types::Error::NotFound(_)) => {}
            Err(error) => return Err(cluster_error(error)),
        }
    }
    Ok(())
}
