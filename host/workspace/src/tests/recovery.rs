//! What a killed run leaves, at every operation, and what the next one makes of it.

use super::committing::{First, small_commit};
use super::*;

#[test]
fn a_kill_at_any_operation_leaves_the_old_or_the_new() {
    for first in [First::Write, First::Remove] {
        let (mut old_seen, mut new_seen) = (0, 0);
        for after in 0.. {
            let (root, run, new) = small_commit(first);
            let old = snapshot(root.path());
            let (result, hit) = fault::during(after, Fault::Kill, || run.commit());
            if !hit {
                assert!(result.is_ok());
                break;
            }
            let next = Run::on(root.path());
            let now = snapshot(root.path());
            match next.workspace.recovered() {
                Some(Recovered::Finished(changes)) => assert_eq!((changes.len(), &now), (5, &new)),
                _ => assert_eq!(now, old, "{first:?}, after {after}"),
            }
            old_seen += u32::from(now == old);
            new_seen += u32::from(now == new);
        }
        assert!(old_seen > 5 && new_seen > 5, "{old_seen} old, {new_seen} new");
    }
}

#[test]
fn a_kill_during_the_recovery_is_recovered_too() {
    for first in 0.. {
        let (root, run, new) = small_commit(First::Remove);
        let old = snapshot(root.path());
        let (_, hit) = fault::during(first, Fault::Kill, || run.commit());
        if !hit {
            break;
        }
        // Each attempt gets one operation further, and starts from where the last one died.
        for second in 0.. {
            let opened = || Workspace::open(root.path(), &Limits::default(), &[]);
            let (opened, hit) = fault::during(second, Fault::Kill, opened);
            if !hit {
                opened.unwrap();
                break;
            }
        }
        let now = snapshot(root.path());
        assert!(now == old || now == new, "after {first}: {now:?}");
    }
}

/// A folder in which a run was killed after it had put one file in place.
fn half_committed() -> TempDir {
    for after in 0.. {
        let (root, run, new) = small_commit(First::Write);
        let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
        assert!(hit);
        let now = snapshot(root.path());
        if now.contains_key(journal::JOURNAL) && now["0"] == new["0"] {
            return root;
        }
    }
    unreachable!()
}

#[test]
fn a_recovery_never_overwrites_somebodys_change() {
    let cases: [(&str, Meddle); 6] = [
        ("0", |root| put(root, "0", "theirs")),
        ("b", |root| put(root, "b", "theirs")),
        ("c/d", |root| put(root, "c/d", "theirs")),
        ("x/y/z", |root| put(root, "x/y/z", "theirs")),
        ("c/d", |root| {
            for own in own_files(root).iter().filter(|own| own.starts_with("c/")) {
                fs::remove_file(root.join(own)).unwrap();
            }
        }),
        ("c/d", |root| {
            for own in own_files(root).iter().filter(|own| own.starts_with("c/")) {
                put(root, own, "torn");
            }
        }),
    ];
    for (expected, meddle) in cases {
        let root = half_committed();
        meddle(root.path());
        let before = snapshot(root.path());
        match Workspace::open(root.path(), &Limits::default(), &[]) {
            Err(error @ WorkspaceError::Changed { .. }) => {
                let (message, hint) = (error.to_string(), error.hint().unwrap());
                assert!(message.contains(&format!("`{expected}`")), "{message}");
                assert!(hint.contains(journal::JOURNAL) && hint.contains(expected), "{hint}");
            }
            other => panic!("{expected}: {other:?}"),
        }
        assert_eq!(snapshot(root.path()), before);
    }
}

#[test]
fn a_temporary_file_that_is_taken_away_is_not_taken_for_done() {
    let root = half_committed();
    let folder = File::open(root.path()).unwrap();
    let plan = journal::load(folder.as_fd(), journal::JOURNAL, &Reach::default()).unwrap().unwrap();
    for own in own_files(root.path()).iter().filter(|own| own.starts_with("c/")) {
        fs::remove_file(root.path().join(own)).unwrap();
    }
    let (index, _) = commit::put_in_place(folder.as_fd(), &plan, 100).unwrap_err();
    assert_eq!(plan.entries[index].path.as_str(), "c/d");
}

#[test]
fn a_commit_first_ends_what_was_left_since_it_opened() {
    let root = half_committed();
    let left = snapshot(root.path());
    for (path, _) in left.iter().filter(|(path, _)| path.contains(".lockstep-")) {
        fs::remove_file(root.path().join(path)).unwrap();
    }
    let mut run = Run::on(root.path());
    run.write("same", "6").unwrap();
    for (path, content) in left.iter().filter(|(path, _)| path.contains(".lockstep-")) {
        put(root.path(), path, content);
    }
    run.commit().unwrap();
    let now = snapshot(root.path());
    assert_eq!((&now["same"][..], &now["c/d"][..]), (&b"6"[..], &b"new"[..]));
    assert_eq!(own_files(root.path()), [""; 0]);
}

