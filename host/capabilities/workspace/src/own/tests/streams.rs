//! Tests of the host's own files with paths of pipes, devices, open files and folders.
#![allow(clippy::print_stderr, reason = "a test says what it cannot look at")]

use super::*;
use rustix::fs::{FileType, OFlags, mknodat, open};
use std::os::unix::fs::FileTypeExt as _;

#[test]
fn the_host_writes_into_a_pipe_and_does_not_wait_for_a_reader() {
    let fixture = Fixture::new();
    for path in ["home/pipe", "ws/pipe"] {
        let path = fixture.path(path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for origin in [NameOrigin::Caller, NameOrigin::Lockstep] {
            let error = fixture.replace(&path, origin).unwrap_err();
            assert!(matches!(error.problem, OwnFileProblem::NoReader), "{error}");
        }
        assert!(matches!(fixture.own.reserve(&path, KIND).unwrap_err().problem, OwnFileProblem::NoReader));
        assert!(matches!(fixture.own.append(&path, b"x").unwrap_err().problem, OwnFileProblem::NoReader));
        let reader = File::from(open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
        let reserved = fixture.own.reserve(&path, KIND).unwrap();
        reserved.write(&fixture.own, &mut |out| out.write_all(b"receipt")).unwrap();
        let mut read = [0; 7];
        io::Read::read_exact(&mut &reader, &mut read).unwrap();
        assert_eq!(&read, b"receipt");
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    }
}

#[test]
fn the_host_writes_into_a_device_or_refuses_it_and_never_replaces_it() {
    if !is_root() {
        eprintln!("not looked at: only root can make devices");
        return;
    }
    let fixture = Fixture::new();
    let null = rustix::fs::makedev(1, 3);
    for path in ["home/null", "ws/null"] {
        let made = mknodat(CWD, fixture.path(path), FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, null);
        if made.is_err() {
            eprintln!("not looked at: no device can be made here");
            return;
        }
    }
    fixture.link("null", "home/link");
    for path in ["home/null", "home/link"] {
        for way in fixture.each_way(&fixture.path(path), NameOrigin::Caller) {
            way.unwrap();
        }
        let reserved = fixture.own.reserve(&fixture.path(path), KIND).unwrap();
        reserved.write(&fixture.own, &mut |out| out.write_all(b"receipt")).unwrap();
    }
    assert!(fixture.path("home/link").is_symlink());
    // It could be any device, unpacked from an archive.
    for origin in [NameOrigin::Caller, NameOrigin::Lockstep] {
        for way in fixture.each_way(&fixture.path("ws/null"), origin) {
            assert!(matches!(way.unwrap_err().problem, OwnFileProblem::Unsuitable(_)));
        }
    }
    for path in ["home/null", "ws/null"] {
        assert!(fs::symlink_metadata(fixture.path(path)).unwrap().file_type().is_char_device(), "{path}");
    }
}

#[test]
fn the_host_appends_to_an_open_file_of_this_process() {
    use std::os::fd::AsRawFd as _;
    let fixture = Fixture::new();
    fs::write(fixture.path("home/log"), "before\n").unwrap();
    let log = fs::OpenOptions::new().write(true).open(fixture.path("home/log")).unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", log.as_raw_fd()));
    fixture.replace(&path, NameOrigin::Caller).unwrap();
    assert_eq!(fs::read(fixture.path("home/log")).unwrap(), b"before\nours");
    assert_eq!(fixture.names("home"), ["log"]);
}

#[test]
fn the_host_does_not_append_to_a_file_with_a_second_name() {
    let fixture = Fixture::new();
    fs::hard_link(fixture.path("ws/.git/config"), fixture.path("ws/output")).unwrap();
    let error = fixture.own.append(&fixture.path("ws/output"), b"ours").unwrap_err();
    assert!(matches!(error.problem, OwnFileProblem::HardLinked), "{error}");
    fixture.untouched();
}

#[test]
fn the_error_names_a_path_that_can_hold_no_file() {
    let fixture = Fixture::new();
    for (path, part) in
        [("ws/sub", "a folder"), ("outside/precious/x", "is not a folder"), ("ws/new/", "names no file")]
    {
        for way in fixture.each_way(&fixture.path(path), NameOrigin::Caller) {
            let error = way.unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(path), "{error}");
        }
    }
    assert!(fixture.own.check(&fixture.path("ws/new/../x"), NameOrigin::Caller).is_err());
    assert!(!fixture.path("ws/new").exists());
}
