//! Looks at what there is: the targets, what scales them by itself, and what is kept of them. It changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_glue::Fault;
use lockstep_glue::{Clock, Deadline, Level, Mistake, Tell};
use lockstep_rollout::{Event, Selection, Wanted};

use crate::host::Host;
use crate::object::{AUTOSCALER, KEPT, Key, SCALED_OBJECT, autoscaler, kept, sized};
use crate::plan::View;
use crate::problem::{Code, Problem};
use crate::settings::Settings;

/// The longest wait for the cluster, in milliseconds.
const PATIENCE: u64 = 5_000;

/// What selections gave: for each its objects as JSON, or why there are none.
type Found = Vec<Result<Vec<String>, Fault>>;

/// Looks. Objects are looked at before what is kept of them: what was kept before an object was put to sleep is seen
/// then with every object that sleeps.
///
/// # Errors
/// There is no way into the cluster, a target is not there, or it belongs to something else.
pub fn look(
    host: &mut impl Host,
    clock: &impl Clock,
    tell: &mut impl Tell,
    (settings, deadline): (&Settings, Deadline),
) -> Result<View, Vec<Problem>> {
    let one = |problem| vec![problem];
    let (selections, names) = selections(settings);
    let mut own = Looking { clock, deadline };
    let found = own.list(host, tell, &selections).map_err(one)?;
    let mut view = View::default();
    let mut mistakes = Vec::new();
    for ((selection, names), found) in selections.iter().zip(&names).zip(found) {
        let objects = found.map_err(|fault| vec![Problem::remote(&fault)])?;
        let mistake = take(&mut view, selection, names, &objects);
        mistakes.extend(mistake);
    }
    if view.targets.is_empty() && mistakes.is_empty() {
        mistakes.push(nothing(settings));
    }
    if !mistakes.is_empty() {
        return Err(mistakes.into_iter().map(|mistake| Problem::mistake(Code::NoMatch, mistake)).collect());
    }
    own.autoscalers(host, tell, &mut view).map_err(one)?;
    remembered(host, &mut view).map_err(one)?;
    Ok(view)
}

/// One selection for each kind and namespace and set of labels, and the names that are wanted of it; none for all.
fn selections(settings: &Settings) -> (Vec<Selection>, Vec<Option<BTreeSet<String>>>) {
    let mut named: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let mut selected: BTreeSet<(&str, &str, Option<&str>)> = BTreeSet::new();
    for namespace in &settings.namespaces {
        for wanted in &settings.wanted {
            match wanted {
                Wanted::Named { kind, name } => {
                    named.entry((namespace, kind)).or_default().insert(name.clone());
                }
                Wanted::Selected { kinds, labels } => {
                    selected.extend(kinds.iter().map(|kind| (&**namespace, &**kind, labels.as_deref())));
                }
                Wanted::Files(_) => {}
            }
        }
    }
    let named = named.into_iter().map(|((namespace, kind), names)| {
        let name = if names.len() == 1 { names.first().cloned() } else { None };
        (Selection { name, ..Selection::all(namespace, kind) }, Some(names))
    });
    let selected = selected.into_iter().map(|(namespace, kind, labels)| {
        (Selection { labels: labels.map(str::to_owned), ..Selection::all(namespace, kind) }, None)
    });
    named.chain(selected).unzip()
}

/// Takes in what a selection gave. What is wrong with it.
fn take(
    view: &mut View,
    selection: &Selection,
    names: &Option<BTreeSet<String>>,
    objects: &[String],
) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut missing = names.clone().unwrap_or_default();
    for json in objects {
        let Some((key, target)) = sized(&selection.kind, &selection.namespace, json) else { continue };
        missing.remove(&key.name);
        let is_named = names.as_ref().map(|names| names.contains(&key.name));
        match (is_named, &target.controller) {
            (Some(false), _) => {}
            (Some(true), Some(controller)) => {
                let message = format!("{} belongs to {controller}, which sets its number", key.short());
                mistakes.push(Mistake::new(message, "scale that instead"));
            }
            (None, Some(controller)) => {
                view.notes.push((Level::Debug, format!("{} is left to {controller}", key.short())));
            }
            (_, None) => drop(view.targets.insert(key, target)),
        }
    }
    for name in missing {
        let place = if selection.namespace == "." {
            "the namespace of the context".into()
        } else {
            format!("`{}`", selection.namespace)
        };
        let key = Key { namespace: String::new(), kind: selection.kind.clone(), name };
        let hint = format!("see `kubectl get {}s` there", key.word().to_ascii_lowercase());
        mistakes.push(Mistake::new(format!("there is no {} in {place}", key.short()), hint));
    }
    mistakes
}

