//! What dooms a target as a whole, what counts as a change by somebody else, and what an earlier revision is.
//! Never a pod alone.

mod common;
use common::*;
use lockstep_workload::{RuleId, Rules, State, gitops_owner};
use serde_json::{Value, json};

fn condition(of: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"status": {"conditions": [{"type": of, "status": status, "reason": reason, "message": message}]}})
}

#[test]
fn an_exceeded_progress_deadline_of_the_current_generation_fails() {
    let late = condition(
        "Progressing",
        "False",
        "ProgressDeadlineExceeded",
        "ReplicaSet \"web-r2\" has timed out progressing.",
    );
    let late = merge(deployment("web:2", 3, 1), &late);
    let (mut world, id) =
        rollout(&[pod("web-a", ("ReplicaSet", "web-r2", "r2")), sick("web-b", crashed(9, 3, "Error"))]);
    world.put(&late).pass(5);
    let causes = world.doom(id);
    assert_eq!((causes.len(), causes[0].rule), (1, RuleId::ProgressDeadline));
    // A log that may explain it, although one bad pod among good ones dooms nothing.
    assert_eq!(causes[0].log.as_ref().unwrap().pod, "web-b");

    let (mut world, id) = rollout(&[]);
    world.put(&merge(late, &json!({"metadata": {"generation": 2}}))).pass(1_000);
    assert_eq!(world.look(id).1, "NotObserved");
}

#[test]
fn exceeded_quotas_and_refused_pods_are_distinguished() {
    for (message, rule) in [
        (
            "pods \"web-r2-x\" is forbidden: exceeded quota: compute, requested: cpu=1, used: cpu=9, \
             limited: cpu=9",
            RuleId::Quota,
        ),
        ("pods \"web-r2-x\" is forbidden: violates PodSecurity \"restricted:latest\"", RuleId::PodsRefused),
        (
            "pods \"web-r2-\" is forbidden: error looking up service account shop/web: serviceaccount \
             \"web\" not found",
            RuleId::PodsRefused,
        ),
        (
            "Internal error occurred: failed calling webhook \"x.example.com\": connect: connection refused",
            RuleId::ClusterTrouble,
        ),
    ] {
        let failure = condition("ReplicaFailure", "True", "FailedCreate", message);
        let lacking =
            merge(merge(replica_set("r2", "web:2", "2", 0), &failure), &json!({"status": {"replicas": 0}}));
        let (mut world, id) = rollout(&[]);
        world.put(&lacking);
        assert_eq!(world.rules(id), [rule], "{message}");
        world.pass(rule.rule().grace.unwrap() - 1);
        assert_eq!(world.state(id), State::Progressing);
        world.pass(1);
        assert_eq!((world.state(id), world.look(id).1), (State::Failed, "FailedCreate".to_owned()));

        // The same by an Event, which a later one takes back.
        let (mut world, id) = rollout(&[]);
        world.put(&merge(replica_set("r2", "web:2", "2", 0), &json!({"status": {"replicas": 0}})));
        world.put(&event("r2", "Warning", "FailedCreate", message, 1));
        assert_eq!(world.rules(id), [rule]);
        world.put(&event("r2", "Normal", "SuccessfulCreate", "Created pod: web-r2-x", 2));
        assert!(world.rules(id).is_empty());
        // What the Event says is over when there are pods enough.
        world.put(&event("r2", "Warning", "FailedCreate", message, 3));
        assert_eq!(world.rules(id), [rule]);
        world.put(&replica_set("r2", "web:2", "2", 0));
        assert!(world.rules(id).is_empty());
        // A failure that is only of an earlier revision.
        let (mut world, id) = rollout(&[]);
        world.put(&merge(replica_set("r1", "web:1", "1", 0), &failure)).pass(1_000);
        assert!(world.rules(id).is_empty());
    }
}

fn job(status: &Value) -> Value {
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("web", "j1", None),
        "spec": {"completions": 1, "backoffLimit": 6, "template": template("web:2")}, "status": status})
}

