//! A test with real kills: SIGKILL ends a process while it commits several hundred files.

use super::*;
use rustix::process::{Signal, getpid, kill_process};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::thread;

const ROOT: &str = "LOCKSTEP_TEST_KILL_ROOT";
const AFTER: &str = "LOCKSTEP_TEST_KILL_AFTER";
const FILES: usize = 300;
const KILLS: u32 = 100;

fn fill(root: &Path) {
    for n in 0..FILES {
        put(root, &format!("d{}/f{n}", n % 7), format!("old {n}"));
    }
}

fn stage_all(run: &mut Run) {
    for n in 0..FILES {
        let path = format!("d{}/f{n}", n % 7);
        match n % 5 {
            0 => run.remove(&path).unwrap(),
            1 => drop(run.write(&format!("new{}/in/f{n}", n % 3), format!("new {n}")).unwrap()),
            _ => drop(run.write(&path, format!("new {n}")).unwrap()),
        }
    }
}

/// The process that is killed: by another thread of its own, once so many operations have begun.
#[test]
fn child_that_commits() {
    let (Some(root), Some(after)) = (std::env::var_os(ROOT), std::env::var_os(AFTER)) else {
        return;
    };
    let after: u32 = after.to_str().unwrap().parse().unwrap();
    let mut run = Run::on(Path::new(&root));
    stage_all(&mut run);
    thread::spawn(move || {
        while fault::BEGUN.load(Ordering::SeqCst) < after {
            std::hint::spin_loop();
        }
        kill_process(getpid(), Signal::KILL).unwrap();
    });
    run.commit().unwrap();
}

#[test]
fn a_commit_killed_anywhere_is_entirely_old_or_entirely_new_after_the_next_run() {
    let root = tempfile::tempdir().unwrap();
    fill(root.path());
    let old = snapshot(root.path());
    let mut run = Run::on(root.path());
    stage_all(&mut run);
    run.commit().unwrap();
    let new = snapshot(root.path());
    // The journal, a create and a write for each file, an exchange for each, two removals for each, some folders.
    let operations = u32::try_from(FILES).unwrap() * 5;
    let (mut undone, mut put_back, mut kept) = (0, 0, 0);
    for kill in 0..KILLS {
        let root = tempfile::tempdir().unwrap();
        fill(root.path());
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::kill::child_that_commits"])
            .env(ROOT, root.path())
            .env(AFTER, (kill * operations / KILLS).to_string())
            .output()
            .unwrap();
        let left = own_files(root.path());
        if left.is_empty() {
            let now = snapshot(root.path());
            assert!(now == old || now == new, "kill {kill}");
        }
        let told = left.iter().any(|name| name == journal::REPORTED);
        let recovered = Run::on(root.path()).workspace.recovery.take();
        let now = snapshot(root.path());
        let expected = if told { &new } else { &old };
        assert!(left.is_empty() || now == *expected, "kill {kill} left {left:?}");
        match recovered {
            Some(Recovery::Undone(changes)) if changes.is_empty() && told => kept += 1,
            Some(Recovery::Undone(changes)) if changes.is_empty() => undone += 1,
            Some(_) => put_back += 1,
            None => {}
        }
    }
    // Where a kill lands is for the machine to say, but not all of them can have missed.
    assert!(undone + put_back + kept > 0, "{undone} undone, {put_back} put back, {kept} kept");
}
