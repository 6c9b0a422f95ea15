//! Tests of the recovery from a run that was killed at each of its operations.

use super::commits::{FirstChange, small_commit};
use super::*;

fn open(root: &Path, purpose: Purpose) -> Result<Workspace, WorkspaceError> {
    Workspace::open(root, &Limits::default(), &[], purpose)
}

#[test]
fn a_killed_commit_is_undone_unless_the_run_had_reported_it() {
    for (first, without) in
        [(FirstChange::Write, false), (FirstChange::Remove, false), (FirstChange::Write, true)]
    {
        fault::WITHOUT_EXCHANGE.set(without);
        let (mut undone, mut put_back, mut kept) = (0, 0, 0);
        for after in 0.. {
            let (root, run, new) = small_commit(first);
            let old = snapshot(root.path());
            let (result, hit) = fault::during(after, Fault::Kill, || run.commit());
            if !hit {
                assert!(result.is_ok());
                break;
            }
            let left = snapshot(root.path());
            let next = Run::on(root.path());
            let now = snapshot(root.path());
            let case = format!("{first:?}, after {after}: {left:?}");
            match next.workspace.recovery() {
                _ if left.contains_key(journal::REPORTED) => {
                    assert_eq!(next.workspace.recovery(), Some(&Recovery::Undone(vec![])), "{case}");
                    assert_eq!(now, new, "{case}");
                    kept += 1;
                }
                Some(Recovery::Undone(changes)) => {
                    assert_eq!(now, old, "{case}");
                    let differ = |path: &String| left.get(path) != old.get(path);
                    let named: Vec<&String> = changes.iter().map(|change| &change.path).collect();
                    let differing: Vec<&String> = ["0", "b", "c/d", "c/e", "x/y/z"]
                        .iter()
                        .filter_map(|path| old.get_key_value(*path).or(new.get_key_value(*path)))
                        .map(|(path, _)| path)
                        .filter(|path| differ(path))
                        .collect();
                    assert_eq!(named, differing, "{case}");
                    let old_digest = |path: &str| old.get(path).map(|content| Digest::of(content));
                    assert!(changes.iter().all(|change| change.after == old_digest(&change.path)), "{case}");
                    undone += u32::from(changes.is_empty());
                    put_back += u32::from(!changes.is_empty());
                }
                // Killed before its first operation, or after its last.
                None => assert!(now == old || now == new, "{case}"),
                other => panic!("{case}: {other:?}"),
            }
        }
        assert!(undone > 5 && put_back > 4 && kept > 5, "{undone} {put_back} {kept}");
        fault::WITHOUT_EXCHANGE.set(false);
    }
}

#[test]
fn a_second_run_does_and_reports_all_work_itself() {
    let root = half_committed();
    let mut run = Run::on(root.path());
    run.write("0", "new").unwrap();
    run.write("c/d", "new").unwrap();
    let changes = run.commit().unwrap();
    let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["0", "c/d"]);
    assert_eq!(changes[0].before, Some(Digest::of(b"0")));
}

