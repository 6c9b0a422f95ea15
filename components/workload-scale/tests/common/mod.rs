//! A model of a cluster whose controllers are instant, for whole runs: others meddle when they are told to, and the run
//! can be cut off at any change.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
#![allow(dead_code, reason = "not all tests ask for everything")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use lockstep_glue::Fault;
use lockstep_glue::{Clock, Level, Tell};
use lockstep_rollout::{Effect, Event, Selection, Watch};
use serde_json::{Value, json};
use workload_scale::host::{At, Entry, Host};
use workload_scale::object::KEPT;
use workload_scale::problem::Problem;
use workload_scale::scale::{Done, scale};
use workload_scale::settings::Inputs;

/// What somebody else does to an object.
pub(crate) type Meddle = fn(&mut Value);

/// The cluster, and what is known of a run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// The objects by kind and name.
    pub(crate) objects: BTreeMap<(String, String), Value>,
    versions: u64,
    /// The time now, in milliseconds.
    now: u64,
    /// The changes that were asked for, in order.
    pub(crate) log: Vec<String>,
    /// What the step said.
    pub(crate) said: Vec<String>,
    /// After so many changes nothing is carried out any more, as if the run were cut off.
    pub(crate) cut_after: Option<usize>,
    /// Before the change of this number, counted from 0, somebody else changes this object.
    pub(crate) meddling: Vec<(usize, (&'static str, &'static str), Meddle)>,
    /// Whether the run only plans.
    pub(crate) planned: bool,
    /// What is refused: the beginning of a line of the log.
    pub(crate) forbidden: Option<&'static str>,
    /// Whether pods never end.
    pub(crate) pods_stay: bool,
}

impl Model {
    /// Has an object; what its status says follows from what it is to have.
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

    /// What is kept.
    pub(crate) fn kept(&self) -> BTreeMap<String, String> {
        let object = self.objects.get(&("ConfigMap".to_owned(), KEPT.to_owned()));
        let data = object.and_then(|object| object["data"].as_object().cloned()).unwrap_or_default();
        data.into_iter().map(|(key, text)| (key, text.as_str().unwrap().to_owned())).collect()
    }

    /// Runs the step on these targets.
    pub(crate) fn run(&mut self, targets: &[&str], to: &str) -> Result<Done, Vec<Problem>> {
        (self.log, self.said) = (Vec::new(), Vec::new());
        let inputs = Inputs {
            targets: targets.iter().map(|target| (*target).to_owned()).collect(),
            namespace: vec![".".to_owned()],
            to: to.to_owned(),
            timeout: "10m".to_owned(),
        };
        self.run_with(&inputs)
    }

    /// Runs the step with these inputs.
    pub(crate) fn run_with(&mut self, inputs: &Inputs) -> Result<Done, Vec<Problem>> {
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let ended = scale(&mut shared.clone(), &mut shared.clone(), &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        ended
    }

    /// Runs it, and expects that it ends well.
    #[track_caller]
    pub(crate) fn good(&mut self, targets: &[&str], to: &str) -> Done {
        let done = self.run(targets, to).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(done.rejection, None, "{:?}", self.said);
        done
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
        }
        self.objects.insert(key, object);
    }

    /// Begins a change: others meddle first, and it may be the end.
    fn begin(&mut self, line: String) -> Result<(), Fault> {
        let number = self.log.len();
        if self.cut_after.is_some_and(|cut| number >= cut) {
            return Err(Fault::Unavailable("cut off".into()));
        }
        let meddling = self.meddling.clone();
        for (_, (kind, name), meddle) in meddling.iter().filter(|(when, ..)| *when == number) {
            let key = ((*kind).to_owned(), (*name).to_owned());
            let mut object = self.objects[&key].clone();
            meddle(&mut object);
            self.put(key, object);
        }
        if self.forbidden.is_some_and(|forbidden| line.starts_with(forbidden)) {
            return Err(Fault::Unauthorized(format!("{line} is forbidden")));
        }
        self.log.push(line);
        Ok(())
    }

    fn change(&mut self, at: At<'_>, line: String, change: impl FnOnce(&mut Value)) -> Result<Effect, Fault> {
        self.begin(line)?;
        let key = (at.kind.to_owned(), at.name.to_owned());
        let Some(mut object) = self.objects.get(&key).cloned() else {
            return Err(Fault::NotFound(at.name.to_owned()));
        };
        if object["metadata"]["resourceVersion"] != at.version {
            return Err(Fault::Conflict(format!("{} changed", at.name)));
        }
        if self.planned {
            return Ok(Effect::Planned);
        }
        change(&mut object);
        self.put(key, object);
        Ok(Effect::Made)
    }
}

