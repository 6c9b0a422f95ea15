//! Tests: temporary and permanent errors of a server, the retries, and the errors for the component.

use super::*;
use std::time::Instant;

/// A run with this timeout for retries.
fn run_with_timeout(place: &TestRepository, retry_timeout: Duration) -> RepositoryRun {
    RepositoryRun::on(&place.url(), RepositoryConfig { retry_timeout, ..RepositoryConfig::default() }, false)
}

/// A new commit on top of `main`, and the head of `main`.
fn ready(run: &mut RepositoryRun) -> (String, String) {
    let head = run.head("main").unwrap().unwrap();
    (run.commit(&head, "a", Some("a")).unwrap(), head)
}

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(600);

#[test]
fn a_push_to_a_server_that_is_killed_gets_a_retry() {
    let place = TestRepository::new();
    let mut run = run_with_timeout(&place, LONG);
    let (made, head) = ready(&mut run);
    // The hook kills the receiving process once, before it moves the branch.
    place.hook("pre-receive", "test -e once && exit 0; touch once; kill -9 $PPID");
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert_eq!(place.at("main"), Some(made));
    let count = git(&place.path("bare"), &["rev-list", "--count", "main"]);
    assert_eq!(count, "2");
}

#[test]
fn a_push_waits_for_the_lock_of_another_push() {
    let place = TestRepository::new();
    let lock = place.path("bare/refs/heads/main.lock");
    let mut run = run_with_timeout(&place, SHORT);
    let (made, head) = ready(&mut run);
    fs::write(&lock, "").unwrap();
    let held = run.push("main", &made, Some(&head));
    assert!(
        matches!(&held, Err(CallError::Unavailable(why)) if why.contains("failed to update ref")),
        "{held:?}"
    );
    let mut run = run_with_timeout(&place, LONG);
    let (made, head) = ready(&mut run);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(SHORT);
            fs::remove_file(&lock).unwrap();
        });
        assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    });
    assert_eq!(place.at("main"), Some(made));
}

#[test]
fn a_rejection_gets_no_retry_for_any_text_of_a_hook() {
    let place = TestRepository::new();
    let words = "fatal: Authentication failed; No space left on device; error: 503; fatal: not found";
    place.hook("pre-receive", &format!("echo '{words}' >&2; echo run >> ../times; exit 1"));
    let mut run = run_with_timeout(&place, LONG);
    let (made, head) = ready(&mut run);
    let begun = Instant::now();
    let refused = run.push("main", &made, Some(&head));
    assert!(
        matches!(&refused, Err(CallError::Upstream { message, .. }) if message.contains("hook declined")),
        "{refused:?}"
    );
    assert!(begun.elapsed() < LONG);
    assert_eq!(fs::read_to_string(place.path("times")).unwrap(), "run\n", "asked once");
}

#[test]
fn a_push_of_a_commit_that_another_run_has_pushed_is_a_conflict() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let (made, head) = ready(&mut run);
    let mut twin = RepositoryRun::of(&place);
    twin.head("main").unwrap();
    // The same change in the same second gives the same commit.
    let own = run.repositories.folder.as_ref().unwrap().path().join("0");
    git(&own, &["push", "--quiet", &place.url(), &format!("{made}:refs/heads/main")]);
    let lost = run.push("main", &made, Some(&head));
    assert!(matches!(lost, Err(CallError::Conflict(_))), "{lost:?}");
}

#[test]
fn a_repository_without_branches_has_no_head() {
    let place = TestRepository::new();
    git(place.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "empty"]);
    let url = format!("file://{}", place.path("empty").display());
    let mut run = RepositoryRun::on(
        &url,
        RepositoryConfig { retry_timeout: LONG, ..RepositoryConfig::default() },
        false,
    );
    assert_eq!(run.head("main"), Ok(None));
    // Its head names a branch that does not exist.
    git(&place.path("bare"), &["symbolic-ref", "HEAD", "refs/heads/none"]);
    let mut run = run_with_timeout(&place, LONG);
    assert_eq!(run.head("none"), Ok(None));
    assert!(run.head("main").unwrap().is_some());
}

#[test]
fn an_answer_without_any_branch_gets_a_retry() {
    const EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, _asked) = server(EMPTY);
    let connection = RepositoryConfig { retry_timeout: SHORT, ..RepositoryConfig::default() };
    let told = RepositoryRun::on(&format!("{url}/shop/deploy"), connection, false).head("main");
    assert!(matches!(&told, Err(CallError::Unavailable(why)) if why.contains("names no branch")), "{told:?}");
}

#[test]
fn only_temporary_errors_get_a_retry() {
    let status = |status: u16| -> &'static str {
        let text = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        Box::leak(text.into_boxed_str())
    };
    let garbage = "220 another protocol\r\n\r\n";
    for (answer, passes) in [
        (status(503), true),
        (status(500), true),
        (status(429), true),
        (garbage, true),
        ("", true),
        (status(400), false),
        (status(302), false),
        (status(403), false),
    ] {
        // A retry gets the last answer.
        let (url, _asked) = server_of(&[answer], status(404));
        let connection = RepositoryConfig { retry_timeout: LONG, ..RepositoryConfig::default() };
        let told =
            RepositoryRun::on(&format!("{url}/shop/deploy"), connection, false).head("main").unwrap_err();
        assert_eq!(told.word() == "not-found", passes, "{answer}: {told:?}");
    }
}

#[test]
fn an_error_of_this_machine_is_no_error_of_the_server() {
    let place = TestRepository::new();
    let connection = RepositoryConfig { retry_timeout: LONG, ..RepositoryConfig::default() };
    let mut run = RepositoryRun::on(&place.url(), connection, false);
    run.repositories.config.programs =
        Programs::new(Some(place.path("nowhere").into()), Checkout::default()).without_keeper();
    let told = run.head("main");
    assert!(matches!(&told, Err(CallError::Local(why)) if why.contains("install `git`")), "{told:?}");
}
