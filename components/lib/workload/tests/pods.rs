//! What pods show that dooms their rollout, each with a case that is doomed and one that must not be.

mod common;
use common::*;
use lockstep_workload::{Class, RuleId, Rules, State, messages};
use serde_json::{Value, json};

/// Three pods with the same trouble.
fn three(status: &Value) -> Vec<Value> {
    ["web-a", "web-b", "web-c"].iter().map(|name| sick(name, status.clone())).collect()
}

fn stuck(reason: &str, message: &str) -> Vec<Value> {
    three(&container("app", false, 0, &waiting(reason, message)))
}

/// The rule, the pods, and the Events about the first of them.
fn table() -> Vec<(RuleId, Vec<Value>)> {
    let init = |status: Value| {
        let waits = container("app", false, 0, &waiting("PodInitializing", ""));
        merge(sick("web-a", waits), &json!({"status": {"initContainerStatuses": [status]}}))
    };
    let creating = |ready_to_start: &str| {
        let pod = sick("web-a", container("app", false, 0, &waiting("ContainerCreating", "")));
        let conditions = json!([{"type": "PodReadyToStartContainers", "status": ready_to_start},
            {"type": "PodScheduled", "status": "True"}]);
        merge(pod, &json!({"status": {"conditions": conditions}}))
    };
    let warning = |reason: &str, message: &str| event("u-web-a", "Warning", reason, message, 5);
    vec![
        (RuleId::CrashLoop, three(&crashed(3, 1, "Error"))),
        (RuleId::CrashLoop, three(&crashed(3, 137, "OOMKilled"))),
        (RuleId::CrashLoop, three(&crashed(3, 0, "Completed"))),
        (RuleId::CrashLoop, three(&container("app", false, 2, &ended(1, "Error")))),
        (RuleId::InitCrash, vec![init(crashed(3, 2, "Error"))]),
        (
            RuleId::ImageNotFound,
            stuck(
                "ErrImagePull",
                "rpc error: code = NotFound desc = failed to pull and unpack image \
                 \"docker.io/library/web:9\": docker.io/library/web:9: not found",
            ),
        ),
        (
            RuleId::ImageNotFound,
            stuck(
                "ImagePullBackOff",
                "Back-off pulling image \"web:9\": ErrImagePull: web:9: manifest unknown",
            ),
        ),
        (
            RuleId::ImageNotFound,
            stuck("ErrImageNeverPull", "Container image \"web:9\" is not present with pull policy of Never"),
        ),
        (
            RuleId::ImageDenied,
            stuck(
                "ErrImagePull",
                "failed to authorize: unexpected status from GET request: 401 Unauthorized",
            ),
        ),
        (
            RuleId::ImagePull,
            stuck(
                "ErrImagePull",
                "429 Too Many Requests - toomanyrequests: You have reached your pull rate limit",
            ),
        ),
        (
            RuleId::InvalidImageName,
            stuck(
                "InvalidImageName",
                "Failed to apply default image tag \"web::\": couldn't parse image name",
            ),
        ),
        (RuleId::ConfigMissing, stuck("CreateContainerConfigError", "configmap \"web-config\" not found")),
        (
            RuleId::ConfigMissing,
            vec![
                creating("False"),
                warning(
                    "FailedMount",
                    "MountVolume.SetUp failed for volume \"config\" : configmap \"web-config\" not found",
                ),
            ],
        ),
        (
            RuleId::ContainerCannotRun,
            stuck("CreateContainerError", "failed to generate container \"0f\" spec: no command specified"),
        ),
        (RuleId::ContainerCannotRun, three(&crashed(3, 128, "StartError"))),
        (
            RuleId::MountFailed,
            vec![creating("False"), warning("FailedAttachVolume", "Multi-Attach error for volume \"pvc-1\"")],
        ),
        (
            RuleId::ClusterTrouble,
            vec![
                creating("False"),
                warning(
                    "FailedCreatePodSandBox",
                    "Failed to create pod sandbox: plugin type=\"calico\" failed",
                ),
            ],
        ),
        (
            RuleId::Unschedulable,
            vec![unscheduled(
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            )],
        ),
        (RuleId::NoRoom, vec![unscheduled("0/3 nodes are available: 3 Insufficient cpu.")]),
        (
            RuleId::Evicted,
            vec![merge(
                sick("web-a", container("app", false, 0, &ended(137, "Error"))),
                &json!({"status": {"phase": "Failed", "reason": "Evicted",
                    "message": "The node was low on resource: memory."}}),
            )],
        ),
    ]
}

