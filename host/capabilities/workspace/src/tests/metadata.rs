//! Tests of the metadata of files: permission bits, digests.

use super::*;
use rustix::fs::{CWD, FileType, makedev, mkfifoat, mknodat};
use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::time::{Duration, SystemTime};

/// The permission bits of the files that a pattern finds.
fn modes(run: &mut Run, pattern: &str) -> BTreeMap<String, u32> {
    let found = run.call("glob", RawTarget::Pattern(pattern), |workspace, permit| workspace.glob(permit));
    found.unwrap().files.into_iter().map(|entry| (entry.path.to_string(), entry.mode)).collect()
}

#[test]
fn permission_bits_are_those_of_the_file_or_of_its_staged_form() {
    let root = tree(&[("a", "1"), ("old", "1"), ("special", "1"), ("opened", "1"), ("removed", "1")]);
    for (path, mode) in [("a", 0o4755), ("old", 0o750), ("special", 0o6755), ("opened", 0o755)] {
        set_mode(root.path(), path, mode);
    }
    let mut run = Run::on(root.path());
    run.write("new", "2").unwrap();
    run.write("old", "2").unwrap();
    run.write("special", "2").unwrap();
    run.write_private("opened", "2").unwrap();
    run.write_private("private", "2").unwrap();
    run.remove("removed").unwrap();
    let found = modes(&mut run, "**");
    let expected = [
        ("a", 0o4755),
        ("new", 0o644),
        ("old", 0o750),
        ("opened", 0o600),
        ("private", 0o600),
        // Whoever writes to a file takes set-user-id and its like away.
        ("special", 0o755),
    ];
    assert_eq!(found, expected.map(|(path, mode)| (path.to_owned(), mode)).into());
    for (path, mode) in &found {
        assert_eq!(run.open_file(path).unwrap().mode(), *mode, "{path}");
    }
    run.commit().unwrap();
    // What a new file gets is also up to the umask of whoever runs this.
    for (path, expected) in found.iter().filter(|(path, _)| *path != "new") {
        assert_eq!(mode(root.path(), path), *expected, "{path}");
    }
}

#[test]
fn one_path_outside_the_grant_denies_the_whole_call() {
    let root = tree(&[("deploy/a", "1"), ("other/b", "1")]);
    symlink("a", root.path().join("deploy/link")).unwrap();
    symlink("b", root.path().join("other/link")).unwrap();
    let right = Permission::parse(Capability::Workspace, "read deploy/**").unwrap();
    let granted = || Run {
        gate: Gate::new(
            Grant { requested: vec![right.clone()], ceilings: vec![], policy: None },
            Limits::default(),
        ),
        workspace: Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change).unwrap(),
    };
    assert_eq!(granted().search("deploy/*").unwrap().skipped.len(), 1);
    assert_eq!(granted().digests(&["deploy/a"], Algorithm::Sha256, None).unwrap().len(), 1);
    for pattern in ["**", "other/*", "other/link", "../*", "/etc/*"] {
        let mut run = granted();
        assert!(matches!(run.search(pattern), Err(CallError::Denied(_))), "{pattern}");
        assert!(run.gate.log().denial.is_some(), "{pattern}");
    }
    assert!(matches!(granted().glob("other/*"), Err(CallError::Denied(_))));
    for path in ["other/b", "other/missing", "deploy/link", "../x", "/etc/passwd", ".git/config", "-"] {
        let mut run = granted();
        let digests = run.digests(&["deploy/a", path], Algorithm::Sha256, None);
        assert!(matches!(digests, Err(CallError::Denied(_))), "{path}: {digests:?}");
        let log = run.gate.log();
        assert!(log.denial.is_some() && log.records.len() == 1, "{path}: {log:?}");
        assert_eq!((log.records[0].verdict, log.records[0].bytes), ("denied", 0), "{path}");
    }
}

