//! What a case may hold, and that a test must check all of it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::{Case, every};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tempfile::TempDir;

const TOML: &str = "args = [\"--set\", \"a=1\", \"--create\"]\nexit = 0\n";

/// A folder of cases with one case of these files.
fn cases(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("case").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// The message with which the check of this one case fails.
fn failure(files: &[(&str, &str)], check: impl FnMut(&mut Case)) -> Option<String> {
    let folder = cases(files);
    let caught = catch_unwind(AssertUnwindSafe(|| every(folder.path(), 1, check))).err()?;
    Some(caught.downcast_ref::<String>().unwrap().clone())
}

fn ends(case: &mut Case) {
    case.assert_ended(0, "done", "", &());
}

#[test]
fn reads_flags_and_files() {
    let files = [("case.toml", TOML), ("in/b/c.yaml", "a: 0\n"), ("out/b/c.yaml", "a: 1\n")];
    let message = failure(&files, |case| {
        ends(case);
        assert_eq!((case.list("--set"), case.one("--where")), (vec!["a=1".to_owned()], None));
        assert!(case.has("--create") && !case.has("--prune"));
        assert_eq!(case.file("b/c.yaml").unwrap(), b"a: 0\n");
        assert_eq!(case.expected()["b/c.yaml"], b"a: 1\n");
    });
    assert_eq!(message, None);
}

#[test]
fn an_invalid_case_is_rejected() {
    for (files, part) in [
        (vec![("case.toml", "args = []\nexit = 0\nmesage-contains = \"\"\n")], "mesage-contains"),
        (vec![("case.toml", "args = []\nexit = 1\n")], "a case has exit 0 or a code"),
        (vec![("case.toml", "args = []\nexit = 0\ncode = \"refused\"\n")], "a case has exit 0 or a code"),
        (vec![("case.toml", TOML), ("expected/a.yaml", "")], "unknown entry `expected`"),
        (vec![("case.toml", TOML), ("in.yaml", "")], "unknown entry `in.yaml`"),
        (vec![("in/a.yaml", "")], "No such file"),
    ] {
        let message = failure(&files, ends).unwrap_or_default();
        assert!(message.contains(part), "{files:?}: {message}");
    }
}

#[test]
fn a_check_that_skips_a_part_fails() {
    let stdin = format!("{TOML}stdin = \"a\"\n");
    let outputs = format!("{TOML}[outputs]\nedits = 1\n");
    for (files, part) in [
        (vec![("case.toml", stdin.as_str())], "stdin"),
        (vec![("case.toml", outputs.as_str())], "outputs"),
        (vec![("case.toml", TOML), ("in/a.yaml", "")], "in/"),
        (vec![("case.toml", TOML), ("out/a.yaml", "")], "out/"),
    ] {
        let message = failure(&files, ends).unwrap_or_default();
        assert!(message.contains("does not check") && message.contains(part), "{files:?}: {message}");
    }
    let message = failure(&[("case.toml", TOML)], |_| ()).unwrap();
    assert!(message.contains("the exit code"), "{message}");
    let two = [("case.toml", TOML), ("in/a.json", ""), ("in/b.json", "")];
    let message = failure(&two, |case| drop(case.file("a.json"))).unwrap();
    assert!(message.contains("does not read") && message.contains("b.json"), "{message}");
}

#[test]
fn an_unexpected_exit_code_or_message_fails() {
    let refused = "args = []\nexit = 1\ncode = \"no-match\"\nmessage-contains = \"2 places\"\n";
    let end = |rejected, code: &'static str, message: &'static str| {
        failure(&[("case.toml", refused)], move |case| case.assert_refused(rejected, code, message, &()))
    };
    assert_eq!(end(true, "no-match", "matches 2 places"), None);
    assert!(end(false, "no-match", "matches 2 places").is_some());
    assert!(end(true, "refused", "matches 2 places").is_some());
    assert!(end(true, "no-match", "matches 1 place").is_some());
    let files = [("case.toml", refused), ("out/a.yaml", "")];
    let message = failure(&files, |case| case.assert_refused(true, "no-match", "2 places", &())).unwrap();
    assert!(message.contains("no out/"), "{message}");
}

#[test]
fn too_few_cases_fail() {
    let folder = cases(&[("case.toml", TOML)]);
    assert!(catch_unwind(|| every(folder.path(), 2, ends)).is_err());
}
