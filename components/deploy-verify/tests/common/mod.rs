//! A model of the cluster and its time for whole runs: a test scripts the events, and reads the calls of the step.

#![allow(dead_code, reason = "not all tests use everything")]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use deploy_verify::{Inputs, Outputs, Rollback};
use lockstep_sdk::cluster::{ConfigEntry, Event, ObjectRef, Selection, WatchEvent};
use lockstep_sdk::fake::{FakeFile, FakeReporter};
use lockstep_sdk::http::{ErrorCode, Request, Response};
use lockstep_sdk::types::{Error, Failure, Outcome};
use lockstep_sdk::workspace::{Algorithm, FileEntry, SearchResult};
use lockstep_sdk::{Clock, Cluster, HostResult, Http, Watch, Workspace};
use serde_json::{Value, json};

/// The cluster, and a record of a run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// The future events: time in milliseconds, selection and event.
    script: Vec<(u64, u32, Event)>,
    syncs: bool,
    /// The Deployment `web` after a rollback.
    pub(crate) on_rollback: Option<Value>,
    /// The time now, in milliseconds.
    pub(crate) now: u64,
    /// The calls of the step.
    pub(crate) log: Vec<String>,
    /// What the step reported.
    pub(crate) reporter: FakeReporter,
    /// When it began to read what explains a failure.
    pub(crate) failed_at: Option<u64>,
    /// The manifest files by path.
    pub(crate) files: BTreeMap<String, String>,
}

impl Model {
    /// Adds a future event.
    pub(crate) fn at(&mut self, when: u64, selection: u32, event: Event) -> &mut Self {
        self.script.push((when, selection, event));
        self
    }

    /// Makes all selections synced at the beginning.
    pub(crate) fn synced(&mut self) -> &mut Self {
        self.syncs = true;
        self
    }

    /// Runs the step.
    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Outputs, Failure> {
        let mut reporter = FakeReporter::default();
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let result = deploy_verify::run(&mut shared.clone(), &mut reporter, &mut shared.clone(), inputs);
        *self = Self { reporter, ..shared.0.borrow().clone() };
        result
    }

    /// The code of the rejection.
    pub(crate) fn rejection(&self) -> &str {
        &self.reporter.rejection.as_ref().unwrap().code
    }
}

/// Cluster, files, web and clock are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

impl Shared {
    fn log(&self, call: String) {
        self.0.borrow_mut().log.push(call);
    }
}

/// The selections that are not synced yet.
struct ModelWatcher {
    model: Shared,
    unsynced: BTreeSet<u32>,
}

impl Watch for ModelWatcher {
    fn next(&mut self, timeout_ms: u32) -> HostResult<Vec<WatchEvent>> {
        let model = &mut *self.model.0.borrow_mut();
        let due = |now: u64, script: &mut Vec<(u64, u32, Event)>| {
            let (now, later): (Vec<_>, Vec<_>) = script.drain(..).partition(|(when, ..)| *when <= now);
            *script = later;
            now.into_iter().map(|(_, selection, event)| WatchEvent { selection, event }).collect::<Vec<_>>()
        };
        let mut events = due(model.now, &mut model.script);
        let is_synced = !model.syncs || self.unsynced.is_empty();
        if events.is_empty() && is_synced {
            let until = model.now + u64::from(timeout_ms);
            let next = model.script.iter().map(|(when, ..)| *when).min().unwrap_or(u64::MAX);
            model.now = until.min(next).max(model.now);
            events = due(model.now, &mut model.script);
        }
        if model.syncs {
            let unsynced = std::mem::take(&mut self.unsynced).into_iter();
            events.extend(unsynced.map(|selection| WatchEvent { selection, event: Event::Synced }));
        }
        Ok(events)
    }
}

impl Cluster for Shared {
    type Watcher = ModelWatcher;

    fn watch(&mut self, selections: &[Selection]) -> HostResult<ModelWatcher> {
        self.log(format!("watch {}", selections.len()));
        Ok(ModelWatcher { model: self.clone(), unsynced: (0..selections.len() as u32).collect() })
    }

    fn get(&mut self, object: &ObjectRef) -> HostResult<String> {
        self.log(format!("get {} {} {}", object.namespace, object.kind, object.name));
        Ok(deployment(&object.name, 1, 0).to_string())
    }

    fn logs(
        &mut self,
        namespace: &str,
        pod: &str,
        container: &str,
        previous: bool,
        _: u32,
    ) -> HostResult<String> {
        let instance = if previous { " previous" } else { "" };
        self.log(format!("logs {namespace} {pod} {container}{instance}"));
        let now = self.0.borrow().now;
        self.0.borrow_mut().failed_at.get_or_insert(now);
        Ok("fatal\n".to_owned())
    }

    fn rollback(&mut self, object: &ObjectRef, _: &str, revision: u64) -> HostResult<Outcome> {
        self.log(format!("rollback {} {} {} to {revision}", object.namespace, object.kind, object.name));
        let mut model = self.0.borrow_mut();
        let now = model.now;
        if let Some(mut after) = model.on_rollback.clone() {
            after["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:0");
            model.at(now + 1_000, 0, Event::Updated(after.to_string()));
        }
        Ok(Outcome::Applied)
    }

    fn scale(&mut self, object: &ObjectRef, _: &str, _: u32) -> HostResult<Outcome> {
        panic!("{object:?} is scaled")
    }

    fn suspend(&mut self, object: &ObjectRef, _: &str, _: bool) -> HostResult<Outcome> {
        panic!("{object:?} is suspended")
    }

    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> HostResult<Outcome> {
        self.log(format!("evict {namespace} {pod} {uid}"));
        Ok(Outcome::Applied)
    }

