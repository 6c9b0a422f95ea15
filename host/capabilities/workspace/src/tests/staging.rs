//! Tests of staged changes, and of reads of them by the same run.

use super::*;

#[test]
fn the_run_sees_what_it_staged_and_the_disk_does_not() {
    let root = tree(&[("a", "1"), ("b", "2"), ("c/d", "3")]);
    let before = snapshot(root.path());
    let mut run = Run::on(root.path());
    assert_eq!(run.write("a", "new").unwrap(), WriteEffect::Updated);
    assert_eq!(run.write("e/f", "made").unwrap(), WriteEffect::Created);
    run.remove("b").unwrap();
    assert_eq!(run.read("a").unwrap(), b"new");
    assert_eq!(run.read("e/f").unwrap(), b"made");
    assert!(matches!(run.read("b"), Err(CallError::NotFound(_))));
    assert!(matches!(run.remove("b"), Err(CallError::NotFound(_))));
    assert!(matches!(run.open_file("b"), Err(CallError::NotFound(_))));
    let found = run.glob("**").unwrap();
    assert_eq!(found, [("a".into(), 3), ("c/d".into(), 1), ("e/f".into(), 4)]);
    assert_eq!(run.paths("e/f"), ["e/f"]);
    assert_eq!(run.paths("b"), [""; 0]);
    let changed: Vec<String> = run.workspace.changes().into_iter().map(|c| c.path).collect();
    assert_eq!(changed, ["a", "b", "e/f"]);
    drop(run);
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn staging_equal_content_stages_nothing() {
    let root = tree(&[("a", "1")]);
    let status = |path: &str| {
        let status = fs::metadata(root.path().join(path)).unwrap();
        (status.ino(), status.mtime_nsec(), status.ctime_nsec())
    };
    let before = status("a");
    let mut run = Run::on(root.path());
    assert_eq!(run.write("a", "1").unwrap(), WriteEffect::Unchanged);
    assert_eq!(run.write("a", "2").unwrap(), WriteEffect::Updated);
    assert_eq!(run.write("a", "1").unwrap(), WriteEffect::Unchanged);
    run.remove("a").unwrap();
    assert_eq!(run.write("a", "1").unwrap(), WriteEffect::Unchanged);
    run.write("new", "").unwrap();
    run.remove("new").unwrap();
    assert!(run.workspace.changes().is_empty());
    assert_eq!(run.diff().unwrap(), "");
    assert_eq!(run.commit().unwrap(), []);
    assert_eq!(status("a"), before);
}

#[test]
fn staged_bytes_have_a_budget_that_a_removal_refunds() {
    let root = tree(&[]);
    let limits = Limits { staged_bytes: 10, ..Limits::default() };
    let mut run = Run::with(root.path(), limits, &[]);
    run.write("a", "123456").unwrap();
    assert!(matches!(run.write("b", "12345"), Err(CallError::LimitExceeded(_))));
    run.write("a", "12345").unwrap();
    run.write("b", "12345").unwrap();
    run.remove("a").unwrap();
    run.write("c", "12345").unwrap();
    assert!(matches!(run.write("d", "1"), Err(CallError::LimitExceeded(_))));
}

#[test]
fn a_file_and_a_folder_cannot_have_one_name() {
    let root = tree(&[("file", ""), ("folder/x", "")]);
    let mut run = Run::on(root.path());
    run.write("new/deep/x", "").unwrap();
    run.write("new-er", "").unwrap();
    for path in ["new", "new/deep", "new/deep/x/y", "file/x", "folder"] {
        let error = run.write(path, "").unwrap_err();
        assert!(matches!(error, CallError::Invalid(_)), "{path}: {error:?}");
    }
    run.remove("file").unwrap();
    assert!(matches!(run.write("file/x", ""), Err(CallError::Invalid(_))));
    run.remove("new/deep/x").unwrap();
    run.write("new", "").unwrap();
}
