//! Follows objects: lists them, watches what becomes of them, and mends what breaks on the way, so that who listens hears
//! of each object as it is now. It never decides what a state means.

use super::bound;
use super::budget::{Budget, Taken};
use super::connect::Connected;
use super::failure;
use super::hide::hide;
use super::kinds::Kind;
use super::slim::Slim;
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

/// Seconds after which a watch is begun anew: a connection that died in silence is found out a few seconds later.
const WATCH_SECONDS: u32 = 45;
/// Objects of one page of a list.
const PAGE: u32 = 1000;
/// How long a cluster may accept the credentials no more that it did accept: a plugin has new ones sooner, and a file with a
/// token is read again each minute.
const REFUSED: Duration = Duration::from_secs(75);
/// Bytes of objects that wait to be asked for; beyond it nothing more is read.
const WAITING: usize = 32 * 1024 * 1024;

/// What is followed.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    /// As messages name it: `shop/Pod`.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) labels: Option<String>,
    pub(super) fields: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The object is there, as JSON.
    Updated(String),
    /// The object of this `metadata.uid` is no longer there.
    Deleted(String),
    /// All that there was at the beginning has been passed on.
    Synced,
    /// The cluster does not answer well; it is tried again.
    Interrupted(String),
    /// Nothing more comes.
    Failed(CallError),
}

/// Something that happened to one of the selections.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchEvent {
    /// Which of them, from 0.
    pub selection: u32,
    /// What.
    pub event: Event,
}

/// Objects that are followed. Dropping it ends that.
pub struct Watcher {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
    _room: Taken,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What the tasks hand over.
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits to be asked for.
    came: Notify,
    /// There is room again.
    went: Notify,
    budget: Arc<Budget>,
    secrets: Arc<SecretRegistry>,
}

/// Changes in their order, at most one for each object.
#[derive(Default)]
struct Waiting {
    queue: VecDeque<Option<(Option<String>, WatchEvent)>>,
    /// Where the change of an object stands, counted from the first that ever was.
    places: HashMap<(u32, String), u64>,
    /// How many have been handed over.
    gone: u64,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, selection: u32, uid: Option<&str>, event: Event) {
        self.bytes += size(&event);
        let change = WatchEvent { selection, event };
        if let Some(uid) = uid {
            let key = (selection, uid.to_owned());
            let place = self.places.get(&key).copied().and_then(|place| place.checked_sub(self.gone));
            if let Some(slot) = place.and_then(|place| self.queue.get_mut(place as usize)) {
                if let Some((_, old)) = slot {
                    self.bytes -= size(&old.event);
                }
                *slot = Some((Some(key.1), change));
                return;
            }
            self.places.insert(key, self.gone + self.queue.len() as u64);
        }
        self.queue.push_back(Some((uid.map(str::to_owned), change)));
    }

    fn take(&mut self, most: usize) -> Vec<WatchEvent> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(slot) = self.queue.pop_front()
        {
            self.gone += 1;
            if let Some((uid, change)) = slot {
                self.bytes -= size(&change.event);
                if let Some(uid) = uid {
                    self.places.remove(&(change.selection, uid));
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

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn say(&self, selection: u32, uid: Option<&str>, event: Event) {
        loop {
            let room = self.went.notified();
            pin_mut!(room);
            room.as_mut().enable();
            if self.waiting().bytes < WAITING {
                break;
            }
            room.await;
        }
        self.budget.receive(size(&event));
        self.waiting().push(selection, uid, event);
        self.came.notify_one();
    }
}

impl Watcher {
    /// Begins to follow, in the room that was taken for it. Must be called within a runtime.
    pub(super) fn begin(
        connected: &Connected,
        followed: Vec<Followed>,
        budget: &Arc<Budget>,
        room: Taken,
    ) -> Self {
        let client = &connected.client;
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            came: Notify::new(),
            went: Notify::new(),
            budget: Arc::clone(budget),
            secrets: Arc::clone(&connected.known),
        });
        let tasks = followed.into_iter().zip(0..).map(|(followed, selection)| {
            tokio::spawn(follow(client.clone(), followed, selection, Arc::clone(&shared)))
        });
        Self { tasks: tasks.collect(), shared, _room: room }
    }

    /// What happened since this was last asked, waiting for the first of it.
    pub(super) async fn next(&self, patience: Duration, most: usize) -> Vec<WatchEvent> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let came = self.shared.came.notified();
            pin_mut!(came);
            came.as_mut().enable();
            let taken = self.shared.waiting().take(most);
            if !taken.is_empty() {
                self.shared.went.notify_waiters();
                return taken;
            }
            if tokio::time::timeout_at(until, came).await.is_err() {
                return Vec::new();
            }
        }
    }
}

