//! The simulation of pods by kwok: their first status, the next ones, and the times. The label [`STAGE`] of a pod selects
//! its behaviour. Without it the pod is ready at once, and that of a job is complete. Each status is as a kubelet writes
//! it; no container runs.
//!
//! | part | what the pod does |
//! | --- | --- |
//! | `slow-ready` | runs, and is ready after [`DELAY`] (3 s) |
//! | `never-ready` | runs and never passes its readiness probe |
//! | `creating` | waits as `ContainerCreating` |
//! | `image-not-found`, `image-throttled`, `image-denied` | `ErrImagePull` and `ImagePullBackOff` by turns |
//! | `invalid-image` | waits as `InvalidImageName` |
//! | `config-missing` | waits as `CreateContainerConfigError` |
//! | `create-error` | waits as `CreateContainerError` |
//! | `crash-loop` | its first container ends with exit code 1, again and again |
//! | `oom-killed` | the same with exit code 137 and the reason `OOMKilled` |
//! | `init-crash` | its first init container ends with exit code 1, again and again |
//! | `fail` | has failed with exit code 1 after [`DELAY`] (1 s), as the pod of a job does |
//! | `evicted` | has been evicted after [`DELAY`] (1 s) |
//!
//! A waiting pod recovers after [`HEALS_AFTER`], a crashing one after [`CRASHES`] crashes; without these, never.

mod template;

use serde_json::{Value, json};
use std::fmt::Write as _;
use template::{Crash, NotRunning};

/// The label that selects the behaviour of a pod.
pub const STAGE: &str = "lockstep.test/stage";
/// The annotation with the time before a pod is ready or has failed: `2s`.
pub const DELAY: &str = "lockstep.test/delay";
/// The annotation with the time after which a waiting pod recovers.
pub const HEALS_AFTER: &str = "lockstep.test/heals-after";
/// The annotation with the number of crashes after which a crashing pod recovers.
pub const CRASHES: &str = "lockstep.test/crashes";
/// The annotation with the exit code of a pod that crashes or fails.
pub const EXIT_CODE: &str = "lockstep.test/exit-code";
/// The annotation with `true` if a crashing pod is ready while it runs, because it has no readiness probe.
pub const READY: &str = "lockstep.test/ready-while-running";
/// The annotation with the message of a waiting pod, instead of the default.
pub const MESSAGE: &str = "lockstep.test/message";

/// The behaviours with a waiting first container: the name, the reason, the alternating reason, and the message.
const WAITING: [NotRunning; 7] = [
    NotRunning { part: "creating", reason: "ContainerCreating", back: "", message: "" },
    NotRunning {
        part: "image-not-found",
        reason: "ErrImagePull",
        back: "ImagePullBackOff",
        message: "rpc error: code = NotFound desc = failed to pull and unpack image \"IMAGE\": failed to resolve \
                  reference \"IMAGE\": IMAGE: not found",
    },
    NotRunning {
        part: "image-throttled",
        reason: "ErrImagePull",
        back: "ImagePullBackOff",
        message: "failed to pull and unpack image \"IMAGE\": failed to copy: httpReadSeeker: failed open: unexpected \
                  status code 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull \
                  rate limit",
    },
    NotRunning {
        part: "image-denied",
        reason: "ErrImagePull",
        back: "ImagePullBackOff",
        message: "failed to pull and unpack image \"IMAGE\": failed to resolve reference \"IMAGE\": pull access \
                  denied, repository does not exist or may require authorization: authorization failed: no basic \
                  auth credentials",
    },
    NotRunning {
        part: "invalid-image",
        reason: "InvalidImageName",
        back: "",
        message: "Failed to apply default image tag \"IMAGE\": couldn't parse image name \"IMAGE\": invalid \
                  reference format",
    },
    NotRunning {
        part: "config-missing",
        reason: "CreateContainerConfigError",
        back: "",
        message: "configmap \"settings\" not found",
    },
    NotRunning {
        part: "create-error",
        reason: "CreateContainerError",
        back: "",
        message: "failed to create containerd container: no command specified",
    },
];

/// The behaviours with crashes: the name, the list whose first container crashes, the exit code and the reason.
const CRASHING: [Crash; 3] = [
    Crash { part: "crash-loop", init: false, code: 1, reason: "Error" },
    Crash { part: "oom-killed", init: false, code: 137, reason: "OOMKilled" },
    Crash { part: "init-crash", init: true, code: 1, reason: "Error" },
];

/// All stages, as kwok's configuration.
pub(super) fn configuration() -> String {
    let mut stages = vec![ready(), complete(), deleted()];
    stages.extend(nodes());
    stages.extend(WAITING.iter().flat_map(waiting));
    stages.extend(CRASHING.iter().flat_map(crashing));
    stages.extend(unready());
    stages.extend(failed());
    stages.iter().fold(String::new(), |mut text, stage| {
        let _ = write!(text, "---\n{stage}\n");
        text
    })
}