#[test]
fn a_job_fails_by_its_condition_and_not_by_a_failed_pod() {
    let mut world = TestCluster::new();
    let id = world.target("Job.batch", "web");
    let owner = ("Job", "web", "j1");
    let failed = merge(
        pod("web-a", owner),
        &json!({"status": {"phase": "Failed", "conditions": conditions(false),
        "containerStatuses": [container("app", false, 0, &ended(3, "Error"))]}}),
    );
    let looping = merge(
        pod("web-b", owner),
        &json!({"status": {"conditions": conditions(false), "containerStatuses": [crashed(4, 3, "Error")]}}),
    );
    world.put(&job(&json!({"active": 1, "failed": 1}))).put(&failed).put(&looping).pass(1_000);
    assert!(world.rules(id).is_empty());
    let conditions = json!([{"type": "FailureTarget", "status": "True"}, {"type": "Failed", "status": "True",
        "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]);
    world.put(&job(&json!({"failed": 7, "conditions": conditions})));
    let causes = world.doom(id);
    assert_eq!((causes[0].rule, causes[0].reason.as_str()), (RuleId::JobFailed, "BackoffLimitExceeded"));
    assert_eq!((causes[0].exit_code, causes[0].container.as_deref()), (Some(3), Some("app")));
    assert!(causes[0].log.is_some());
    // It is over without the rule too, and not ready.
    let mut world = TestCluster::with(Rules::parse(None, &["job-failed=never".to_owned()]).unwrap());
    let id = world.target("Job.batch", "web");
    world.put(&job(&json!({"conditions": [{"type": "Failed", "status": "True"}]})));
    assert_eq!((world.state(id), world.doom(id)), (State::Progressing, vec![]));
}

#[test]
fn a_complete_job_stays_ready_after_its_deletion() {
    let mut world = TestCluster::new();
    let id = world.target("Job.batch", "web");
    world.put(&job(&json!({"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]})));
    assert_eq!(world.state(id), State::Ready);
    world.cluster.remove("j1");
    assert_eq!(world.state(id), State::Ready);
    assert_eq!(world.doom(id), vec![]);
}

#[test]
fn a_volume_that_cannot_be_provisioned_fails_the_claim_and_its_pods() {
    let claim = |phase: &str| {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta("data", "c1", None),
        "spec": {"storageClassName": "fast"}, "status": {"phase": phase}})
    };
    let mut waiting = sick("web-a", json!({}));
    waiting["status"] = json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable",
            "message": "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."}]});
    waiting["spec"]["volumes"] = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let (mut world, id) = rollout(&[waiting]);
    let alone = world.target("PersistentVolumeClaim", "data");
    world.put(&claim("Pending"));
    assert_eq!(world.rules(id), [RuleId::NoRoom]);
    world.put(&event(
        "c1",
        "Warning",
        "ProvisioningFailed",
        "storageclass.storage.k8s.io \"fast\" not found",
        1,
    ));
    // The provisioner tries again and again.
    world
        .put(&event("c1", "Normal", "Provisioning", "External provisioner is provisioning volume", 2))
        .pass(120);
    let causes = world.doom(id);
    assert_eq!(
        (causes[0].rule, causes[0].resource.as_str()),
        (RuleId::VolumeUnbound, "PersistentVolumeClaim data")
    );
    assert_eq!(world.doom(alone)[0].rule, RuleId::VolumeUnbound);
    world.put(&claim("Bound"));
    assert_eq!((world.state(alone), world.rules(id)), (State::Ready, vec![RuleId::NoRoom]));
}

fn widget(size: u32, generation: u32, status: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": merge(meta("web", "w1", None),
        &json!({"generation": generation})),
        "spec": {"size": size, "replicas": generation}, "status": status})
}

#[test]
fn custom_resources_fail_by_their_conditions() {
    let mut world = TestCluster::with(
        Rules::parse(None, &["failed widgets.example.com=.status.phase=Broken".to_owned()]).unwrap(),
    );
    let id = world.target("Widget.example.com", "web");
    let stalled = json!({"conditions": [{"type": "Ready", "status": "False"}, {"type": "Stalled",
        "status": "True", "reason": "BadSize"}]});
    world.put(&widget(1, 1, &stalled)).pass(29);
    assert_eq!(world.state(id), State::Progressing);
    world.pass(1);
    assert_eq!(world.look(id).1, "BadSize");
    world.put(&widget(1, 1, &json!({"conditions": [{"type": "Ready", "status": "False"}]}))).pass(1_000);
    assert_eq!(world.state(id), State::Progressing);
    world.put(&widget(1, 1, &json!({"phase": "Broken"}))).pass(9);
    // It may be what is left of an earlier generation.
    assert!(world.doom(id).is_empty());
    world.pass(1);
    assert_eq!(world.doom(id)[0].rule, RuleId::DeclaredFailed);
}

