//! `env-promote` through the program, with a git server that fails: what passes is waited out, and the exit code says what
//! does not.

use lockstep_tests::git_http::{GitFault, GitServer};
use lockstep_tests::shop::{DEV, Shop};
use lockstep_tests::support::{ProgramOutput, Run};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long a run tries again where the fault passes, and where it does not.
const LONG: &str = "2m";
const SHORT: &str = "1s";

/// A promotion by a server.
fn by<'s>(shop: &'s Shop, server: &GitServer, timeout: &str) -> Run<'s> {
    shop.run().args(["--repository", &server.url("bare"), "--timeout", timeout])
}

/// A server that spoils one request, whose number can be changed.
fn spoiling(shop: &Shop, spoil: GitFault) -> (GitServer, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let (at, asked) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (own_at, own_asked) = (Arc::clone(&at), Arc::clone(&asked));
    let server = GitServer::new(&shop.scene.path("outside"), move |_, _| {
        let number = own_asked.fetch_add(1, Ordering::SeqCst) + 1;
        (number == own_at.load(Ordering::SeqCst)).then_some(spoil)
    });
    (server, at, asked)
}

/// Everything that a promotion asks of a server is spoiled once, one request after the other.
fn every_request(spoil: GitFault) {
    let shop = Shop::new();
    let (server, at, asked) = spoiling(&shop, spoil);
    for number in 1.. {
        let version = format!("1.4.{number}");
        shop.push(&[("envs/dev/web.yaml", &DEV.replace("1.3.0", &version))]);
        let before = shop.count();
        asked.store(0, Ordering::SeqCst);
        at.store(number, Ordering::SeqCst);
        let ended = by(&shop, &server, LONG).end();
        assert_eq!(ended.exit, Some(0), "{spoil:?} at request {number}: {ended:#?}");
        let outputs = ended.result()["outputs"].clone();
        assert_eq!(outputs["changed"], true, "{spoil:?} at request {number}");
        assert_eq!(outputs["commit"], *shop.head(), "{spoil:?} at request {number}");
        assert_eq!(shop.count(), before + 1, "{spoil:?} at request {number}");
        assert!(shop.text("envs/prod/web.yaml").contains(&version));
        if asked.load(Ordering::SeqCst) < number {
            assert!(number > 6, "a promotion asks more than {number} times");
            return;
        }
    }
}

#[test]
fn one_busy_answer_ends_no_promotion() {
    every_request(GitFault::Status(503));
}

#[test]
fn one_cut_connection_ends_no_promotion() {
    every_request(GitFault::Cut);
}

#[test]
fn one_lost_answer_ends_no_promotion() {
    every_request(GitFault::CutAfter);
}

#[test]
fn one_answer_without_http_ends_no_promotion() {
    every_request(GitFault::Garbage);
}

#[test]
fn one_cut_answer_ends_no_promotion() {
    every_request(GitFault::Half);
}

#[test]
fn one_cut_answer_without_a_length_ends_no_promotion() {
    every_request(GitFault::QuietHalf);
}

#[test]
fn one_answer_without_a_body_ends_no_promotion() {
    every_request(GitFault::Empty);
}

/// A promotion by a server that spoils all of what it is asked and matches.
fn always(spoil: GitFault, part: &'static str) -> (ProgramOutput, Shop) {
    let shop = Shop::new();
    let server = GitServer::new(&shop.scene.path("outside"), move |_, asked| {
        asked.target.contains(part).then_some(spoil)
    });
    (by(&shop, &server, SHORT).end(), shop)
}

#[test]
fn a_server_that_fails_each_request_is_unavailable() {
    for spoil in [GitFault::Status(503), GitFault::Cut, GitFault::Garbage, GitFault::Half, GitFault::Empty] {
        for part in ["", "git-upload-pack", "service=git-receive-pack", "/git-receive-pack"] {
            // Of a push, half of the answer follows on the whole push.
            if (spoil, part) == (GitFault::Half, "/git-receive-pack") {
                continue;
            }
            let (ended, shop) = always(spoil, part);
            assert_eq!(ended.exit, Some(6), "{spoil:?} {part}: {ended:#?}");
            assert_eq!(
                (ended.result()["code"].as_str(), shop.count()),
                (Some("unavailable"), 1),
                "{spoil:?} {part}"
            );
        }
    }
}

#[test]
fn a_push_without_an_answer_is_found_and_succeeds() {
    for spoil in [GitFault::CutAfter, GitFault::Half] {
        let (ended, shop) = always(spoil, "/git-receive-pack");
        assert_eq!(ended.expect(0, "done")["outputs"]["commit"], *shop.head(), "{spoil:?}");
        assert_eq!(shop.count(), 2, "{spoil:?}");
    }
}

