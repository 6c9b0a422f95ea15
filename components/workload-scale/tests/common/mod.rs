//! A model of a cluster whose controllers are instant, for whole runs: a test says when somebody else changes an object, and
//! after which change the run is killed.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "not all tests ask for everything")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lockstep_sdk::cluster::{ConfigEntry, Event, ObjectRef, Selection, WatchEvent};
use lockstep_sdk::fake::FakeReporter;
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{Error, Failure, Outcome};
use lockstep_sdk::{Clock, Cluster, HostResult, Watch};
use serde_json::{Value, json};
use workload_scale::saved::{CONFIG_MAP, SavedSize};
use workload_scale::{Inputs, Outputs};

/// A change that somebody else makes to an object.
pub(crate) type Meddle = fn(&mut Value);

/// The cluster, and a record of the last run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// The objects by kind and name.
    pub(crate) objects: BTreeMap<(String, String), Value>,
    versions: u64,
    /// The time now, in milliseconds.
    now: u64,
    /// The changes that were asked for, in order.
    pub(crate) log: Vec<String>,
    /// The notes of the step, each with its level.
    pub(crate) notes: Vec<String>,
    /// The failure with which the step rejected its result.
    pub(crate) rejection: Option<Failure>,
    /// After this number of changes, the host executes none, as if the run were killed.
    pub(crate) cut_after: Option<usize>,
    /// Before the change of this number, counted from 0, somebody else changes this object.
    pub(crate) meddling: Vec<(usize, (&'static str, &'static str), Meddle)>,
    /// Whether the run is a dry run.
    pub(crate) is_dry_run: bool,
    /// The beginning of the lines of the log for which a right is missing.
    pub(crate) forbidden: Option<&'static str>,
    /// The kind whose objects the run may not list.
    pub(crate) unlisted: Option<&'static str>,
    /// Whether pods never end.
    pub(crate) pods_stay: bool,
}

impl Model {
    /// Adds an object; its status follows from its specification.
    pub(crate) fn with(mut self, kind: &str, name: &str, more: &Value) -> Self {
        let mut object = json!({
            "apiVersion": "x", "kind": kind.split('.').next(),
            "metadata": {"namespace": "dev", "name": name, "uid": format!("{kind}-{name}"), "generation": 1},
            "spec": {},
        });
        merge(&mut object, more);
        self.put((kind.to_owned(), name.to_owned()), object);
        self
    }

    pub(crate) fn deployment(self, name: &str, replicas: u32) -> Self {
        self.with("Deployment.apps", name, &json!({"spec": {"replicas": replicas}}))
    }

    pub(crate) fn replicas(&self, name: &str) -> u64 {
        self.objects[&("Deployment.apps".to_owned(), name.to_owned())]["spec"]["replicas"].as_u64().unwrap()
    }

    /// Replaces an object by another one of the same name.
    pub(crate) fn created_again(mut self, kind: &str, name: &str, more: &Value) -> Self {
        self.versions += 1;
        let mut again = json!({"metadata": {"uid": format!("{kind}-{name}-{}", self.versions)}});
        merge(&mut again, more);
        self.with(kind, name, &again)
    }

    /// Changes an object as somebody else would.
    pub(crate) fn change_object(&mut self, kind: &str, name: &str, change: impl FnOnce(&mut Value)) {
        let key = (kind.to_owned(), name.to_owned());
        let mut object = self.objects[&key].clone();
        change(&mut object);
        object["metadata"]["generation"] = json!(object["metadata"]["generation"].as_u64().unwrap_or(0) + 1);
        self.put(key, object);
    }

    pub(crate) fn delete(&mut self, kind: &str, name: &str) {
        self.objects.remove(&(kind.to_owned(), name.to_owned())).unwrap();
    }

    /// Whether a note of the last run contains a text.
    pub(crate) fn has_note(&self, text: &str) -> bool {
        self.notes.iter().any(|note| note.contains(text))
    }

    /// The saved sizes, without the rest of their entries.
    pub(crate) fn saved(&self) -> BTreeMap<String, String> {
        let object = self.objects.get(&("ConfigMap".to_owned(), CONFIG_MAP.to_owned()));
        let data = object.and_then(|object| object["data"].as_object().cloned()).unwrap_or_default();
        let size = |text: &Value| SavedSize::parse(text.as_str().unwrap()).unwrap().size.to_string();
        data.into_iter().map(|(key, text)| (key, size(&text))).collect()
    }