#[test]
fn a_kill_during_the_recovery_is_recovered_too() {
    for first in 0.. {
        let (root, run, new) = small_commit(FirstChange::Remove);
        let old = snapshot(root.path());
        let (_, hit) = fault::during(first, Fault::Kill, || run.commit());
        if !hit {
            break;
        }
        // Each attempt gets one operation further, and starts from where the last one died.
        for second in 0.. {
            let opened = || open(root.path(), Purpose::Change);
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
        let (root, run, new) = small_commit(FirstChange::Write);
        let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
        assert!(hit);
        let now = snapshot(root.path());
        if now.contains_key(journal::JOURNAL) && now.get("0") == new.get("0") {
            return root;
        }
    }
    unreachable!()
}

/// Takes the temporary files in `c` away, or spoils them.
fn temporary(root: &Path, spoil: bool) {
    for own in own_files(root).iter().filter(|own| own.starts_with("c/")) {
        match spoil {
            true => put(root, own, "torn"),
            false => fs::remove_file(root.join(own)).unwrap(),
        }
    }
}

#[test]
fn a_file_that_was_in_place_and_changed_since_is_refused() {
    let cases: [(&str, Meddle); 5] = [
        ("0", |root| put(root, "0", "theirs")),
        ("0", |root| fs::remove_file(root.join("0")).unwrap()),
        ("0", |root| {
            fs::remove_file(root.join("0")).unwrap();
            symlink("same", root.join("0")).unwrap();
        }),
        ("0", |root| {
            for own in own_files(root).iter().filter(|own| own.ends_with("-0")) {
                fs::remove_file(root.join(own)).unwrap();
            }
        }),
        ("c/d", |root| temporary(root, true)),
    ];
    for (expected, meddle) in cases {
        let root = half_committed();
        meddle(root.path());
        let before = snapshot(root.path());
        match open(root.path(), Purpose::Change) {
            Err(error @ WorkspaceError::Changed { .. }) => {
                let (message, hint) = (error.to_string(), error.hint().unwrap());
                assert!(message.contains(&format!("`{expected}`")), "{message}");
                assert!(hint.contains("lockstep recover --undo") && hint.contains("--keep"), "{hint}");
            }
            other => panic!("{expected}: {other:?}"),
        }
        assert_eq!(snapshot(root.path()), before);
        assert!(
            matches!(recover(root.path(), RecoverAction::Finish), Err(WorkspaceError::Changed { .. })),
            "{expected}"
        );
        assert_eq!(snapshot(root.path()), before);
        recover(root.path(), RecoverAction::Keep).unwrap();
        assert_eq!(own_files(root.path()), [""; 0]);
        let now = snapshot(root.path());
        assert!(before.iter().all(|(path, content)| path.contains(".lockstep-") || now[path] == *content));
    }
}

#[test]
fn a_file_that_was_not_in_place_yet_stays_as_somebody_made_it() {
    let cases: [(&str, Meddle); 4] = [
        ("b", |root| put(root, "b", "theirs")),
        ("c/d", |root| put(root, "c/d", "theirs")),
        ("x/y/z", |root| put(root, "x/y/z", "theirs")),
        ("c/d", |root| temporary(root, false)),
    ];
    for (path, meddle) in cases {
        let root = half_committed();
        meddle(root.path());
        let theirs = fs::read(root.path().join(path)).unwrap();
        assert!(recover(root.path(), RecoverAction::Finish).is_err(), "{path}");
        open(root.path(), Purpose::Change).unwrap();
        assert_eq!(fs::read(root.path().join(path)).unwrap(), theirs);
        assert_eq!(fs::read(root.path().join("0")).unwrap(), b"0");
        assert_eq!(own_files(root.path()), [""; 0]);
    }
}

#[test]
fn a_run_that_changes_nothing_leaves_everything_where_it_is() {
    let mut stages = [0; 3];
    for after in 0.. {
        let (root, run, _) = small_commit(FirstChange::Write);
        let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
        if !hit {
            break;
        }
        let left = snapshot(root.path());
        let stage = journal::NAMES.iter().position(|name| left.contains_key(*name));
        // A journal that was not written yet says nothing.
        let Some(stage) = stage else { continue };
        for purpose in [Purpose::Read, Purpose::DryRun, Purpose::Nothing] {
            let opened = open(root.path(), purpose);
            match (opened, purpose, stage) {
                (Ok(opened), Purpose::Nothing, _) => {
                    assert_eq!(opened.recovery(), Some(&Recovery::Unseen))
                }
                (Err(WorkspaceError::Pending { files }), _, 1) => assert_eq!(files.len(), 5),
                (Ok(opened), _, 0 | 2) => assert_eq!(opened.recovery(), Some(&Recovery::Left)),
                other => panic!("{other:?}"),
            }
            assert_eq!(snapshot(root.path()), left, "{purpose:?}");
        }
        let told = inspect(root.path()).unwrap();
        assert_eq!((told.len(), told[0].journal), (1, journal::NAMES[stage]));
        assert_eq!(snapshot(root.path()), left);
        stages[stage] += 1;
    }
    assert!(stages.iter().all(|count| *count > 3), "{stages:?}");
}

#[test]
fn a_pending_commit_is_shown_and_then_finished_undone_or_kept() {
    let old = snapshot(small_commit(FirstChange::Write).0.path());
    for without in [false, true] {
        fault::WITHOUT_EXCHANGE.set(without);
        for after in 0.. {
            let [finished, undone, kept] = [RecoverAction::Finish, RecoverAction::Undo, RecoverAction::Keep]
                .map(|how| {
                    let (root, run, new) = small_commit(FirstChange::Write);
                    let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
                    let left = snapshot(root.path());
                    let pending = inspect(root.path()).unwrap();
                    (recover(root.path(), how), snapshot(root.path()), left, new, pending, hit)
                });
            if !finished.5 {
                break;
            }
            let (result, now, left, new, pending, _) = finished;
            let Some(first) = pending.first() else { continue };
            match first.stage {
                JournalStage::Staging => {
                    assert!(matches!(result, Err(WorkspaceError::Undecided)) && now == left, "{after}")
                }
                _ => assert!(result.is_ok() && now == new, "after {after}: {result:?} {now:?}"),
            }
            let expected = if first.stage == JournalStage::Reported { &new } else { &old };
            assert_eq!(&undone.1, expected, "after {after}");
            let mut files = left;
            files.retain(|path, _| !path.contains(".lockstep-"));
            assert_eq!(kept.1, files, "after {after}");
            if first.stage == JournalStage::Decided && !without {
                let is_new = |path: &str| kept.1.get(path) == new.get(path);
                let told = first
                    .files
                    .iter()
                    .all(|(change, progress)| (*progress == FileProgress::InPlace) == is_new(&change.path));
                assert!(told && first.begun.is_some() && first.run.len() == 16, "{pending:?}");
            }
        }
        fault::WITHOUT_EXCHANGE.set(false);
    }
}

#[test]
fn a_commit_refuses_a_journal_that_appeared_during_the_run() {
    let root = half_committed();
    // As if it came only now: by its name it is one, so it is moved and not copied.
    let (journal, aside) = (root.path().join(journal::JOURNAL), root.path().join("aside"));
    fs::rename(&journal, &aside).unwrap();
    let mut run = Run::on(root.path());
    run.write("same", "6").unwrap();
    fs::rename(&aside, &journal).unwrap();
    let before = snapshot(root.path());
    let result = run.commit();
    assert!(matches!(result, Err(CommitError::Workspace(WorkspaceError::Pending { .. }))), "{result:?}");
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn a_journal_cut_off_anywhere_is_undone() {
    let written = |length: Option<u64>| {
        let (root, run, _) = small_commit(FirstChange::Write);
        let old = snapshot(root.path());
        // Only the journal: it is whole before anything else is made.
        let _ = fault::during(2, Fault::Kill, || run.commit());
        let journal = fs::OpenOptions::new().write(true).open(root.path().join(journal::STAGING)).unwrap();
        let whole = journal.metadata().unwrap().len();
        // Its length differs with the number of its inode.
        journal.set_len(length.unwrap_or(whole).min(whole)).unwrap();
        (root, old, whole)
    };
    for length in 0..=written(None).2 {
        let (root, old, _) = written(Some(length));
        let run = Run::on(root.path());
        assert_eq!(run.workspace.recovery(), Some(&Recovery::Undone(vec![])), "{length}");
        assert_eq!(snapshot(root.path()), old, "{length}");
    }
}

#[test]
fn a_file_that_only_becomes_private_is_put_back_too() {
    for after in 0.. {
        let root = tree(&[("a", "1"), ("b", "1")]);
        set_mode(root.path(), "a", 0o644);
        let mut run = Run::on(root.path());
        run.write_private("a", "1").unwrap();
        run.write("b", "2").unwrap();
        let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
        if !hit {
            assert_eq!(mode(root.path(), "a"), 0o600);
            break;
        }
        let told = root.path().join(journal::REPORTED).exists();
        let was = own_files(root.path());
        Run::on(root.path());
        let expected = if told || was.is_empty() && after > 3 { 0o600 } else { 0o644 };
        assert_eq!((mode(root.path(), "a"), own_files(root.path())), (expected, vec![]), "after {after}");
    }
}

#[test]
fn an_undo_keeps_a_file_that_somebody_creates_during_it() {
    for without in [false, true] {
        fault::WITHOUT_EXCHANGE.set(without);
        let mut refused = 0;
        for after in 0.. {
            let root = half_committed();
            let folder = root.path().to_owned();
            let meddle = move || {
                put(&folder, "beside", "theirs");
                fs::rename(folder.join("beside"), folder.join("0")).unwrap();
            };
            let (opened, hit) = fault::meddling(after, meddle, || open(root.path(), Purpose::Change));
            if !hit {
                break;
            }
            assert_eq!(fs::read(root.path().join("0")).unwrap(), b"theirs", "after {after}");
            match opened {
                Ok(_) => {}
                Err(WorkspaceError::Changed { files }) if files == ["0"] => refused += 1,
                Err(other) => panic!("after {after}: {other:?}"),
            }
        }
        assert!(refused > 0);
        fault::WITHOUT_EXCHANGE.set(false);
    }
}