#[test]
fn digests_include_staged_content_and_come_in_order() {
    let root = tree(&[("a", "123456789"), ("b", "old"), ("empty", ""), ("removed", "1")]);
    let mut run = Run::on(root.path());
    run.write("b", "123456789").unwrap();
    run.write("new", "other").unwrap();
    run.remove("removed").unwrap();
    for (algorithm, known) in [
        (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        (Algorithm::Md5, "25f9e794323b453885f5181f1b624d0b"),
        (Algorithm::Crc32c, "e3069283"),
        (Algorithm::Crc64Nvme, "ae8b14860a799888"),
    ] {
        let digests = run.digests(&["a", "new", "b", "a"], algorithm, None).unwrap();
        assert_eq!([&digests[0], &digests[2], &digests[3]], [&vec![known.to_owned()]; 3]);
        assert!(digests[1].len() == 1 && digests[1][0] != known);
    }
    let refused = run.digests(&["a", "removed"], Algorithm::Md5, None);
    assert!(matches!(refused, Err(CallError::NotFound(_))), "{refused:?}");
    assert_eq!(run.digests(&[], Algorithm::Md5, None).unwrap(), [[""; 0]; 0]);

    let names: Vec<String> = (0..300).map(|number| format!("many/{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        // Some take longer than others.
        put(root.path(), name, name.repeat(if number % 7 == 0 { 100_000 } else { 1 }));
    }
    let paths: Vec<&str> = names.iter().map(String::as_str).collect();
    let expected = paths.iter().map(|path| Digest::of(&fs::read(root.path().join(path)).unwrap()).hex());
    let digests = run.digests(&paths, Algorithm::Sha256, None).unwrap();
    assert_eq!(digests.concat(), expected.collect::<Vec<_>>());
}

#[test]
fn pieces_cover_a_file_and_an_empty_one_has_one() {
    // More than what is in memory at once, and no multiple of it.
    let content: Vec<u8> = (0..1_000_003_u32).map(|number| (number % 251) as u8).collect();
    let root = tree(&[("empty", "")]);
    put(root.path(), "large", &content);
    let mut run = Run::on(root.path());
    for piece in [1_000, 250_000, 262_144, 262_145, 1_000_002, 1_000_003, u64::MAX] {
        let digests = run.digests(&["large", "empty"], Algorithm::Sha256, Some(piece)).unwrap();
        let size = usize::try_from(piece).unwrap();
        let expected: Vec<String> = content.chunks(size).map(|piece| Digest::of(piece).hex()).collect();
        assert_eq!(digests, [expected, vec![Digest::of(b"").hex()]], "{piece}");
    }
}

#[test]
fn requests_without_a_bound_are_refused_at_once() {
    let root = tree(&[("a", "1")]);
    File::create(root.path().join("sparse")).unwrap().set_len(1 << 40).unwrap();
    let mut run = Run::on(root.path());
    let mut digests = |paths: &[&str], piece| run.digests(paths, Algorithm::Crc32c, piece).unwrap_err();
    assert!(matches!(digests(&["a"], Some(0)), CallError::Invalid(_)));
    assert!(matches!(digests(&["sparse"], Some(1)), CallError::LimitExceeded(_)));
    assert!(matches!(digests(&["a", "sparse"], Some(1 << 20)), CallError::LimitExceeded(_)));
    assert!(matches!(digests(&["a"; 10_001], None), CallError::LimitExceeded(_)));
    // Digests that nobody will get are given up: these would take an hour.
    assert!(matches!(digests(&["sparse", "sparse", "missing"], None), CallError::NotFound(_)));
    assert_eq!(run.digests(&["a"; 10_000], Algorithm::Crc32c, Some(1)).unwrap().len(), 10_000);
}

#[test]
fn only_regular_files_have_digests() {
    let root = tree(&[("file", "1"), ("folder/x", "1"), ("own", "1")]);
    mkfifoat(CWD, root.path().join("pipe"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    symlink("file", root.path().join("link")).unwrap();
    symlink("folder", root.path().join("way")).unwrap();
    // Only root may make one, and not everywhere: it would give bytes without end.
    let device = root.path().join("device");
    let made = mknodat(CWD, &device, FileType::CharacterDevice, Mode::RWXU, makedev(1, 5));
    let mut run = Run::with(root.path(), Limits::default(), &[root.path().join("own")]);
    let mut digest = |path: &str| run.digests(&["file", path], Algorithm::Md5, None).unwrap_err();
    for path in ["folder", "pipe", "socket", "file/below", &"x".repeat(300)] {
        let error = digest(path);
        assert!(matches!(error, CallError::Invalid(_)), "{path}: {error:?}");
    }
    if made.is_ok() {
        let error = digest("device");
        assert!(matches!(error, CallError::Invalid(_) | CallError::Local(_)), "{error:?}");
    }
    for path in ["link", "way/x", "own", ".git/config"] {
        let error = digest(path);
        assert!(matches!(error, CallError::Denied(_)), "{path}: {error:?}");
    }
    assert!(matches!(digest("missing"), CallError::NotFound(_)));
}

#[test]
fn a_file_that_changes_while_it_is_read_is_a_conflict() {
    let meddle: [(&str, Meddle); 5] = [
        ("longer", |path| File::options().append(true).open(path).unwrap().write_all(b"x").unwrap()),
        ("shorter", |path| File::options().write(true).open(path).unwrap().set_len(3).unwrap()),
        ("empty", |path| fs::write(path, "").unwrap()),
        ("other", |path| {
            fs::write(path, "654321").unwrap();
            // As a slower writer would: clocks of file systems tick some times a second.
            let later = SystemTime::now() + Duration::from_secs(1);
            File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
        }),
        ("mode", |path| fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap()),
    ];
    for (name, meddle) in meddle {
        let root = tree(&[("a", "123456"), ("b", "1")]);
        std::thread::sleep(Duration::from_millis(20));
        let workspace = Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change).unwrap();
        let paths = ["b", "a"].map(|path| WorkspacePath::parse(path).unwrap());
        let open = |path: &WorkspacePath| {
            let opened = workspace.opened("digest", path);
            if path.as_str() == "a" {
                meddle(&root.path().join("a"));
            }
            opened
        };
        let digests = digests::digests(&paths, open, Algorithm::Sha256, Some(2));
        assert!(matches!(digests, Err(CallError::Conflict(_))), "{name}: {digests:?}");
    }
}

/// As files of `/proc` do.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_holds_more_than_its_size_is_a_conflict() {
    let (path, file) = (WorkspacePath::parse("version").unwrap(), File::open("/proc/version").unwrap());
    let stat = rustix::fs::fstat(&file).unwrap();
    let file = OpenFile::on_disk(&path, file, &stat);
    assert_eq!(file.size(), 0);
    assert!(matches!(file.check_unchanged(), Err(CallError::Conflict(_))));
}

#[test]
fn one_record_has_the_digests_of_a_call() {
    let root = tree(&[("a", "123"), ("b", "4567")]);
    let mut run = Run::on(root.path());
    let mut record = |paths: &[&str], piece| {
        let digests = run.digests(paths, Algorithm::Sha256, piece).unwrap();
        let mut records = run.gate.log().records;
        assert_eq!(records.len(), 1);
        (digests, records.remove(0))
    };
    let (digests, first) = record(&["a", "b"], None);
    let text = format!("{}\n{}\n", digests[0][0], digests[1][0]);
    assert_eq!((first.function, first.verdict, first.bytes), ("digests", "allowed", 7));
    assert_eq!(first.digest, Some(Digest::of(text.as_bytes())));
    assert_eq!(record(&["a", "b"], None).1, first);
    assert_ne!(record(&["b", "a"], None).1.digest, first.digest);
    assert_ne!(record(&["a", "b"], Some(2)).1.digest, first.digest);
    put(root.path(), "b", "7654");
    assert_ne!(record(&["a", "b"], None).1.digest, first.digest);
}

#[test]
fn the_record_does_not_help_to_guess_what_is_in_a_private_file() {
    let root = tree(&[("a", "1")]);
    let mut run = Run::on(root.path());
    run.write_private("private", "hunter2").unwrap();
    let digests = run.digests(&["a", "private"], Algorithm::Sha256, None).unwrap();
    assert_eq!(digests[1][0], Digest::of(b"hunter2").hex());
    assert!(run.gate.log().records.iter().all(|record| record.digest.is_none()));
}

/// A path has 128 parts at most. A search fails at a deeper folder that the pattern could match.
#[test]
fn folders_that_nest_deeper_than_any_path_are_refused_by_name() {
    let root = tree(&[("top.yaml", "")]);
    let below = |folders: usize| "d/".repeat(folders);
    put(root.path(), &format!("{}x.yaml", below(127)), "");
    let mut run = Run::on(root.path());
    assert_eq!(run.paths("**/*.yaml").len(), 2);
    assert_eq!(run.search("**").unwrap().skipped, []);
    fs::create_dir(root.path().join(below(128))).unwrap();
    for pattern in ["**/*.yaml", "**"] {
        let found = run.glob(pattern);
        let Err(CallError::LimitExceeded(said)) = found else { panic!("{pattern}: {found:?}") };
        assert!(said.starts_with("`d/d/d/") && said.contains("128 folders deep"), "{said}");
    }
    assert_eq!(run.paths("*.yaml"), ["top.yaml"]);
    assert_eq!(run.paths("d/*/*.yaml"), [""; 0]);
}
