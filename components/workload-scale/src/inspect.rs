//! Reads the state of the cluster: the targets, their autoscalers, and the saved sizes. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_rollout::{ResourceSelector, SelectorEntry, messages};
use lockstep_sdk::cluster::Selection;
use lockstep_sdk::report::Level;
use lockstep_sdk::types;
use lockstep_sdk::{Clock, Cluster, Deadline, InputError, Reporter};

use crate::failure::{Code, Error, cluster_error};
use crate::inputs::{Goal, Request, TARGETS};
use crate::list::{ListError, Lister};
use crate::object::{
    AUTOSCALER, CRON_JOB, ROLLOUT, SCALED_OBJECT, Scalable, TargetKey, autoscaler, scalable,
};
use crate::read_saved;
use crate::snapshot::Snapshot;

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
    let optional = optional(request, &selections);
    let listing = lister.list_with_optional(host, &selections, &optional);
    let (listing, refused) = listing.map_err(|error| vec![error.into_error()])?;
    let mut snapshot = Snapshot::default();
    snapshot.notes.extend(refused.map(|why| (Level::Warning, format!("{why}; the step ignores Rollouts"))));
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
    add_autoscalers(&mut lister, host, &mut snapshot).map_err(one)?;
    read_saved::add_saved_sizes(host, &mut snapshot).map_err(one)?;
    read_saved::find_gone(&mut lister, host, &mut snapshot);
    Ok(snapshot)
}

/// The selections of Rollouts that no input names: most clusters have no Argo Rollouts.
fn optional(request: &Request, selections: &[Selection]) -> BTreeSet<usize> {
    let is_named = |selection: &Selection| {
        request.targets.iter().any(|target| match target {
            ResourceSelector::Name { kind, .. } => *kind == ROLLOUT,
            ResourceSelector::Labels { kinds, selector, .. } => {
                kinds.as_slice() == [ROLLOUT] && *selector == selection.label_selector
            }
            ResourceSelector::Files(_) => false,
        })
    };
    let is_optional = |selection: &Selection| selection.kind == ROLLOUT && !is_named(selection);
    (0..selections.len()).filter(|at| is_optional(&selections[*at])).collect()
}

/// Removes the targets that an annotation excludes. `restore` still restores one that slept before it had the annotation.
pub fn exclude(snapshot: &mut Snapshot, goal: Goal) {
    let has_saved = |key: &TargetKey, target: &Scalable| snapshot.saved_size(key, target).is_some();
    let is_excluded = |(key, target): &(&TargetKey, &Scalable)| {
        target.is_excluded && !(goal == Goal::Restore && has_saved(key, target))
    };
    let excluded: Vec<_> = snapshot.targets.iter().filter(is_excluded).map(|(key, _)| key.clone()).collect();
    snapshot.targets.retain(|key, _| !excluded.contains(key));
    snapshot.excluded = excluded;
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

/// Adds the autoscalers. The run goes on without those that it may not read.
fn add_autoscalers<C: Clock, R: Reporter>(
    lister: &mut Lister<'_, C, R>,
    host: &mut impl Cluster,
    snapshot: &mut Snapshot,
) -> Result<(), Error> {
    let has_replicas = |key: &TargetKey| key.kind != CRON_JOB;
    let targets = snapshot.targets.iter().filter(|(key, _)| has_replicas(key));
    let namespaces: BTreeSet<_> = targets.map(|(_, target)| target.input_namespace.clone()).collect();
    if namespaces.is_empty() {
        return Ok(());
    }
    for kind in [AUTOSCALER, SCALED_OBJECT] {
        let selections: Vec<_> = namespaces.iter().map(|namespace| Selection::all(namespace, kind)).collect();
        let listing = match lister.list(host, &selections) {
            // Most clusters have no KEDA.
            Err(ListError::Host(types::Error::NotFound(_))) if kind == SCALED_OBJECT => continue,
            listing => listing.map_err(ListError::into_error)?,
        };
        for (selection, objects) in selections.iter().zip(listing) {
            match objects {
                Ok(objects) => snapshot
                    .autoscalers
                    .extend(objects.iter().filter_map(|json| autoscaler(kind, &selection.namespace, json))),
                Err(error) => {
                    let message = format!("{}; the step ignores these autoscalers", error.message());
                    snapshot.notes.push((Level::Warning, message));
                }
            }
        }
    }
    Ok(())
}
