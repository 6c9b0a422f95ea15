//! Tests of the host's own files under attack by links, odd files and swaps. Tests with devices and files of other users
//! need root; for other users they print a note and end.
#![allow(clippy::print_stderr, reason = "a test says what it cannot look at")]

mod streams;

use super::write::NewFile;
use super::*;
use rustix::fs::CWD;
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tempfile::TempDir;

/// A kind of which every file is.
const KIND: DocumentKind = DocumentKind { name: "document", start: "" };

/// A workspace with a `.git`, and beside it a folder that no test may change.
struct Fixture {
    folder: TempDir,
    own: OwnFiles,
}

impl Fixture {
    fn new() -> Self {
        let folder = lockstep_tests::support::folder();
        for made in ["ws/.git", "ws/sub", "outside", "home"] {
            fs::create_dir_all(folder.path().join(made)).unwrap();
        }
        fs::write(folder.path().join("ws/.git/config"), "[core]\n").unwrap();
        fs::write(folder.path().join("outside/precious"), "precious").unwrap();
        let own = OwnFiles::new(&folder.path().join("ws"));
        Self { folder, own }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn link(&self, target: &str, path: &str) {
        symlink(target, self.path(path)).unwrap();
    }

    fn replace(&self, path: &Path, naming: NameOrigin) -> Result<(), OwnFileError> {
        self.own.replace(path, naming, FileAccess::Default, &mut |out| out.write_all(b"ours"))
    }

    /// All ways to write a file of this name.
    fn each_way(&self, path: &Path, naming: NameOrigin) -> Vec<Result<(), OwnFileError>> {
        let mut ways = vec![self.own.check(path, naming), self.replace(path, naming)];
        if naming == NameOrigin::Caller {
            ways.push(self.own.append(path, b"ours"));
            ways.push(self.own.reserve(path, KIND).map(drop));
        }
        ways
    }

    /// Fails if a file outside the workspace or a file of git has changed.
    #[track_caller]
    fn untouched(&self) {
        assert_eq!(self.names("outside"), ["precious"]);
        assert_eq!(self.names("ws/.git"), ["config"]);
        assert_eq!(fs::read(self.path("outside/precious")).unwrap(), b"precious");
        assert_eq!(fs::read(self.path("ws/.git/config")).unwrap(), b"[core]\n");
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The same path relative to the current folder.
fn relative(path: &Path) -> PathBuf {
    let up = "../".repeat(std::env::current_dir().unwrap().components().count());
    Path::new(&up).join(path.strip_prefix("/").unwrap())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_link_among_the_folders_of_a_checkout_is_refused() {
    let fixture = Fixture::new();
    fixture.link("../outside", "ws/out");
    fixture.link(".git", "ws/values");
    fixture.link("../../outside", "ws/sub/deep");
    fixture.link("nowhere", "ws/dangling");
    fixture.link("sub", "ws/inner");
    fixture.link("ws/sub", "home/way");
    fixture.link("../ws", "home/work");
    for path in [
        "ws/out/x",
        "ws/out/precious",
        "ws/values/config",
        "ws/sub/deep/x",
        "ws/sub/deep/more/folders/x",
        "ws/dangling/x",
        "ws/inner/x",
        "ws/sub/../out/x",
        "ws/out/../x",
        "home/work/out/x",
        "home/../ws/./out/x",
        "home/work/sub/../../ws/out/x",
    ] {
        for path in [fixture.path(path), relative(&fixture.path(path))] {
            for naming in [NameOrigin::Caller, NameOrigin::Lockstep] {
                for way in fixture.each_way(&path, naming) {
                    let error = way.unwrap_err();
                    assert!(matches!(error.problem, OwnFileProblem::FolderLink(_)), "{error}");
                    assert!(error.to_string().contains("is a link"), "{error}");
                }
            }
        }
    }
    fixture.untouched();
    assert!(!fixture.path("ws/x").exists());
}

#[test]
fn a_link_under_the_name_itself_is_never_followed_in_a_checkout() {
    for target in ["../outside/precious", "../outside/new", ".git/config", "nowhere", "sub", "self"] {
        let fixture = Fixture::new();
        fixture.link(target, "ws/self");
        fixture.link("../ws", "home/work");
        for path in ["ws/self", "home/work/self", "ws/sub/../self"] {
            for path in [fixture.path(path), relative(&fixture.path(path))] {
                for way in fixture.each_way(&path, NameOrigin::Caller) {
                    let error = way.unwrap_err();
                    assert!(matches!(error.problem, OwnFileProblem::Link), "{error}");
                }
            }
        }
        assert!(fixture.path("ws/self").is_symlink());
        // A name of lockstep's own is taken from the link.
        fixture.replace(&fixture.path("ws/self"), NameOrigin::Lockstep).unwrap();
        assert_eq!(fs::read(fixture.path("ws/self")).unwrap(), b"ours");
        assert!(!fixture.path("ws/self").is_symlink());
        fixture.untouched();
        assert_eq!(fixture.names("ws"), [".git", "self", "sub"]);
    }
}

#[test]
fn no_checkout_accepts_a_link() {
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.path("ws/app/module")).unwrap();
    // As a submodule has it.
    fs::write(fixture.path("ws/app/module/.git"), "gitdir: ../../.git/modules/app\n").unwrap();
    fixture.link("../outside", "ws/out");
    for workspace in ["ws/app", "ws/app/module", "home", "missing"] {
        let own = OwnFiles::new(&fixture.path(workspace));
        let error = own.append(&fixture.path("ws/out/x"), b"ours").unwrap_err();
        assert!(matches!(error.problem, OwnFileProblem::FolderLink(_)), "{error}");
    }
    fixture.untouched();
}

#[test]
fn the_host_writes_no_file_that_git_or_ci_reads() {
    let fixture = Fixture::new();
    for path in
        ["ws/.git/config", "ws/.git/new", "ws/.GIT/x", "ws/.git/new/x", "ws/sub/.git/x", "home/.git/x"]
    {
        for way in fixture.each_way(&fixture.path(path), NameOrigin::Caller) {
            assert!(matches!(way.unwrap_err().problem, OwnFileProblem::Protected { .. }), "{path}");
        }
    }
    for path in
        ["ws/.github/workflows/x.yml", "ws/.gitlab-ci.yml", "ws/new/.github/x", "ws/.lockstep-journal"]
    {
        for way in fixture.each_way(&fixture.path(path), NameOrigin::Caller) {
            assert!(matches!(way.unwrap_err().problem, OwnFileProblem::Protected { .. }), "{path}");
        }
    }
    fixture.untouched();
    assert_eq!(fixture.names("ws"), [".git", "sub"]);
}

#[test]
fn links_of_the_user_are_followed_elsewhere() {
    let fixture = Fixture::new();
    fixture.link("outside", "data");
    fixture.link("../outside/precious", "home/report");
    fixture.link("../outside/made", "home/dangling");
    fixture.replace(&fixture.path("data/state/lockstep/x.json"), NameOrigin::Caller).unwrap();
    assert_eq!(fs::read(fixture.path("outside/state/lockstep/x.json")).unwrap(), b"ours");
    fixture.replace(&fixture.path("home/report"), NameOrigin::Caller).unwrap();
    assert!(fixture.path("home/report").is_symlink());
    assert_eq!(fs::read(fixture.path("outside/precious")).unwrap(), b"ours");
    fixture.own.append(&fixture.path("home/report"), b" again").unwrap();
    assert_eq!(fs::read(fixture.path("outside/precious")).unwrap(), b"ours again");
    fixture.own.append(&fixture.path("home/dangling"), b"made").unwrap();
    assert_eq!(fs::read(fixture.path("outside/made")).unwrap(), b"made");
    fixture.link("b", "home/a");
    fixture.link("a", "home/b");
    let error = fixture.replace(&fixture.path("home/a"), NameOrigin::Caller).unwrap_err();
    assert!(matches!(error.problem, OwnFileProblem::Links), "{error}");
}

#[test]
fn a_file_of_another_user_in_a_shared_folder_is_refused() {
    if !is_root() {
        eprintln!("not looked at: only root can make files of another user");
        return;
    }
    let fixture = Fixture::new();
    fs::create_dir(fixture.path("shared")).unwrap();
    fs::set_permissions(fixture.path("shared"), fs::Permissions::from_mode(0o1777)).unwrap();
    fixture.link("../outside/precious", "shared/link");
    fixture.link("../outside", "shared/folder-link");
    fs::create_dir(fixture.path("shared/folder")).unwrap();
    fs::write(fixture.path("shared/file"), "theirs").unwrap();
    let all = ["shared/link", "shared/folder-link/x", "shared/folder/x", "shared/file"];
    for name in ["link", "folder-link", "folder", "file"] {
        lchown(fixture.path("shared").join(name), Some(4711), Some(4711)).unwrap();
    }
    for path in all {
        for way in fixture.each_way(&fixture.path(path), NameOrigin::Caller) {
            assert!(matches!(way.unwrap_err().problem, OwnFileProblem::Foreign(_)), "{path}");
        }
    }
    fixture.untouched();
    for name in ["link", "folder-link", "folder", "file"] {
        lchown(fixture.path("shared").join(name), Some(0), Some(0)).unwrap();
    }
    for path in all {
        assert!(fixture.replace(&fixture.path(path), NameOrigin::Caller).is_ok(), "{path}");
    }
}

#[test]
fn a_file_is_replaced_as_a_whole_with_its_permissions() {
    let fixture = Fixture::new();
    let (old, other) = (fixture.path("ws/out/result"), fixture.path("ws/out/other"));
    fixture.replace(&old, NameOrigin::Caller).unwrap();
    let umask = fs::metadata(&old).unwrap().permissions().mode() & 0o777;
    assert_eq!(umask & 0o600, 0o600);
    fs::hard_link(&old, &other).unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    fixture
        .own
        .replace(&old, NameOrigin::Caller, FileAccess::Default, &mut |out| out.write_all(b"new"))
        .unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"new".to_vec(), 0o640));
    assert_eq!(fs::read(&other).unwrap(), b"ours", "the other name keeps the old file");
    fixture
        .own
        .replace(&old, NameOrigin::Lockstep, FileAccess::Owner, &mut |out| out.write_all(b"value"))
        .unwrap();
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"value".to_vec(), 0o600));
    assert_eq!(fixture.names("ws/out"), ["other", "result"]);
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_leaves_nothing() {
    let fixture = Fixture::new();
    let path = fixture.path("ws/result");
    let full = &mut |out: &mut dyn Write| {
        out.write_all(&[b'x'; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    };
    for before in [None, Some("old")] {
        before.iter().for_each(|text| fs::write(&path, text).unwrap());
        let error = fixture.own.replace(&path, NameOrigin::Caller, FileAccess::Default, full).unwrap_err();
        assert!(error.to_string().contains("ws/result"), "{error}");
        assert_eq!(fs::read(&path).ok().as_deref(), before.map(str::as_bytes));
        assert_eq!(fixture.names("ws").len(), 2 + usize::from(before.is_some()));
    }
    // The same where files cannot be made without a name.
    let at = fixture.own.location(&path, NameOrigin::Caller).unwrap();
    let mode = Some(Mode::RUSR);
    assert!(NewFile::named(&at, mode).unwrap().put(full).is_err());
    assert_eq!(fixture.names("ws").len(), 3);
    NewFile::named(&at, mode).unwrap().put(&mut |out| out.write_all(b"new")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fixture.names("ws").len(), 3);
}

#[test]
fn a_document_replaces_its_own_kind_and_no_other_file() {
    let fixture = Fixture::new();
    let path = fixture.path("ws/notes.txt");
    let kind = DocumentKind { name: "receipt", start: "{\"receipt\":" };
    for content in ["", "{\"receipt\": 1}"] {
        fs::write(&path, content).unwrap();
        fixture.own.check_document(&path, kind).unwrap();
        fixture.own.reserve(&path, kind).unwrap();
        assert!(!path.exists());
        fixture.own.check_document(&path, kind).unwrap();
    }
    for content in ["x", "{", "{\"receipt\"", " {\"receipt\": 1}", "image: web\n"] {
        fs::write(&path, content).unwrap();
        for refused in [fixture.own.check_document(&path, kind), fixture.own.reserve(&path, kind).map(drop)] {
            let error = refused.unwrap_err();
            assert!(matches!(error.problem, OwnFileProblem::OtherContent("receipt")), "{error}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_reserved_file_does_not_exist_until_the_host_writes_it() {
    let fixture = Fixture::new();
    let path = fixture.path("ws/receipts/r.json");
    fs::create_dir(fixture.path("ws/receipts")).unwrap();
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let reserved = fixture.own.reserve(&path, KIND).unwrap();
    assert_eq!(fixture.names("ws/receipts"), Vec::<String>::new());
    reserved.write(&fixture.own, &mut |out| out.write_all(b"newer")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // What comes between is not followed either.
    let reserved = fixture.own.reserve(&path, KIND).unwrap();
    fixture.link("../../outside/precious", "ws/receipts/r.json");
    assert!(reserved.write(&fixture.own, &mut |out| out.write_all(b"newer")).is_err());
    fs::remove_dir_all(fixture.path("ws/receipts")).unwrap();
    fixture.link("../outside", "ws/receipts");
    assert!(reserved.write(&fixture.own, &mut |out| out.write_all(b"newer")).is_err());
    fixture.untouched();
}

#[test]
fn a_folder_replaced_by_a_link_at_any_moment_is_not_followed() {
    let fixture = Fixture::new();
    let over = AtomicBool::new(false);
    fs::create_dir(fixture.path("ws/real")).unwrap();
    fixture.link("../outside", "ws/trap");
    thread::scope(|scope| {
        scope.spawn(|| {
            // Exchanges the folder and the link as fast as it can.
            while !over.load(Ordering::Relaxed) {
                let (real, trap) = (fixture.path("ws/real"), fixture.path("ws/trap"));
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, real, CWD, trap, exchange).unwrap();
            }
        });
        let mut ends = [0, 0];
        for round in 0..4_000 {
            let path = fixture.path("ws/real/x");
            let end = match round % 3 {
                0 => fixture.replace(&path, NameOrigin::Lockstep),
                1 => fixture.own.append(&path, b"ours"),
                _ => fixture
                    .own
                    .reserve(&path, KIND)
                    .and_then(|reserved| reserved.write(&fixture.own, &mut |out| out.write_all(b"ours"))),
            };
            ends[usize::from(end.is_ok())] += 1;
        }
        over.store(true, Ordering::Relaxed);
        assert!(ends[0] > 0, "no link was met: {ends:?}");
    });
    fixture.untouched();
}
