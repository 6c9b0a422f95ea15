//! The finished program killed while it changes 300 files: the files are all as they were or, after one more run,
//! all as they should be, and nothing of lockstep's own is left.
#![cfg(unix)]

use lockstep_tests::support::{Run, Scene, receipt, tree};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

const FILES: usize = 300;

/// The content of a file in its state, and a size that makes each file a little work.
fn content(file: usize, tag: &str) -> String {
    format!("# file {file}\nimage: registry.example.com/web:{tag}\n{}", "# padding\n".repeat(10))
}

fn scene() -> Scene {
    let scene = Scene::new();
    for file in 0..FILES {
        scene.put(&format!("workspace/apps/{}/{file}.yaml", file % 10), &content(file, "v0"));
    }
    scene
}

/// The tags that the files have, or which of them is broken.
fn tags(scene: &Scene, old: &str, new: &str) -> Vec<bool> {
    let changed = |file: usize| {
        let text = scene.text(&format!("workspace/apps/{}/{file}.yaml", file % 10));
        assert!(
            text == content(file, old) || text == content(file, new),
            "file {file} is broken: {text:.80}"
        );
        text == content(file, new)
    };
    (0..FILES).map(changed).collect()
}

/// Files of lockstep's own, wherever in the workspace.
fn leftovers(scene: &Scene) -> Vec<String> {
    let folders = (0..10).map(|folder| format!("workspace/apps/{folder}")).chain(["workspace".to_owned()]);
    let entries = folders.flat_map(|folder| fs::read_dir(scene.path(&folder)).unwrap().flatten());
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(".lockstep-")).collect()
}

/// Waits until the commit is at this point, or the run has left its receipt and is over.
fn wait_for(scene: &Scene, name: &str) {
    let (journal, receipt) = (scene.path("workspace").join(name), scene.path("own/receipt.json"));
    while !journal.exists() && !fs::metadata(&receipt).is_ok_and(|stat| stat.len() > 0) {}
}

/// A number that looks random: the kills fall on other moments in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most.max(1)
    }
}

#[test]
fn a_killed_run_leaves_all_or_nothing() {
    let scene = scene();
    let mut dice = Dice(u64::from(std::process::id()) * 0x9e37_79b9 + 1);
    let started = Instant::now();
    patch(&scene, "v0").end().expect(0, "done");
    let whole = u64::try_from(started.elapsed().as_micros()).unwrap();
    let (mut cut_off, mut untouched) = (0, 0);
    for round in 1..=100 {
        let (old, new) = (format!("v{}", round - 1), format!("v{round}"));
        let signal = if round % 5 == 0 { Signal::TERM } else { Signal::KILL };
        let running = patch(&scene, &new).start();
        // In turns at any moment of the run, while it prepares its commit, and while it puts files in place.
        match round % 3 {
            0 => sleep(Duration::from_micros(dice.below(whole))),
            1 => wait_for(&scene, ".lockstep-staging"),
            _ => wait_for(&scene, ".lockstep-journal"),
        }
        sleep(Duration::from_micros(dice.below(2_000)));
        // It may have ended already.
        let _ = kill_process(Pid::from_child(&running.child), signal);
        let ended = running.end(&scene);
        let left = leftovers(&scene);
        let changed = tags(&scene, &old, &new);
        match ended.exit {
            Some(code) => {
                assert_eq!((code, changed.iter().all(|new| *new), left.len()), (0, true, 0), "{left:?}");
            }
            // Decided and not finished: the journal is there, and the next run puts the old files back.
            None if changed.contains(&true) && changed.contains(&false) => {
                assert!(left.contains(&".lockstep-journal".to_owned()), "{left:?}");
                cut_off += 1;
            }
            None => untouched += 1,
        }
        let result = patch(&scene, &new).end().expect(0, "done");
        assert!(tags(&scene, &old, &new).iter().all(|new| *new), "round {round}: the next run does it");
        // What nobody was told is told now; a run that had told it, or was done, has left nothing to change.
        let untold = left.contains(&".lockstep-journal".to_owned()) || changed.contains(&false);
        assert_eq!(
            told(&scene, &result),
            if untold { (true, FILES, FILES) } else { (false, 0, 0) },
            "round {round}"
        );
        assert_eq!(leftovers(&scene), Vec::<String>::new(), "round {round}");
    }
    assert!(
        cut_off > 0 && untouched > 0,
        "{cut_off} runs were cut off in their commit, {untouched} at another time"
    );
    assert_eq!(tree(&scene.path("workspace/apps")).len(), FILES + 10, "no file came or went");
}

/// What a run tells of its changes: the outputs `changed` and `files`, and the changes in its receipt.
fn told(scene: &Scene, result: &Value) -> (bool, usize, usize) {
    let changes = receipt(scene)["predicate"]["record"]["changes"].as_array().map(Vec::len);
    let files = result["outputs"]["files"].as_array().map(Vec::len);
    (result["outputs"]["changed"] == true, files.unwrap(), changes.unwrap())
}

fn patch<'s>(scene: &'s Scene, tag: &str) -> Run<'s> {
    let run = scene.run("manifest-patch").args(["--files", "apps/**/*.yaml", "--expect", "any"]);
    run.args(["--image".to_owned(), format!("registry.example.com/web:{tag}")])
}

#[test]
fn a_run_after_a_killed_one_lists_the_restored_files() {
    let scene = scene();
    for round in 1..=200 {
        let (old, new) = (format!("v{}", round - 1), format!("v{round}"));
        let running = patch(&scene, &new).start();
        wait_for(&scene, ".lockstep-journal");
        let _ = kill_process(Pid::from_child(&running.child), Signal::KILL);
        let _ = running.end(&scene);
        let in_place = tags(&scene, &old, &new).into_iter().filter(|new| *new).count();
        if !scene.path("workspace/.lockstep-journal").exists() || in_place == 0 {
            patch(&scene, &new).end().expect(0, "done");
            continue;
        }
        // A run with other inputs, which change nothing: the files are as before the killed run, and that is told.
        let result = patch(&scene, &old).end().expect(0, "done");
        assert!(tags(&scene, &old, &new).iter().all(|new| !new));
        assert!(result["notes"].to_string().contains("killed run"), "{result}");
        assert_eq!(told(&scene, &result), (false, 0, in_place), "{result}");
        return;
    }
    panic!("no run was cut off in its commit");
}
