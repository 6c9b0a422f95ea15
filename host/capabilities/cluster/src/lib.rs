//! The capability `cluster`: reads, watches and changes objects of a Kubernetes cluster. It acts only on objects that a permit
//! names, changes nothing in a dry run, and keeps its credentials in this crate.
#![forbid(unsafe_code)]

mod answer_limits;
mod budget;
mod change;
mod config;
mod connect;
mod failure;
mod kinds;
mod kubeconfig;
mod plugin;
mod redact_object;
mod retry;
mod rollback;
mod strip_managed_fields;
mod target;
mod watch;

pub use change::ConfigEntry;
pub use config::ClusterConfig;
pub use plugin::{is_for_plugin, is_for_plugins};
pub use watch::{Event, WatchEvent};

use budget::{MAX_SELECTIONS, WatchBudget};
use change::ChangeTarget;
use connect::ClusterClient;
use kinds::KindCache;
use kube::api::{DynamicObject, LogParams};
use lockstep_model::call::{Answer, CallError, Outcome};
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::secret_registry::SecretRegistry;
use retry::with_retries;
use std::sync::Arc;
use std::time::{Duration, Instant};
use target::{api, namespace, required, single_object};
use tokio::runtime::Runtime;
use watch::{WatchSelection, WatchTasks};

/// The threads for requests and watches.
const THREADS: usize = 2;
/// The most events of one call.
const MAX_EVENTS: usize = 1000;
/// How long a call waits for an event at most.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The shortest time between two answers of a complete watch, so that one answer has many events.
const BATCH_INTERVAL: Duration = Duration::from_millis(100);
/// The most lines of a log that a call returns.
const MAX_LOG_LINES: u32 = 10_000;

/// The filters of a selection, in addition to its namespace, kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Only objects whose labels match, as in `kubectl --selector`.
    pub label_selector: Option<String>,
    /// Only objects whose fields match, as in `kubectl --field-selector`.
    pub field_selector: Option<String>,
}

/// The cluster of one run.
pub struct Cluster {
    config: ClusterConfig,
    dry_run: bool,
    budget: Arc<WatchBudget>,
    /// The connection, from the first call on.
    connection: Option<ClusterConnection>,
    changes: Vec<ObjectChange>,
}

struct ClusterConnection {
    runtime: Runtime,
    client: ClusterClient,
    kinds: KindCache,
}

/// A watch of a component: the `watcher` of `wit/cluster.wit`.
pub struct ObjectWatch {
    tasks: WatchTasks,
    /// The number of selections whose first objects the component does not have yet.
    incomplete: usize,
    last_answer: Option<Instant>,
}

impl Cluster {
    /// The cluster of a run. The first call connects to it.
    #[must_use]
    pub fn new(config: ClusterConfig, limits: &Limits, dry_run: bool) -> Self {
        Self { config, dry_run, budget: WatchBudget::new(limits), connection: None, changes: Vec::new() }
    }

    /// The changed objects in order; in a dry run, those that a run would change.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// Takes the warnings since the last call.
    pub fn warnings(&mut self) -> Vec<String> {
        self.connection.as_mut().map(|connection| connection.client.warnings()).unwrap_or_default()
    }

    /// Returns the permit's object as redacted JSON.
    ///
    /// # Errors
    /// `NotFound` if there is no such object, `LimitExceeded` if the run has received too many bytes, or an error of the cluster.
    pub fn get(&mut self, permit: &Permit) -> Result<Answer<String>, CallError> {
        let target = single_object(permit)?;
        let action = format!("get `{target}`");
        let budget = Arc::clone(&self.budget);
        let ClusterConnection { runtime, client, kinds } = self.connection()?;
        let got = runtime.block_on(async {
            let kind = kinds.find(&client.kube, target).await?;
            let api = api(client, target, &kind)?;
            let name = target.name().unwrap_or_default();
            let object = with_retries(async || api.get(name).await).await;
            let mut object = object.map_err(|error| {
                let resource = &kind.resource;
                failure::with_missing_rule(
                    failure::request_error(&action, &error),
                    &resource.group,
                    &resource.plural,
                    &["get"],
                )
            })?;
            let text = watch::object_json(&mut object, &kind, &client.secrets);
            budget.receive(text.len());
            budget.check()?;
            let bytes = text.len() as u64;
            Ok(Answer::new(text, bytes, None))
        });
        got.map_err(|error| client.redact_error(error))
    }