/// One stage of pods: its condition, its delay, and the next status.
struct Stage {
    name: String,
    when: Vec<Value>,
    delay: (u64, &'static str),
    event: Option<(&'static str, &'static str, String)>,
    /// Whether the event is about the first init container.
    init: bool,
}

impl Stage {
    /// A stage for pods with this behaviour that nobody is deleting.
    fn of(part: &str, step: &str) -> Self {
        Self {
            name: format!("{part}-{step}"),
            when: vec![absent(".metadata.deletionTimestamp"), is(&label(STAGE), &[part])],
            delay: (0, ""),
            event: None,
            init: false,
        }
    }

    fn when(mut self, requirement: Value) -> Self {
        self.when.push(requirement);
        self
    }

    /// Sets the delay in milliseconds, or by this annotation.
    fn after(mut self, milliseconds: u64, annotation: &'static str) -> Self {
        self.delay = (milliseconds, annotation);
        self
    }

    fn event(mut self, kind: &'static str, reason: &'static str, message: &str) -> Self {
        self.event = Some((kind, reason, message.to_owned()));
        self
    }

    fn to(self, status: String) -> Value {
        let mut steps = patched(status);
        if let Some((kind, reason, message)) = self.event {
            let event = template::event(kind, reason, &message, self.init);
            steps.push(json!({ "apply": { "template": event } }));
        }
        let mut delay = json!({ "durationMilliseconds": self.delay.0 });
        if !self.delay.1.is_empty() {
            delay["durationFrom"] = json!({ "jq": { "expression": annotation(self.delay.1) } });
        }
        stage(&self.name, "Pod", &self.when, &json!({ "delay": delay, "steps": steps }))
    }
}

fn patched(status: String) -> Vec<Value> {
    vec![json!({ "patch": { "subresource": "status", "root": "status", "template": status } })]
}

fn stage(name: &str, kind: &str, when: &[Value], rest: &Value) -> Value {
    let mut spec = json!({
        "resourceRef": { "apiGroup": "v1", "kind": kind },
        "selector": { "matchExpressions": when },
    });
    for (key, value) in rest.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": { "name": name }, "spec": spec
    })
}

fn requirement(query: &str, operator: &str, values: &[&str]) -> Value {
    match values {
        [] => json!({ "jq": { "key": query, "operator": operator } }),
        _ => json!({ "jq": { "key": query, "operator": operator, "values": values } }),
    }
}

fn is(query: &str, values: &[&str]) -> Value {
    requirement(query, "In", values)
}

fn is_not(query: &str, values: &[&str]) -> Value {
    requirement(query, "NotIn", values)
}

fn absent(query: &str) -> Value {
    requirement(query, "DoesNotExist", &[])
}

fn present(query: &str) -> Value {
    requirement(query, "Exists", &[])
}

fn label(name: &str) -> String {
    format!(".metadata.labels[\"{name}\"]")
}

fn annotation(name: &str) -> String {
    format!(".metadata.annotations[\"{name}\"]")
}

/// The condition that the pod has no container status yet.
fn fresh() -> Value {
    absent(".status.containerStatuses")
}

fn is_ready() -> &'static str {
    ".status.conditions[]? | select(.type == \"Ready\") | .status"
}

/// The names of all behaviours, to exclude such pods.
fn parts() -> Vec<&'static str> {
    let waiting = WAITING.iter().map(|waiting| waiting.part);
    let crashing = CRASHING.iter().map(|crash| crash.part);
    waiting.chain(crashing).chain(["slow-ready", "never-ready", "fail", "evicted"]).collect()
}

fn ready() -> Value {
    let mut stage = Stage::of("", "ready").after(0, DELAY);
    stage.name = "ready".to_owned();
    stage.when = vec![
        absent(".metadata.deletionTimestamp"),
        is_not(&label(STAGE), &parts()),
        is(".status.phase", &["Pending"]),
        is_not(is_ready(), &["True"]),
    ];
    stage.to(template::running(true))
}

fn complete() -> Value {
    let mut stage = Stage::of("", "complete").after(200, "");
    stage.name = "complete".to_owned();
    stage.when = vec![
        absent(".metadata.deletionTimestamp"),
        is_not(&label(STAGE), &parts()),
        is(".status.phase", &["Running"]),
        is(".metadata.ownerReferences[]?.kind", &["Job"]),
    ];
    stage.to(template::ended("Succeeded", "Completed", "0", ""))
}

fn deleted() -> Value {
    let when = [present(".metadata.deletionTimestamp")];
    stage("deleted", "Pod", &when, &json!({ "steps": [{ "delete": true }] }))
}

