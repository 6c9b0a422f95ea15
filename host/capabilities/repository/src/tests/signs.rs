//! Tests: commits that a server creates. Git in the repository itself acts as the server.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fault of the signing server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SigningFault {
    None,
    Parent,
    Tree,
    Message,
    Id,
    Late,
    Unready,
}

struct SigningServer {
    bare: PathBuf,
    fault: SigningFault,
    requested: AtomicUsize,
}

impl CommitSigner for SigningServer {
    fn check(&self, _: &Repository) -> Result<(), CallError> {
        if self.fault == SigningFault::Unready {
            Err(CallError::Invalid("it signs nothing".into()))
        } else {
            Ok(())
        }
    }

    fn commit(&self, _: &Repository, request: &CommitRequest<'_>) -> Result<String, CallError> {
        self.requested.fetch_add(1, Ordering::Relaxed);
        let CommitRequest { parent, base, tree, files, message } = request;
        // It builds the tree from the edits alone.
        let index = self.bare.join("index-of-the-server").display().to_string();
        let call = |args: &[&str], input: &[u8]| {
            let mut command = Command::new("git");
            command.args(["-c", "user.name=Server", "-c", "user.email=server@example.com"]).args(args);
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), input).unwrap();
            command.stdin(fs::File::open(file.path()).unwrap());
            let output = command.current_dir(&self.bare).env("GIT_INDEX_FILE", &index).output().unwrap();
            assert!(output.status.success(), "{args:?} {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        call(&["read-tree", base], b"");
        for TreeEdit { path, mode, content } in *files {
            match content {
                Some(content) => {
                    let id = call(&["hash-object", "-w", "--stdin"], content);
                    call(&["update-index", "--add", "--cacheinfo", &format!("{mode},{id},{path}")], b"");
                }
                None => drop(call(&["rm", "--quiet", "--cached", "--", path], b"")),
            }
        }
        let made = call(&["write-tree"], b"");
        assert_eq!(made, *tree);
        let is = |fault| self.fault == fault;
        let (parent, tree) =
            if is(SigningFault::Parent) { (format!("{parent}^"), made) } else { ((*parent).into(), made) };
        let tree = if is(SigningFault::Tree) { (*base).to_owned() } else { tree };
        let message = if is(SigningFault::Message) { "Something else\n" } else { message };
        let made = call(&["commit-tree", &tree, "-p", &parent], message.as_bytes());
        if is(SigningFault::Late) {
            let (here, away) =
                (self.bare.join(format!("objects/{}/{}", &made[..2], &made[2..])), self.bare.join("late"));
            fs::rename(&here, &away).unwrap();
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(600));
                fs::rename(away, here).unwrap();
            });
        }
        Ok(if is(SigningFault::Id) { "--all".into() } else { made })
    }
}

fn run(place: &TestRepository, fault: SigningFault, dry_run: bool) -> (RepositoryRun, Arc<SigningServer>) {
    let server = Arc::new(SigningServer { bare: place.path("bare"), fault, requested: AtomicUsize::new(0) });
    let connection =
        RepositoryConfig { signing: Signing::Server(server.clone()), ..RepositoryConfig::default() };
    (RepositoryRun::on(&place.url(), connection, dry_run), server)
}

#[test]
fn a_commit_of_the_server_is_pushed() {
    let place = TestRepository::new();
    let (mut run, _) = run(&place, SigningFault::None, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n")).unwrap();
    assert_eq!(place.at("main"), Some(head.clone()), "nobody sees it yet");
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert_eq!(place.at("main"), Some(made.clone()));
    let told = place.show(&made);
    assert!(told.contains("Author: Server <server@example.com>") && !told.contains("old mode"), "{told}");
    // It has a valid seal, so another run may replace it.
    let history =
        run.call("read", RawRepositoryPart::Whole, |all, permit| all.log(permit, &made, 5)).unwrap();
    assert_eq!(history.iter().map(|one| one.sealed).collect::<Vec<_>>(), [true, false]);
    // A new file, a removed file, and a commit on top of another.
    let more = run.commit(&made, "envs/prod/web.yaml", Some("image: web:1\n")).unwrap();
    let less = run.commit(&more, "envs/dev/web.yaml", None).unwrap();
    assert_eq!(run.push("main", &more, Some(&made)), Ok(Outcome::Applied));
    assert_eq!(run.push("main", &less, Some(&more)), Ok(Outcome::Applied));
    let files = git(&place.path("bare"), &["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["envs/prod/web.yaml", "link.yaml", "run.sh"]);
}

#[test]
fn a_commit_of_the_server_that_differs_is_refused() {
    for fault in [SigningFault::Parent, SigningFault::Tree, SigningFault::Message, SigningFault::Id] {
        let place = TestRepository::new();
        place.push("second");
        let (mut run, server) = run(&place, fault, false);
        let head = run.head("main").unwrap().unwrap();
        let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n"));
        let refused = matches!(made, Err(CallError::Upstream { .. } | CallError::Invalid(_)));
        assert!(refused, "{made:?}");
        assert_eq!((place.at("main"), server.requested.load(Ordering::Relaxed)), (Some(head), 1));
    }
}

#[test]
fn the_host_waits_for_a_new_commit_of_the_server() {
    let place = TestRepository::new();
    let (mut run, server) = run(&place, SigningFault::Late, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert_eq!(server.requested.load(Ordering::Relaxed), 1);
}

#[test]
fn a_dry_run_sends_no_commit_request() {
    let place = TestRepository::new();
    let (mut run, server) = run(&place, SigningFault::None, true);
    let head = run.head("main").unwrap().unwrap();
    run.read(&head, "run.sh").unwrap();
    let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::DryRun));
    assert!(run.repositories.into_changes().1.contains("+echo"));
    assert_eq!(server.requested.load(Ordering::Relaxed), 0);
    // A dry run reports that the server cannot sign.
    let (mut run, _) = self::run(&place, SigningFault::Unready, true);
    run.head("main").unwrap();
    assert!(matches!(run.commit(&head, "run.sh", Some("x")), Err(CallError::Invalid(_))));
}
