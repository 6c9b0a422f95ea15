//! Tests with other processes that change files during a run, and with disks that fail.

use super::*;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

/// Swaps two names without pause until `act` has ended, and says how often.
fn while_swapping(root: &Path, swaps: &[(&str, &str)], act: impl FnOnce(&AtomicU32)) {
    let (stop, count) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (one, other) in swaps {
                    let (one, other) = (root.join(one), root.join(other));
                    let _ = renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE);
                }
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Also when `act` panics, or the scope would wait for ever.
        struct Stop<'a>(&'a AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _stop = Stop(&stop);
        act(&count);
    });
}

#[test]
fn a_name_swapped_with_a_link_never_leads_outside() {
    let outside = tree(&[("file", "canary"), ("deep/file", "canary")]);
    let root = tree(&[("folder/file", "inside"), ("folder/deep/file", "inside"), ("file", "inside")]);
    symlink(outside.path(), root.path().join("trap")).unwrap();
    symlink(outside.path().join("file"), root.path().join("trap-file")).unwrap();
    let before = snapshot(outside.path());
    let paths = ["folder/file", "folder/deep/file", "file"];
    let (mut inside, mut refused, mut committed) = (0, 0, 0);
    while_swapping(root.path(), &[("folder", "trap"), ("file", "trap-file")], |swaps| {
        let mut round = 0_u32;
        while round < 2000 || swaps.load(Ordering::Relaxed) < 5000 {
            round += 1;
            let Ok(workspace) = Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change) else {
                // An earlier round was stopped by a swap half-way. Only this test may do this.
                for name in journal::NAMES {
                    let _ = fs::remove_file(root.path().join(name));
                }
                continue;
            };
            let mut run = Run { gate: gate(Limits::default()), workspace };
            for path in paths {
                match run.read(path) {
                    Ok(content) => {
                        assert_ne!(content, b"canary", "{path}");
                        inside += 1;
                    }
                    Err(_) => refused += 1,
                }
                if let Ok(file) = run.open_file(path) {
                    assert_ne!(file.read_at(0, 10).unwrap(), b"canary", "{path}");
                }
                if let Ok(digests) = run.digests(&[path], Algorithm::Sha256, None) {
                    assert_ne!(digests[0][0], Digest::of(b"canary").hex(), "{path}");
                }
            }
            assert!(run.glob("**").unwrap().iter().all(|(path, _)| path.len() < 18));
            assert!(run.search("**").unwrap().skipped.iter().all(|entry| !entry.path.contains('/')));
            for path in paths {
                let _ = run.write(path, format!("round {round}"));
            }
            let _ = run.write("folder/new/file", "new");
            let _ = run.remove("folder/deep/file");
            committed += u32::from(run.commit().is_ok());
        }
    });
    assert_eq!(snapshot(outside.path()), before);
    assert!(inside > 0 && refused > 0 && committed > 0, "{inside} {refused} {committed}");
}

#[test]
fn a_hard_link_is_never_written_through() {
    let outside = tree(&[("file", "canary")]);
    let root = tree(&[]);
    fs::hard_link(outside.path().join("file"), root.path().join("file")).unwrap();
    let mut run = Run::on(root.path());
    run.write("file", "ours").unwrap();
    run.commit().unwrap();
    assert_eq!(fs::read(root.path().join("file")).unwrap(), b"ours");
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"canary");
}

const CHILD: &str = "LOCKSTEP_TEST_UNPRIVILEGED";

/// Runs `unprivileged_child` as a user that is not root.
#[test]
fn a_read_only_folder_is_one_error_and_changes_nothing() {
    if !rustix::process::geteuid().is_root() {
        return refused_by_permissions();
    }
    let folder = lockstep_tests::support::folder();
    set_mode(folder.path(), "", 0o777);
    let program = folder.path().join("tests");
    // By another process: one that this process has open for writing cannot be run.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status();
    assert!(copied.unwrap().success());
    set_mode(folder.path(), "tests", 0o755);
    let child = Command::new(&program)
        .args(["--exact", "tests::attacks::unprivileged_child"])
        .env(CHILD, "1")
        .env("TMPDIR", folder.path())
        .uid(65534)
        .gid(65534)
        .current_dir("/")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && out.contains("1 passed"), "{out}");
}

#[test]
fn unprivileged_child() {
    if std::env::var_os(CHILD).is_some() {
        refused_by_permissions();
    }
}

fn refused_by_permissions() {
    for change in ["write", "create", "remove", "deep"] {
        let root = tree(&[("a", "1"), ("shut/x", "1"), ("z", "1")]);
        let mut run = Run::on(root.path());
        run.write("a", "2").unwrap();
        run.remove("z").unwrap();
        match change {
            "write" => drop(run.write("shut/x", "2").unwrap()),
            "create" => drop(run.write("shut/new", "2").unwrap()),
            "deep" => drop(run.write("shut/new/new", "2").unwrap()),
            _ => run.remove("shut/x").unwrap(),
        }
        run.write("new/y", "2").unwrap();
        let before = snapshot(root.path());
        set_mode(root.path(), "shut", 0o555);
        match run.commit() {
            Err(CommitError::Unwritable { path, source }) => {
                assert!(path.starts_with("shut/"), "{path}");
                assert_eq!(source.kind(), std::io::ErrorKind::PermissionDenied);
            }
            other => panic!("{change}: {other:?}"),
        }
        set_mode(root.path(), "shut", 0o755);
        assert_eq!(snapshot(root.path()), before, "{change}");

        set_mode(root.path(), "", 0o555);
        let mut run = Run::on(root.path());
        run.write("shut/x", "3").unwrap();
        let result = run.commit();
        assert!(matches!(result, Err(CommitError::Unwritable { .. })), "{result:?}");
        set_mode(root.path(), "", 0o755);
        assert_eq!(snapshot(root.path()), before, "{change}");

        set_mode(root.path(), "a", 0);
        let mut run = Run::on(root.path());
        assert!(matches!(run.read("a"), Err(CallError::Local(_))));
        assert!(matches!(run.write("a", ""), Err(CallError::Local(_))));
        let digests = run.digests(&["z", "a"], Algorithm::Sha256, None);
        assert!(matches!(digests, Err(CallError::Local(_))), "{digests:?}");
        set_mode(root.path(), "shut", 0);
        assert!(matches!(run.glob("**"), Err(CallError::Local(_))));
        set_mode(root.path(), "shut", 0o755);
    }
}

/// Where the file system knows the attribute and this user may set it, which root often may.
#[test]
fn a_file_that_cannot_be_replaced_is_an_error_before_any_change() {
    for attribute in ["i", "a"] {
        let root = tree(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let set = |sign: &str| {
            let status =
                Command::new("chattr").arg(format!("{sign}{attribute}")).arg(root.path().join("b")).output();
            status.is_ok_and(|output| output.status.success())
        };
        if !set("+") {
            return;
        }
        let before = snapshot(root.path());
        for remove in [false, true] {
            let mut run = Run::on(root.path());
            run.write("a", "2").unwrap();
            match remove {
                true => run.remove("b").unwrap(),
                false => drop(run.write("b", "2").unwrap()),
            }
            run.remove("c").unwrap();
            let result = run.commit();
            let refused = matches!(&result, Err(CommitError::Unwritable { path, .. }) if path == "b");
            let after = snapshot(root.path());
            if !refused || after != before {
                set("-");
                panic!("{result:?} {after:?}");
            }
        }
        assert!(set("-"));
    }
}