#[test]
fn a_changed_template_is_superseded_and_a_changed_replica_count_is_not() {
    let (mut world, id) = rollout(&[]);
    assert_eq!(world.state(id), State::Progressing);
    let scaled =
        json!({"metadata": {"generation": 2}, "spec": {"replicas": 7}, "status": {"observedGeneration": 2}});
    world.put(&merge(deployment("web:2", 7, 7), &scaled));
    assert_eq!(world.state(id), State::Ready);
    world.put(&deployment("web:3", 3, 3));
    assert_eq!(world.look(id).1, "NewRevision");
    world.put(&deployment("web:2", 3, 3));
    assert_eq!(world.state(id), State::Ready);
    world.put(&merge(deployment("web:2", 3, 3), &json!({"metadata": {"uid": "d2"}})));
    assert_eq!(world.look(id).1, "Recreated");
    world.cluster.remove("d2");
    assert_eq!(world.look(id), (State::Missing, "Deleted".into(), "was deleted".into()));

    let mut world = TestCluster::new();
    let id = world.target("Widget.example.com", "web");
    let ready = json!({"conditions": [{"type": "Ready", "status": "True"}]});
    world.put(&widget(1, 1, &ready));
    assert_eq!(world.state(id), State::Ready);
    // An autoscaler, and a default that the controller puts in.
    world.put(&merge(widget(1, 2, &ready), &json!({"spec": {"color": "red"}})));
    assert_eq!(world.state(id), State::Ready);
    world.put(&widget(2, 3, &ready));
    assert_eq!(world.state(id), State::Superseded);
}

#[test]
fn an_object_that_is_terminating_when_first_seen_may_be_replaced() {
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    world.put(&merge(
        deployment("web:1", 3, 3),
        &json!({"metadata": {"uid": "d0", "deletionTimestamp": "2026-05-28T20:00:00Z"}}),
    ));
    assert_eq!(world.look(id).1, "Terminating");
    world.put(&deployment("web:2", 3, 3));
    world.cluster.remove("d0");
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn the_rollout_waits_for_a_change_by_the_caller() {
    let (mut world, id) = rollout(&[]);
    assert_eq!(world.state(id), State::Progressing);
    world.cluster.expect_change(id);
    world.put(&deployment("web:2", 3, 3));
    assert_eq!(world.look(id).1, "NotChanged");
    world.put(&deployment("web:1", 3, 3));
    assert_eq!(world.state(id), State::Ready);
    world.put(&deployment("web:3", 3, 3));
    assert_eq!(world.state(id), State::Superseded);
}

#[test]
fn a_revision_is_healthy_only_if_its_pods_are_ready() {
    let (mut world, id) = rollout(&[]);
    assert!(world.cluster.healthy_revision(id).is_err());
    world.put(&replica_set("r1", "web:1", "1", 2));
    assert_eq!(world.cluster.healthy_revision(id), Ok(1));
    // Its pods know better.
    world.put(&merge(
        pod("web-o", ("ReplicaSet", "web-r1", "r1")),
        &json!({"status": {"conditions": conditions(false)}}),
    ));
    assert!(world.cluster.healthy_revision(id).is_err());
    world.put(&pod("web-p", ("ReplicaSet", "web-r1", "r1")));
    assert_eq!(world.cluster.healthy_revision(id), Ok(1));
    let dying = json!({"metadata": {"deletionTimestamp": "2026-05-28T20:09:00Z"}});
    world.put(&merge(pod("web-p", ("ReplicaSet", "web-r1", "r1")), &dying));
    assert!(world.cluster.healthy_revision(id).is_err_and(|why| why.contains("Deployment web")));
}

#[test]
fn the_newest_revision_has_the_current_template_or_the_highest_number() {
    let late = |uid: &str| {
        merge(
            sick("web-a", crashed(5, 1, "Error")),
            &json!({"metadata": {"ownerReferences": [
        {"controller": true, "uid": uid}]}}),
        )
    };
    // Back to the template of an earlier revision, whose number has not been raised yet.
    let mut world = TestCluster::new();
    let id = world.target("Deployment.apps", "web");
    world.put(&deployment("web:1", 0, 0)).put(&replica_set("r1", "web:1", "1", 0));
    world.put(&replica_set("r2", "web:2", "2", 0)).put(&late("r2")).pass(60);
    assert!(world.doom(id).is_empty());
    world.put(&late("r1")).pass(60);
    assert_eq!(world.doom(id).len(), 1);
    // A newer cluster has put a default into one of the templates.
    let (mut world, id) = rollout(&[late("r2")]);
    let padded = json!({"spec": {"template": {"spec": {"newDefault": "x"}}}});
    world.put(&merge(replica_set("r2", "web:2", "2", 0), &padded)).pass(60);
    assert_eq!(world.doom(id).len(), 1);
}

#[test]
fn controller_revisions_have_the_numbers_of_stateful_sets_and_daemon_sets() {
    for kind in ["StatefulSet", "DaemonSet"] {
        let (old, new) = if kind == "StatefulSet" { ("web-a", "web-b") } else { ("a", "b") };
        let mut world = TestCluster::new();
        let id = world.target(&format!("{kind}.apps"), "web");
        let object = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": meta("web", "s1", None),
            "spec": {"replicas": 2, "template": template("web:2")}, "status": {"observedGeneration": 1,
                "replicas": 2,
                "desiredNumberScheduled": 2, "currentRevision": old, "updateRevision": new}});
        let labelled = |object: Value, hash: &str| {
            merge(object, &json!({"metadata": {"labels": {"controller-revision-hash": hash}}}))
        };
        let serving = labelled(pod("web-0", (kind, "web", "s1")), old);
        let crashing = merge(
            labelled(pod("web-1", (kind, "web", "s1")), new),
            &json!({"status": {"conditions": conditions(false),
            "containerStatuses": [crashed(3, 1, "Error")]}}),
        );
        world.put(&object).put(&serving).put(&crashing);
        assert!(
            world
                .cluster
                .healthy_revision(id)
                .is_err_and(|why| kind == "DaemonSet" || why.contains("number"))
        );
        for (name, hash, number) in [("web-a", old, 4), ("web-b", new, 5)] {
            let meta = meta(name, &format!("u-{name}"), Some((kind, "web", "s1")));
            let revision = json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta,
                "revision": number});
            world.put(&labelled(revision, hash));
        }
        assert_eq!(world.cluster.healthy_revision(id), Ok(4), "{kind}");
        world.pass(60);
        assert_eq!(world.doom(id)[0].pod_names, ["web-1"], "{kind}");
    }
}

