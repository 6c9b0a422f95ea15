//! Hostile components that run jobs on all cores. A job reaches nothing, and what it takes is counted.

use lockstep_tests::support::{self, ProgramOutput, Scene, assert_no_secret};

/// The most memory that the host may have in RAM, whatever a component does.
const MOST_BYTES: u64 = 400 * 1024 * 1024;

/// Makes the attack with so many jobs, and checks what holds for every one.
fn attack(act: &str, jobs: &str, limits: &str) -> (Scene, ProgramOutput) {
    let scene = Scene::new();
    let before = scene.files();
    let run = scene.attack_with("gang", act, &[jobs], &["read,write,remove deploy/**"], limits);
    let ended = run.end();
    assert_eq!(scene.files(), before, "{act}: files changed");
    assert!(ended.peak_bytes < MOST_BYTES, "{act}: the host had {} MiB in RAM", ended.peak_bytes >> 20);
    assert_no_secret(&scene, &ended);
    (scene, ended)
}

#[test]
fn attack_32_jobs_are_answered_in_order() {
    let (_, ended) = attack("echo", "100", "");
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], serde_json::json!(vec!["echo"; 100]));
    // The list of jobs may be empty.
    let (_, ended) = attack("echo", "0", "");
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], serde_json::json!([]));
}

#[test]
fn attack_32_a_job_can_use_no_grant_of_the_run() {
    let calls = [
        ("read", "lockstep:step/workspace@0.1.0#read"),
        ("write", "lockstep:step/workspace@0.1.0#write"),
        ("open", "lockstep:step/workspace@0.1.0#open"),
        ("note", "lockstep:step/report@0.1.0#note"),
        ("mask", "lockstep:step/report@0.1.0#mask"),
        ("again", "lockstep:hostile/parallel@0.1.0#work"),
    ];
    for (act, call) in calls {
        let (scene, ended) = attack(act, "8", "");
        let said = format!("a job of `work` called `{call}`: jobs have no capabilities");
        assert_eq!(ended.expect(7, "trapped")["message"], said);
        assert_eq!(support::calls(&scene), [], "{act}");
    }
}

#[test]
fn attack_32_the_host_captures_the_output_of_a_job() {
    let (_, ended) = attack("print", "2", "");
    ended.expect(0, "done");
    assert!(!ended.stdout.contains("::set-output"), "{}", ended.stdout);
}

#[test]
fn attack_32_jobs_end_with_the_time_and_the_memory_of_the_run() {
    let (_, ended) = attack("loop", "8", "seconds: 1");
    assert_eq!(ended.expect(7, "limit-exceeded")["message"], "the step ran longer than 1 s");
    let (_, ended) = attack("memory", "8", "");
    assert_eq!(
        ended.expect(7, "limit-exceeded")["message"],
        "a job of `work` wanted more than 16 MiB of memory"
    );
    let (_, ended) = attack("recursion", "8", "");
    assert_eq!(ended.expect(7, "limit-exceeded")["message"], "the component used up its stack");
}

#[test]
fn attack_32_the_number_of_jobs_and_their_answers_are_bounded() {
    let (_, ended) = attack("echo", "1001", "calls: 1000");
    assert_eq!(ended.expect(7, "limit-exceeded")["message"], "more than 1000 host calls");
    let (_, ended) = attack("answer", "64", "");
    assert_eq!(
        ended.expect(7, "limit-exceeded")["message"],
        "the answers of `work` have more than 134217728 bytes"
    );
}

#[test]
fn attack_32_a_job_that_traps_ends_the_run() {
    let (_, ended) = attack("panic", "8", "");
    ended.expect(7, "trapped");
    let (_, ended) = attack("exit", "8", "");
    let said = "the component called exit(0) instead of returning";
    assert_eq!(ended.expect(7, "trapped")["message"], said);
}

#[test]
fn attack_32_a_parallel_function_without_its_export_is_refused() {
    let scene = Scene::new();
    let ended = scene.attack("misfit", "", &["1"]).end();
    let said = "the component imports `lockstep:hostile/parallel@0.1.0#work`, which the host does not offer";
    assert_eq!(ended.expect(3, "unknown-import")["message"], said);
}
