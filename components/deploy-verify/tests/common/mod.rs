//! A model of the cluster and its time for whole runs: what is to happen is said beforehand, what the step does is kept.

use std::collections::BTreeSet;

use deploy_verify::host::{Back, Host, LogOf};
use deploy_verify::problem::Problem;
use deploy_verify::settings::Inputs;
use deploy_verify::verify::{Done, verify};
use deploy_verify::web::{Answers, Fault, Request, Web};
use lockstep_glue::{Clock, Level, Tell};
use lockstep_rollout::{Effect, Event, Selection, Watch};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// The cluster, and what is known of a run.
#[derive(Clone, Default)]
pub(crate) struct Model {
    /// What is to happen: when, in milliseconds, and to which selection.
    script: Vec<(u64, u32, Event)>,
    complete: bool,
    /// How the Deployment `web` is after a rollback.
    pub(crate) on_rollback: Option<Value>,
    /// The time now, in milliseconds.
    pub(crate) now: u64,
    /// What the step did.
    pub(crate) log: Vec<String>,
    /// What it said.
    pub(crate) said: Vec<String>,
    /// When it began to gather what explains a failure.
    pub(crate) failed_at: Option<u64>,
}

impl Model {
    /// Lets something happen.
    pub(crate) fn at(&mut self, when: u64, of: u32, event: Event) -> &mut Self {
        self.script.push((when, of, event));
        self
    }

    /// Lets all selections be told as a whole at the beginning.
    pub(crate) fn complete(&mut self) -> &mut Self {
        self.complete = true;
        self
    }

    /// Runs the step.
    pub(crate) fn run(&mut self, inputs: &Inputs) -> Result<Done, Vec<Problem>> {
        let shared = Shared(Rc::new(RefCell::new(std::mem::take(self))));
        let ended = verify(&mut shared.clone(), &mut shared.clone(), &mut shared.clone(), inputs);
        *self = shared.0.borrow().clone();
        ended
    }
}

/// Host, clock and listener are one.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

impl Shared {
    fn did(&self, call: String) {
        self.0.borrow_mut().log.push(call);
    }
}

impl Watch for Shared {
    type Watcher = BTreeSet<u32>;

    fn watch(&mut self, selections: &[Selection]) -> Result<Self::Watcher, Fault> {
        self.did(format!("watch {}", selections.len()));
        Ok((0..selections.len() as u32).collect())
    }

    fn next(&mut self, open: &mut Self::Watcher, patience: u32) -> Result<Vec<(u32, Event)>, Fault> {
        let model = &mut *self.0.borrow_mut();
        let due = |now: u64, script: &mut Vec<(u64, u32, Event)>| {
            let (now, later): (Vec<_>, Vec<_>) = script.drain(..).partition(|(when, ..)| *when <= now);
            *script = later;
            now.into_iter().map(|(_, of, event)| (of, event)).collect::<Vec<_>>()
        };
        let mut events = due(model.now, &mut model.script);
        let all_told = !model.complete || open.is_empty();
        if events.is_empty() && all_told {
            let until = model.now + u64::from(patience);
            let next = model.script.iter().map(|(when, ..)| *when).min().unwrap_or(u64::MAX);
            model.now = until.min(next).max(model.now);
            events = due(model.now, &mut model.script);
        }
        if model.complete {
            events.extend(std::mem::take(open).into_iter().map(|of| (of, Event::Complete)));
        }
        Ok(events)
    }

    fn get(&mut self, namespace: &str, kind: &str, name: &str) -> Result<String, Fault> {
        self.did(format!("get {namespace} {kind} {name}"));
        Ok(deployment(name, 1, 0).to_string())
    }
}

impl Host for Shared {
    fn glob(&mut self, _: &str) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    fn read(&mut self, path: &str) -> Result<Vec<u8>, Fault> {
        Err(Fault::NotFound(path.to_owned()))
    }

    fn write(&mut self, path: &str, _: &str) -> Result<(), Fault> {
        self.did(format!("write {path}"));
        Ok(())
    }

    fn logs(&mut self, of: LogOf<'_>) -> Result<String, Fault> {
        let which = if of.previous { " previous" } else { "" };
        self.did(format!("logs {} {} {}{which}", of.namespace, of.pod, of.container));
        let now = self.0.borrow().now;
        self.0.borrow_mut().failed_at.get_or_insert(now);
        Ok("fatal\n".to_owned())
    }

    fn rollback(&mut self, back: Back<'_>) -> Result<Effect, Fault> {
        let Back { namespace, kind, name, revision, .. } = back;
        self.did(format!("rollback {namespace} {kind} {name} to {revision}"));
        let mut model = self.0.borrow_mut();
        let now = model.now;
        if let Some(mut after) = model.on_rollback.clone() {
            after["spec"]["template"]["spec"]["containers"][0]["image"] = json!("web:0");
            model.at(now + 1_000, 0, Event::Present(after.to_string()));
        }
        Ok(Effect::Made)
    }

    fn evict(&mut self, namespace: &str, pod: &str, uid: &str) -> Result<Effect, Fault> {
        self.did(format!("evict {namespace} {pod} {uid}"));
        Ok(Effect::Made)
    }
}

impl Web for Shared {
    fn send(&mut self, requests: &[Request]) -> Result<Answers, Fault> {
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

impl Tell for Shared {
    fn note(&mut self, _: Level, message: &str) {
        self.0.borrow_mut().said.push(message.to_owned());
    }

    fn progress(&mut self, _: usize, _: usize) {}
}

/// Inputs about one resource.
pub(crate) fn inputs(resource: &str) -> Inputs {
    Inputs {
        resources: vec![resource.to_owned()],
        namespace: vec![".".to_owned()],
        timeout: "10m".to_owned(),
        ..Inputs::default()
    }
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