#[test]
fn gitops_owners_are_found_by_their_labels_and_annotations() {
    let object = |labels: Value, annotations: Value| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": labels,
            "annotations": annotations}})
        .to_string()
    };
    for (labels, annotations, owner) in [
        (json!({}), json!({}), None),
        (
            json!({"app.kubernetes.io/instance": "web", "app.kubernetes.io/managed-by": "Helm"}),
            json!({}),
            None,
        ),
        (
            json!({}),
            json!({"argocd.argoproj.io/tracking-id": "store:apps/Deployment:shop/web"}),
            Some("Argo CD application store"),
        ),
        (json!({}), json!({"argocd.argoproj.io/tracking-id": "store:apps/Deployment:shop/other"}), None),
        (json!({}), json!({"argocd.argoproj.io/tracking-id": "store:batch/Job:shop/web"}), None),
        (json!({"argocd.argoproj.io/instance": "store"}), json!({}), Some("Argo CD application store")),
        (
            json!({"kustomize.toolkit.fluxcd.io/name": "web",
                "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}),
            json!({}),
            Some("Flux kustomization flux-system/web"),
        ),
        (json!({"helm.toolkit.fluxcd.io/name": "web"}), json!({}), Some("Flux Helm release web")),
        (
            json!({"kustomize.toolkit.fluxcd.io/name": "web"}),
            json!({"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}),
            None,
        ),
        (
            json!({}),
            json!({"objectset.rio.cattle.io/id": "default-web"}),
            Some("Rancher Fleet bundle default-web"),
        ),
        (
            json!({}),
            json!({"objectset.rio.cattle.io/id": "",
                "objectset.rio.cattle.io/owner-gvk": "k3s.cattle.io/v1, Kind=Addon"}),
            None,
        ),
    ] {
        assert_eq!(
            gitops_owner(&object(labels.clone(), annotations.clone())).as_deref(),
            owner,
            "{labels} {annotations}"
        );
    }
    assert_eq!(gitops_owner("no JSON"), None);
}