    /// Runs the step on these targets.
    pub(crate) fn run(&mut self, targets: &[&str], to: &str) -> Result<Outputs, Failure> {
        let inputs = Inputs {
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            namespace: vec![".".to_owned()],
            context: None,
            to: to.to_owned(),
            timeout: "10m".to_owned(),
        };
        self.run_with(&inputs)
    }

    /// Runs the step with these inputs.
    pub(crate) fn run_with(&mut self, inputs: &Inputs) -> Result<Outputs, Failure> {
        self.log = Vec::new();
        let mut reporter = FakeReporter::default();
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let result = workload_scale::run(&mut shared.clone(), &mut reporter, &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        let note = |level: Level, message: &str| format!("{level:?}: {message}").replacen("Level::", "", 1);
        self.notes = reporter.notes.iter().map(|one| note(one.level, &one.message)).collect();
        self.rejection = reporter.rejection;
        result
    }

    /// Runs the step, and expects that it succeeds.
    #[track_caller]
    pub(crate) fn good(&mut self, targets: &[&str], to: &str) -> Outputs {
        let outputs = self.run(targets, to).unwrap_or_else(|failure| panic!("{failure:?}"));
        assert_eq!(self.rejection, None, "{:?}", self.notes);
        outputs
    }

    /// Stores an object as its controller would leave it.
    fn put(&mut self, key: (String, String), mut object: Value) {
        self.versions += 1;
        object["metadata"]["resourceVersion"] = json!(self.versions.to_string());
        if let Some(replicas) = object["spec"]["replicas"].as_u64() {
            let there = if self.pods_stay { replicas.max(1) } else { replicas };
            let condition = |of: &str, reason: &str| json!({"type": of, "status": "True", "reason": reason});
            object["status"] = json!({
                "observedGeneration": object["metadata"]["generation"], "replicas": there, "updatedReplicas": there,
                "readyReplicas": there, "availableReplicas": there, "currentReplicas": there,
                "conditions": [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")],
            });
            if object["kind"] == "Rollout" {
                // As Argo Rollouts does it.
                object["status"]["observedGeneration"] = json!(object["metadata"]["generation"].to_string());
                object["status"]["phase"] = json!("Healthy");
            }
        }
        self.objects.insert(key, object);
    }

    /// Begins a change: somebody else may change an object first, and the run may be killed here.
    fn begin(&mut self, line: String) -> HostResult<()> {
        let number = self.log.len();
        if self.cut_after.is_some_and(|cut| number >= cut) {
            return Err(Error::Unavailable("cut off".into()));
        }
        let meddling = self.meddling.clone();
        for (_, (kind, name), meddle) in meddling.iter().filter(|(when, ..)| *when == number) {
            let key = ((*kind).to_owned(), (*name).to_owned());
            let mut object = self.objects[&key].clone();
            meddle(&mut object);
            self.put(key, object);
        }
        if self.forbidden.is_some_and(|forbidden| line.starts_with(forbidden)) {
            return Err(Error::Unauthorized(format!("{line} is forbidden")));
        }
        self.log.push(line);
        Ok(())
    }

    fn change(
        &mut self,
        at: &ObjectRef,
        version: &str,
        line: String,
        change: impl FnOnce(&mut Value),
    ) -> HostResult<Outcome> {
        self.begin(line)?;
        let key = (at.kind.clone(), at.name.clone());
        let Some(mut object) = self.objects.get(&key).cloned() else {
            return Err(Error::NotFound(at.name.clone()));
        };
        if object["metadata"]["resourceVersion"] != version {
            return Err(Error::Conflict(format!("{} changed", at.name)));
        }
        if self.is_dry_run {
            return Ok(Outcome::DryRun);
        }
        change(&mut object);
        self.put(key, object);
        Ok(Outcome::Applied)
    }
}

/// Cluster, clock and reporter are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

/// Selections, and whether their objects were delivered.
struct ModelWatcher {
    model: Shared,
    selections: Vec<Selection>,
    is_delivered: bool,
}

fn matches(selection: &Selection, object: &Value) -> bool {
    let meta = &object["metadata"];
    let has_label =
        |labels: &String| labels.split_once('=').is_some_and(|(name, value)| meta["labels"][name] == value);
    selection.name.as_ref().is_none_or(|name| meta["name"] == **name)
        && selection.label_selector.as_ref().is_none_or(has_label)
}

impl Watch for ModelWatcher {
    fn next(&mut self, timeout_ms: u32) -> HostResult<Vec<WatchEvent>> {
        let mut model = self.model.0.borrow_mut();
        if std::mem::replace(&mut self.is_delivered, true) {
            model.now += u64::from(timeout_ms);
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        for (index, selection) in (0_u32..).zip(&self.selections) {
            let event = |event| WatchEvent { selection: index, event };
            if model.unlisted == Some(&*selection.kind) {
                let error = Error::Unauthorized(format!("{} may not be listed", selection.kind));
                events.push(event(Event::Failed(error)));
                continue;
            }
            let objects = model.objects.iter().filter(|((kind, _), _)| *kind == selection.kind);
            let objects = objects.filter(|(_, object)| matches(selection, object));
            events.extend(objects.map(|(_, object)| event(Event::Updated(object.to_string()))));
            events.push(event(Event::Synced));
        }
        Ok(events)
    }
}

impl Cluster for Shared {
    type Watcher = ModelWatcher;

    fn watch(&mut self, selections: &[Selection]) -> HostResult<ModelWatcher> {
        let model = self.0.borrow();
        for kind in ["ScaledObject.keda.sh", "Rollout.argoproj.io"] {
            let has_kind = model.objects.keys().any(|(own, _)| own == kind);
            if !has_kind && selections.iter().any(|selection| selection.kind == kind) {
                let (_, group) = kind.split_once('.').unwrap();
                return Err(Error::NotFound(format!("the cluster has no API group `{group}`")));
            }
        }
        assert!(selections.iter().all(|selection| selection.namespace == "."), "{selections:?}");
        Ok(ModelWatcher { model: self.clone(), selections: selections.to_vec(), is_delivered: false })
    }

    fn get(&mut self, object: &ObjectRef) -> HostResult<String> {
        let model = self.0.borrow();
        let found = model.objects.get(&(object.kind.clone(), object.name.clone()));
        found.map(Value::to_string).ok_or_else(|| Error::NotFound(object.name.clone()))
    }

    fn logs(&mut self, _: &str, pod: &str, _: &str, _: bool, _: u32) -> HostResult<String> {
        panic!("the log of {pod} is read")
    }

    fn rollback(&mut self, object: &ObjectRef, _: &str, _: u64) -> HostResult<Outcome> {
        panic!("{object:?} is rolled back")
    }

    fn evict(&mut self, _: &str, pod: &str, _: &str) -> HostResult<Outcome> {
        panic!("{pod} is evicted")
    }

    fn scale(&mut self, object: &ObjectRef, version: &str, replicas: u32) -> HostResult<Outcome> {
        let line = format!("scale {} to {replicas}", object.name);
        let scale = |object: &mut Value| object["spec"]["replicas"] = json!(replicas);
        self.0.borrow_mut().change(object, version, line, scale)
    }

    fn suspend(&mut self, object: &ObjectRef, version: &str, suspended: bool) -> HostResult<Outcome> {
        let line = format!("{} {}", if suspended { "suspend" } else { "resume" }, object.name);
        let is_keda = object.kind == "ScaledObject.keda.sh";
        self.0.borrow_mut().change(object, version, line, |object| match (is_keda, suspended) {
            (true, true) => object["metadata"]["annotations"]["autoscaling.keda.sh/paused"] = json!("true"),
            (true, false) => object["metadata"]["annotations"] = json!({}),
            (false, _) => object["spec"]["suspend"] = json!(suspended),
        })
    }

    fn put_config_map(
        &mut self,
        _: &str,
        name: &str,
        version: Option<&str>,
        entries: &[ConfigEntry],
    ) -> HostResult<Outcome> {
        assert_eq!(name, CONFIG_MAP);
        let mut model = self.0.borrow_mut();
        let word = |entry: &ConfigEntry| match &entry.value {
            Some(value) => format!("{}={}", entry.key, SavedSize::parse(value).unwrap().size),
            None => format!("{}-", entry.key),
        };
        model.begin(format!("keep {}", entries.iter().map(word).collect::<Vec<_>>().join(" ")))?;
        let key = ("ConfigMap".to_owned(), CONFIG_MAP.to_owned());
        let mut object = match (version, model.objects.get(&key)) {
            (None, None) => json!({"metadata": {"namespace": "dev", "name": CONFIG_MAP}, "data": {}}),
            (Some(version), Some(now)) if now["metadata"]["resourceVersion"] == version => now.clone(),
            _ => return Err(Error::Conflict("the saved sizes changed".into())),
        };
        if model.is_dry_run {
            return Ok(Outcome::DryRun);
        }
        for entry in entries {
            let data = object["data"].as_object_mut().unwrap();
            match &entry.value {
                Some(value) => drop(data.insert(entry.key.clone(), json!(value))),
                None => drop(data.remove(&entry.key)),
            }
        }
        model.put(key, object);
        Ok(Outcome::Applied)
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

fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more.clone(),
    }
}
