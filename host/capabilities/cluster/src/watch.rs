//! Watches objects: lists them, watches them for changes and reconnects, so that a component gets each object as it is now.
//! It never decides what a state means.

use super::answer_limits;
use super::budget::{SelectionSlots, WatchBudget};
use super::connect::ClusterClient;
use super::failure;
use super::kinds::ObjectKind;
use super::redact_object::redact;
use super::strip_managed_fields::StrippedObject;
use futures_util::{StreamExt as _, pin_mut};
use kube::api::{Api, DynamicObject, TypeMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config};
use lockstep_model::call::CallError;
use lockstep_model::secret_registry::SecretRegistry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// Seconds after which the client starts a watch again, so that it notices a dead connection a few seconds later.
const WATCH_SECONDS: u32 = 45;
/// Objects on one page of a list.
const PAGE: u32 = 1000;
/// How long the cluster may reject credentials that it has accepted before: a plugin renews them sooner, and the client reads
/// a token file again each minute.
const RENEWAL_TIME: Duration = Duration::from_secs(75);
/// Bytes of objects in the queue, from which on the client reads nothing more.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;

/// The objects that one watch is about.
#[derive(Debug, Clone)]
pub(super) struct WatchSelection {
    /// Its name in messages, such as `shop/Pod`.
    pub(super) name: String,
    pub(super) kind: ObjectKind,
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) fields: Option<String>,
}

/// An event of a watch: the `event` of `wit/cluster.wit`.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The object exists: it is new or has changed. The object as JSON.
    Updated(String),
    /// The object with this `metadata.uid` no longer exists.
    Deleted(String),
    /// The host has delivered all objects that existed at the start.
    Synced,
    /// The cluster cannot be reached or answers with errors; the host retries.
    Interrupted(String),
    /// The host cannot watch this selection; no further event follows.
    Failed(CallError),
}

/// An event with its selection.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchEvent {
    /// The index of the selection, counted from 0.
    pub selection: u32,
    /// The event.
    pub event: Event,
}

/// The tasks of one watch, one for each selection. Dropping it ends them.
pub(super) struct WatchTasks {
    queue: Arc<EventQueue>,
    tasks: Vec<JoinHandle<()>>,
    _slots: SelectionSlots,
}

impl Drop for WatchTasks {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The queue from the tasks of a watch to the component.
struct EventQueue {
    pending: Mutex<PendingEvents>,
    /// Wakes the component: there is an event.
    added: Notify,
    /// Wakes the tasks: there is room.
    taken: Notify,
    budget: Arc<WatchBudget>,
    secrets: Arc<SecretRegistry>,
}

/// Events in their order, at most one for each object.
#[derive(Default)]
struct PendingEvents {
    slots: VecDeque<Option<(Option<String>, WatchEvent)>>,
    /// The position of each object's event, counted from the first event of the watch.
    positions: HashMap<(u32, String), u64>,
    /// How many slots the component has taken.
    taken: u64,
    bytes: usize,
}

impl PendingEvents {
    fn push(&mut self, selection: u32, uid: Option<&str>, event: Event) {
        self.bytes += size(&event);
        let change = WatchEvent { selection, event };
        if let Some(uid) = uid {
            let key = (selection, uid.to_owned());
            let position = self.positions.get(&key).copied();
            let index = position.and_then(|position| position.checked_sub(self.taken));
            if let Some(slot) = index.and_then(|index| self.slots.get_mut(index as usize)) {
                if let Some((_, old)) = slot {
                    self.bytes -= size(&old.event);
                }
                *slot = Some((Some(key.1), change));
                return;
            }
            self.positions.insert(key, self.taken + self.slots.len() as u64);
        }
        self.slots.push_back(Some((uid.map(str::to_owned), change)));
    }

