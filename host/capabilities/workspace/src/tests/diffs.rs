//! Tests of the diff, as text and as git reads it.

use super::diff::DiffSide;
use super::*;
use proptest::prelude::*;
use std::process::Command;

#[test]
fn a_diff_is_what_git_would_print() {
    let lines = |range: std::ops::Range<u32>| range.map(|n| format!("line {n}\n")).collect::<String>();
    let root = tree(&[
        ("b", &lines(0..20)),
        ("gone", "x\n"),
        ("end", "same\nold"),
        ("crlf", "a\r\nb\r\nc\rd\r\n"),
        ("binary", "a\0b"),
    ]);
    let mut run = Run::on(root.path());
    let edited = lines(0..20).replace("line 1\n", "line one\n").replace("line 15\n", "");
    run.write("b", edited).unwrap();
    run.write("a b/new", "1\n2\n").unwrap();
    run.write("empty", "").unwrap();
    run.remove("gone").unwrap();
    run.write("end", "same\nnew\n").unwrap();
    run.write("crlf", "a\r\nB\r\nc\rd\r\n").unwrap();
    run.write("binary", "a\0c").unwrap();
    run.write("latin", b"\xe4\n").unwrap();
    let expected = concat!(
        "diff --git a/a b/new b/a b/new\nnew file mode 100644\n",
        "--- /dev/null\n+++ b/a b/new\t\n@@ -0,0 +1,2 @@\n+1\n+2\n",
        "diff --git a/b b/b\n--- a/b\n+++ b/b\n",
        "@@ -1,5 +1,5 @@\n line 0\n-line 1\n+line one\n line 2\n line 3\n line 4\n",
        "@@ -13,7 +13,6 @@\n line 12\n line 13\n line 14\n-line 15\n line 16\n line 17\n line 18\n",
        "diff --git a/binary b/binary\nBinary files a/binary and b/binary differ\n",
        "diff --git a/crlf b/crlf\n--- a/crlf\n+++ b/crlf\n",
        "@@ -1,3 +1,3 @@\n a\r\n-b\r\n+B\r\n c\rd\r\n",
        "diff --git a/empty b/empty\nnew file mode 100644\n",
        "diff --git a/end b/end\n--- a/end\n+++ b/end\n",
        "@@ -1,2 +1,2 @@\n same\n-old\n\\ No newline at end of file\n+new\n",
        "diff --git a/gone b/gone\ndeleted file mode 100644\n",
        "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
        "diff --git a/latin b/latin\nnew file mode 100644\nBinary files /dev/null and b/latin differ\n",
    );
    assert_eq!(run.diff().unwrap(), expected);
    assert_eq!(run.workspace.dry_run_diff().unwrap(), expected);
}

#[test]
fn a_diff_is_of_the_content_the_run_first_saw() {
    let root = tree(&[("a", "1\n")]);
    let mut run = Run::on(root.path());
    run.write("a", "2\n").unwrap();
    put(root.path(), "a", "3\n");
    assert!(matches!(run.diff(), Err(CallError::Conflict(_))));
    assert!(matches!(run.workspace.dry_run_diff(), Err(CommitError::Conflict { .. })));
}

#[test]
fn a_diff_over_the_limit_is_refused_and_a_large_file_is_not_shown() {
    let root = tree(&[("large", "1234567890"), ("run.sh", "")]);
    set_mode(root.path(), "run.sh", 0o755);
    let limits = Limits { read_bytes: 9, ..Limits::default() };
    let mut run = Run::with(root.path(), limits, &[]);
    run.write("large", "x").unwrap();
    run.remove("run.sh").unwrap();
    assert!(matches!(run.diff(), Err(CallError::LimitExceeded(_))));
    let diff = run.workspace.dry_run_diff().unwrap();
    assert!(diff.contains("Binary files a/large and b/large differ"), "{diff}");
    assert!(diff.contains("deleted file mode 100755"), "{diff}");
}

#[test]
fn many_lines_are_shown_as_replaced_whole() {
    let (old, new) = ("\n".repeat(300_000), "a\n".repeat(300_000));
    let path = WorkspacePath::parse("x").unwrap();
    let side = |content| DiffSide::File { content, executable: false };
    let mut out = String::new();
    let mut cost = diff::MAX_COST;
    diff::render(&mut out, &mut cost, &path, side(old.as_bytes()), side(new.as_bytes()));
    assert!(out.contains("@@ -1,300000 +1,300000 @@\n-\n"));
    assert_eq!(out.matches("\n+a").count(), 300_000);
}