fn unscheduled(message: &str) -> Value {
    let conditions =
        json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}]);
    let mut pod = sick("web-a", json!({}));
    pod["status"] = json!({"phase": "Pending", "conditions": conditions});
    pod
}

#[test]
fn each_rule_counts_when_its_time_has_passed_and_not_before() {
    for (rule, objects) in table() {
        let (mut world, id) = rollout(&objects);
        world.cluster.evaluate(world.now);
        assert_eq!(world.rules(id), [rule], "{objects:#?}");
        let grace = rule.rule().grace.unwrap();
        if grace > 0 {
            world.pass(grace - 1);
            assert!(world.doom(id).is_empty(), "{rule:?} too soon");
            assert_eq!(world.state(id), State::Progressing);
            assert_eq!(world.cluster.next_due(), Some(START + grace));
            world.pass(1);
        }
        let causes = world.doom(id);
        assert_eq!(causes.len(), 1, "{rule:?}");
        assert_eq!((causes[0].rule, causes[0].since), (rule, START));
        assert_eq!(world.state(id), State::Failed);
    }
}

#[test]
fn no_rule_counts_while_a_pod_of_the_same_revision_is_ready() {
    for (rule, mut objects) in table() {
        objects.push(pod("web-z", ("ReplicaSet", "web-r2", "r2")));
        let (mut world, id) = rollout(&objects);
        world.pass(1_000);
        assert_eq!(world.state(id), State::Progressing, "{rule:?}");
        // It still explains why nothing comes of it.
        assert!(rule == RuleId::Evicted || world.rules(id) == [rule], "{rule:?}");
    }
}

#[test]
fn no_rule_counts_while_another_pod_is_still_starting() {
    for (rule, mut objects) in table() {
        objects.push(sick("web-z", container("app", false, 0, &waiting("ContainerCreating", ""))));
        let (mut world, id) = rollout(&objects);
        world.pass(1_000);
        assert_eq!(world.state(id), State::Progressing, "{rule:?}");
    }
}

#[test]
fn no_rule_counts_for_pods_of_an_earlier_revision() {
    for (rule, objects) in table() {
        let mut world = TestCluster::new();
        let id = world.target("Deployment.apps", "web");
        // The same pods, and the template is another one by now.
        world.put(&deployment("web:3", 3, 0)).put(&replica_set("r2", "web:2", "1", 0));
        world.put(&replica_set("r3", "web:3", "2", 0)).put_all(&objects);
        world.pass(1_000);
        assert!(world.doom(id).is_empty(), "{rule:?}");
        assert_eq!(world.state(id), State::Progressing);
    }
}

#[test]
fn a_state_that_ends_and_returns_starts_its_grace_period_again() {
    let (mut world, id) = rollout(&stuck("CreateContainerConfigError", "secret \"web\" not found"));
    world.pass(50).put_all(&stuck("ContainerCreating", "")).pass(1);
    assert!(world.rules(id).is_empty());
    world.put_all(&stuck("CreateContainerConfigError", "secret \"web\" not found")).pass(59);
    assert!(world.doom(id).is_empty());
    world.pass(2);
    assert_eq!(world.doom(id).len(), 1);
}

#[test]
fn the_same_problem_of_many_pods_is_one_cause() {
    let (mut world, id) = rollout(&three(&crashed(4, 137, "OOMKilled")));
    world.put(&sick("web-d", crashed(4, 137, "OOMKilled")));
    world
        .put(&event("u-web-a", "Warning", "BackOff", "Back-off restarting failed container app", 9))
        .pass(60);
    let causes = world.doom(id);
    let [cause] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((cause.pods, cause.pod_names.len(), cause.exit_code), (4, 3, Some(137)));
    assert_eq!((cause.reason.as_str(), cause.container.as_deref()), ("OOMKilled", Some("app")));
    let logs = cause.log.as_ref().unwrap();
    assert_eq!((logs.pod.as_str(), logs.container.as_str(), logs.previous), ("web-a", "app", true));
    assert_eq!(
        messages::cause(cause),
        "Deployment web: crash-loop: container app of 4 pods (web-a, web-b, web-c, ...), OOMKilled, exit \
         code 137: ended 5 times. Last event: BackOff: Back-off restarting failed container app"
    );
}

