//! Tests of searches and reads.

use super::*;
use std::os::unix::net::UnixListener;

#[test]
fn a_pattern_finds_sorted_regular_files_with_their_sizes() {
    let root = tree(&[
        ("b/x.yaml", "12"),
        ("b/y.txt", ""),
        ("a.yaml", "1"),
        ("b-1.yaml", "123"),
        ("b/.c/d.yaml", "hidden"),
    ]);
    let mut run = Run::on(root.path());
    let found = run.glob("**/*.yaml").unwrap();
    assert_eq!(found, [("a.yaml".into(), 1), ("b-1.yaml".into(), 3), ("b/x.yaml".into(), 2)]);
    assert_eq!(run.paths("b/y.txt"), ["b/y.txt"]);
    assert_eq!(run.paths("b"), [""; 0]);
    assert_eq!(run.paths("missing"), [""; 0]);
    assert_eq!(run.paths("missing/x"), [""; 0]);
    assert_eq!(run.paths("a.yaml/x"), [""; 0]);
}

#[test]
fn version_control_and_own_files_are_never_found() {
    let root = tree(&[(".git/config", "token"), ("a/.git/config", "token"), (".hidden/x", "ok")]);
    let mut run = Run::on(root.path());
    put(root.path(), ".hidden/.lockstep-0-0", "");
    assert_eq!(run.paths(".git/**"), [""; 0]);
    assert_eq!(run.paths("a/.git/**"), [""; 0]);
    assert_eq!(run.paths(".hidden/.*"), [""; 0]);
    assert_eq!(run.paths(".hidden/**"), [".hidden/x"]);
    assert!(matches!(run.glob(".git/config"), Err(CallError::Denied(_))));
    assert!(matches!(run.read(".git/config"), Err(CallError::Denied(_))));
}

#[test]
fn files_of_the_run_and_its_platform_are_out_of_reach() {
    let root = tree(&[("out/env", "secret"), ("out/envelope", ""), ("tmp/x/y", "")]);
    symlink("out/env", root.path().join("link")).unwrap();
    let own = ["link", "tmp", "receipt.json"].map(|name| root.path().join(name));
    let mut run = Run::with(root.path(), Limits::default(), &own);
    assert_eq!(run.paths("**"), ["out/envelope"]);
    for path in ["out/env", "OUT/ENV", "tmp/x/y", "receipt.json"] {
        assert!(matches!(run.read(path), Err(CallError::Denied(_))), "{path}");
        assert!(matches!(run.write(path, ""), Err(CallError::Denied(_))), "{path}");
        assert!(matches!(run.remove(path), Err(CallError::Denied(_))), "{path}");
        assert!(matches!(run.glob(path), Err(CallError::Denied(_))), "{path}");
    }
}

#[test]
fn a_named_link_is_refused_and_a_pattern_skips_links() {
    let outside = tree(&[("secret", "canary")]);
    let root = tree(&[("a/file", "ok")]);
    symlink(outside.path().join("secret"), root.path().join("a/link")).unwrap();
    symlink(outside.path(), root.path().join("folder")).unwrap();
    symlink("a", root.path().join("inner")).unwrap();
    let mut run = Run::on(root.path());
    for (path, link) in [("a/link", "a/link"), ("folder/secret", "folder"), ("inner/file", "inner")] {
        let mut refused = vec![
            run.read(path).unwrap_err(),
            run.open_file(path).unwrap_err(),
            run.write(path, "x").unwrap_err(),
            run.remove(path).unwrap_err(),
        ];
        refused.push(run.glob(path).unwrap_err());
        for error in refused {
            let named = error.message().contains(&format!("`{link}` is a symbolic link"));
            assert!(matches!(error, CallError::Denied(_)) && named, "{path}: {error:?}");
        }
    }
    assert_eq!(run.paths("**"), ["a/file"]);
    assert_eq!(run.paths("folder/*"), [""; 0]);
    assert!(run.workspace.changes().is_empty());
}

#[test]
fn a_file_that_is_not_regular_is_refused_at_once() {
    let root = tree(&[("folder/x", ""), ("file", "")]);
    let pipe = root.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    let mut run = Run::on(root.path());
    for path in ["folder", "pipe", "socket", "file/below"] {
        for error in [
            run.read(path).unwrap_err(),
            run.open_file(path).unwrap_err(),
            run.write(path, "").unwrap_err(),
            run.remove(path).unwrap_err(),
        ] {
            assert!(matches!(error, CallError::Invalid(_)), "{path}: {error:?}");
        }
    }
    let long = "x".repeat(300);
    assert!(matches!(run.write(&long, ""), Err(CallError::Invalid(_))));
    assert_eq!(run.paths("**"), ["file", "folder/x"]);
}