    /// Starts to watch the permit's selections, each with its selector.
    ///
    /// # Errors
    /// `Invalid` or `LimitExceeded` if there are too many, `NotFound` if the cluster lacks a kind, or an error of the connection.
    pub fn watch(
        &mut self,
        permit: &Permit,
        selectors: &[Selector],
    ) -> Result<Answer<ObjectWatch>, CallError> {
        let targets = permit.resources();
        if targets.is_empty() || targets.len() > MAX_SELECTIONS || selectors.len() != targets.len() {
            return Err(CallError::Invalid(format!("watch: a call has 1 to {MAX_SELECTIONS} selections")));
        }
        let budget = Arc::clone(&self.budget);
        let slots = budget.take_slots(targets.len())?;
        let ClusterConnection { runtime, client, kinds } = self.connection()?;
        let mut selections = Vec::new();
        for (target, selector) in targets.iter().zip(selectors) {
            let kind = runtime.block_on(kinds.find(&client.kube, target));
            let kind = kind.map_err(|error| client.redact_error(error))?;
            let namespace = namespace(client, target, &kind)?;
            let by_name = target.name().map(|name| format!("metadata.name={name}"));
            let fields: Vec<_> = by_name.into_iter().chain(selector.field_selector.clone()).collect();
            selections.push(WatchSelection {
                name: target.as_str().trim_end_matches("/*").to_owned(),
                namespace,
                labels: selector.label_selector.clone(),
                fields: (!fields.is_empty()).then(|| fields.join(",")),
                kind,
            });
        }
        let _inside = runtime.enter();
        let tasks = WatchTasks::start(client, selections, &budget, slots);
        Ok(Answer::plain(ObjectWatch { tasks, incomplete: targets.len(), last_answer: None }))
    }

    /// Takes the events of a watch since the last call. Waits for the first one, at most for `timeout_ms`.
    ///
    /// # Errors
    /// `LimitExceeded` if the run has received too many bytes or watches too many objects.
    pub fn next(&mut self, watch: &mut ObjectWatch, timeout_ms: u32) -> Result<Vec<WatchEvent>, CallError> {
        let budget = Arc::clone(&self.budget);
        let ClusterConnection { runtime, client, .. } = self.connection()?;
        let timeout = Duration::from_millis(timeout_ms.into()).min(MAX_WAIT);
        let pause = watch.last_answer.filter(|_| watch.incomplete == 0);
        let pause =
            pause.map_or(Duration::ZERO, |last| BATCH_INTERVAL.saturating_sub(last.elapsed())).min(timeout);
        let mut events = runtime.block_on(async {
            tokio::time::sleep(pause).await;
            watch.tasks.next(timeout.saturating_sub(pause), MAX_EVENTS).await
        });
        budget.check()?;
        let completes = |event: &&WatchEvent| matches!(event.event, Event::Synced | Event::Failed(_));
        let completed = events.iter().filter(completes).count();
        watch.incomplete = watch.incomplete.saturating_sub(completed);
        watch.last_answer = Some(Instant::now());
        for event in &mut events {
            match &mut event.event {
                Event::Interrupted(text) => *text = client.secrets.redact(text),
                Event::Failed(error) => *error = client.redact_error(error.clone()),
                Event::Updated(_) | Event::Deleted(_) | Event::Synced => {}
            }
        }
        Ok(events)
    }

    /// Returns the last lines of a container's log of the permit's pod, redacted.
    ///
    /// # Errors
    /// `Invalid` or `NotFound` if there is no such container or log, `LimitExceeded` if the run has received too many bytes, or
    /// an error of the cluster.
    pub fn logs(
        &mut self,
        permit: &Permit,
        container: &str,
        previous: bool,
        lines: u32,
    ) -> Result<Answer<String>, CallError> {
        let target = single_object(permit)?;
        let action = format!("get logs of `{target}`");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if container.is_empty() || container.len() > 63 || !container.chars().all(plain) {
            return Err(CallError::Invalid(format!(
                "{action}: invalid container `{container}`: expected letters, digits and `-`"
            )));
        }
        let budget = Arc::clone(&self.budget);
        let ClusterConnection { runtime, client, kinds } = self.connection()?;
        let read = runtime.block_on(async {
            let kind = kinds.find(&client.kube, target).await?;
            let params = LogParams {
                container: Some(container.to_owned()),
                previous,
                tail_lines: Some(lines.min(MAX_LOG_LINES).into()),
                limit_bytes: i64::try_from(redact_object::LOG_BYTES).ok(),
                ..LogParams::default()
            };
            let name = target.name().unwrap_or_default();
            let namespace = namespace(client, target, &kind)?;
            let path = <DynamicObject as kube::Resource>::url_path(&kind.resource, namespace.as_deref());
            let request = kube::core::Request::new(path).logs(name, &params);
            let request = request.map_err(|error| CallError::Invalid(format!("{action}: {error}")))?;
            let text = with_retries(async || client.kube.request_text(request.clone()).await).await;
            let text = text.map_err(|error| {
                failure::with_missing_rule(failure::request_error(&action, &error), "", "pods/log", &["get"])
            })?;
            budget.receive(text.len());
            budget.check()?;
            let text = redact_object::redact_log(&text, &client.secrets);
            let bytes = text.len() as u64;
            Ok(Answer::new(text, bytes, None))
        });
        read.map_err(|error| client.redact_error(error))
    }