    fn put_config_map(
        &mut self,
        _: &str,
        name: &str,
        _: Option<&str>,
        _: &[ConfigEntry],
    ) -> HostResult<Outcome> {
        panic!("{name} is changed")
    }
}

/// A pattern matches the file of this path, and writes are recorded.
impl Workspace for Shared {
    type File = FakeFile;

    fn glob(&mut self, pattern: &str) -> HostResult<SearchResult> {
        let model = self.0.borrow();
        let file = |(path, text): (&String, &String)| FileEntry {
            path: path.clone(),
            size: text.len() as u64,
            mode: 0o644,
        };
        let files = model.files.get_key_value(pattern).map(file).into_iter().collect();
        Ok(SearchResult { base: String::new(), files, skipped: Vec::new() })
    }

    fn glob_hidden(&mut self, pattern: &str) -> HostResult<SearchResult> {
        self.glob(pattern)
    }

    fn digests(&mut self, paths: &[String], _: Algorithm, _: Option<u64>) -> HostResult<Vec<Vec<String>>> {
        panic!("digests of {paths:?}")
    }

    fn read(&mut self, path: &str) -> HostResult<Vec<u8>> {
        let file = self.0.borrow().files.get(path).cloned();
        file.map(String::into_bytes).ok_or_else(|| Error::NotFound(path.to_owned()))
    }

    fn open(&mut self, path: &str) -> HostResult<FakeFile> {
        Err(Error::NotFound(path.to_owned()))
    }

    fn write(&mut self, path: &str, _: &[u8]) -> HostResult<Outcome> {
        self.log(format!("write {path}"));
        Ok(Outcome::Applied)
    }

    fn write_private(&mut self, path: &str, _: &[u8]) -> HostResult<Outcome> {
        panic!("{path} is written")
    }

    fn remove(&mut self, path: &str) -> HostResult<()> {
        panic!("{path} is removed")
    }

    fn diff(&mut self) -> HostResult<String> {
        Ok(String::new())
    }
}

impl Http for Shared {
    fn authenticate(&mut self, url: &str, _: u32) -> HostResult<Result<(), ErrorCode>> {
        panic!("a token for {url} is requested")
    }

    fn send(&mut self, requests: &[Request]) -> HostResult<Vec<Result<Response, ErrorCode>>> {
        panic!("{requests:?} are sent")
    }
}

impl Clock for Shared {
    fn now(&self) -> u64 {
        self.0.borrow().now
    }

    fn sleep(&mut self, milliseconds: u64) {
        self.0.borrow_mut().now += milliseconds;
    }
}

/// Inputs about one resource.
pub(crate) fn inputs(resource: &str) -> Inputs {
    Inputs {
        resources: vec![resource.to_owned()],
        namespace: vec![".".to_owned()],
        context: None,
        timeout: "10m".to_owned(),
        grace: None,
        rules: Vec::new(),
        smoke: Vec::new(),
        metrics: Vec::new(),
        allow_private: false,
        credentials: Vec::new(),
        rollback: Rollback::Never,
        evidence: String::new(),
    }
}

/// Inputs about several resources in these namespaces.
pub(crate) fn several(resources: &[&str], namespaces: &[&str]) -> Inputs {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Inputs { resources: owned(resources), namespace: owned(namespaces), ..inputs("") }
}

/// The event of an object that exists.
pub(crate) fn updated(object: &Value) -> Event {
    Event::Updated(object.to_string())
}

/// A Deployment whose newest specification its controller has taken up, with so many pods ready.
pub(crate) fn deployment(name: &str, wanted: u32, ready: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": format!("uid-{name}"), "generation": 1, "resourceVersion": "7", "annotations": {"deployment.kubernetes.io/revision": "2"}},
        "spec": {
            "replicas": wanted, "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [{"name": "app", "image": "web:1"}]}},
        },
        "status": {
            "observedGeneration": 9, "replicas": wanted, "updatedReplicas": wanted,
            "readyReplicas": ready, "availableReplicas": ready,
        },
    })
}

/// A ReplicaSet of the Deployment `web`.
pub(crate) fn replica_set(name: &str, revision: u32, ready: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": "shop", "uid": format!("uid-{name}"),
            "annotations": {"deployment.kubernetes.io/revision": revision.to_string()},
            "labels": {"pod-template-hash": name},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web", "controller": true}],
        },
        "spec": {"replicas": 1, "template": {"metadata": {"labels": {"pod-template-hash": name}}}},
        "status": {"replicas": 1, "readyReplicas": ready, "availableReplicas": ready},
    })
}

/// A pod of a ReplicaSet, which crashes or is ready.
pub(crate) fn pod(replica_set: &str, crashes: bool) -> Value {
    let state = match crashes {
        true => json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}),
        false => json!({"running": {"startedAt": "2026-01-01T00:00:00Z"}}),
    };
    let last = json!({"terminated": {"exitCode": 3, "reason": "Error", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:01Z"}});
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{replica_set}-x"), "namespace": "shop", "uid": format!("uid-{replica_set}-x"),
            "labels": {"pod-template-hash": replica_set},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set, "uid": format!("uid-{replica_set}"), "controller": true}],
        },
        "spec": {"containers": [{"name": "app", "image": "web:1"}]},
        "status": {
            "phase": "Running", "conditions": [{"type": "Ready", "status": if crashes { "False" } else { "True" }}],
            "containerStatuses": [{
                "name": "app", "ready": !crashes, "restartCount": if crashes { 4 } else { 0 }, "image": "web:1", "imageID": "",
                "state": state, "lastState": if crashes { last } else { json!({}) },
            }],
        },
    })
}
