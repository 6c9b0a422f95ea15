//! Tests of journals that no run on this machine wrote: from a commit, an archive, a copy. Lockstep obeys none of them.

use super::commits::{FirstChange, small_commit};
use super::*;
use std::process::Command;

fn open(root: &Path, purpose: Purpose) -> Result<Workspace, WorkspaceError> {
    Workspace::open(root, &Limits::default(), &[], purpose)
}

/// Workspaces in which a run was killed: while it staged, while it put files in place, and after it had told so.
fn killed() -> Vec<(TempDir, &'static str)> {
    let mut found: Vec<(TempDir, &str)> = Vec::new();
    for after in 0.. {
        let (root, run, _) = small_commit(FirstChange::Write);
        let (_, hit) = fault::during(after, Fault::Kill, || run.commit());
        if !hit {
            return found;
        }
        let left = own_files(root.path());
        // With temporary files beside it, so that there would be something to do.
        if let Some(name) = journal::NAMES.iter().find(|name| left.iter().any(|left| left == *name))
            && left.len() > 2
            && found.iter().all(|(_, known)| known != name)
        {
            found.push((root, name));
        }
    }
    unreachable!()
}

/// Every purpose refuses it or passes it by, and nothing is changed.
fn refused(root: &Path, case: &str) {
    let before = snapshot(root);
    for purpose in [Purpose::Change, Purpose::Read, Purpose::DryRun] {
        let opened = open(root, purpose);
        match &opened {
            Err(error @ (WorkspaceError::Foreign { .. } | WorkspaceError::Journal { .. })) => {
                let hint = error.hint().unwrap();
                assert!(
                    hint.contains("lockstep recover") && error.to_string().contains(".lockstep-"),
                    "{case}"
                );
            }
            other => panic!("{case}, {purpose:?}: {other:?}"),
        }
        assert_eq!(snapshot(root), before, "{case}, {purpose:?}");
    }
    open(root, Purpose::Nothing).unwrap();
    for how in [RecoverAction::Finish, RecoverAction::Undo] {
        assert!(recover(root, how).is_err(), "{case}, {how:?}");
        assert_eq!(snapshot(root), before, "{case}, {how:?}");
    }
    let pending = inspect(root).unwrap();
    assert!(pending.iter().all(|pending| pending.refused.is_some()) && !pending.is_empty(), "{case}");
    assert_eq!(snapshot(root), before, "{case}");
}

