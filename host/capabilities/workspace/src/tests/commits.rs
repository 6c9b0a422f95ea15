//! Tests of commits with and without changes.

use super::*;

#[test]
fn a_commit_puts_all_files_in_place_and_leaves_no_temporary_file() {
    let root = tree(&[("a", "1"), ("b", "2"), ("c/d", "3"), ("same", "4")]);
    let mut run = Run::on(root.path());
    run.write("a", "new").unwrap();
    run.remove("b").unwrap();
    run.write("c/new", "made").unwrap();
    run.write("x/y/z", "deep").unwrap();
    run.write("x/y/z2", "deep").unwrap();
    run.write("same", "4").unwrap();
    let dry_run = run.workspace.changes();
    let changes = run.commit().unwrap();
    assert_eq!(changes, dry_run);
    let (before, after) = (Some(Digest::of(b"1")), Some(Digest::of(b"new")));
    let change = Change { path: "a".into(), before, after, private: false };
    assert_eq!((changes.len(), &changes[0]), (5, &change));
    let expected = [
        ("a", "new"),
        ("c/", ""),
        ("c/d", "3"),
        ("c/new", "made"),
        ("same", "4"),
        ("x/", ""),
        ("x/y/", ""),
        ("x/y/z", "deep"),
        ("x/y/z2", "deep"),
    ];
    let expected = expected.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec()));
    assert_eq!(snapshot(root.path()), BTreeMap::from(expected));
}

#[test]
fn permissions_are_kept_and_new_files_have_ordinary_ones() {
    let root = tree(&[("script", "1"), ("private", "1"), ("open", "1"), ("fixed", "1"), ("set", "1")]);
    for (path, mode) in
        [("script", 0o755), ("private", 0o600), ("open", 0o666), ("fixed", 0o444), ("set", 0o4755)]
    {
        set_mode(root.path(), path, mode);
    }
    let mut run = Run::on(root.path());
    for path in ["script", "private", "open", "fixed", "set", "new"] {
        run.write(path, "2").unwrap();
    }
    run.commit().unwrap();
    let modes = ["script", "private", "open", "fixed", "set"].map(|path| mode(root.path(), path));
    assert_eq!(modes, [0o755, 0o600, 0o666, 0o444, 0o755]);
    put(root.path(), "ordinary", "");
    assert_eq!(mode(root.path(), "new"), mode(root.path(), "ordinary") & 0o644);
}

#[test]
fn the_owner_is_kept_where_that_is_allowed() {
    let root = tree(&[("a", "1")]);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(root.path().join("a"), Some(1234), Some(5678)).unwrap();
    let mut run = Run::on(root.path());
    run.write("a", "2").unwrap();
    run.commit().unwrap();
    let status = fs::metadata(root.path().join("a")).unwrap();
    assert_eq!((status.uid(), status.gid()), (1234, 5678));
}

#[test]
fn a_file_that_changed_during_the_run_is_a_conflict_and_stays() {
    let cases: [(&str, Meddle); 7] = [
        ("updated", |root| put(root, "a", "theirs")),
        ("removed", |root| fs::remove_file(root.join("a")).unwrap()),
        ("made", |root| put(root, "new/x", "theirs")),
        ("made equal", |root| put(root, "new/x", "ours")),
        ("changed what is to be removed", |root| put(root, "b", "theirs")),
        ("put a link there", |root| {
            fs::remove_file(root.join("a")).unwrap();
            symlink("b", root.join("a")).unwrap();
        }),
        ("put a file where a folder is to be", |root| put(root, "new", "")),
    ];
    for (case, meddle) in cases {
        let root = tree(&[("0", ""), ("a", "1"), ("b", "2"), ("z", "")]);
        let mut run = Run::on(root.path());
        run.read("a").unwrap();
        run.write("0", "ours").unwrap();
        run.write("a", "ours").unwrap();
        run.remove("b").unwrap();
        run.write("new/x", "ours").unwrap();
        run.write("z", "ours").unwrap();
        meddle(root.path());
        let before = snapshot(root.path());
        let result = run.commit();
        assert!(matches!(result, Err(CommitError::Conflict { .. })), "{case}: {result:?}");
        assert_eq!(snapshot(root.path()), before, "{case}");
    }
}

#[test]
fn a_change_after_the_first_read_is_a_conflict() {
    for path in ["a", "new"] {
        let root = tree(&[("a", "1")]);
        let mut run = Run::on(root.path());
        let _ = run.read(path);
        put(root.path(), path, "theirs");
        assert_eq!(run.read(path).unwrap(), b"theirs");
        run.write(path, "ours").unwrap();
        let result = run.commit();
        assert!(
            matches!(&result, Err(CommitError::Conflict { path: named }) if named == path),
            "{path}: {result:?}"
        );
    }
}

#[test]
fn a_touched_file_of_the_same_content_is_no_conflict() {
    let root = tree(&[("a", "1")]);
    let mut run = Run::on(root.path());
    run.write("a", "2").unwrap();
    fs::remove_file(root.path().join("a")).unwrap();
    put(root.path(), "a", "1");
    run.commit().unwrap();
    assert_eq!(fs::read(root.path().join("a")).unwrap(), b"2");
}

