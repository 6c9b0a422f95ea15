//! The status of custom resources that many clusters have, by what their controllers document. A `ready` rule of the run
//! replaces these rules.

use serde_json::Value;

use crate::conditions::{Condition, is_observed};
use crate::kind::Kind;
use crate::status::{State, Status};
use crate::value::{clip, int, is_true, list, text};

/// The routes of the Gateway API.
const ROUTES: [&str; 5] = [
    "HTTPRoute.gateway.networking.k8s.io",
    "GRPCRoute.gateway.networking.k8s.io",
    "TLSRoute.gateway.networking.k8s.io",
    "TCPRoute.gateway.networking.k8s.io",
    "UDPRoute.gateway.networking.k8s.io",
];

/// The groups of Knative.
const KNATIVE: [&str; 4] =
    [".serving.knative.dev", ".eventing.knative.dev", ".sources.knative.dev", ".messaging.knative.dev"];

/// The status of an object by the rule of its kind; none without such a rule, or if the object lacks what the rule reads.
/// `failed` means a state that does not go away by itself.
pub(crate) fn status(kind: &Kind, value: &Value) -> Option<Status> {
    let is_any = |names: &[&str]| names.iter().any(|name| kind.has_name(name));
    let ancestors = list(&value["status"], "ancestors");
    let has_ancestors = !ancestors.is_empty() && ancestors.iter().all(|one| one["conditions"].is_array());
    match () {
        () if is_any(&["Rollout.argoproj.io"]) => rollout(value),
        () if is_any(&["Canary.flagger.app"]) => Some(canary(value)),
        () if is_any(&["Gateway.gateway.networking.k8s.io"]) => gateway(value),
        () if is_any(&ROUTES) => Some(route(value)),
        () if is_any(&["SealedSecret.bitnami.com"]) => Some(sealed_secret(value)),
        () if is_knative(kind) => knative(value),
        // The policies of the Gateway API.
        () if has_ancestors => Some(all_accepted(value, ancestors)),
        () => None,
    }
}

/// Argo Rollouts. <https://argo-rollouts.readthedocs.io/en/stable/features/specification/>
fn rollout(value: &Value) -> Option<Status> {
    let status = &value["status"];
    let phase = text(status, "phase");
    let message = match text(status, "message") {
        "" => format!("its phase is {phase}").into(),
        message => clip(message),
    };
    let invalid = Condition::find("InvalidSpec", status).filter(|condition| condition.status == Some(true));
    if let Some(invalid) = invalid {
        return Some(Status::new(State::Failed, "InvalidSpec", invalid.line()));
    }
    Some(match phase {
        "Healthy" => Status::ready("Healthy", message),
        "Degraded" => Status::new(State::Failed, "Degraded", message),
        "Paused" if resumes(value) => Status::progressing("Paused", message),
        "Paused" => Status::paused("Paused", message),
        "" => return None,
        other => Status::progressing(other, message),
    })
}

/// Whether a paused Rollout goes on by itself: its pauses have a duration.
fn resumes(rollout: &Value) -> bool {
    let (spec, status) = (&rollout["spec"], &rollout["status"]);
    let pauses = list(status, "pauseConditions");
    let has_end = |pause: &Value| match text(pause, "reason") {
        "CanaryPauseStep" => {
            let step = int(&status["currentStepIndex"]).and_then(|step| usize::try_from(step).ok());
            let steps = list(&spec["strategy"]["canary"], "steps");
            let duration = step.and_then(|step| steps.get(step)).map(|step| &step["pause"]["duration"]);
            duration.is_some_and(|duration| !duration.is_null())
        }
        "BlueGreenPause" => {
            let seconds = int(&spec["strategy"]["blueGreen"]["autoPromotionSeconds"]);
            seconds.is_some_and(|seconds| seconds > 0)
        }
        _ => false,
    };
    !is_true(spec, "paused") && !pauses.is_empty() && pauses.iter().all(has_end)
}

/// Flagger. <https://docs.flagger.app/usage/how-it-works#canary-status>
fn canary(value: &Value) -> Status {
    let status = &value["status"];
    let message = match Condition::find("Promoted", status) {
        Some(condition) => condition.line(),
        None => format!("its phase is {}", text(status, "phase")),
    };
    match text(status, "phase") {
        phase @ ("Initialized" | "Succeeded") => Status::ready(phase, message),
        "Failed" => Status::new(State::Failed, "CanaryFailed", message),
        "" => Status::progressing("NotObserved", "its controller has not taken it up"),
        phase => Status::progressing(phase, message),
    }
}

