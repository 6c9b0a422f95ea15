//! One bad pod beside pods that are ready: when it fails the target, and what its cause says.

mod common;
use common::*;
use lockstep_workload::State;

#[test]
fn an_endless_crash_loop_counts_beside_ready_pods() {
    let owner = ("ReplicaSet", "web-r2", "r2");
    let ready = [pod("web-b", owner), pod("web-c", owner)];
    let bad = |restarts| sick("web-a", crashed(restarts, 42, "Error"));
    let (mut world, id) = rollout(&ready);
    world.put(&deployment("web:2", 3, 2)).put(&bad(4)).pass(1_000);
    assert_eq!(world.state(id), State::Progressing);
    // The fifth restart: its time has passed long ago.
    world.put(&bad(5)).pass(1);
    let (state, reason, message) = world.look(id);
    assert_eq!((state, reason.as_str()), (State::Failed, "CrashLoopBackOff"));
    assert_eq!(message, "2 of 3 pods ready: crash-loop: ended 6 times");
    let causes = world.doom(id);
    assert_eq!((causes.len(), causes[0].exit_code, causes[0].pods), (1, Some(42), 1));

    // Its time counts too, and a container that has run for long enough is none.
    let (mut world, id) = rollout(&ready);
    world.put(&bad(9)).pass(59);
    assert!(world.doom(id).is_empty());
    world.put(&sick("web-a", restarted(false, 9, "2026-05-28T20:05:00Z"))).pass(300);
    assert!(world.doom(id).is_empty());
    world.put(&bad(10)).pass(59);
    assert!(world.doom(id).is_empty());
    world.pass(1);
    assert_eq!(world.doom(id).len(), 1);
}

#[test]
fn a_cause_tells_whether_its_time_has_passed() {
    let owner = ("ReplicaSet", "web-r2", "r2");
    let missing = sick("web-a", container("app", false, 0, &waiting("ErrImagePull", "web:9: not found")));
    let (mut world, id) = rollout(&[missing, pod("web-b", owner)]);
    for (seconds, has_lasted) in [(29, false), (1, true)] {
        world.pass(seconds);
        let causes = world.cluster.causes(id);
        assert_eq!((causes[0].has_lasted, causes[0].is_certain), (has_lasted, false));
    }
}