#[test]
fn the_search_for_differences_has_one_budget_for_all_files() {
    let path = WorkspacePath::parse("x").unwrap();
    let side = |content| DiffSide::File { content, executable: false };
    let (mut out, mut cost) = (String::new(), 100);
    diff::render(&mut out, &mut cost, &path, side(b"0\n2\n3\n4\n"), side(b"1\n2\n3\n5\n"));
    assert!(out.ends_with("\n-0\n+1\n 2\n 3\n-4\n+5\n") && cost == 36, "{cost}: {out}");
    diff::render(&mut out, &mut cost, &path, side(b"0\n2\n3\n4\n"), side(b"1\n2\n3\n4\n5\n"));
    assert!(out.ends_with("\n-0\n-2\n-3\n-4\n+1\n+2\n+3\n+4\n+5\n") && cost == 36, "{cost}: {out}");
}

#[test]
fn lines_that_keep_their_places_are_found_without_a_search() {
    let path = WorkspacePath::parse("x").unwrap();
    let side = |content| DiffSide::File { content, executable: false };
    let (mut out, mut cost) = (String::new(), 0);
    let (old, new) = (b"0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", b"0\nb\n2\n3\n4\n5\n6\n7\ni\n9\n");
    diff::render(&mut out, &mut cost, &path, side(old), side(new));
    assert!(out.ends_with("@@ -1,10 +1,10 @@\n 0\n-1\n+b\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+i\n 9\n"), "{out}");
}

#[test]
fn one_line_of_a_long_file_is_one_line_of_the_diff() {
    let old: String = (0..300_000).map(|line| format!("{line}\n")).collect();
    let new = old.replace("\n150000\n", "\nx\n");
    let path = WorkspacePath::parse("x").unwrap();
    let side = |content| DiffSide::File { content, executable: false };
    let (mut out, mut cost) = (String::new(), 100);
    diff::render(&mut out, &mut cost, &path, side(old.as_bytes()), side(new.as_bytes()));
    let hunk =
        "@@ -149998,7 +149998,7 @@\n 149997\n 149998\n 149999\n-150000\n+x\n 150001\n 150002\n 150003\n";
    assert!(out.ends_with(hunk) && cost == 96, "{cost}: {out}");
}

#[test]
fn a_diff_over_its_limit_names_the_files_that_it_leaves_out() {
    let root = tree(&[]);
    let mut run = Run::on(root.path());
    for name in ["a", "b", "c"] {
        run.write(name, format!("{name}\n").repeat(if name == "c" { 1 } else { 2_000_000 })).unwrap();
    }
    let diff = run.workspace.dry_run_diff().unwrap();
    assert!(diff.contains("+++ b/a\n") && diff.contains("+++ b/c\n"), "what fits is there");
    assert!(diff.contains("new file mode 100644\nBinary files /dev/null and b/b differ\n"));
}

/// Applies the diff with git in a folder that holds the old files.
fn git_apply(root: &Path, diff: &str) {
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), diff).unwrap();
    let git = Command::new("git")
        .args(["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn"])
        .arg(patch.path())
        .env("GIT_CEILING_DIRECTORIES", root.parent().unwrap())
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&git.stderr);
    assert!(git.status.success(), "{said}\n{diff}");
}

/// What a test makes of one file: its content before and after, none for no file.
type Case = (Option<String>, Option<String>);

fn content() -> impl Strategy<Value = Option<String>> {
    let line = prop_oneof!["[ab]?(\r)?\n", Just("same\n".to_owned()), "[c-z]{0,3}\n"];
    let text = (proptest::collection::vec(line, 0..30), "([a-c]|\r|ü)?")
        .prop_map(|(lines, end)| lines.concat() + &end);
    proptest::option::weighted(0.8, text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn git_apply_of_the_diff_on_the_old_tree_gives_the_new_tree(cases in proptest::collection::vec((content(), content()), 5)) {
        let names = ["plain", "with blank", "deep/er/file", "qu\"ote", "größe"];
        let (root, copy) = (tree(&[("kept", "kept")]), tree(&[("kept", "kept")]));
        let cases: Vec<(&str, Case)> = names.into_iter().zip(cases).collect();
        for (name, (before, _)) in &cases {
            if let Some(before) = before {
                put(root.path(), name, before);
                put(copy.path(), name, before);
            }
        }
        let mut run = Run::on(root.path());
        for (name, (before, after)) in &cases {
            match (before, after) {
                (_, Some(after)) => drop(run.write(name, after).unwrap()),
                (Some(_), None) => run.remove(name).unwrap(),
                (None, None) => {}
            }
        }
        let diff = run.diff().unwrap();
        run.commit().unwrap();
        if diff.is_empty() {
            prop_assert_eq!(snapshot(root.path()), snapshot(copy.path()));
            return Ok(());
        }
        git_apply(copy.path(), &diff);
        // git removes folders that it empties.
        let files = |root: &Path| -> BTreeMap<String, Vec<u8>> {
            snapshot(root).into_iter().filter(|(path, _)| !path.ends_with('/')).collect()
        };
        prop_assert_eq!(files(root.path()), files(copy.path()), "{}", diff);
    }
}
