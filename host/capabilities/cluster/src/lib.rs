//! Objects of a Kubernetes cluster. It acts only on what a permit names, and no credential leaves this crate. With a run
//! that is a dry run, nothing is changed.
#![forbid(unsafe_code)]

mod bound;
mod budget;
mod change;
mod connect;
mod connection;
mod failure;
mod hide;
mod kinds;
mod kubeconfig;
mod patience;
mod plugin;
mod rollback;
mod slim;
mod watch;

pub use change::ConfigEntry;
pub use connection::Connection;
pub use plugin::{is_for_plugin, is_for_plugins};
pub use watch::{Event, WatchEvent, Watcher};

use budget::{Budget, SELECTIONS};
use change::Object;
use connect::Connected;
use kinds::{Kind, Kinds};
use kube::api::{Api, DynamicObject, LogParams};
use lockstep_model::call::{Answer, CallError, Outcome};
use lockstep_model::gate::Permit;
use lockstep_model::limits::Limits;
use lockstep_model::report::{ChangeVerb, ObjectChange};
use lockstep_model::resource::Resource;
use lockstep_model::secret_registry::SecretRegistry;
use patience::patiently;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use watch::Followed;

/// The threads that read what a cluster sends.
const THREADS: usize = 2;
/// The most changes of one call.
const CHANGES: usize = 1000;
/// The longest that a call waits.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest time between two answers once all is known, so that many changes are one answer.
const PACE: Duration = Duration::from_millis(100);
/// The most lines of a log.
const LINES: u32 = 10_000;

/// What a selection is about besides its namespace, kind and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Labels, as `kubectl --selector` has them.
    pub label_selector: Option<String>,
    /// Fields, as `kubectl --field-selector` has them.
    pub field_selector: Option<String>,
}

/// The cluster of one run.
pub struct Cluster {
    connection: Connection,
    dry_run: bool,
    budget: Arc<Budget>,
    /// Made when it is first needed.
    reached: Option<Reached>,
    changes: Vec<ObjectChange>,
}

struct Reached {
    runtime: Runtime,
    connected: Connected,
    kinds: Kinds,
}

/// Objects that a component follows.
pub struct Following {
    watcher: Watcher,
    /// How many selections have not been passed on as a whole.
    incomplete: usize,
    answered: Option<Instant>,
}

impl Cluster {
    /// The cluster of a run. Nothing is asked of it yet.
    #[must_use]
    pub fn new(connection: Connection, limits: &Limits, dry_run: bool) -> Self {
        Self { connection, dry_run, budget: Budget::new(limits), reached: None, changes: Vec::new() }
    }

    /// What was changed, in order; with a run that is a dry run, what would be.
    #[must_use]
    pub fn into_changes(self) -> Vec<ObjectChange> {
        self.changes
    }

    /// What is worth a warning, since this was last asked.
    pub fn warnings(&mut self) -> Vec<String> {
        self.reached.as_mut().map(|reached| reached.connected.warnings()).unwrap_or_default()
    }

    /// The permit's object, as JSON, without the secrets of the job.
    ///
    /// # Errors
    /// It is not there, the cluster refuses or does not answer well, or more has come than a run may receive.
    pub fn get(&mut self, permit: &Permit) -> Result<Answer<String>, CallError> {
        let target = one(permit)?;
        let what = format!("get `{target}`");
        let budget = Arc::clone(&self.budget);
        let Reached { runtime, connected, kinds } = self.reached()?;
        let got = runtime.block_on(async {
            let kind = kinds.find(&connected.client, target).await?;
            let api = api(connected, target, &kind)?;
            let name = target.name().unwrap_or_default();
            let object = patiently(async || api.get(name).await).await;
            let mut object = object.map_err(|error| {
                let resource = &kind.resource;
                failure::with_rule(failure::told(&what, &error), &resource.group, &resource.plural, &["get"])
            })?;
            let text = watch::text(&mut object, &kind, &connected.known);
            budget.receive(text.len());
            budget.check()?;
            Ok(Answer { bytes: text.len() as u64, value: text, digest: None })
        });
        got.map_err(|error| connected.without_secrets(error))
    }