#[test]
fn exit_code_137_alone_is_not_out_of_memory() {
    let (mut world, id) = rollout(&three(&crashed(4, 137, "Error")));
    world.pass(60);
    assert_eq!(world.doom(id)[0].reason, "CrashLoopBackOff");
}

#[test]
fn a_container_that_recovers_is_not_a_cause() {
    // Two crashes while its database came up, and now it runs.
    let (mut world, id) = rollout(&[sick("web-a", crashed(2, 1, "Error"))]);
    world.pass(55).put(&sick("web-a", restarted(false, 2, "2026-05-28T20:05:00Z"))).pass(300);
    assert!(world.doom(id).is_empty());
    world.put(&ready_after(2)).pass(20);
    assert!(world.rules(id).is_empty());
}

#[test]
fn the_rollout_continues_while_pods_recover_one_after_another() {
    let down = |restarts| sick("web-b", crashed(restarts, 1, "Error"));
    let (mut world, id) = rollout(&[sick("web-a", crashed(3, 1, "Error")), down(3)]);
    // What they lacked is there, and only one of them has been started again since.
    world.pass(59).put(&ready_after(3)).pass(5);
    assert!(world.doom(id).is_empty());
    // After so many failures one more life is no sign any more.
    world.put(&ready_after(5)).put(&down(5)).pass(5);
    assert_eq!(world.doom(id).len(), 1);
}

#[test]
fn a_transient_problem_of_one_pod_delays_the_failure() {
    let throttled = container("app", false, 0, &waiting("ErrImagePull", "toomanyrequests: rate limit"));
    let (mut world, id) = rollout(&[sick("web-a", crashed(4, 1, "Error")), sick("web-b", throttled)]);
    world.pass(599);
    assert!(world.doom(id).is_empty());
    world.pass(1);
    assert_eq!(world.doom(id).len(), 2);
}

/// A pod that is ready after its container was restarted.
fn ready_after(restarts: u32) -> Value {
    // By the caller's clock it has just started.
    let status = restarted(true, restarts, "2026-05-28T20:26:40Z");
    merge(pod("web-a", ("ReplicaSet", "web-r2", "r2")), &json!({"status": {"containerStatuses": [status]}}))
}

