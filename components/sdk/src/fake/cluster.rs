//! A cluster in memory.

use std::collections::{BTreeMap, VecDeque};

use crate::cluster::{ConfigEntry, Event, ObjectRef, Selection, WatchEvent};
use crate::traits::HostResult;
use crate::types::{Error, Outcome};
use crate::{Cluster, Watch};

/// Objects in memory. A watch delivers those of the start, `synced`, and nothing after that. Selectors match everything.
#[derive(Clone, Debug, Default)]
pub struct FakeCluster {
    /// The objects as JSON, by namespace, kind and name.
    pub objects: BTreeMap<(String, String, String), String>,
    /// The last lines of each container's log, by namespace, pod and container.
    pub logs: BTreeMap<(String, String, String), String>,
    /// The changes so far, each in one line.
    pub changes: Vec<String>,
}

/// The watch of a [`FakeCluster`].
#[derive(Clone, Debug, Default)]
pub struct FakeWatcher(VecDeque<WatchEvent>);

impl FakeCluster {
    /// Adds an object.
    #[must_use]
    pub fn with_object(mut self, namespace: &str, kind: &str, name: &str, json: &str) -> Self {
        self.objects.insert((namespace.to_owned(), kind.to_owned(), name.to_owned()), json.to_owned());
        self
    }

    fn change(&mut self, verb: &str, object: &ObjectRef, detail: &str) -> HostResult<Outcome> {
        self.get(object)?;
        self.changes.push(format!("{verb} {}/{} {detail}", object.kind, object.name));
        Ok(Outcome::Applied)
    }
}

impl Cluster for FakeCluster {
    type Watcher = FakeWatcher;

    fn get(&mut self, object: &ObjectRef) -> HostResult<String> {
        let key = (object.namespace.clone(), object.kind.clone(), object.name.clone());
        let missing = || Error::NotFound(format!("there is no {}/{}", object.kind, object.name));
        self.objects.get(&key).cloned().ok_or_else(missing)
    }

    fn watch(&mut self, selections: &[Selection]) -> HostResult<FakeWatcher> {
        let mut events = VecDeque::new();
        for (index, selection) in (0_u32..).zip(selections) {
            let selected = |key: &(String, String, String)| {
                key.0 == selection.namespace
                    && key.1 == selection.kind
                    && selection.name.as_ref().is_none_or(|name| *name == key.2)
            };
            let found = self.objects.iter().filter(|(key, _)| selected(key));
            events.extend(
                found.map(|(_, json)| WatchEvent { selection: index, event: Event::Updated(json.clone()) }),
            );
            events.push_back(WatchEvent { selection: index, event: Event::Synced });
        }
        Ok(FakeWatcher(events))
    }

    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: &str,
        _previous: bool,
        tail_lines: u32,
    ) -> HostResult<String> {
        let key = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        let log =
            self.logs.get(&key).ok_or_else(|| Error::NotFound(format!("there is no log of `{pod}`")))?;
        let skipped = log.lines().count().saturating_sub(tail_lines as usize);
        Ok(log.lines().skip(skipped).map(|line| format!("{line}\n")).collect())
    }

    fn rollback(&mut self, object: &ObjectRef, _version: &str, revision: u64) -> HostResult<Outcome> {
        self.change("rollback", object, &revision.to_string())
    }

    fn scale(&mut self, object: &ObjectRef, _version: &str, replicas: u32) -> HostResult<Outcome> {
        self.change("scale", object, &replicas.to_string())
    }

    fn suspend(&mut self, object: &ObjectRef, _version: &str, suspended: bool) -> HostResult<Outcome> {
        self.change("suspend", object, &suspended.to_string())
    }

    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> HostResult<Outcome> {
        let object =
            ObjectRef { namespace: namespace.to_owned(), kind: "Pod".to_owned(), name: pod.to_owned() };
        self.change("evict", &object, uid)
    }

    fn put_config_map(
        &mut self,
        _namespace: &str,
        name: &str,
        _version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> HostResult<Outcome> {
        self.changes.push(format!("put ConfigMap/{name} {} entries", entries.len()));
        Ok(Outcome::Applied)
    }
}

impl Watch for FakeWatcher {
    fn next(&mut self, _timeout_ms: u32) -> HostResult<Vec<WatchEvent>> {
        Ok(self.0.drain(..).collect())
    }
}