    /// Begins to follow what the permit names, each with its selector.
    ///
    /// # Errors
    /// Too many, a kind that the cluster does not have, or no connection can be made.
    pub fn watch(&mut self, permit: &Permit, selectors: &[Selector]) -> Result<Answer<Following>, CallError> {
        let targets = permit.resources();
        if targets.is_empty() || targets.len() > SELECTIONS || selectors.len() != targets.len() {
            return Err(CallError::Invalid(format!("watch: there must be 1 to {SELECTIONS} selections")));
        }
        let budget = Arc::clone(&self.budget);
        let room = budget.take(targets.len())?;
        let Reached { runtime, connected, kinds } = self.reached()?;
        let mut followed = Vec::new();
        for (target, selector) in targets.iter().zip(selectors) {
            let kind = runtime.block_on(kinds.find(&connected.client, target));
            let kind = kind.map_err(|error| connected.without_secrets(error))?;
            let namespace = namespace(connected, target, &kind)?;
            let by_name = target.name().map(|name| format!("metadata.name={name}"));
            let fields: Vec<_> = by_name.into_iter().chain(selector.field_selector.clone()).collect();
            followed.push(Followed {
                name: target.as_str().trim_end_matches("/*").to_owned(),
                namespace,
                labels: selector.label_selector.clone(),
                fields: (!fields.is_empty()).then(|| fields.join(",")),
                kind,
            });
        }
        let _inside = runtime.enter();
        let watcher = Watcher::begin(connected, followed, &budget, room);
        Ok(Answer::plain(Following { watcher, incomplete: targets.len(), answered: None }))
    }

    /// What happened to what is followed, waiting for the first of it.
    ///
    /// # Errors
    /// More has come than a run may receive.
    pub fn next(&mut self, following: &mut Following, timeout_ms: u32) -> Result<Vec<WatchEvent>, CallError> {
        let budget = Arc::clone(&self.budget);
        let Reached { runtime, connected, .. } = self.reached()?;
        let patience = Duration::from_millis(timeout_ms.into()).min(PATIENCE);
        let pause = following.answered.filter(|_| following.incomplete == 0);
        let pause = pause.map_or(Duration::ZERO, |last| PACE.saturating_sub(last.elapsed())).min(patience);
        let mut changes = runtime.block_on(async {
            tokio::time::sleep(pause).await;
            following.watcher.next(patience.saturating_sub(pause), CHANGES).await
        });
        budget.check()?;
        let ended = |change: &&WatchEvent| matches!(change.event, Event::Synced | Event::Failed(_));
        let ended = changes.iter().filter(ended).count();
        following.incomplete = following.incomplete.saturating_sub(ended);
        following.answered = Some(Instant::now());
        for change in &mut changes {
            match &mut change.event {
                Event::Interrupted(text) => *text = connected.known.redact(text),
                Event::Failed(error) => *error = connected.without_secrets(error.clone()),
                Event::Updated(_) | Event::Deleted(_) | Event::Synced => {}
            }
        }
        Ok(changes)
    }

    /// The last lines that a container of the permit's pod printed, without the secrets of the job.
    ///
    /// # Errors
    /// There is no such container or log, or the cluster refuses or does not answer well.
    pub fn logs(
        &mut self,
        permit: &Permit,
        container: &str,
        previous: bool,
        lines: u32,
    ) -> Result<Answer<String>, CallError> {
        let target = one(permit)?;
        let what = format!("logs of `{target}`");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if container.is_empty() || container.len() > 63 || !container.chars().all(plain) {
            return Err(CallError::Invalid(format!("{what}: `{container}` is no name of a container")));
        }
        let budget = Arc::clone(&self.budget);
        let Reached { runtime, connected, kinds } = self.reached()?;
        let read = runtime.block_on(async {
            let kind = kinds.find(&connected.client, target).await?;
            let params = LogParams {
                container: Some(container.to_owned()),
                previous,
                tail_lines: Some(lines.min(LINES).into()),
                limit_bytes: i64::try_from(hide::LOG_BYTES).ok(),
                ..LogParams::default()
            };
            let name = target.name().unwrap_or_default();
            let namespace = namespace(connected, target, &kind)?;
            let path = <DynamicObject as kube::Resource>::url_path(&kind.resource, namespace.as_deref());
            let request = kube::core::Request::new(path).logs(name, &params);
            let request = request.map_err(|error| CallError::Invalid(format!("{what}: {error}")))?;
            let text = patiently(async || connected.client.request_text(request.clone()).await).await;
            let text = text.map_err(|error| {
                failure::with_rule(failure::told(&what, &error), "", "pods/log", &["get"])
            })?;
            budget.receive(text.len());
            budget.check()?;
            let text = hide::log(&text, &connected.known);
            Ok(Answer { bytes: text.len() as u64, value: text, digest: None })
        });
        read.map_err(|error| connected.without_secrets(error))
    }