    fn take(&mut self, max: usize) -> Vec<WatchEvent> {
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some(slot) = self.slots.pop_front()
        {
            self.taken += 1;
            if let Some((uid, change)) = slot {
                self.bytes -= size(&change.event);
                if let Some(uid) = uid {
                    self.positions.remove(&(change.selection, uid));
                }
                taken.push(change);
            }
        }
        taken
    }
}

fn size(event: &Event) -> usize {
    match event {
        Event::Updated(json) => json.len(),
        _ => 0,
    }
}

impl EventQueue {
    fn pending(&self) -> MutexGuard<'_, PendingEvents> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event once there is room for it.
    async fn add(&self, selection: u32, uid: Option<&str>, event: Event) {
        loop {
            let taken = self.taken.notified();
            pin_mut!(taken);
            taken.as_mut().enable();
            if self.pending().bytes < MAX_QUEUED_BYTES {
                break;
            }
            taken.await;
        }
        self.budget.receive(size(&event));
        self.pending().push(selection, uid, event);
        self.added.notify_one();
    }
}

impl WatchTasks {
    /// Starts one task for each selection. The caller must be within a runtime.
    pub(super) fn start(
        client: &ClusterClient,
        selections: Vec<WatchSelection>,
        budget: &Arc<WatchBudget>,
        slots: SelectionSlots,
    ) -> Self {
        let queue = Arc::new(EventQueue {
            pending: Mutex::default(),
            added: Notify::new(),
            taken: Notify::new(),
            budget: Arc::clone(budget),
            secrets: Arc::clone(&client.secrets),
        });
        let tasks = selections.into_iter().zip(0..).map(|(selection, index)| {
            tokio::spawn(watch(client.kube.clone(), selection, index, Arc::clone(&queue)))
        });
        Self { tasks: tasks.collect(), queue, _slots: slots }
    }

    /// Takes the events since the last call. Waits for the first one, at most for `timeout`.
    pub(super) async fn next(&self, timeout: Duration, max: usize) -> Vec<WatchEvent> {
        let until = tokio::time::Instant::now() + timeout;
        loop {
            let added = self.queue.added.notified();
            pin_mut!(added);
            added.as_mut().enable();
            let events = self.queue.pending().take(max);
            if !events.is_empty() {
                self.queue.taken.notify_waiters();
                return events;
            }
            if tokio::time::timeout_at(until, added).await.is_err() {
                return Vec::new();
            }
        }
    }
}

/// Watches one selection until it fails for good.
async fn watch(client: kube::Client, selection: WatchSelection, index: u32, queue: Arc<EventQueue>) {
    let mut config = Config::default().timeout(WATCH_SECONDS).page_size(PAGE);
    config.label_selector = selection.labels.clone();
    config.field_selector = selection.fields.clone();
    let resource = &selection.kind.resource;
    let client = answer_limits::list_client(client);
    let api: Api<StrippedObject> = match &selection.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    };
    let stream = watcher::watcher(api, config).default_backoff();
    pin_mut!(stream);
    // The last version of each object, by its uid.
    let mut versions: HashMap<String, String> = HashMap::new();
    let mut listed: HashSet<String> = HashSet::new();
    let mut complete = false;
    let mut objects = queue.budget.objects();
    // Since when the cluster rejects the credentials that it has accepted.
    let (mut accepted, mut rejected_since) = (false, None);
    while let Some(event) = stream.next().await {
        if event.is_ok() {
            (accepted, rejected_since) = (accepted || !matches!(event, Ok(watcher::Event::Init)), None);
        }
        match event {
            Ok(watcher::Event::Init) => listed.clear(),
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(object.metadata.uid.clone().unwrap_or_default());
                deliver_object(&queue, index, &selection, object, &mut versions).await;
            }
            Ok(watcher::Event::InitDone) => {
                let deleted: Vec<_> = versions.keys().filter(|uid| !listed.contains(*uid)).cloned().collect();
                for uid in deleted {
                    versions.remove(&uid);
                    queue.add(index, Some(&uid), Event::Deleted(uid.clone())).await;
                }
                if !std::mem::replace(&mut complete, true) {
                    queue.add(index, None, Event::Synced).await;
                }
            }
            Ok(watcher::Event::Apply(object)) => {
                deliver_object(&queue, index, &selection, object, &mut versions).await
            }
            Ok(watcher::Event::Delete(object)) => {
                let uid = object.metadata.uid.unwrap_or_default();
                versions.remove(&uid);
                queue.add(index, Some(&uid), Event::Deleted(uid.clone())).await;
            }
            Err(error) => {
                let renews = accepted
                    && is_unauthorized(&error)
                    && rejected_since.get_or_insert_with(Instant::now).elapsed() < RENEWAL_TIME;
                let (error, is_final) = classify(&selection, &error);
                let is_final = is_final && !renews;
                let event = if is_final {
                    Event::Failed(error)
                } else {
                    Event::Interrupted(error.message().to_owned())
                };
                queue.add(index, None, event).await;
                if is_final {
                    return;
                }
            }
        }
        if !objects.set(versions.len()) {
            // The next call of the component checks the budget and fails.
            queue.added.notify_one();
            return;
        }
    }
}