    /// Restores the pod template of an earlier revision of the permit's object.
    ///
    /// # Errors
    /// `Conflict` if the object has another version, `NotFound` if there is no such revision, or an error of the cluster.
    pub fn rollback(
        &mut self,
        permit: &Permit,
        version: &str,
        revision: u64,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, kinds, _| {
            rollback::rollback(object, kinds, required(version)?, revision).await
        })
    }

    /// Sets the number of replicas of the permit's object.
    ///
    /// # Errors
    /// `Conflict` if the object has another version, or an error of the cluster, also if the object has no replicas.
    pub fn scale(
        &mut self,
        permit: &Permit,
        version: &str,
        replicas: u32,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.scale(required(version)?, replicas).await)
    }

    /// Suspends or resumes the permit's object.
    ///
    /// # Errors
    /// `Conflict` if the object has another version, `Invalid` for a kind without suspension, or an error of the cluster.
    pub fn suspend(
        &mut self,
        permit: &Permit,
        version: &str,
        suspended: bool,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.suspend(required(version)?, suspended).await)
    }

    /// Evicts the permit's pod, if it has this UID.
    ///
    /// # Errors
    /// `Conflict` if the pod has another UID, `Unavailable` while a PodDisruptionBudget needs it, or an error of the cluster.
    pub fn evict(&mut self, permit: &Permit, uid: &str) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.evict(uid).await)
    }

    /// Changes entries of the permit's `ConfigMap`, or creates it if `version` is none.
    ///
    /// # Errors
    /// `Conflict` if it has another version, `Invalid` if Lockstep did not create it or an entry is invalid, or an error of the
    /// cluster.
    pub fn put_config_map(
        &mut self,
        permit: &Permit,
        version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, secrets| {
            object.put_config_map(version.map(required).transpose()?, entries, secrets).await
        })
    }

    /// Changes the permit's object and records the change.
    fn change(
        &mut self,
        permit: &Permit,
        change: impl AsyncFnOnce(&ChangeTarget<'_>, &mut KindCache, &SecretRegistry) -> Result<(), CallError>,
    ) -> Result<Answer<Outcome>, CallError> {
        let (target, dry_run) = (single_object(permit)?, self.dry_run);
        let ClusterConnection { runtime, client, kinds } = self.connection()?;
        let changed = runtime.block_on(async {
            let kind = kinds.find(&client.kube, target).await?;
            let api = api(client, target, &kind)?;
            let object = ChangeTarget { client: &client.kube, target, kind: &kind, api, dry_run };
            change(&object, kinds, &client.secrets).await
        });
        changed.map_err(|error| client.redact_error(error))?;
        let change =
            ObjectChange { name: target.as_str().to_owned(), digest: None, verb: ChangeVerb::Changed };
        self.changes.push(change);
        Ok(Answer::plain(if dry_run { Outcome::DryRun } else { Outcome::Applied }))
    }

    /// The connection to the cluster; the first call makes it.
    fn connection(&mut self) -> Result<&mut ClusterConnection, CallError> {
        if self.connection.is_none() {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("cluster")
                .enable_all()
                .build()
                .map_err(|error| {
                    CallError::Unavailable(format!("cannot start the threads for requests: {error}"))
                })?;
            let client = runtime.block_on(connect::connect(&self.config))?;
            self.connection = Some(ClusterConnection { runtime, client, kinds: KindCache::default() });
        }
        self.connection.as_mut().ok_or_else(|| CallError::Unavailable("no connection".into()))
    }
}

#[cfg(test)]
mod tests;