    /// Puts the pod template of an earlier revision of the permit's object back in place.
    ///
    /// # Errors
    /// The object changed meanwhile, the revision is not kept, or the cluster refuses or does not answer well.
    pub fn rollback(
        &mut self,
        permit: &Permit,
        version: &str,
        revision: u64,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, kinds, _| {
            rollback::rollback(object, kinds, at(version)?, revision).await
        })
    }

    /// Says how many instances the permit's object is to have.
    ///
    /// # Errors
    /// The object changed meanwhile, it has no count, or the cluster refuses or does not answer well.
    pub fn scale(
        &mut self,
        permit: &Permit,
        version: &str,
        replicas: u32,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.scale(at(version)?, replicas).await)
    }

    /// Keeps the permit's object from doing anything by itself, or lets it again.
    ///
    /// # Errors
    /// The object changed meanwhile, its kind cannot be suspended, or the cluster refuses or does not answer well.
    pub fn suspend(
        &mut self,
        permit: &Permit,
        version: &str,
        suspended: bool,
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.suspend(at(version)?, suspended).await)
    }

    /// Asks the permit's pod to end, if it is the one with this UID.
    ///
    /// # Errors
    /// It is another one, a budget needs it, or the cluster refuses or does not answer well.
    pub fn evict(&mut self, permit: &Permit, uid: &str) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, _| object.evict(uid).await)
    }

    /// Keeps texts in the permit's `ConfigMap`; with no version, in a new one.
    ///
    /// # Errors
    /// It changed meanwhile, it is somebody else's, an entry cannot be kept, or the cluster refuses or does not answer
    /// well.
    pub fn put_config_map(
        &mut self,
        permit: &Permit,
        version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> Result<Answer<Outcome>, CallError> {
        self.change(permit, async |object, _, known| {
            object.put_config_map(version.map(at).transpose()?, entries, known).await
        })
    }

    /// Changes the permit's object, and remembers that.
    fn change(
        &mut self,
        permit: &Permit,
        change: impl AsyncFnOnce(&Object<'_>, &mut Kinds, &SecretRegistry) -> Result<(), CallError>,
    ) -> Result<Answer<Outcome>, CallError> {
        let (target, dry_run) = (one(permit)?, self.dry_run);
        let Reached { runtime, connected, kinds } = self.reached()?;
        let done = runtime.block_on(async {
            let kind = kinds.find(&connected.client, target).await?;
            let api = api(connected, target, &kind)?;
            let object = Object { client: &connected.client, target, kind: &kind, api, dry_run };
            change(&object, kinds, &connected.known).await
        });
        done.map_err(|error| connected.without_secrets(error))?;
        let change =
            ObjectChange { name: target.as_str().to_owned(), digest: None, verb: ChangeVerb::Changed };
        self.changes.push(change);
        Ok(Answer::plain(if dry_run { Outcome::DryRun } else { Outcome::Applied }))
    }

    /// The connection to the cluster, made when it is first needed.
    fn reached(&mut self) -> Result<&mut Reached, CallError> {
        if self.reached.is_none() {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("cluster")
                .enable_all()
                .build()
                .map_err(|error| CallError::Unavailable(format!("no threads for requests: {error}")))?;
            let connected = runtime.block_on(connect::connect(&self.connection))?;
            self.reached = Some(Reached { runtime, connected, kinds: Kinds::default() });
        }
        self.reached.as_mut().ok_or_else(|| CallError::Unavailable("no connection".into()))
    }
}

/// The version that a change is about. Without one, it would be made whatever somebody else did.
fn at(version: &str) -> Result<&str, CallError> {
    if version.is_empty() { Err(CallError::Invalid("a change needs a version".into())) } else { Ok(version) }
}

/// The one object that a permit is about.
fn one(permit: &Permit) -> Result<&Resource, CallError> {
    let target = permit.resource().filter(|target| target.name().is_some());
    target.ok_or_else(|| CallError::Invalid("the call is about no object".into()))
}

/// The namespace of a target as the cluster has it; none for kinds without.
fn namespace(connected: &Connected, target: &Resource, kind: &Kind) -> Result<Option<String>, CallError> {
    match (target.namespace(), kind.namespaced) {
        ("-", false) => Ok(None),
        ("-", true) => {
            Err(CallError::Invalid(format!("`{target}`: this kind is in namespaces, `-` is none")))
        }
        (_, false) => {
            Err(CallError::Invalid(format!("`{target}`: this kind is in no namespace, write `-` for it")))
        }
        (".", true) => Ok(Some(connected.namespace.clone())),
        (namespace, true) => Ok(Some(namespace.to_owned())),
    }
}

fn api(connected: &Connected, target: &Resource, kind: &Kind) -> Result<Api<DynamicObject>, CallError> {
    let client = connected.client.clone();
    Ok(match namespace(connected, target, kind)? {
        Some(namespace) => Api::namespaced_with(client, &namespace, &kind.resource),
        None => Api::all_with(client, &kind.resource),
    })
}

#[cfg(test)]
mod tests;