#[test]
fn a_container_between_two_crashes_is_not_ready() {
    let (mut world, id) = rollout(&[]);
    world.put(&merge(deployment("web:2", 1, 1), &json!({"spec": {"replicas": 1}}))).put(&ready_after(1));
    // It had run for five seconds, and must for ten now.
    assert_eq!(world.look(id).1, "Recovering");
    world.pass(9);
    assert_eq!(world.state(id), State::Progressing);
    assert_eq!(world.cluster.next_due(), Some(START + 10));
    world.pass(1);
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn a_container_that_restarted_long_ago_is_ready() {
    let (mut world, id) = rollout(&[]);
    let old = merge(
        ready_after(7),
        &json!({"status": {"containerStatuses": [restarted(true, 7, "2026-05-20T08:00:00Z")]}}),
    );
    world.put(&merge(deployment("web:2", 1, 1), &json!({"spec": {"replicas": 1}}))).put(&old);
    assert_eq!(world.state(id), State::Ready);
}

#[test]
fn a_crash_loop_without_a_readiness_probe_is_found() {
    let (mut world, id) = rollout(&[]);
    for round in 0..6 {
        world.put(&deployment("web:2", 3, 1)).put(&ready_after(round)).pass(5);
        world.put(&sick("web-a", crashed(round, 1, "Error"))).put(&deployment("web:2", 3, 0)).pass(10);
    }
    assert_eq!(world.doom(id)[0].rule, RuleId::CrashLoop);
}

#[test]
fn the_cause_of_an_image_pull_backoff_is_the_error_before_it() {
    let (mut world, id) = rollout(&stuck("ErrImagePull", "web:9: not found"));
    world.pass(10).put_all(&stuck("ImagePullBackOff", "Back-off pulling image \"web:9\"")).pass(20);
    assert_eq!(world.doom(id)[0].rule, RuleId::ImageNotFound);
    // By Events, if that was missed.
    let (mut world, id) = rollout(&stuck("ImagePullBackOff", "Back-off pulling image \"web:9\""));
    assert_eq!(world.rules(id), [RuleId::ImagePull]);
    for pod in ["u-web-a", "u-web-b", "u-web-c"] {
        world.put(&event(pod, "Warning", "Failed", "Failed to pull image \"web:9\": web:9: not found", 3));
    }
    assert_eq!(world.rules(id), [RuleId::ImageNotFound]);
}

#[test]
fn a_failed_mount_ends_when_the_image_pull_starts() {
    let creating = sick("web-a", container("app", false, 0, &waiting("ContainerCreating", "")));
    let creating = merge(creating, &json!({"status": {"conditions": []}}));
    let (mut world, id) = rollout(&[creating]);
    world.put(&event("u-web-a", "Warning", "FailedMount", "configmap \"web\" not found", 5));
    world.put(&event("u-web-a", "Normal", "Pulling", "Pulling image \"web:2\"", 7)).pass(1_000);
    assert!(world.rules(id).is_empty());
}

#[test]
fn a_failed_mount_ends_when_the_pod_is_ready_to_start_containers() {
    // The kubelet says that volumes and network are there; that of the pull no Event came is no proof.
    let creating = sick("web-a", container("app", false, 0, &waiting("ContainerCreating", "")));
    let (mut world, id) = rollout(&[creating]);
    world.put(&event("u-web-a", "Warning", "FailedMount", "configmap \"web\" not found", 5)).pass(1_000);
    assert!(world.rules(id).is_empty());
}

#[test]
fn a_terminating_pod_neither_fails_nor_saves_a_rollout() {
    let dying = json!({"metadata": {"deletionTimestamp": "2026-05-28T20:09:00Z"}});
    let (mut world, id) = rollout(&[merge(sick("web-a", crashed(9, 1, "Error")), &dying)]);
    world.pass(1_000);
    assert!(world.rules(id).is_empty());
    let fine = merge(pod("web-b", ("ReplicaSet", "web-r2", "r2")), &dying);
    let (mut world, id) = rollout(&[sick("web-a", crashed(9, 1, "Error")), fine]);
    world.pass(60);
    assert_eq!(world.doom(id).len(), 1);
}

#[test]
fn a_scale_up_of_nodes_delays_the_unschedulable_rule() {
    let (mut world, id) =
        rollout(&[unscheduled("0/3 nodes are available: 3 node(s) had untolerated taint {gpu: }.")]);
    world.put(&event(
        "u-web-a",
        "Normal",
        "TriggeredScaleUp",
        "pod triggered scale-up: [{pool 3->4 (max: 9)}]",
        5,
    ));
    world.pass(599);
    assert!(world.doom(id).is_empty());
    world.pass(1);
    assert_eq!(world.doom(id)[0].rule, RuleId::Unschedulable);
}

#[test]
fn a_pod_with_scheduling_gates_is_not_unschedulable() {
    let mut gated = unscheduled("Scheduling is blocked due to non-empty scheduling gates");
    gated["status"]["conditions"][0]["reason"] = json!("SchedulingGated");
    let (mut world, id) = rollout(&[gated]);
    world.pass(1_000);
    assert!(world.rules(id).is_empty());
}

#[test]
fn a_failing_readiness_probe_fails_only_with_a_grace_period_of_its_own() {
    let slow = || sick("web-a", container("app", false, 0, &running("2026-05-28T20:00:03Z")));
    let (mut world, id) = rollout(&[slow()]);
    world.pass(5_000);
    assert_eq!((world.rules(id), world.doom(id)), (vec![RuleId::NeverReady], world.doom(id)));
    assert_eq!(world.state(id), State::Progressing);

    let mut world = TestCluster::with(Rules::parse(None, &["never-ready=2m".to_owned()]).unwrap());
    let id = world.target("Deployment.apps", "web");
    world.put(&deployment("web:2", 3, 0)).put(&replica_set("r2", "web:2", "2", 0)).put(&slow()).pass(120);
    let causes = world.doom(id);
    assert_eq!(causes[0].rule, RuleId::NeverReady);
    assert!(!causes[0].log.as_ref().unwrap().previous);
}

#[test]
fn the_general_grace_period_does_not_apply_to_transient_causes() {
    let rules = Rules::parse(Some("0s"), &[]).unwrap();
    for (rule, objects) in table() {
        let mut world = TestCluster::with(rules.clone());
        let id = world.target("Deployment.apps", "web");
        world.put(&deployment("web:2", 3, 0)).put(&replica_set("r2", "web:2", "2", 0)).put_all(&objects);
        assert_eq!(world.doom(id).is_empty(), rule.rule().class == Class::Transient, "{rule:?}");
    }
}