/// Delivers an object, unless the component has this version.
async fn deliver_object(
    queue: &EventQueue,
    index: u32,
    selection: &WatchSelection,
    object: StrippedObject,
    versions: &mut HashMap<String, String>,
) {
    let uid = object.metadata.uid.clone().unwrap_or_default();
    let version = object.metadata.resource_version.clone().unwrap_or_default();
    if versions.get(&uid) == Some(&version) {
        return;
    }
    versions.insert(uid.clone(), version);
    let text = object_json(&mut object.into(), &selection.kind, &queue.secrets);
    queue.add(index, Some(&uid), Event::Updated(text)).await;
}

/// An object in the form of `wit/cluster.wit`: JSON without managed fields and secrets.
pub(super) fn object_json(object: &mut DynamicObject, kind: &ObjectKind, secrets: &SecretRegistry) -> String {
    object.metadata.managed_fields = None;
    redact(object, secrets);
    let types =
        || TypeMeta { api_version: kind.resource.api_version.clone(), kind: kind.resource.kind.clone() };
    // The items of a list lack their type.
    object.types.get_or_insert_with(types);
    serde_json::to_string(object).unwrap_or_default()
}

/// The error for the component, and whether it ends the watch.
fn classify(selection: &WatchSelection, error: &watcher::Error) -> (CallError, bool) {
    let action = format!("watch `{}`", selection.name);
    let (error, verbs) = match error {
        watcher::Error::InitialListFailed(error) => {
            (failure::request_error(&action, error), ["list", "watch"].as_slice())
        }
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            (failure::request_error(&action, error), ["watch"].as_slice())
        }
        watcher::Error::WatchError(status) => {
            (failure::status_error(&action, status.code, &status.reason, &status.message), [].as_slice())
        }
        watcher::Error::NoResourceVersion => {
            (CallError::Invalid(format!("{action}: the cluster cannot watch this kind")), [].as_slice())
        }
    };
    let resource = &selection.kind.resource;
    let error = failure::with_missing_rule(error, &resource.group, &resource.plural, verbs);
    let is_final = !matches!(error, CallError::Unavailable(_));
    (error, is_final)
}

/// Whether the cluster rejects the credentials.
fn is_unauthorized(error: &watcher::Error) -> bool {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => status.code == 401,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn updated(json: &str) -> Event {
        Event::Updated(json.to_owned())
    }

    #[test]
    fn the_queue_has_each_object_once_in_its_last_version() {
        let mut pending = PendingEvents::default();
        pending.push(0, Some("a"), updated("1"));
        pending.push(0, Some("b"), updated("1"));
        pending.push(0, None, Event::Synced);
        pending.push(0, Some("a"), updated("22"));
        pending.push(1, Some("a"), updated("3"));
        assert_eq!(pending.bytes, 4);
        let taken: Vec<_> =
            pending.take(10).into_iter().map(|change| (change.selection, change.event)).collect();
        let expected = [(0, updated("22")), (0, updated("1")), (0, Event::Synced), (1, updated("3"))];
        assert_eq!((taken.as_slice(), pending.bytes), (expected.as_slice(), 0));
    }

    #[test]
    fn an_object_that_changes_after_it_was_taken_is_in_the_queue_again() {
        let mut pending = PendingEvents::default();
        pending.push(0, Some("a"), updated("1"));
        pending.push(0, Some("b"), updated("1"));
        assert_eq!(pending.take(1).len(), 1);
        pending.push(0, Some("a"), Event::Deleted("a".into()));
        pending.push(0, Some("b"), updated("2"));
        let taken: Vec<_> = pending.take(10).into_iter().map(|change| change.event).collect();
        assert_eq!(taken, [updated("2"), Event::Deleted("a".into())]);
    }
}