#[test]
fn a_commit_waits_for_the_lock_up_to_its_timeout() {
    let root = tree(&[("a", "1")]);
    let mut run = Run::on(root.path());
    run.write("a", "2").unwrap();
    let other = Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change).unwrap();
    let lock = lock::WorkspaceLock::take(other.root()).unwrap();
    let result = run.commit();
    assert!(matches!(result, Err(CommitError::Workspace(WorkspaceError::Busy))), "{result:?}");
    put(root.path(), journal::STAGING, "");
    let dry_run = Workspace::open(root.path(), &Limits::default(), &[], Purpose::DryRun).unwrap();
    assert_eq!(dry_run.recovery(), Some(&Recovery::Underway), "a plan does not wait");
    let opened = Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change);
    assert!(matches!(opened, Err(WorkspaceError::Busy)), "{opened:?}");
    drop(lock);
    Run::on(root.path());
    assert_eq!(own_files(root.path()), [""; 0]);
}

#[test]
fn a_failed_operation_leaves_all_files_old_or_all_new() {
    for first in [FirstChange::Write, FirstChange::Remove] {
        let (mut unchanged, mut changed) = (0, 0);
        for after in 0.. {
            let (root, run, new) = small_commit(first);
            let old = snapshot(root.path());
            let (result, hit) = fault::during(after, Fault::Full, || run.commit());
            if !hit {
                assert_eq!(snapshot(root.path()), new);
                break;
            }
            match result.unwrap_err() {
                CommitError::Unwritable { path, .. } => {
                    assert!(!path.is_empty());
                    assert_eq!(snapshot(root.path()), old, "{first:?}, after {after}");
                    unchanged += 1;
                }
                // The files are in place, and what is left of the old ones could not be removed.
                CommitError::Workspace(WorkspaceError::Io { .. }) => {
                    let told = root.path().join(journal::REPORTED).exists();
                    Run::on(root.path());
                    let expected = if told { &new } else { &old };
                    assert_eq!(&snapshot(root.path()), expected, "{first:?}, after {after}");
                    changed += 1;
                }
                other => panic!("{first:?}, after {after}: {other:?}"),
            }
        }
        assert!(unchanged > 15 && changed > 5, "{unchanged}, {changed}");
    }
}

#[test]
fn a_commit_keeps_a_file_that_somebody_creates_at_the_last_moment() {
    for without in [false, true] {
        fault::WITHOUT_EXCHANGE.set(without);
        for path in ["0", "b", "c/d", "c/e", "x/y/z"] {
            let (mut refused, mut put) = (0, 0);
            for after in 0.. {
                let (root, run, _) = small_commit(FirstChange::Write);
                let old = snapshot(root.path());
                let folder = root.path().to_owned();
                let meddle = move || {
                    // As editors do: written beside it, then renamed.
                    put_beside(&folder, path, "theirs");
                };
                let (result, hit) = fault::meddling(after, meddle, || run.commit());
                if !hit {
                    break;
                }
                let now = snapshot(root.path());
                assert_eq!(now.get(path).map(Vec::as_slice), Some(&b"theirs"[..]), "{path}, after {after}");
                match result {
                    Ok(_) => put += 1,
                    Err(CommitError::Conflict { path: named }) => {
                        assert_eq!(named, path);
                        let others = |all: &BTreeMap<String, Vec<u8>>| {
                            let mut all = all.clone();
                            all.retain(|name, _| name != path && !name.starts_with('x'));
                            all
                        };
                        assert_eq!(others(&now), others(&old), "{path}, after {after}");
                        refused += 1;
                    }
                    Err(other) => panic!("{path}, after {after}: {other:?}"),
                }
            }
            assert!(refused > 0 && put > 0, "{path}: {refused} refused, {put} put");
        }
        fault::WITHOUT_EXCHANGE.set(false);
    }
}

fn put_beside(root: &Path, path: &str, content: &str) {
    put(root, &format!("{path}.beside"), content);
    fs::rename(root.join(format!("{path}.beside")), root.join(path)).unwrap();
}

/// The first change of a commit.
#[derive(Debug, Clone, Copy)]
pub(super) enum FirstChange {
    Write,
    Remove,
}

/// A folder, a run with staged changes of every kind, and the expected content of the folder after the commit.
pub(super) fn small_commit(first: FirstChange) -> (TempDir, Run, BTreeMap<String, Vec<u8>>) {
    let root = tree(&[("0", "0"), ("b", "2"), ("c/d", "3"), ("c/e", "4"), ("same", "5")]);
    let mut run = Run::on(root.path());
    match first {
        FirstChange::Write => drop(run.write("0", "new").unwrap()),
        FirstChange::Remove => run.remove("0").unwrap(),
    }
    run.remove("b").unwrap();
    run.write("c/d", "new").unwrap();
    run.remove("c/e").unwrap();
    run.write("x/y/z", "deep").unwrap();
    let new = [
        ("0", "new"),
        ("c/", ""),
        ("c/d", "new"),
        ("same", "5"),
        ("x/", ""),
        ("x/y/", ""),
        ("x/y/z", "deep"),
    ];
    let mut new = BTreeMap::from(new.map(|(path, content)| (path.to_owned(), content.as_bytes().to_vec())));
    if matches!(first, FirstChange::Remove) {
        new.remove("0");
    }
    (root, run, new)
}
