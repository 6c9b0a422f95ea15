//! Tests of files that only their owner may read.

use super::*;

fn mode(root: &TempDir, path: &str) -> u32 {
    fs::metadata(root.path().join(path)).unwrap().permissions().mode() & 0o7777
}

fn set_mode(root: &TempDir, path: &str, mode: u32) {
    fs::set_permissions(root.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_its_owner_can_read_a_private_file() {
    let root = tree(&[("open", "old"), ("same", "kept")]);
    set_mode(&root, "open", 0o644);
    set_mode(&root, "same", 0o640);
    let mut run = Run::on(root.path());
    assert_eq!(run.write_private("new/file", "secret").unwrap(), WriteEffect::Created);
    assert_eq!(run.write_private("open", "secret").unwrap(), WriteEffect::Updated);
    assert_eq!(run.write_private("same", "kept").unwrap(), WriteEffect::Updated, "its mode changes");
    let changes = run.commit().unwrap();
    assert!(changes.len() == 3 && changes.iter().all(|change| change.private));
    for path in ["new/file", "open", "same"] {
        assert_eq!(mode(&root, path), 0o600, "{path}");
    }
    assert_eq!(fs::read_to_string(root.path().join("new/file")).unwrap(), "secret");
}

#[test]
fn an_unchanged_private_file_is_not_written() {
    let root = tree(&[("a", "secret")]);
    set_mode(&root, "a", 0o600);
    let mut run = Run::on(root.path());
    assert_eq!(run.write_private("a", "secret").unwrap(), WriteEffect::Unchanged);
    assert_eq!(run.commit().unwrap(), []);
}

#[test]
fn a_private_file_stays_private_in_the_run() {
    let root = tree(&[("a", "1")]);
    let mut run = Run::on(root.path());
    run.write_private("a", "secret").unwrap();
    run.write("a", "another secret").unwrap();
    assert!(!run.diff().unwrap().contains("another"));
    run.commit().unwrap();
    assert_eq!(mode(&root, "a"), 0o600);
}

#[test]
fn no_diff_and_no_record_shows_the_content_of_a_private_file() {
    let root = tree(&[("a", "hunter1"), ("b", "1")]);
    let mut run = Run::on(root.path());
    run.write_private("a", "hunter2").unwrap();
    run.write_private("c", "hunter2").unwrap();
    run.write("b", "2").unwrap();
    for diff in [run.diff().unwrap(), run.workspace.dry_run_diff().unwrap()] {
        assert!(!diff.contains("hunter") && diff.contains("+2"), "{diff}");
        assert!(diff.contains("Binary files a/a and b/a differ"), "{diff}");
    }
    let log = run.gate.log();
    let private: Vec<_> = log.records.iter().filter(|record| record.target != "b").collect();
    assert!(private.len() >= 2 && private.iter().all(|record| record.digest.is_none()));
}

#[test]
fn standard_input_is_no_file_to_write_or_to_find() {
    let root = tree(&[("-", "a file of this name"), ("a", "1")]);
    let mut run = Run::on(root.path());
    assert_eq!(run.paths("**"), ["a"]);
    assert!(run.write("-", "x").is_err() && run.write_private("-", "x").is_err() && run.remove("-").is_err());
    let mut taken = Run { workspace: run.workspace.without_stdin(), gate: run.gate };
    assert!(matches!(taken.read("-"), Err(CallError::Denied(_))), "`**` does not mean it");
    assert!(taken.commit().unwrap().is_empty());
}
