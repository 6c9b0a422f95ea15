//! Hostile components that never come back or take everything. A limit ends each of them, the host stays small,
//! what was staged is not put in place, and the receipt is there.

use lockstep_tests::support::{ProgramOutput, Run, Scene, assert_no_secret};
use lockstep_tests::wat::{self, Parts};
use std::fs;
use std::time::{Duration, Instant};

/// The most memory that the host may have in RAM, whatever a component does.
const MOST_BYTES: u64 = 400 * 1024 * 1024;
/// How much later than its limit a run may end. Generous: what is tested is that it ends.
const LATE: Duration = Duration::from_secs(60);

/// Makes the run and checks what holds for every one. Gives it with the number of calls in the receipt.
fn check(scene: &Scene, run: Run<'_>, exit: i32, code: &str) -> (ProgramOutput, usize) {
    let before = scene.files();
    let ended = run.end();
    ended.expect(exit, code);
    assert_eq!(scene.files(), before, "files changed");
    let megabytes = ended.peak_bytes >> 20;
    assert!(ended.peak_bytes < MOST_BYTES, "the host had {megabytes} MiB in RAM");
    assert_no_secret(scene, &ended);
    (ended, count_calls(scene))
}

/// How many calls the receipt lists. Read as text: what this process holds would count as the next run's peak.
fn count_calls(scene: &Scene) -> usize {
    scene.text("own/receipt.json").matches("\"call\": ").count()
}

fn endless<'s>(scene: &'s Scene, act: &str, path: &str) -> Run<'s> {
    scene.attack_with("endless", act, &[path], &["read,write deploy/**"], "seconds: 1, calls: 5000")
}

fn ends_in_time(run: impl FnOnce() -> (ProgramOutput, usize)) -> (ProgramOutput, usize) {
    let started = Instant::now();
    let ended = run();
    assert!(started.elapsed() < Duration::from_secs(1) + LATE);
    ended
}

#[test]
fn attack_27_a_component_that_computes_or_sleeps_is_ended() {
    let scene = Scene::new();
    for act in ["loop", "copy", "sleep"] {
        let (ended, calls) = ends_in_time(|| check(&scene, endless(&scene, act, ""), 7, "limit-exceeded"));
        assert_eq!(ended.result()["message"], "the step ran longer than 1 s");
        assert_eq!(calls, 1, "the staged write");
    }
}