fn shell(command: &str) {
    let done = Command::new("sh").arg("-c").arg(command).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_copied_journal_is_ignored() {
    let killed = killed();
    assert_eq!(killed.len(), 3);
    for (root, name) in &killed {
        let from = root.path().display();
        for copy in [
            "cp -a {from}/. {to}",
            "tar -C {from} -c . | tar -C {to} -x -p",
            "cd {from}; git init -q; git add -A -f; git -c user.name=a -c user.email=a@b commit -q -m x; git clone -q . {to}; rm -rf .git",
        ] {
            let to = tempfile::tempdir().unwrap();
            shell(
                &copy.replace("{from}", &from.to_string()).replace("{to}", &to.path().display().to_string()),
            );
            refused(to.path(), &format!("{name}: {copy}"));
        }
        // The genuine one is still obeyed, also where its folder has another name.
        let moved = root.path().with_extension("moved");
        fs::rename(root.path(), &moved).unwrap();
        let opened = open(&moved, Purpose::Change);
        fs::rename(&moved, root.path()).unwrap();
        assert!(matches!(opened.unwrap().recovery(), Some(Recovery::Undone(_))), "{name}");
    }
}

#[test]
fn a_journal_that_replaces_a_genuine_one_is_ignored() {
    let other = killed();
    for ((root, name), (from, _)) in killed().iter().zip(&other) {
        let text = fs::read(from.path().join(name)).unwrap();
        // Into the same inode, as `cp` and `rsync --inplace` write.
        fs::write(root.path().join(name), &text).unwrap();
        refused(root.path(), name);
        // As checkouts do. The file system may give out the same inode again.
        for _ in 0..20 {
            fs::remove_file(root.path().join(name)).unwrap();
            fs::write(root.path().join(name), &text).unwrap();
            refused(root.path(), name);
        }
    }
}

/// A journal that anybody can put into a repository, with its one temporary file.
fn planted(root: &Path, name: &str, head: &str, path: &str, folder: &str) {
    let (before, after) = (Digest::of(b"old"), Digest::of(b"evil"));
    let text = format!(
        r#"{head}
{{"run":"0123456789abcdef","folders":["{folder}"],"files":[{{"path":"{path}","before":"{before}","after":"{after}","private":false}}]}}"#
    );
    put(root, name, text);
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let temp = root.join(parent).join(".lockstep-0123456789abcdef-0");
    if temp.parent().unwrap().is_dir() {
        fs::write(temp, if name == journal::STAGING { "evil" } else { "old" }).unwrap();
    }
}

/// Heads that an attacker could try: without a birth, with one made up, of another version.
fn heads() -> [String; 5] {
    let birth = |seconds: u64, nanoseconds: u32| {
        format!(
            r#"{{"version":2,"birth":{{"device":[0,0],"inode":1,"seconds":{seconds},"nanoseconds":{nanoseconds}}}}}"#
        )
    };
    [
        r#"{"version":2,"birth":null}"#.to_owned(),
        r#"{"version":2}"#.to_owned(),
        birth(0, 0),
        birth(1_700_000_000, 1),
        r#"{"version":1,"birth":null}"#.to_owned(),
    ]
}

#[test]
fn a_planted_journal_is_ignored() {
    for name in journal::NAMES {
        for head in heads() {
            let root = tree(&[("src/main.sh", "evil"), ("a/x", "")]);
            planted(root.path(), name, &head, "src/main.sh", "a");
            refused(root.path(), &format!("{name} {head}"));
            recover(root.path(), RecoverAction::Keep).unwrap();
            assert_eq!(fs::read(root.path().join("src/main.sh")).unwrap(), b"evil");
            assert!(!root.path().join(name).exists(), "{name} {head}");
        }
    }
}

/// A journal with the right birth, as nobody can plant one, still reaches only what a run may change.
#[test]
fn a_genuine_journal_changes_only_files_that_a_run_can_change() {
    let outside = tree(&[("kept", "kept")]);
    for name in journal::NAMES {
        for path in [
            ".git/config",
            "a/.git/config",
            ".github/workflows/ci.yml",
            "runner/env",
            "../kept",
            "/etc/kept",
            "a/../../kept",
            ".lockstep-journal",
        ] {
            let root = tree(&[(".git/config", ""), ("a/x", ""), ("runner/env", "")]);
            genuine(root.path(), name, path, "a");
            let before = snapshot(root.path());
            let own = [root.path().join("runner/env")];
            let opened = Workspace::open(root.path(), &Limits::default(), &own, Purpose::Change);
            assert!(matches!(opened, Err(WorkspaceError::Journal { .. })), "{name} {path}: {opened:?}");
            assert_eq!(snapshot(root.path()), before, "{name} {path}");
        }
        let root = tree(&[]);
        symlink(outside.path(), root.path().join("out")).unwrap();
        fs::create_dir_all(outside.path().join("empty")).unwrap();
        fs::write(outside.path().join(".lockstep-0123456789abcdef-0"), "old").unwrap();
        genuine(root.path(), name, "out/kept", "out/empty");
        let before = snapshot(outside.path());
        let _ = open(root.path(), Purpose::Change);
        let _ = recover(root.path(), RecoverAction::Keep);
        assert_eq!(snapshot(outside.path()), before, "{name}");
    }
}

fn genuine(root: &Path, name: &str, path: &str, folder: &str) {
    planted(root, name, "", path, folder);
    let file = fs::OpenOptions::new().read(true).write(true).open(root.join(name)).unwrap();
    let birth = serde_json::to_string(&birth::of(&file).unwrap()).unwrap();
    let rest = fs::read_to_string(root.join(name)).unwrap();
    fs::write(root.join(name), format!(r#"{{"version":2,"birth":{birth}}}{rest}"#)).unwrap();
}

#[test]
fn a_journal_of_another_version_or_kind_stays() {
    for text in [
        r#"{"version":1,"run":"0123456789abcdef","folders":[],"files":[]}"#,
        "{\"version\":2,\"birth\":null}\n{\"run\":\"../x\",\"folders\":[],\"files\":[]}",
        "not json\n",
        "{\"version\":3,\"birth\":null}\n",
        &"[".repeat(100_000),
    ] {
        for name in [journal::JOURNAL, journal::REPORTED] {
            let root = tree(&[(name, text)]);
            refused(root.path(), &format!("{name} {text:.60}"));
        }
    }
    for name in journal::NAMES {
        let root = tree(&[("zero", "")]);
        symlink("/dev/zero", root.path().join(name)).unwrap();
        refused(root.path(), name);
        recover(root.path(), RecoverAction::Keep).unwrap();
        assert!(!root.path().join(name).exists());
    }
}