#[test]
fn only_a_refusal_by_a_rule_of_the_server_is_push_refused() {
    let shop = Shop::new();
    let server = GitServer::new(&shop.scene.path("outside"), |_, _| None);
    shop.hook("pre-receive", "echo 'fatal: Authentication failed; error: 503' >&2; exit 1");
    let ended = by(&shop, &server, LONG).end();
    ended.expect(1, "push-refused");
    let pushes = server.log().iter().filter(|asked| asked.target.ends_with("/git-receive-pack")).count();
    assert_eq!(pushes, 1, "it is not asked again");
    // The process that receives the push is killed once.
    shop.hook("pre-receive", "test -e once && exit 0; touch once; kill -9 $PPID");
    by(&shop, &server, LONG).end().expect(0, "done");
    shop.hook("pre-receive", "exit 0");
    // The branch is locked, as by another push.
    shop.push(&[("envs/dev/web.yaml", &DEV.replace("1.3.0", "1.5.0"))]);
    let lock = shop.bare().join("refs/heads/main.lock");
    fs::write(&lock, "").unwrap();
    by(&shop, &server, SHORT).end().expect(6, "unavailable");
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(1500));
            fs::remove_file(&lock).unwrap();
        });
        by(&shop, &server, LONG).end().expect(0, "done");
    });
}

#[test]
fn the_same_cause_has_the_same_exit_code() {
    let shop = Shop::new();
    let server = GitServer::new(&shop.scene.path("outside"), |_, _| None);
    let url = server.url("bare");
    let missing = shop.scene.path("own/none");
    let file = shop.scene.path("own/file");
    fs::write(&file, "").unwrap();
    for (what, run, exit, code) in [
        ("no git", shop.run().env("PATH", missing.as_os_str()), 2, "machine"),
        ("no TMPDIR", shop.run().env("TMPDIR", missing.as_os_str()), 2, "machine"),
        ("a file as TMPDIR", shop.run().env("TMPDIR", file.as_os_str()), 2, "machine"),
        ("no branch", shop.run().args(["--repository", &url, "--base", "none"]), 2, "bad-input"),
        ("no repository", shop.run().args(["--repository", &server.url("none")]), 2, "bad-input"),
        (
            "no server",
            shop.run().args(["--repository", "http://127.0.0.1:1/bare", "--timeout", "1s"]),
            6,
            "unavailable",
        ),
    ] {
        let ended = run.end();
        let result = ended.result();
        assert_eq!((ended.exit, result["code"].as_str()), (Some(exit), Some(code)), "{what}: {ended:#?}");
    }
    assert_eq!(shop.count(), 1);
}

/// The folders for git in the folder of temporary files.
fn folders(shop: &Shop) -> Vec<PathBuf> {
    let entries = fs::read_dir(shop.scene.path("own/tmp")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("lockstep-git-")).collect()
}

#[test]
fn a_run_removes_files_of_a_killed_run_and_names_its_commit() {
    let shop = Shop::new();
    let reached = Arc::new(AtomicUsize::new(0));
    let own = Arc::clone(&reached);
    // The push is made, and its answer does not come.
    let silent = GitServer::new(&shop.scene.path("outside"), move |_, asked| {
        let is_asked =
            asked.target.ends_with("info/refs?service=git-upload-pack") && own.load(Ordering::SeqCst) > 0;
        let is_push = asked.target.ends_with("/git-receive-pack");
        own.fetch_add(usize::from(is_push), Ordering::SeqCst);
        if is_push { Some(GitFault::CutAfter) } else { is_asked.then_some(GitFault::Silence) }
    });
    let mut running = by(&shop, &silent, LONG).start();
    while shop.count() < 2 {
        thread::sleep(Duration::from_millis(20));
    }
    running.child.kill().unwrap();
    let _ = running.end(&shop.scene);
    let left = folders(&shop);
    assert_eq!(left.len(), 1);
    let (elsewhere, link) = (shop.scene.path("own/elsewhere"), shop.scene.path("own/tmp/lockstep-git-link"));
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("kept"), "").unwrap();
    symlink(&elsewhere, &link).unwrap();
    let server = GitServer::new(&shop.scene.path("outside"), |_, _| None);
    let outputs: Value = by(&shop, &server, LONG).end().expect(0, "done")["outputs"].clone();
    assert_eq!((&outputs["changed"], &outputs["state"]), (&false.into(), &"pushed".into()));
    assert_eq!((outputs["commit"].as_str(), shop.count()), (Some(&*shop.head()), 2));
    assert_eq!(folders(&shop), [link], "only the link, which is nobody's folder");
    assert!(elsewhere.join("kept").exists());
}