#[test]
fn sizes_are_limited_before_a_byte_is_read() {
    let root = tree(&[("small", "1234"), ("large", "12345")]);
    let sparse = File::create(root.path().join("sparse")).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let limits = Limits { read_bytes: 4, staged_bytes: 6, found_files: 3, ..Limits::default() };
    let mut run = Run::with(root.path(), limits, &[]);
    assert_eq!(run.read("small").unwrap(), b"1234");
    assert!(matches!(run.read("large"), Err(CallError::LimitExceeded(_))));
    for error in [
        run.read("sparse").unwrap_err(),
        run.write("sparse", "").unwrap_err(),
        run.remove("sparse").unwrap_err(),
    ] {
        assert!(matches!(error, CallError::LimitExceeded(_)), "{error:?}");
    }
    let file = run.open_file("sparse").unwrap();
    assert_eq!(file.size(), 1 << 40);
    assert_eq!(file.read_at((1 << 40) - 2, 10).unwrap(), [0, 0]);

    assert_eq!(run.glob("**").unwrap().len(), 3);
    run.write("new", "").unwrap();
    assert!(matches!(run.glob("**"), Err(CallError::LimitExceeded(_))));
}

#[test]
fn a_file_that_grows_while_it_is_read_stays_within_the_limit() {
    let root = tree(&[("log", "12")]);
    let (file, stat) = walk::file(
        Workspace::open(root.path(), &Limits::default(), &[], Purpose::Change).unwrap().root(),
        &WorkspacePath::parse("log").unwrap(),
    )
    .unwrap();
    put(root.path(), "log", "12345");
    assert_eq!(walk::content(&file, &stat, 4).unwrap(), None);
    let (file, stat) = (File::open(root.path().join("log")).unwrap(), stat);
    assert_eq!(walk::digest(&file, &stat, 4).unwrap(), None);
}

#[test]
fn an_open_file_keeps_its_content() {
    let root = tree(&[("a", "old content")]);
    let mut run = Run::on(root.path());
    let on_disk = run.open_file("a").unwrap();
    run.write("a", "new").unwrap();
    let staged = run.open_file("a").unwrap();
    run.write("a", "newer").unwrap();
    run.commit().unwrap();

    assert_eq!(on_disk.size(), 11);
    assert_eq!(on_disk.read_at(4, 3).unwrap(), b"con");
    assert_eq!(on_disk.read_at(8, 100).unwrap(), b"ent");
    assert_eq!(on_disk.digest().unwrap(), Digest::of(b"old content"));
    assert_eq!(on_disk.digest().unwrap(), Digest::of(b"old content"));
    assert_eq!(staged.read_at(0, 100).unwrap(), b"new");
    assert_eq!(staged.read_at(2, 100).unwrap(), b"w");
    assert_eq!(staged.digest().unwrap(), Digest::of(b"new"));
    for file in [on_disk, staged] {
        assert_eq!(file.read_at(u64::MAX, u32::MAX).unwrap(), b"");
    }
}

#[test]
fn an_open_file_ignores_added_bytes_and_a_shortened_one_is_a_conflict() {
    let root = tree(&[("a", "123456")]);
    let mut run = Run::on(root.path());
    let file = run.open_file("a").unwrap();
    put(root.path(), "a", "12345678");
    assert_eq!(file.read_at(0, 100).unwrap(), b"123456");
    assert_eq!(file.digest().unwrap(), Digest::of(b"123456"));
    put(root.path(), "a", "12");
    assert!(matches!(file.read_at(0, 100), Err(CallError::Conflict(_))));
    assert!(matches!(file.digest(), Err(CallError::Conflict(_))));
}

#[test]
fn a_record_has_the_number_of_bytes_and_their_digest() {
    let root = tree(&[("a", "123")]);
    let mut run = Run::on(root.path());
    run.read("a").unwrap();
    run.write("b", "4567").unwrap();
    let log = run.gate.log().records;
    assert_eq!((log[0].bytes, log[0].digest), (3, Some(Digest::of(b"123"))));
    assert_eq!((log[1].bytes, log[1].digest), (4, Some(Digest::of(b"4567"))));
}
