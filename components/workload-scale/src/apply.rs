//! Applies a plan, and makes and applies a new one after a conflict. A run can be killed after any call: the step saves a size
//! before it changes the object, and deletes the saved size after the object has it again.

use std::collections::BTreeSet;

use lockstep_sdk::cluster::{ConfigEntry, ObjectRef};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{self, Outcome};
use lockstep_sdk::{Clock, Cluster, Deadline, Reporter};

use crate::applied::AppliedPlan;
use crate::failure::{Code, Error, cluster_error};
use crate::inputs::Request;
use crate::inspect;
use crate::object::{SCALED_OBJECT, Size, TargetKey, scalable};
use crate::plan::{Change, Plan, SavedSizesChange};
use crate::saved::{CONFIG_MAP, SavedSize, saved_sizes};
use crate::snapshot::Snapshot;

/// How many plans a run makes, and the pause after the first, in milliseconds; each further pause is twice as long.
const MAX_ATTEMPTS: u32 = 6;
const FIRST_PAUSE_MS: u64 = 200;
/// How often the step repeats a change at once if the object has a new version but still the same size.
const MAX_IMMEDIATE_RETRIES: u32 = 5;
/// With more targets, notes about single changes have the level `debug`.
const MAX_NOTED_TARGETS: usize = 20;

/// Makes the calls of plans.
#[derive(Default)]
struct Applier {
    /// Objects that this run will change and whose sizes it has saved.
    own: BTreeSet<TargetKey>,
    done: BTreeSet<TargetKey>,
    /// The namespaces whose ConfigMaps the run has changed.
    config_maps: BTreeSet<String>,
    is_dry_run: bool,
    /// The last conflict of the present plan.
    conflict: Option<String>,
}

/// Reads the state, plans and changes until every object has its goal.
///
/// # Errors
/// The state cannot be read or changed. Earlier changes and saved sizes stay.
pub fn apply(
    host: &mut impl Cluster,
    clock: &mut impl Clock,
    reporter: &mut impl Reporter,
    (request, deadline): (&Request, Deadline),
) -> Result<AppliedPlan, Vec<Error>> {
    let one = |error| vec![error];
    let mut first = None;
    let mut applier = Applier::default();
    for attempt in 0..MAX_ATTEMPTS {
        let mut snapshot = inspect::snapshot(host, clock, reporter, (request, deadline))?;
        inspect::exclude(&mut snapshot, request.goal);
        let plan = Plan::new(&snapshot, request.goal, &applier.own);
        if !plan.errors.is_empty() {
            return Err(plan.errors.into_iter().map(|error| Error::input(Code::BadInput, error)).collect());
        }
        for (level, note) in plan.notes.iter().filter(|_| attempt == 0) {
            reporter.note(*level, note);
        }
        let before = first.get_or_insert_with(|| snapshot.clone());
        applier.conflict = None;
        applier.apply(host, reporter, (before, &snapshot), &plan).map_err(one)?;
        if applier.conflict.is_none() {
            return Ok(AppliedPlan {
                snapshot: first.unwrap_or_default(),
                goals: plan.goals,
                is_dry_run: applier.is_dry_run,
                autoscalers: applier.done.iter().filter(|key| key.kind == SCALED_OBJECT).count(),
                config_maps: applier.config_maps.len(),
            });
        }
        let pause = FIRST_PAUSE_MS << attempt;
        if deadline.left(clock.now()) <= pause {
            break;
        }
        clock.sleep(pause);
    }
    let why = applier.conflict.unwrap_or_default();
    let message = format!("somebody else keeps changing the targets: {why}");
    Err(vec![Error::new(Code::Contended, message).hint("run the step again; the saved sizes stay")])
}

impl Applier {
    /// Makes the calls of a plan, in an order in which the run can end after each.
    fn apply(
        &mut self,
        host: &mut impl Cluster,
        reporter: &mut impl Reporter,
        (before, snapshot): (&Snapshot, &Snapshot),
        plan: &Plan,
    ) -> Result<(), Error> {
        for change in plan.saves.values() {
            self.put_saved_sizes(host, change)?;
        }
        // An object must not change before its size is saved.
        if self.conflict.is_some() {
            return Ok(());
        }
        self.own.extend(plan.newly_saved.iter().cloned());
        let all = plan.changes.len();
        for (index, change) in plan.changes.iter().enumerate() {
            self.change(host, reporter, before, (change, all))?;
            if all > MAX_NOTED_TARGETS {
                reporter.progress(index as u64 + 1, Some(all as u64), "targets");
            }
        }
        if self.conflict.is_some() {
            return Ok(());
        }
        for (namespace, change) in &plan.deletions {
            match plan.saves.get(namespace) {
                Some(_) if self.is_dry_run => self.put_saved_sizes(host, change)?,
                Some(_) => self.delete_after_save(host, namespace, snapshot, change)?,
                None => self.put_saved_sizes(host, change)?,
            }
        }
        Ok(())
    }