#[test]
fn attack_27_a_host_call_that_never_answers_is_ended() {
    let scene = Scene::new();
    let sparse = fs::File::create(scene.path("workspace/deploy/sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let (ended, calls) =
        ends_in_time(|| check(&scene, endless(&scene, "digest", "deploy/sparse"), 7, "limit-exceeded"));
    assert_eq!(ended.result()["message"], "the step ran longer than 1 s");
    // The write, the open, and not the call that never came back.
    assert_eq!(calls, 2);
}

#[test]
fn attack_27_the_diff_of_a_dry_run_has_a_time_limit() {
    let scene = Scene::new();
    let words: Vec<String> = (0..12).map(|file| format!("deploy/{file}.txt")).collect();
    for (file, word) in words.iter().enumerate() {
        let line = |line: usize| format!("{}\n", (line * 48_271 + file) % 65_537 % 1000);
        scene.put(&format!("workspace/{word}"), &(0..199_000).map(line).collect::<String>());
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let run = scene.attack_with("endless", "change", &words, &["read,write deploy/**"], "seconds: 1");
    let started = Instant::now();
    let ended = run.arg("--dry-run").end();
    assert!(started.elapsed() < Duration::from_secs(1) + LATE);
    assert_eq!(ended.expect(0, "done")["changed"].as_array().map(Vec::len), Some(13));
    assert!(ended.peak_bytes < MOST_BYTES, "the host had {} MiB in RAM", ended.peak_bytes >> 20);
}

#[test]
fn attack_27_a_recursion_ends_at_its_stack() {
    let scene = Scene::new();
    let (ended, _) = check(&scene, endless(&scene, "recursion", ""), 7, "limit-exceeded");
    assert_eq!(ended.result()["message"], "the component used up its stack");
}

#[test]
fn attack_27_a_component_that_holds_every_file_still_leaves_a_receipt() {
    let scene = Scene::new();
    // As most CI runners have it.
    let run = endless(&scene, "hold", "deploy/web.yaml").few_files();
    let (ended, calls) = ends_in_time(|| check(&scene, run, 7, "limit-exceeded"));
    assert!(calls > 100, "{ended:?}");
}

#[test]
fn attack_27_a_component_is_ended_before_its_run_is_entered() {
    let scene = Scene::new();
    let endless = "(loop br 0) unreachable";
    for parts in [
        Parts { core: "(func $start (loop br 0)) (start $start)", ..Parts::default() },
        Parts { realloc: endless, ..Parts::default() },
        Parts { run: endless, ..Parts::default() },
    ] {
        let run = made(&scene, parts, "seconds: 1");
        let (ended, _) = ends_in_time(|| check(&scene, run, 7, "limit-exceeded"));
        assert_eq!(ended.result()["message"], "the step ran longer than 1 s");
    }
}

#[test]
fn attack_28_own_memory_and_tables_are_bounded() {
    let scene = Scene::new();
    check(&scene, scene.attack("greedy", "memory", &[]), 0, "done");
    let (ended, _) = check(&scene, scene.attack("greedy", "allocation", &[]), 7, "limit-exceeded");
    assert_eq!(ended.result()["message"], "the component wanted more than its 64 MiB of memory");
    for core in ["(table 200000 funcref)", "(memory 2000)", "(table 4000000000 funcref)"] {
        check(&scene, made(&scene, Parts { core, ..Parts::default() }, ""), 7, "limit-exceeded");
    }
    // What each of them may have, all together may not.
    for core in ["(table 60000 funcref) (table 60000 funcref)", &"(table 5000 funcref)".repeat(21)] {
        check(&scene, made(&scene, Parts { core, ..Parts::default() }, ""), 7, "limit-exceeded");
    }
    check(
        &scene,
        made(&scene, Parts { core: &"(table 5000 funcref)".repeat(20), ..Parts::default() }, ""),
        0,
        "done",
    );
    let grow = "(loop (br_if 0 (i32.ge_s (table.grow (ref.null func) (i32.const 1000)) (i32.const 0)))) i32.const 4096";
    let parts = Parts { core: "(table 0 funcref)", run: grow, ..Parts::default() };
    check(&scene, made(&scene, parts, ""), 0, "done");
}

#[test]
fn attack_28_handles_and_calls_are_bounded() {
    let scene = Scene::new();
    let handles = |limits| {
        scene.attack_with("greedy", "handles", &["1000000", "deploy/web.yaml"], &["read deploy/**"], limits)
    };
    let (_, calls) = check(&scene, handles(""), 7, "limit-exceeded");
    assert_eq!(calls, 1001);
    let (_, calls) = check(&scene, handles("calls: 100000"), 7, "limit-exceeded");
    assert_eq!(calls, 100_001);
    // With few open files left to the host itself, it is the component that is told, not the host that breaks.
    check(&scene, handles("calls: 5000").few_files(), 7, "limit-exceeded");
    let names = scene.attack_with("greedy", "names", &["1000000"], &["read deploy/**"], "calls: 100000");
    let (_, calls) = check(&scene, names, 7, "limit-exceeded");
    assert_eq!(calls, 100_001);
}

#[test]
fn attack_28_the_first_denial_ends_a_component() {
    let scene = Scene::new();
    for path in ["other/file", "../outside/secret.txt", "deploy/.git/config"] {
        let run = scene.attack_with(
            "greedy",
            "denials",
            &["300000", path],
            &["read,write deploy/**"],
            "calls: 300000, seconds: 60",
        );
        let (ended, calls) = check(&scene, run, 3, "denied");
        assert_eq!(calls, 1, "{path}");
        let result = ended.result();
        assert!(result["message"].as_str().unwrap().contains(path), "{result}");
        let notes = result["notes"].to_string();
        assert!(notes.contains("said before") && !notes.contains("after"), "{notes}");
        assert!(!ended.stderr.contains("after"), "{}", ended.stderr);
    }
}

#[test]
fn attack_28_notes_and_summaries_have_budgets() {
    let scene = Scene::new();
    for (act, count) in
        [("progress", "1000000"), ("notes", "1000000"), ("paragraphs", "1000000"), ("tables", "300")]
    {
        let run = scene.attack_with("greedy", act, &[count], &["read deploy/**"], "calls: 100000");
        check(&scene, run, 7, "limit-exceeded");
    }
    let (ended, _) = check(&scene, scene.attack("greedy", "printed", &[]), 0, "done");
    assert!(ended.stderr.len() < 64 * 1024, "a line without an end is cut");
    assert!(ended.stderr.contains("printed more than"), "{}", ended.stderr);
}

#[test]
fn attack_28_values_are_bounded_in_the_hosts_memory() {
    let scene = Scene::new();
    check(&scene, scene.attack("greedy_values", "text", &[]), 7, "limit-exceeded");
    for (count, length) in [("2000000", "60"), ("3000000", "0"), ("1000", "1000000"), ("100", "1200000")] {
        check_limit(&scene, scene.attack("greedy_values", "columns", &[count, length]));
    }
    check_limit(&scene, scene.attack("greedy_values", "rows", &["3000000"]));
    check_limit(&scene, scene.attack("greedy_values", "failure", &["", "15000000"]));
    // Few bytes here and many as JSON; many values of no byte at all.
    for (count, length) in [("60", "2000000"), ("100", "1200000"), ("3000000", "0"), ("2000000", "30")] {
        check_limit(&scene, scene.attack("greedy_values", "outputs", &[count, length]));
    }
}

/// A limit or a trap: which of the two depends on which of several budgets ends it first.
#[track_caller]
fn check_limit(scene: &Scene, run: Run<'_>) {
    let ended = run.end();
    assert_eq!(ended.exit, Some(7), "{:.600}", format!("{ended:?}"));
    assert!(ended.peak_bytes < MOST_BYTES, "the host had {} MiB in RAM", ended.peak_bytes >> 20);
    assert_eq!(count_calls(scene), 0);
    assert_no_secret(scene, &ended);
}

#[test]
fn attack_28_randomness_and_staged_bytes_are_bounded() {
    let scene = Scene::new();
    check(&scene, scene.attack("random", "", &[]), 7, "limit-exceeded");
    let (ended, calls) = check(&scene, scene.attack("greedy", "staged", &[]), 7, "limit-exceeded");
    assert_eq!(ended.result()["changed"], serde_json::json!([]));
    assert_eq!(calls, 33, "32 files of 8 MiB are 256 MiB, and one more");
}

fn made<'s>(scene: &'s Scene, parts: Parts<'_>, limits: &str) -> Run<'s> {
    let path = scene.path("own/made.wasm");
    fs::write(&path, wat::component(parts)).unwrap();
    scene.component(&path, &["read **"], limits).args(["--act", "something"])
}