/// <https://gateway-api.sigs.k8s.io/reference/spec/#gatewayconditiontype>
fn gateway(value: &Value) -> Option<Status> {
    let status = &value["status"];
    let has = |of| Condition::find(of, status).is_some();
    // Before Gateway API 0.6 a Gateway had `Scheduled` and `Ready`.
    if !has("Accepted") && !has("Programmed") && has("Ready") {
        return None;
    }
    let wrong = ["Accepted", "Programmed"].into_iter().find_map(|of| unmet(of, value, status));
    Some(wrong.unwrap_or_else(|| Status::ready("Programmed", "is accepted and programmed")))
}

/// A route needs the consent of each parent. <https://gateway-api.sigs.k8s.io/reference/spec/#routestatus>
fn route(value: &Value) -> Status {
    let references = list(&value["spec"], "parentRefs");
    let parents = list(&value["status"], "parents");
    if references.is_empty() {
        return Status::new(State::Unknown, "NoParents", "has no `parentRefs`, so no Gateway serves it");
    }
    for reference in references {
        let is_own = |parent: &&Value| is_same_parent(value, reference, &parent["parentRef"]);
        let own: Vec<&Value> = parents.iter().filter(is_own).collect();
        if own.is_empty() {
            let message = format!("{} has not taken it up", text(reference, "name"));
            return Status::progressing("NotAccepted", message);
        }
        if let Some(wrong) = own.into_iter().find_map(|parent| refused(value, parent, "parentRef")) {
            return wrong;
        }
    }
    Status::ready("Accepted", "is accepted by each parent")
}

/// Whether two references of an object name the same parent. The namespace of the object is the default.
fn is_same_parent(object: &Value, one: &Value, other: &Value) -> bool {
    let own = text(&object["metadata"], "namespace");
    let key = |reference: &Value| {
        let or = |name: &str, default: &str| match text(reference, name) {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        let place = (or("namespace", own), or("name", ""), or("kind", "Gateway"));
        (place, or("sectionName", ""), int(&reference["port"]))
    };
    key(one) == key(other)
}

/// The status of a policy with these ancestors.
fn all_accepted(value: &Value, ancestors: &[Value]) -> Status {
    let wrong = ancestors.iter().find_map(|ancestor| refused(value, ancestor, "ancestorRef"));
    wrong.unwrap_or_else(|| Status::ready("Accepted", "is accepted"))
}

/// The status of an object that a parent does not serve.
fn refused(value: &Value, parent: &Value, reference: &str) -> Option<Status> {
    let wrong = unmet("Accepted", value, parent).or_else(|| {
        let resolves = Condition::find("ResolvedRefs", parent).is_some();
        unmet("ResolvedRefs", value, parent).filter(|_| resolves)
    })?;
    let message = format!("{}: {}", text(&parent[reference], "name"), wrong.message);
    Some(Status { message, ..wrong })
}

/// The status of an object whose condition is missing, of an earlier generation, or not true.
fn unmet(of: &'static str, object: &Value, status: &Value) -> Option<Status> {
    let Some(condition) = Condition::find(of, status) else {
        return Some(Status::progressing("NotObserved", format!("has no condition `{of}` yet")));
    };
    if !is_observed(int(&object["metadata"]["generation"]), condition.observed) {
        let message = format!("the condition `{of}` is of an earlier specification");
        return Some(Status::progressing("NotObserved", message));
    }
    let is_met = condition.status == Some(true);
    (!is_met).then(|| Status::progressing(condition.reason_or("NotReady"), condition.line()))
}

/// <https://github.com/bitnami-labs/sealed-secrets>
fn sealed_secret(value: &Value) -> Status {
    let ready = || Status::ready("Synced", "its Secret is written");
    unmet("Synced", value, &value["status"]).unwrap_or_else(ready)
}

fn is_knative(kind: &Kind) -> bool {
    KNATIVE.iter().any(|group| kind.name().to_ascii_lowercase().ends_with(group))
}

/// `Ready` is `Unknown` while Knative works, and `False` when it has failed.
/// <https://github.com/knative/specs/blob/main/specs/serving/overview.md#error-signalling>
fn knative(value: &Value) -> Option<Status> {
    let ready = Condition::find("Ready", &value["status"]).filter(|ready| ready.status == Some(false))?;
    Some(Status::new(State::Failed, ready.reason_or("NotReady"), ready.line()))
}