/// Follows one selection until it fails for good.
async fn follow(client: kube::Client, followed: Followed, selection: u32, shared: Arc<Shared>) {
    let mut config = Config::default().timeout(WATCH_SECONDS).page_size(PAGE);
    config.label_selector = followed.labels.clone();
    config.field_selector = followed.fields.clone();
    let resource = &followed.kind.resource;
    let client = bound::one_list(client);
    let api: Api<Slim> = match &followed.namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    };
    let stream = watcher::watcher(api, config).default_backoff();
    pin_mut!(stream);
    // What is known of each object, by its uid: its version.
    let mut known: HashMap<String, String> = HashMap::new();
    let mut listed: HashSet<String> = HashSet::new();
    let mut complete = false;
    let mut objects = shared.budget.objects();
    // Since when the credentials are refused; nothing before they were accepted once.
    let (mut accepted, mut refused) = (false, None);
    while let Some(event) = stream.next().await {
        if event.is_ok() {
            (accepted, refused) = (accepted || !matches!(event, Ok(watcher::Event::Init)), None);
        }
        match event {
            Ok(watcher::Event::Init) => listed.clear(),
            Ok(watcher::Event::InitApply(object)) => {
                listed.insert(object.metadata.uid.clone().unwrap_or_default());
                present(&shared, selection, &followed, object, &mut known).await;
            }
            Ok(watcher::Event::InitDone) => {
                let vanished: Vec<_> = known.keys().filter(|uid| !listed.contains(*uid)).cloned().collect();
                for uid in vanished {
                    known.remove(&uid);
                    shared.say(selection, Some(&uid), Event::Deleted(uid.clone())).await;
                }
                if !std::mem::replace(&mut complete, true) {
                    shared.say(selection, None, Event::Synced).await;
                }
            }
            Ok(watcher::Event::Apply(object)) => {
                present(&shared, selection, &followed, object, &mut known).await
            }
            Ok(watcher::Event::Delete(object)) => {
                let uid = object.metadata.uid.unwrap_or_default();
                known.remove(&uid);
                shared.say(selection, Some(&uid), Event::Deleted(uid.clone())).await;
            }
            Err(error) => {
                let renews = accepted
                    && is_unknown(&error)
                    && refused.get_or_insert_with(Instant::now).elapsed() < REFUSED;
                let (error, last) = judge(&followed, &error);
                let last = last && !renews;
                let event =
                    if last { Event::Failed(error) } else { Event::Interrupted(error.message().to_owned()) };
                shared.say(selection, None, event).await;
                if last {
                    return;
                }
            }
        }
        if !objects.are(known.len()) {
            // Who asks next is told that it is too much.
            shared.came.notify_one();
            return;
        }
    }
}

/// Passes an object on, unless this very version was.
async fn present(
    shared: &Shared,
    selection: u32,
    followed: &Followed,
    object: Slim,
    known: &mut HashMap<String, String>,
) {
    let uid = object.metadata.uid.clone().unwrap_or_default();
    let version = object.metadata.resource_version.clone().unwrap_or_default();
    if known.get(&uid) == Some(&version) {
        return;
    }
    known.insert(uid.clone(), version);
    let text = text(&mut object.into(), &followed.kind, &shared.secrets);
    shared.say(selection, Some(&uid), Event::Updated(text)).await;
}

/// An object as the contract has it.
pub(super) fn text(object: &mut DynamicObject, kind: &Kind, known: &SecretRegistry) -> String {
    object.metadata.managed_fields = None;
    hide(object, known);
    let types =
        || TypeMeta { api_version: kind.resource.api_version.clone(), kind: kind.resource.kind.clone() };
    // Items of a list do not say what they are.
    object.types.get_or_insert_with(types);
    serde_json::to_string(object).unwrap_or_default()
}

/// What an error means, and whether it is the last word.
fn judge(followed: &Followed, error: &watcher::Error) -> (CallError, bool) {
    let what = format!("follow `{}`", followed.name);
    let (error, verbs) = match error {
        watcher::Error::InitialListFailed(error) => {
            (failure::told(&what, error), ["list", "watch"].as_slice())
        }
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => {
            (failure::told(&what, error), ["watch"].as_slice())
        }
        watcher::Error::WatchError(status) => {
            (failure::refused(&what, status.code, &status.reason, &status.message), [].as_slice())
        }
        watcher::Error::NoResourceVersion => {
            (CallError::Invalid(format!("{what}: this kind cannot be watched")), [].as_slice())
        }
    };
    let resource = &followed.kind.resource;
    let error = failure::with_rule(error, &resource.group, &resource.plural, verbs);
    let last = !matches!(error, CallError::Unavailable(_));
    (error, last)
}

/// Whether the cluster does not know who asks.
fn is_unknown(error: &watcher::Error) -> bool {
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

    fn present(json: &str) -> Event {
        Event::Updated(json.to_owned())
    }

    #[test]
    fn an_object_waits_once_as_it_is_now() {
        let mut waiting = Waiting::default();
        waiting.push(0, Some("a"), present("1"));
        waiting.push(0, Some("b"), present("1"));
        waiting.push(0, None, Event::Synced);
        waiting.push(0, Some("a"), present("22"));
        waiting.push(1, Some("a"), present("3"));
        assert_eq!(waiting.bytes, 4);
        let taken: Vec<_> =
            waiting.take(10).into_iter().map(|change| (change.selection, change.event)).collect();
        let expected = [(0, present("22")), (0, present("1")), (0, Event::Synced), (1, present("3"))];
        assert_eq!((taken.as_slice(), waiting.bytes), (expected.as_slice(), 0));
    }

    #[test]
    fn what_was_taken_waits_anew_when_it_changes() {
        let mut waiting = Waiting::default();
        waiting.push(0, Some("a"), present("1"));
        waiting.push(0, Some("b"), present("1"));
        assert_eq!(waiting.take(1).len(), 1);
        waiting.push(0, Some("a"), Event::Deleted("a".into()));
        waiting.push(0, Some("b"), present("2"));
        let taken: Vec<_> = waiting.take(10).into_iter().map(|change| change.event).collect();
        assert_eq!(taken, [present("2"), Event::Deleted("a".into())]);
    }
}