    /// Deletes saved sizes of a ConfigMap that this plan has changed already, if they are still those of its snapshot.
    fn delete_after_save(
        &mut self,
        host: &mut impl Cluster,
        namespace: &str,
        snapshot: &Snapshot,
        change: &SavedSizesChange,
    ) -> Result<(), Error> {
        let config_map = ObjectRef {
            namespace: change.input_namespace.clone(),
            kind: "ConfigMap".to_owned(),
            name: CONFIG_MAP.to_owned(),
        };
        let json = match host.get(&config_map) {
            Ok(json) => json,
            Err(error) => return self.record(Err(error)).map(drop),
        };
        let (now, _) = saved_sizes(&change.input_namespace, &json);
        let before = snapshot.saved.get(namespace);
        let is_same = |entry| now.entries.get(entry) == before.and_then(|saved| saved.entries.get(entry));
        if !change.entries.keys().all(is_same) {
            self.conflict = Some(format!("the ConfigMap `{CONFIG_MAP}` changed"));
            return Ok(());
        }
        self.put_saved_sizes(host, &SavedSizesChange { version: now.version, ..change.clone() })
    }

    fn change(
        &mut self,
        host: &mut impl Cluster,
        reporter: &mut impl Reporter,
        before: &Snapshot,
        (change, all): (&Change, usize),
    ) -> Result<(), Error> {
        let object = ObjectRef {
            namespace: change.input_namespace.clone(),
            kind: change.key.kind.clone(),
            name: change.key.name.clone(),
        };
        let mut result = set_size(host, &object, &change.version, change.to);
        for _ in 0..MAX_IMMEDIATE_RETRIES {
            // Controllers update the status all the time. Only another size needs another plan.
            let Err(types::Error::Conflict(_)) = &result else { break };
            let Ok(json) = host.get(&object) else { break };
            match scalable(&object.kind, &object.namespace, &json) {
                Some((_, now)) if now.size == change.from => {
                    result = set_size(host, &object, &now.version, change.to);
                }
                _ => break,
            }
        }
        let Some(outcome) = self.record(result)? else { return Ok(()) };
        self.own.remove(&change.key);
        if self.done.insert(change.key.clone()) {
            let before = before.targets.get(&change.key);
            let before = before.map_or(String::new(), |target| format!("{} -> ", target.size));
            let would = if outcome == Outcome::DryRun { "would be " } else { "" };
            let level = if all > MAX_NOTED_TARGETS { Level::Debug } else { Level::Info };
            reporter.note(level, &format!("{}: {would}{before}{}", change.key.title(), change.to));
        }
        Ok(())
    }

    /// Saves sizes in the ConfigMap of a namespace, or deletes saved ones.
    fn put_saved_sizes(&mut self, host: &mut impl Cluster, change: &SavedSizesChange) -> Result<(), Error> {
        let entry = |(key, size): (&String, &Option<SavedSize>)| ConfigEntry {
            key: key.clone(),
            value: size.as_ref().map(SavedSize::to_entry),
        };
        let entries: Vec<_> = change.entries.iter().map(entry).collect();
        let version = change.version.as_deref();
        let result = host.put_config_map(&change.input_namespace, CONFIG_MAP, version, &entries);
        if self.record(result)?.is_some() {
            self.config_maps.insert(change.input_namespace.clone());
        }
        Ok(())
    }

    /// Records the result of a call. None is a conflict, or an object that somebody deleted: both need another plan.
    fn record(&mut self, result: Result<Outcome, types::Error>) -> Result<Option<Outcome>, Error> {
        match result {
            Ok(outcome) => {
                self.is_dry_run |= outcome == Outcome::DryRun;
                Ok(Some(outcome))
            }
            Err(types::Error::Conflict(why) | types::Error::NotFound(why)) => {
                self.conflict = Some(why);
                Ok(None)
            }
            Err(error) => Err(cluster_error(error)),
        }
    }
}

fn set_size(
    host: &mut impl Cluster,
    object: &ObjectRef,
    version: &str,
    size: Size,
) -> Result<Outcome, types::Error> {
    match size {
        Size::Replicas(replicas) => host.scale(object, version, replicas),
        Size::Suspended(suspended) => host.suspend(object, version, suspended),
    }
}