#[test]
fn a_journal_cut_off_anywhere_is_undone() {
    let (root, run, _) = small_commit(First::Write);
    let old = snapshot(root.path());
    let _ = fault::during(3, Fault::Kill, || run.commit());
    let whole = fs::read(root.path().join(journal::STAGING)).unwrap();
    for length in 0..whole.len() {
        // Only the journal: it is whole before anything else is made.
        let root = tree(&[]);
        for (path, content) in old.iter().filter(|(path, _)| !path.ends_with('/')) {
            put(root.path(), path, content);
        }
        put(root.path(), journal::STAGING, &whole[..length]);
        let run = Run::on(root.path());
        assert_eq!(run.workspace.recovered(), Some(&Recovered::Undone));
        assert_eq!(snapshot(root.path()), old);
    }
}

/// A journal that anybody can put into a repository, with its one temporary file.
fn planted(root: &Path, name: &str, path: &str, folder: &str) {
    let digest = Digest::of(b"evil");
    let text = format!(
        r#"{{"version":1,"run":"0123456789abcdef","folders":["{folder}"],"files":[{{"path":"{path}","before":null,"after":"{digest}"}}]}}"#
    );
    put(root, name, text);
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let temp = root.join(parent).join(".lockstep-0123456789abcdef-0");
    if temp.parent().unwrap().is_dir() {
        fs::write(temp, "evil").unwrap();
    }
}

#[test]
fn a_planted_journal_reaches_nothing_that_a_run_cannot_change() {
    let outside = tree(&[("kept", "")]);
    for name in [journal::JOURNAL, journal::STAGING] {
        for path in [
            ".git/config",
            ".git/hooks/pre-commit",
            "a/.git/config",
            ".github/workflows/ci.yml",
            "lockstep.yaml",
            "runner/env",
            "../kept",
            "/etc/kept",
            "a/../../kept",
            ".lockstep-journal",
        ] {
            let root = tree(&[(".git/config", ""), ("a/x", ""), ("runner/env", "")]);
            fs::create_dir(root.path().join(".git/hooks")).unwrap();
            planted(root.path(), name, path, "a");
            let before = snapshot(root.path());
            let own = [root.path().join("runner/env")];
            let opened = Workspace::open(root.path(), &Limits::default(), &own);
            assert!(matches!(opened, Err(WorkspaceError::Journal { .. })), "{name} {path}: {opened:?}");
            assert_eq!(snapshot(root.path()), before, "{name} {path}");
        }
    }
    assert_eq!(snapshot(outside.path()).len(), 1);
}

#[test]
fn a_planted_journal_follows_no_link() {
    let outside = tree(&[("kept", "kept")]);
    for name in [journal::JOURNAL, journal::STAGING] {
        let root = tree(&[]);
        symlink(outside.path(), root.path().join("out")).unwrap();
        fs::write(outside.path().join(".lockstep-0123456789abcdef-0"), "evil").unwrap();
        planted(root.path(), name, "out/kept", "out/empty");
        fs::create_dir_all(outside.path().join("empty")).unwrap();
        let before = snapshot(outside.path());
        let _ = Workspace::open(root.path(), &Limits::default(), &[]);
        assert_eq!(snapshot(outside.path()), before, "{name}");
    }
}

#[test]
fn a_journal_of_another_version_or_kind_is_left_alone() {
    let digest = Digest::of(b"");
    for text in [
        r#"{"version":2,"run":"0123456789abcdef","folders":[],"files":[]}"#.to_owned(),
        r#"{"version":1,"run":"../x","folders":[],"files":[]}"#.to_owned(),
        r#"{"version":1,"run":"0123456789abcdef","folders":[],"files":[],"more":1}"#.to_owned(),
        format!(
            r#"{{"version":1,"run":"0123456789abcdef","folders":[],"files":[{{"path":"a","before":"{digest}","after":"sha256:0"}}]}}"#
        ),
        "not json".to_owned(),
    ] {
        for name in [journal::JOURNAL, journal::STAGING] {
            let root = tree(&[(name, &text)]);
            let opened = Workspace::open(root.path(), &Limits::default(), &[]);
            assert!(matches!(opened, Err(WorkspaceError::Journal { .. })), "{text}: {opened:?}");
            assert!(root.path().join(name).exists());
        }
    }
    let root = tree(&[]);
    symlink("/dev/zero", root.path().join(journal::JOURNAL)).unwrap();
    assert!(Workspace::open(root.path(), &Limits::default(), &[]).is_err());
}
