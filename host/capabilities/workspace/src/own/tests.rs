//! The host's own files under attack by links, odd files and swaps. Devices and files of other users take root; the
//! tests of those say so and end early for others.
#![allow(clippy::print_stderr, reason = "a test says what it cannot look at")]

mod streams;

use super::put::New;
use super::*;
use rustix::fs::CWD;
use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tempfile::TempDir;

/// A workspace with a `.git`, and beside it a folder that nothing may be written to.
struct Place {
    folder: TempDir,
    own: OwnFiles,
}

impl Place {
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

    fn replace(&self, path: &Path, naming: Naming) -> Result<(), OwnError> {
        self.own.replace(path, naming, Access::Usual, &mut |out| out.write_all(b"ours"))
    }

    /// All ways to write a file of this name.
    fn each_way(&self, path: &Path, naming: Naming) -> Vec<Result<(), OwnError>> {
        let mut ways = vec![self.own.check(path, naming), self.replace(path, naming)];
        if naming == Naming::Given {
            ways.push(self.own.append(path, b"ours"));
            ways.push(self.own.reserve(path).map(drop));
        }
        ways
    }

    /// Nothing outside and nothing of git has changed.
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

/// A path to the same place that begins at the current folder.
fn relative(path: &Path) -> PathBuf {
    let up = "../".repeat(std::env::current_dir().unwrap().components().count());
    Path::new(&up).join(path.strip_prefix("/").unwrap())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_link_among_the_folders_of_a_checkout_is_refused() {
    let place = Place::new();
    place.link("../outside", "ws/out");
    place.link(".git", "ws/values");
    place.link("../../outside", "ws/sub/deep");
    place.link("nowhere", "ws/dangling");
    place.link("sub", "ws/inner");
    place.link("ws/sub", "home/way");
    place.link("../ws", "home/work");
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
        for path in [place.path(path), relative(&place.path(path))] {
            for naming in [Naming::Given, Naming::Chosen] {
                for way in place.each_way(&path, naming) {
                    let error = way.unwrap_err();
                    assert!(matches!(error.problem, Problem::FolderLink(_)), "{error}");
                    assert!(error.to_string().contains("is a link"), "{error}");
                }
            }
        }
    }
    place.untouched();
    assert!(!place.path("ws/x").exists());
}

#[test]
fn a_link_under_the_name_itself_is_never_followed_in_a_checkout() {
    for target in ["../outside/precious", "../outside/new", ".git/config", "nowhere", "sub", "self"] {
        let place = Place::new();
        place.link(target, "ws/self");
        place.link("../ws", "home/work");
        for path in ["ws/self", "home/work/self", "ws/sub/../self"] {
            for path in [place.path(path), relative(&place.path(path))] {
                for way in place.each_way(&path, Naming::Given) {
                    let error = way.unwrap_err();
                    assert!(matches!(error.problem, Problem::Link), "{error}");
                }
            }
        }
        assert!(place.path("ws/self").is_symlink());
        // A name of lockstep's own is taken from the link.
        place.replace(&place.path("ws/self"), Naming::Chosen).unwrap();
        assert_eq!(fs::read(place.path("ws/self")).unwrap(), b"ours");
        assert!(!place.path("ws/self").is_symlink());
        place.untouched();
        assert_eq!(place.names("ws"), [".git", "self", "sub"]);
    }
}

#[test]
fn every_checkout_is_closed() {
    let place = Place::new();
    fs::create_dir_all(place.path("ws/app/module")).unwrap();
    // As a submodule has it.
    fs::write(place.path("ws/app/module/.git"), "gitdir: ../../.git/modules/app\n").unwrap();
    place.link("../outside", "ws/out");
    for workspace in ["ws/app", "ws/app/module", "home", "missing"] {
        let own = OwnFiles::new(&place.path(workspace));
        let error = own.append(&place.path("ws/out/x"), b"ours").unwrap_err();
        assert!(matches!(error.problem, Problem::FolderLink(_)), "{error}");
    }
    place.untouched();
}

#[test]
fn what_git_and_ci_read_is_out_of_reach() {
    let place = Place::new();
    for path in
        ["ws/.git/config", "ws/.git/new", "ws/.GIT/x", "ws/.git/new/x", "ws/sub/.git/x", "home/.git/x"]
    {
        for way in place.each_way(&place.path(path), Naming::Given) {
            assert!(matches!(way.unwrap_err().problem, Problem::Protected(_)), "{path}");
        }
    }
    for path in
        ["ws/.github/workflows/x.yml", "ws/.gitlab-ci.yml", "ws/new/.github/x", "ws/.lockstep-journal"]
    {
        for way in place.each_way(&place.path(path), Naming::Given) {
            assert!(matches!(way.unwrap_err().problem, Problem::Protected(_)), "{path}");
        }
    }
    place.untouched();
    assert_eq!(place.names("ws"), [".git", "sub"]);
}

#[test]
fn links_of_the_user_are_followed_elsewhere() {
    let place = Place::new();
    place.link("outside", "data");
    place.link("../outside/precious", "home/report");
    place.link("../outside/made", "home/dangling");
    place.replace(&place.path("data/state/lockstep/x.json"), Naming::Given).unwrap();
    assert_eq!(fs::read(place.path("outside/state/lockstep/x.json")).unwrap(), b"ours");
    place.replace(&place.path("home/report"), Naming::Given).unwrap();
    assert!(place.path("home/report").is_symlink());
    assert_eq!(fs::read(place.path("outside/precious")).unwrap(), b"ours");
    place.own.append(&place.path("home/report"), b" again").unwrap();
    assert_eq!(fs::read(place.path("outside/precious")).unwrap(), b"ours again");
    place.own.append(&place.path("home/dangling"), b"made").unwrap();
    assert_eq!(fs::read(place.path("outside/made")).unwrap(), b"made");
    place.link("b", "home/a");
    place.link("a", "home/b");
    let error = place.replace(&place.path("home/a"), Naming::Given).unwrap_err();
    assert!(matches!(error.problem, Problem::Links), "{error}");
}

#[test]
fn what_another_user_put_where_everybody_can_write_is_refused() {
    if !is_root() {
        eprintln!("not looked at: only root can make files of another user");
        return;
    }
    let place = Place::new();
    fs::create_dir(place.path("shared")).unwrap();
    fs::set_permissions(place.path("shared"), fs::Permissions::from_mode(0o1777)).unwrap();
    place.link("../outside/precious", "shared/link");
    place.link("../outside", "shared/folder-link");
    fs::create_dir(place.path("shared/folder")).unwrap();
    fs::write(place.path("shared/file"), "theirs").unwrap();
    let all = ["shared/link", "shared/folder-link/x", "shared/folder/x", "shared/file"];
    for name in ["link", "folder-link", "folder", "file"] {
        lchown(place.path("shared").join(name), Some(4711), Some(4711)).unwrap();
    }
    for path in all {
        for way in place.each_way(&place.path(path), Naming::Given) {
            assert!(matches!(way.unwrap_err().problem, Problem::Foreign(_)), "{path}");
        }
    }
    place.untouched();
    for name in ["link", "folder-link", "folder", "file"] {
        lchown(place.path("shared").join(name), Some(0), Some(0)).unwrap();
    }
    for path in all {
        assert!(place.replace(&place.path(path), Naming::Given).is_ok(), "{path}");
    }
}

#[test]
fn a_file_is_replaced_as_a_whole_with_its_permissions() {
    let place = Place::new();
    let (old, other) = (place.path("ws/out/result"), place.path("ws/out/other"));
    place.replace(&old, Naming::Given).unwrap();
    let umask = fs::metadata(&old).unwrap().permissions().mode() & 0o777;
    assert_eq!(umask & 0o600, 0o600);
    fs::hard_link(&old, &other).unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    place.own.replace(&old, Naming::Given, Access::Usual, &mut |out| out.write_all(b"new")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"new".to_vec(), 0o640));
    assert_eq!(fs::read(&other).unwrap(), b"ours", "the other name keeps the old file");
    place.own.replace(&old, Naming::Chosen, Access::Owner, &mut |out| out.write_all(b"value")).unwrap();
    assert_eq!((fs::read(&old).unwrap(), mode(&old)), (b"value".to_vec(), 0o600));
    assert_eq!(place.names("ws/out"), ["other", "result"]);
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_leaves_nothing() {
    let place = Place::new();
    let path = place.path("ws/result");
    let full = &mut |out: &mut dyn Write| {
        out.write_all(&[b'x'; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    };
    for before in [None, Some("old")] {
        before.iter().for_each(|text| fs::write(&path, text).unwrap());
        let error = place.own.replace(&path, Naming::Given, Access::Usual, full).unwrap_err();
        assert!(error.to_string().contains("ws/result"), "{error}");
        assert_eq!(fs::read(&path).ok().as_deref(), before.map(str::as_bytes));
        assert_eq!(place.names("ws").len(), 2 + usize::from(before.is_some()));
    }
    // The same where files cannot be made without a name.
    let at = place.own.place(&path, Naming::Given).unwrap();
    let mode = Some(Mode::RUSR);
    assert!(New::named(&at, mode).unwrap().put(full).is_err());
    assert_eq!(place.names("ws").len(), 3);
    New::named(&at, mode).unwrap().put(&mut |out| out.write_all(b"new")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(place.names("ws").len(), 3);
}

#[test]
fn a_reserved_file_is_gone_until_it_is_written() {
    let place = Place::new();
    let path = place.path("ws/receipts/r.json");
    fs::create_dir(place.path("ws/receipts")).unwrap();
    fs::write(&path, "older").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let reserved = place.own.reserve(&path).unwrap();
    assert_eq!(place.names("ws/receipts"), Vec::<String>::new());
    reserved.write(&place.own, &mut |out| out.write_all(b"newer")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"newer");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // What comes between is not followed either.
    let reserved = place.own.reserve(&path).unwrap();
    place.link("../../outside/precious", "ws/receipts/r.json");
    assert!(reserved.write(&place.own, &mut |out| out.write_all(b"newer")).is_err());
    fs::remove_dir_all(place.path("ws/receipts")).unwrap();
    place.link("../outside", "ws/receipts");
    assert!(reserved.write(&place.own, &mut |out| out.write_all(b"newer")).is_err());
    place.untouched();
}

#[test]
fn a_folder_that_turns_into_a_link_at_any_moment_leads_nowhere() {
    let place = Place::new();
    let over = AtomicBool::new(false);
    fs::create_dir(place.path("ws/real")).unwrap();
    place.link("../outside", "ws/trap");
    thread::scope(|scope| {
        scope.spawn(|| {
            // Exchanges the folder and the link as fast as it can.
            while !over.load(Ordering::Relaxed) {
                let (real, trap) = (place.path("ws/real"), place.path("ws/trap"));
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, real, CWD, trap, exchange).unwrap();
            }
        });
        let mut ends = [0, 0];
        for round in 0..4_000 {
            let path = place.path("ws/real/x");
            let end = match round % 3 {
                0 => place.replace(&path, Naming::Chosen),
                1 => place.own.append(&path, b"ours"),
                _ => place
                    .own
                    .reserve(&path)
                    .and_then(|reserved| reserved.write(&place.own, &mut |out| out.write_all(b"ours"))),
            };
            ends[usize::from(end.is_ok())] += 1;
        }
        over.store(true, Ordering::Relaxed);
        assert!(ends[0] > 0, "no link was met: {ends:?}");
    });
    place.untouched();
}
