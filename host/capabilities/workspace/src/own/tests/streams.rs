//! The host's own files where no regular file is: pipes, devices, open files, folders.
#![allow(clippy::print_stderr, reason = "a test says what it cannot look at")]

use super::*;
use rustix::fs::{FileType, OFlags, mknodat, open};
use std::os::unix::fs::FileTypeExt as _;

#[test]
fn a_pipe_is_written_into_and_never_waited_for() {
    let place = Place::new();
    for path in ["home/pipe", "ws/pipe"] {
        let path = place.path(path);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        for naming in [Naming::Given, Naming::Chosen] {
            let error = place.replace(&path, naming).unwrap_err();
            assert!(matches!(error.problem, Problem::NoReader), "{error}");
        }
        assert!(matches!(place.own.reserve(&path).unwrap_err().problem, Problem::NoReader));
        assert!(matches!(place.own.append(&path, b"x").unwrap_err().problem, Problem::NoReader));
        let reader = File::from(open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap());
        let reserved = place.own.reserve(&path).unwrap();
        reserved.write(&place.own, &mut |out| out.write_all(b"receipt")).unwrap();
        let mut read = [0; 7];
        io::Read::read_exact(&mut &reader, &mut read).unwrap();
        assert_eq!(&read, b"receipt");
        assert!(fs::symlink_metadata(&path).unwrap().file_type().is_fifo());
    }
}

#[test]
fn a_device_is_written_into_or_refused_and_never_replaced() {
    if !is_root() {
        eprintln!("not looked at: only root can make devices");
        return;
    }
    let place = Place::new();
    let null = rustix::fs::makedev(1, 3);
    for path in ["home/null", "ws/null"] {
        let made = mknodat(CWD, place.path(path), FileType::CharacterDevice, Mode::RUSR | Mode::WUSR, null);
        if made.is_err() {
            eprintln!("not looked at: no device can be made here");
            return;
        }
    }
    place.link("null", "home/link");
    for path in ["home/null", "home/link"] {
        for way in place.each_way(&place.path(path), Naming::Given) {
            way.unwrap();
        }
        let reserved = place.own.reserve(&place.path(path)).unwrap();
        reserved.write(&place.own, &mut |out| out.write_all(b"receipt")).unwrap();
    }
    assert!(place.path("home/link").is_symlink());
    // It could be any device, unpacked from an archive.
    for naming in [Naming::Given, Naming::Chosen] {
        for way in place.each_way(&place.path("ws/null"), naming) {
            assert!(matches!(way.unwrap_err().problem, Problem::Kind(_)));
        }
    }
    for path in ["home/null", "ws/null"] {
        assert!(fs::symlink_metadata(place.path(path)).unwrap().file_type().is_char_device(), "{path}");
    }
}

#[test]
fn an_open_file_of_this_process_is_added_to() {
    use std::os::fd::AsRawFd as _;
    let place = Place::new();
    fs::write(place.path("home/log"), "before\n").unwrap();
    let log = fs::OpenOptions::new().write(true).open(place.path("home/log")).unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", log.as_raw_fd()));
    place.replace(&path, Naming::Given).unwrap();
    assert_eq!(fs::read(place.path("home/log")).unwrap(), b"before\nours");
    assert_eq!(place.names("home"), ["log"]);
}

#[test]
fn nothing_is_added_to_a_file_that_has_another_name() {
    let place = Place::new();
    fs::hard_link(place.path("ws/.git/config"), place.path("ws/output")).unwrap();
    let error = place.own.append(&place.path("ws/output"), b"ours").unwrap_err();
    assert!(matches!(error.problem, Problem::HardLinked), "{error}");
    place.untouched();
}

#[test]
fn what_is_no_place_for_a_file_is_named() {
    let place = Place::new();
    for (path, part) in
        [("ws/sub", "a folder"), ("outside/precious/x", "is not a folder"), ("ws/new/", "names no file")]
    {
        for way in place.each_way(&place.path(path), Naming::Given) {
            let error = way.unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(path), "{error}");
        }
    }
    assert!(place.own.check(&place.path("ws/new/../x"), Naming::Given).is_err());
    assert!(!place.path("ws/new").exists());
}
