//! The status of custom resources with rules of their own: Argo Rollouts, Flagger, Gateway API, Knative, Crossplane.

mod common;
use common::*;
use lockstep_workload::State::{Failed, Paused, Progressing, Ready, Unknown};
use lockstep_workload::{RuleId, Rules, State};
use serde_json::{Value, json};

fn object(version: &str, kind: &str, spec: &Value, status: &Value) -> Value {
    json!({"apiVersion": version, "kind": kind, "metadata": merge(meta("web", "c1", None),
        &json!({"generation": 3})), "spec": spec, "status": status})
}

fn is(of: &str, status: &str, reason: &str) -> Value {
    json!({"type": of, "status": status, "reason": reason, "message": "why", "observedGeneration": 3})
}

/// The state of an object at once, and after the time of the rule `stalled`.
fn states(object: &Value) -> (State, State) {
    let mut world = TestCluster::new();
    let id = world.target(kind_of(object).name(), "web");
    world.put(object);
    let first = world.state(id);
    world.pass(30);
    (first, world.state(id))
}

#[track_caller]
fn check(object: &Value, state: State) {
    let expected = if state == Failed { (Progressing, Failed) } else { (state, state) };
    assert_eq!(states(object), expected, "{object:#}");
}

#[test]
fn conditions_like_those_of_a_deployment_are_read_like_them() {
    let widget = |progressing: &Value| {
        let conditions = json!([is("Available", "True", "MinimumReplicasAvailable"), progressing]);
        object("example.com/v1", "Widget", &json!({}), &json!({"conditions": conditions}))
    };
    for (status, reason, state) in [
        ("True", "NewReplicaSetAvailable", Ready),
        ("True", "ReplicaSetUpdated", Progressing),
        ("True", "NewReplicaSetCreated", Progressing),
        ("True", "", Progressing),
        ("False", "AsExpected", Ready),
        ("False", "ProgressDeadlineExceeded", Failed),
        ("Unknown", "DeploymentPaused", Paused),
    ] {
        check(&widget(&is("Progressing", status, reason)), state);
    }
}