/// What was looked for in vain.
fn nothing(settings: &Settings) -> Mistake {
    let labels = settings.wanted.iter().find_map(|wanted| match wanted {
        Wanted::Selected { labels, .. } => labels.clone(),
        _ => None,
    });
    let message = match labels {
        Some(labels) => format!("nothing to scale has the labels `{labels}`"),
        None => "there is nothing to scale".to_owned(),
    };
    Mistake::new(
        message,
        "see `kubectl get deployments,statefulsets,cronjobs --show-labels` in this namespace",
    )
}

/// Who looks, and until when.
struct Looking<'a, C> {
    clock: &'a C,
    deadline: Deadline,
}

impl<C: Clock> Looking<'_, C> {
    /// The objects that selections have now.
    fn list(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        selections: &[Selection],
    ) -> Result<Found, Problem> {
        let mut watcher = host.watch(selections).map_err(|fault| Problem::remote(&fault))?;
        let mut open: BTreeSet<_> = (0..selections.len()).collect();
        let mut found: Found = selections.iter().map(|_| Ok(Vec::new())).collect();
        let mut interrupted = None;
        while !open.is_empty() {
            let left = self.deadline.left(self.clock.now());
            if left == 0 {
                let why = interrupted.unwrap_or_else(|| "it says nothing".to_owned());
                let message = format!("the cluster did not answer in time: {why}");
                return Err(Problem::new(Code::Unavailable, message));
            }
            let changes = host.next(&mut watcher, left.min(PATIENCE) as u32);
            for (of, event) in changes.map_err(|fault| Problem::remote(&fault))? {
                let of = of as usize;
                match (event, &mut found[of]) {
                    (Event::Present(json), Ok(objects)) => objects.push(json),
                    (Event::Complete, _) => drop(open.remove(&of)),
                    (Event::Failed(fault), slot) => {
                        open.remove(&of);
                        *slot = Err(fault);
                    }
                    (Event::Interrupted(text), _) if interrupted.as_ref() != Some(&text) => {
                        tell.note(Level::Warning, &format!("{text}; it is tried again"));
                        interrupted = Some(text);
                    }
                    // One that goes while it is looked at is noticed when it is changed.
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    /// Looks at what scales workloads by itself. Where that may not be read, the run goes on without.
    fn autoscalers(
        &mut self,
        host: &mut impl Host,
        tell: &mut impl Tell,
        view: &mut View,
    ) -> Result<(), Problem> {
        let counted = |key: &&Key| key.kind != "CronJob.batch";
        let places: BTreeSet<_> = view
            .targets
            .iter()
            .filter(|(key, _)| counted(key))
            .map(|(_, target)| target.spelled.clone())
            .collect();
        if places.is_empty() {
            return Ok(());
        }
        for kind in [AUTOSCALER, SCALED_OBJECT] {
            let selections: Vec<_> = places.iter().map(|namespace| Selection::all(namespace, kind)).collect();
            let found = match self.list(host, tell, &selections) {
                // Most clusters have no KEDA.
                Err(problem) if kind == SCALED_OBJECT && problem.is_missing => continue,
                found => found?,
            };
            for (selection, found) in selections.iter().zip(found) {
                match found {
                    Ok(objects) => view.autoscalers.extend(
                        objects.iter().filter_map(|json| autoscaler(kind, &selection.namespace, json)),
                    ),
                    Err(fault) => {
                        let less = "what scales by itself is not heeded";
                        view.notes.push((Level::Warning, format!("{}; without it {less}", fault.message())));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Looks at what is kept in the namespaces of the targets.
fn remembered(host: &mut impl Host, view: &mut View) -> Result<(), Problem> {
    let places: BTreeMap<_, _> =
        view.targets.iter().map(|(key, target)| (key.namespace.clone(), target.spelled.clone())).collect();
    for (namespace, spelled) in places {
        match host.get(&spelled, "ConfigMap", KEPT) {
            Ok(json) => {
                let (kept, unread) = kept(&json);
                for key in unread {
                    let message =
                        format!("`{key}` in the ConfigMap `{KEPT}` cannot be read and is left alone");
                    view.notes.push((Level::Warning, message));
                }
                view.kept.insert(namespace, kept);
            }
            Err(Fault::NotFound(_)) => {}
            Err(fault) => return Err(Problem::remote(&fault)),
        }
    }
    Ok(())
}