/// Host, clock and listener are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

/// Selections, and whether they were passed on.
struct Watched(Vec<Selection>, bool);

fn matches(selection: &Selection, object: &Value) -> bool {
    let meta = &object["metadata"];
    let labelled =
        |labels: &String| labels.split_once('=').is_some_and(|(name, value)| meta["labels"][name] == value);
    selection.name.as_ref().is_none_or(|name| meta["name"] == **name)
        && selection.labels.as_ref().is_none_or(labelled)
}

impl Watch for Shared {
    type Watcher = Watched;

    fn watch(&mut self, selections: &[Selection]) -> Result<Self::Watcher, Fault> {
        let model = self.0.borrow();
        let has_keda = model.objects.keys().any(|(kind, _)| kind == "ScaledObject.keda.sh");
        if !has_keda && selections.iter().any(|selection| selection.kind == "ScaledObject.keda.sh") {
            return Err(Fault::NotFound("the cluster has no API group `keda.sh`".into()));
        }
        assert!(selections.iter().all(|selection| selection.namespace == "."), "{selections:?}");
        Ok(Watched(selections.to_vec(), false))
    }

    fn next(&mut self, watched: &mut Self::Watcher, patience: u32) -> Result<Vec<(u32, Event)>, Fault> {
        let mut model = self.0.borrow_mut();
        if std::mem::replace(&mut watched.1, true) {
            model.now += u64::from(patience);
            return Ok(Vec::new());
        }
        let mut events = Vec::new();
        for (of, selection) in watched.0.iter().enumerate() {
            let objects = model.objects.iter().filter(|((kind, _), _)| *kind == selection.kind);
            let objects = objects.filter(|(_, object)| matches(selection, object));
            events.extend(objects.map(|(_, object)| (of as u32, Event::Present(object.to_string()))));
            events.push((of as u32, Event::Complete));
        }
        Ok(events)
    }

    fn get(&mut self, _: &str, kind: &str, name: &str) -> Result<String, Fault> {
        let model = self.0.borrow();
        let object = model.objects.get(&(kind.to_owned(), name.to_owned()));
        object.map(Value::to_string).ok_or_else(|| Fault::NotFound(name.to_owned()))
    }
}

impl Host for Shared {
    fn scale(&mut self, at: At<'_>, replicas: u32) -> Result<Effect, Fault> {
        let line = format!("scale {} to {replicas}", at.name);
        self.0.borrow_mut().change(at, line, |object| object["spec"]["replicas"] = json!(replicas))
    }

    fn suspend(&mut self, at: At<'_>, suspended: bool) -> Result<Effect, Fault> {
        let line = format!("{} {}", if suspended { "suspend" } else { "resume" }, at.name);
        let is_keda = at.kind == "ScaledObject.keda.sh";
        self.0.borrow_mut().change(at, line, |object| match (is_keda, suspended) {
            (true, true) => object["metadata"]["annotations"]["autoscaling.keda.sh/paused"] = json!("true"),
            (true, false) => object["metadata"]["annotations"] = json!({}),
            (false, _) => object["spec"]["suspend"] = json!(suspended),
        })
    }

    fn keep(&mut self, _: &str, version: Option<&str>, entries: &[Entry]) -> Result<Effect, Fault> {
        let mut model = self.0.borrow_mut();
        let word = |(key, text): &Entry| match text {
            Some(text) => format!("{key}={text}"),
            None => format!("{key}-"),
        };
        model.begin(format!("keep {}", entries.iter().map(word).collect::<Vec<_>>().join(" ")))?;
        let key = ("ConfigMap".to_owned(), KEPT.to_owned());
        let mut object = match (version, model.objects.get(&key)) {
            (None, None) => json!({"metadata": {"namespace": "dev", "name": KEPT}, "data": {}}),
            (Some(version), Some(there)) if there["metadata"]["resourceVersion"] == version => there.clone(),
            _ => return Err(Fault::Conflict("what is kept changed".into())),
        };
        if model.planned {
            return Ok(Effect::Planned);
        }
        for (key, text) in entries {
            let data = object["data"].as_object_mut().unwrap();
            match text {
                Some(text) => drop(data.insert(key.clone(), json!(text))),
                None => drop(data.remove(key)),
            }
        }
        model.put(key, object);
        Ok(Effect::Made)
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

impl Tell for Shared {
    fn note(&mut self, level: Level, message: &str) {
        self.0.borrow_mut().said.push(format!("{level:?}: {message}"));
    }

    fn progress(&mut self, _: usize, _: usize) {}
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