#[test]
fn rollouts_of_argo_are_read_by_their_phase() {
    let rollout = |spec: &Value, status: &Value| {
        let status = merge(json!({"observedGeneration": "3", "conditions": []}), status);
        object("argoproj.io/v1alpha1", "Rollout", spec, &status)
    };
    let none = json!({});
    for (phase, state) in
        [("Healthy", Ready), ("Progressing", Progressing), ("Degraded", Failed), ("Paused", Paused)]
    {
        check(&rollout(&none, &json!({"phase": phase})), state);
    }
    // A phase of an earlier specification says nothing.
    check(&rollout(&none, &json!({"phase": "Healthy", "observedGeneration": "2"})), Progressing);
    check(&rollout(&none, &json!({"phase": "Healthy", "observedGeneration": "7f9c"})), Unknown);
    // A pause with an end goes on by itself.
    let canary =
        |pause: &Value| json!({"strategy": {"canary": {"steps": [{"setWeight": 10}, {"pause": pause}]}}});
    let paused =
        json!({"phase": "Paused", "currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}]});
    check(&rollout(&canary(&json!({"duration": "10m"})), &paused), Progressing);
    check(&rollout(&canary(&none), &paused), Paused);
    let by_hand = merge(canary(&json!({"duration": "10m"})), &json!({"paused": true}));
    check(&rollout(&by_hand, &paused), Paused);
    // Of a version without a phase, and as a real one has its conditions.
    let healthy = json!([
        is("Available", "True", "AvailableReason"),
        is("Progressing", "True", "NewReplicaSetAvailable")
    ]);
    check(&rollout(&none, &json!({"conditions": healthy})), Ready);
    let invalid = json!({"phase": "Degraded", "conditions": [is("InvalidSpec", "True", "InvalidSpec")]});
    check(&rollout(&none, &invalid), Failed);
}

#[test]
fn a_ready_rule_of_the_run_replaces_the_rule_of_the_kind() {
    let degraded = object("argoproj.io/v1alpha1", "Rollout", &json!({}), &json!({"phase": "Degraded"}));
    let rules =
        Rules::parse(None, &["ready rollouts.argoproj.io=.status.phase=Degraded".to_owned()]).unwrap();
    assert_eq!(status_by(rules, &degraded).0, Ready);
    let rules = Rules::parse(None, &["ready rollouts.argoproj.io=.status.phase=Healthy".to_owned()]).unwrap();
    let mut world = TestCluster::with(rules);
    let id = world.target("Rollout.argoproj.io", "web");
    world.put(&degraded).pass(100);
    assert_eq!(world.state(id), Progressing);
}

#[test]
fn a_failed_rollout_counts_by_the_rule_stalled() {
    let degraded = json!({"phase": "Degraded", "message": "ProgressDeadlineExceeded: timed out"});
    let mut world = TestCluster::new();
    let id = world.target("Rollout.argoproj.io", "web");
    world.put(&object("argoproj.io/v1alpha1", "Rollout", &json!({}), &degraded)).pass(29);
    assert!(world.doom(id).is_empty());
    world.pass(1);
    let causes = world.doom(id);
    assert_eq!((causes[0].rule, causes[0].reason.as_str()), (RuleId::Stalled, "Degraded"));
    assert_eq!(causes[0].message, "ProgressDeadlineExceeded: timed out");
}

#[test]
fn canaries_of_flagger_are_read_by_their_phase() {
    for (phase, state) in [
        ("Initialized", Ready),
        ("Succeeded", Ready),
        ("Initializing", Progressing),
        ("WaitingPromotion", Progressing),
        ("Finalising", Progressing),
        ("Failed", Failed),
    ] {
        check(&object("flagger.app/v1beta1", "Canary", &json!({}), &json!({"phase": phase})), state);
    }
    check(&object("flagger.app/v1beta1", "Canary", &json!({}), &json!({})), Progressing);
}

#[test]
fn gateways_must_be_accepted_and_programmed() {
    let gateway = |conditions: &[Value]| {
        object("gateway.networking.k8s.io/v1", "Gateway", &json!({}), &json!({"conditions": conditions}))
    };
    let accepted = || is("Accepted", "True", "Accepted");
    for (conditions, state) in [
        (vec![accepted(), is("Programmed", "True", "Programmed")], Ready),
        (vec![accepted(), is("Programmed", "False", "AddressNotAssigned")], Progressing),
        (vec![accepted(), is("Programmed", "Unknown", "Pending")], Progressing),
        (vec![accepted()], Progressing),
        (vec![is("Accepted", "False", "Invalid"), is("Programmed", "True", "Programmed")], Progressing),
        (vec![], Progressing),
        // As before version 0.6.
        (vec![is("Ready", "True", "Ready")], Ready),
        (
            vec![accepted(), merge(is("Programmed", "True", "P"), &json!({"observedGeneration": 2}))],
            Progressing,
        ),
    ] {
        check(&gateway(&conditions), state);
    }
}

#[test]
fn routes_must_be_accepted_by_each_parent() {
    let parent =
        |name: &str, conditions: &[Value]| json!({"parentRef": {"name": name}, "conditions": conditions});
    let good = || vec![is("Accepted", "True", "Accepted"), is("ResolvedRefs", "True", "ResolvedRefs")];
    let route = |references: Value, parents: &[Value]| {
        let spec = json!({"parentRefs": references});
        object("gateway.networking.k8s.io/v1", "HTTPRoute", &spec, &json!({"parents": parents}))
    };
    let one = || json!([{"name": "a"}]);
    for (references, parents, state) in [
        (one(), vec![parent("a", &good())], Ready),
        (one(), vec![parent("a", &good()), parent("gone", &[is("Accepted", "False", "No")])], Ready),
        (one(), vec![parent("a", &[is("Accepted", "True", "Accepted")])], Ready),
        (one(), vec![parent("a", &[is("Accepted", "False", "NotAllowedByListeners")])], Progressing),
        (
            one(),
            vec![parent("a", &[is("Accepted", "True", "A"), is("ResolvedRefs", "False", "BackendNotFound")])],
            Progressing,
        ),
        (one(), vec![], Progressing),
        (json!([{"name": "a"}, {"name": "b"}]), vec![parent("a", &good())], Progressing),
        (json!([{"name": "a", "sectionName": "https"}]), vec![parent("a", &good())], Progressing),
        // The namespace of the route is the default of both.
        (json!([{"name": "a", "namespace": "shop"}]), vec![parent("a", &good())], Ready),
        (json!([{"name": "a", "namespace": "infra"}]), vec![parent("a", &good())], Progressing),
        (json!([]), vec![], Unknown),
    ] {
        check(&route(references, &parents), state);
    }
    let waits = route(one(), &[]);
    assert_eq!(status(&waits).2, "a has not taken it up");
    let policy = object(
        "gateway.networking.k8s.io/v1",
        "BackendTLSPolicy",
        &json!({}),
        &json!({"ancestors": [{"ancestorRef": {"name": "a"}, "conditions": good()}]}),
    );
    check(&policy, Ready);
}

#[test]
fn knative_fails_by_a_false_ready() {
    for (value, state) in [("True", Ready), ("Unknown", Progressing), ("False", Failed)] {
        let status = json!({"observedGeneration": 3, "conditions": [is("Ready", value, "RevisionFailed")]});
        check(&object("serving.knative.dev/v1", "Service", &json!({}), &status), state);
    }
}

#[test]
fn crossplane_must_have_applied_the_newest_specification() {
    for (synced, reason, state) in [
        ("True", "ReconcileSuccess", Ready),
        ("False", "ReconcileError", Progressing),
        ("Unknown", "", Progressing),
        ("False", "ReconcilePaused", Paused),
    ] {
        let conditions = json!([is("Ready", "True", "Available"), is("Synced", synced, reason)]);
        check(
            &object("rds.aws.upbound.io/v1", "Instance", &json!({}), &json!({"conditions": conditions})),
            state,
        );
    }
    let sealed = json!({"observedGeneration": 3, "conditions": [is("Synced", "True", "")]});
    check(&object("bitnami.com/v1alpha1", "SealedSecret", &json!({}), &sealed), Ready);
}