/// The stages of a waiting pod: it recovers if its annotation says so; otherwise its reasons alternate.
fn waiting(case: &NotRunning) -> Vec<Value> {
    let reason = ".status.containerStatuses[0].state.waiting.reason";
    let heals = annotation(HEALS_AFTER);
    let message = case.message;
    let begin = Stage::of(case.part, "begins").when(fresh());
    let begin = if message.is_empty() { begin } else { begin.event("Warning", "Failed", &case.failed()) };
    let last = if case.back.is_empty() { case.reason } else { case.back };
    let heal = Stage::of(case.part, "heals").when(is(reason, &[last])).when(present(&heals));
    let mut stages = vec![
        begin.to(template::waiting(case.reason, message)),
        heal.after(0, HEALS_AFTER).to(template::running(true)),
    ];
    if !case.back.is_empty() {
        let back = Stage::of(case.part, "backs-off").when(is(reason, &[case.reason])).after(500, "");
        let again = Stage::of(case.part, "tries-again").when(is(reason, &[case.back])).when(absent(&heals));
        let said = format!("Back-off pulling image \"IMAGE\": {}: {message}", case.reason);
        stages.push(
            back.event("Normal", "BackOff", "Back-off pulling image \"IMAGE\"")
                .to(template::waiting(case.back, &said)),
        );
        stages.push(again.after(1500, "").to(template::waiting(case.reason, message)));
    }
    stages
}

/// The stages of a crashing pod: it runs, ends, restarts at once, ends, waits longer, restarts, and so on, as with a
/// kubelet.
fn crashing(case: &Crash) -> Vec<Value> {
    let list = case.list();
    let state = |name: &str| format!(".status.{list}[0].state.{name}");
    let count = format!(".status.{list}[0].restartCount");
    let sick = format!("({} // \"1000000\" | tonumber) > {count}", annotation(CRASHES));
    let first = format!("{count} == 0");
    let step = |name: &str| Stage { init: case.init, ..Stage::of(case.part, name) };
    let backed_off = "Back-off restarting failed container CONTAINER in pod POD_NAMESPACE(UID)";
    vec![
        step("begins").when(fresh()).to(case.runs(0)),
        step("ends")
            .when(present(&state("running")))
            .when(is(&sick, &["true"]))
            .after(400, DELAY)
            .to(case.ends()),
        step("runs-again")
            .when(present(&state("terminated")))
            .when(is(&first, &["true"]))
            .after(100, "")
            .to(case.runs(1)),
        step("backs-off")
            .when(present(&state("terminated")))
            .when(is(&first, &["false"]))
            .after(100, "")
            .event("Warning", "BackOff", backed_off)
            .to(case.backs_off()),
        step("tries-again").when(present(&state("waiting"))).after(1500, "").to(case.runs(1)),
        step("heals")
            .when(present(&state("running")))
            .when(is(&sick, &["false"]))
            .when(is_not(is_ready(), &["True"]))
            .to(template::running(true)),
    ]
}

/// The stages of pods that run without being ready.
fn unready() -> Vec<Value> {
    let refused = "Readiness probe failed: HTTP probe failed with statuscode: 503";
    let begins = |part| Stage::of(part, "begins").when(fresh());
    let slow = Stage::of("slow-ready", "ready").when(is(".status.phase", &["Running"]));
    vec![
        begins("never-ready").event("Warning", "Unhealthy", refused).to(template::running(false)),
        begins("slow-ready").to(template::running(false)),
        slow.when(is_not(is_ready(), &["True"])).after(3000, DELAY).to(template::running(true)),
    ]
}

fn failed() -> Vec<Value> {
    let evicted = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 51Mi.";
    let code = format!("{{{{ or (index $notes \"{EXIT_CODE}\") 1 }}}}");
    let pending = || is(".status.phase", &["Pending"]);
    vec![
        Stage::of("fail", "fails")
            .when(pending())
            .after(1000, DELAY)
            .to(template::ended("Failed", "Error", &code, "")),
        Stage::of("evicted", "is-evicted")
            .when(pending())
            .after(1000, DELAY)
            .event("Warning", "Evicted", evicted)
            .to(template::ended("Failed", "Error", "137", evicted)),
    ]
}

/// The stages of a node: it is ready at once, and stays so through the lease that kwok renews.
fn nodes() -> [Value; 2] {
    let ready = [is_not(is_ready(), &["True"])];
    let beats = [is(is_ready(), &["True"])];
    let rest =
        |delay| json!({ "delay": { "durationMilliseconds": delay }, "steps": patched(template::node()) });
    [
        stage("node-ready", "Node", &ready, &rest(0)),
        // A period longer than any test.
        stage("node-heartbeat", "Node", &beats, &rest(200_000)),
    ]
}
