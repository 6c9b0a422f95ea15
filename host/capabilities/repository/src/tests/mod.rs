//! Tests against local repositories with the installed git: reading, limits and logins. It has the functions that all these tests use.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod faults;
mod pushes;
mod signs;

use super::*;
use lockstep_model::call::{CallRequest, RawRepositoryPart, RawTarget};
use lockstep_model::capability::Capability;
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Permission};
use lockstep_model::limits::Limits;
use lockstep_process::{Checkout, Programs};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// A bare repository with files on `main`, and a checkout of it.
struct TestRepository {
    folder: TempDir,
}

impl TestRepository {
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        let work = place.path("work");
        git(place.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "bare"]);
        git(&place.path("bare"), &["config", "uploadpack.allowFilter", "true"]);
        git(place.folder.path(), &["clone", "--quiet", "bare", "work"]);
        fs::create_dir_all(work.join("envs/dev")).unwrap();
        fs::write(work.join("envs/dev/web.yaml"), "image: web:2\n").unwrap();
        fs::write(work.join("run.sh"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(work.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("envs/dev/web.yaml", work.join("link.yaml")).unwrap();
        place.push("first");
        place
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn url(&self) -> String {
        format!("file://{}", self.path("bare").display())
    }

    /// Commits the files of the checkout as somebody else, pushes, and returns the commit.
    fn push(&self, message: &str) -> String {
        let work = self.path("work");
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "--allow-empty", "--message", message]);
        git(&work, &["push", "--quiet", "origin", "HEAD:main"]);
        git(&work, &["rev-parse", "HEAD"])
    }

    fn at(&self, branch: &str) -> Option<String> {
        let output = Command::new("git")
            .args(["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")])
            .current_dir(self.path("bare"))
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    fn show(&self, what: &str) -> String {
        git(&self.path("bare"), &["show", what])
    }

    fn hook(&self, name: &str, text: &str) {
        let path = self.path("bare/hooks").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Eva", "-c", "user.email=eva@example.com"]).args(args).current_dir(folder);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A run with all rights for one repository.
struct RepositoryRun {
    gate: Gate,
    repositories: Repositories,
    url: String,
}

impl RepositoryRun {
    fn on(url: &str, connection: RepositoryConfig, dry_run: bool) -> Self {
        let programs = Programs::new(std::env::var_os("PATH"), Checkout::default()).without_keeper();
        let connection = RepositoryConfig { programs, ..connection };
        let right = Permission::parse(Capability::Repository, &format!("read,commit,push {url}")).unwrap();
        let gate =
            Gate::new(Grant { requested: vec![right], ceilings: vec![], policy: None }, Limits::default());
        Self { gate, repositories: Repositories::new(connection, dry_run), url: url.to_owned() }
    }

    fn of(place: &TestRepository) -> Self {
        Self::on(&place.url(), RepositoryConfig::default(), false)
    }

    fn call<T>(
        &mut self,
        right: &'static str,
        part: RawRepositoryPart<'_>,
        act: impl FnOnce(&mut Repositories, &Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let target = RawTarget::Repository(&self.url, part);
        let function = match right {
            "read" => "log",
            "commit" => "create-commit",
            other => other,
        };
        let request = CallRequest::new(Capability::Repository, function, target);
        self.gate.call(request, |permit| act(&mut self.repositories, permit))
    }

    fn head(&mut self, branch: &str) -> Result<Option<String>, CallError> {
        self.call("read", RawRepositoryPart::Whole, |all, permit| all.branch_head(permit, branch))
    }

    fn read(&mut self, commit: &str, path: &str) -> Result<String, CallError> {
        let paths = [path.to_owned()];
        let read = self
            .call("read", RawRepositoryPart::Files(&paths), |all, permit| all.read_files(permit, commit))?;
        Ok(String::from_utf8(read[0].clone()).unwrap())
    }

    fn commit(&mut self, parent: &str, path: &str, content: Option<&str>) -> Result<String, CallError> {
        let paths = [path.to_owned()];
        let contents = [content.map(|content| content.as_bytes().to_vec())];
        let part = RawRepositoryPart::Files(&paths);
        self.call("commit", part, |all, permit| {
            all.create_commit(permit, parent, &contents, "Promote\n\nBy: a run\n")
        })
    }

    fn push(&mut self, branch: &str, commit: &str, expected: Option<&str>) -> Result<Outcome, CallError> {
        self.call("push", RawRepositoryPart::Branch(branch), |all, permit| all.push(permit, commit, expected))
    }

    fn replace(&mut self, branch: &str, commit: &str, expected: &str) -> Result<Outcome, CallError> {
        self.call("push", RawRepositoryPart::Branch(branch), |all, permit| {
            all.replace_head(permit, commit, expected)
        })
    }
}

#[test]
fn a_repository_is_read_without_a_checkout() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    assert_eq!((Some(&head), run.head("none")), (place.at("main").as_ref(), Ok(None)));
    // A lightweight and an annotated tag give the commit; a branch of the same name does not.
    git(&place.path("bare"), &["tag", "v1", "main"]);
    git(&place.path("bare"), &["tag", "--annotate", "--message", "one", "release/v1", "main"]);
    for (name, expected) in [("v1", Some(&head)), ("release/v1", Some(&head)), ("main", None), ("v", None)] {
        let tag = run.call("read", RawRepositoryPart::Whole, |all, permit| all.tag_commit(permit, name));
        assert_eq!(tag, Ok(expected.cloned()), "{name}");
    }
    let bad = run.call("read", RawRepositoryPart::Whole, |all, permit| all.tag_commit(permit, "v1^{}"));
    assert!(matches!(bad, Err(CallError::Invalid(_))), "{bad:?}");
    let files = run
        .call("read", RawRepositoryPart::Pattern("**"), |all, permit| all.list_files(permit, &head))
        .unwrap();
    let files: Vec<_> = files.iter().map(|file| (&*file.path, file.executable)).collect();
    assert_eq!(files, [("envs/dev/web.yaml", false), ("run.sh", true)]);
    assert_eq!(run.read(&head, "envs/dev/web.yaml"), Ok("image: web:2\n".to_owned()));
    // It has fetched no other blob.
    let own = run.repositories.folder.as_ref().unwrap().path().join("0");
    let offline = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"];
    let here = git(&own, &offline);
    assert_eq!(here.lines().filter(|of| *of == "blob").count(), 1, "{here}");
    assert!(matches!(run.read(&head, "envs/dev/none.yaml"), Err(CallError::NotFound(_))));
    assert!(matches!(run.read(&head, "link.yaml"), Err(CallError::Invalid(_))));
    place.push("second");
    let head = run.head("main").unwrap().unwrap();
    let history =
        run.call("read", RawRepositoryPart::Whole, |all, permit| all.log(permit, &head, 10)).unwrap();
    let told: Vec<_> = history.iter().map(|one| (&*one.message, &*one.author, one.parents.len())).collect();
    assert_eq!(told, [("second", "Eva <eva@example.com>", 1), ("first", "Eva <eva@example.com>", 0)]);
    for bad in ["main", "--all", "HEAD", "", "HEAD~0", "-0000000000000000000000000000000000000000"] {
        assert!(matches!(run.read(bad, "run.sh"), Err(CallError::Invalid(_))), "{bad}");
    }
    assert!(run.read("0000000000000000000000000000000000000000", "run.sh").is_err());
}

#[test]
fn a_commit_without_changes_or_through_a_link_is_refused() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    for (path, content) in [
        ("envs/dev/web.yaml", Some("image: web:2\n")),
        ("link.yaml", Some("image: web:3\n")),
        ("link.yaml", None),
        ("link.yaml/below", Some("x")),
        ("run.sh/below", Some("x")),
        ("envs", Some("x")),
    ] {
        let made = run.commit(&head, path, content);
        assert!(matches!(made, Err(CallError::Invalid(_))), "{path}: {made:?}");
    }
    assert!(matches!(run.commit(&head, "none", None), Err(CallError::NotFound(_))));
    let made = run.commit(&head, ".github/workflows/x.yml", Some("x"));
    assert!(matches!(made, Err(CallError::Denied(_))), "{made:?}");
}

#[test]
fn a_file_over_the_limit_is_an_error() {
    let place = TestRepository::new();
    let large = 16 * 1024 * 1024;
    fs::write(place.path("work/large"), vec![0; large + 1]).unwrap();
    fs::write(place.path("work/just"), vec![0; large]).unwrap();
    place.push("large");
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    assert!(matches!(run.read(&head, "large"), Err(CallError::LimitExceeded(_))));
    assert_eq!(run.read(&head, "just").map(|text| text.len()), Ok(large));
}

#[test]
fn the_workspace_gives_the_url_of_its_remote_and_no_other_setting() {
    let place = TestRepository::new();
    let work = place.path("work");
    let evil = place.path("evil");
    let touch = format!("touch {}", evil.display());
    git(&work, &["config", "core.sshCommand", &touch]);
    git(&work, &["config", "core.fsmonitor", &touch]);
    git(&work, &["config", "credential.helper", &format!("!{touch}")]);
    git(&work, &["config", "url.file:///nowhere/.insteadOf", &place.url()]);
    git(&work, &["config", "remote.origin.receivepack", &touch]);
    fs::create_dir_all(work.join(".git/hooks")).unwrap();
    fs::write(work.join(".git/hooks/pre-push"), format!("#!/bin/sh\n{touch}\n")).unwrap();
    fs::set_permissions(work.join(".git/hooks/pre-push"), fs::Permissions::from_mode(0o755)).unwrap();
    git(&work, &["remote", "set-url", "origin", &place.path("bare").display().to_string()]);
    let connection = RepositoryConfig { workspace: work.join("envs"), ..RepositoryConfig::default() };
    let mut run = RepositoryRun::on(".", connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert!(!evil.exists());
    git(&work, &["remote", "set-url", "origin", "ext::sh -c id"]);
    let mut run =
        RepositoryRun::on(".", RepositoryConfig { workspace: work, ..RepositoryConfig::default() }, false);
    assert!(matches!(run.head("main"), Err(CallError::Invalid(_))));
    let nowhere = RepositoryConfig { workspace: place.path("bare"), ..RepositoryConfig::default() };
    assert!(matches!(RepositoryRun::on(".", nowhere, false).head("main"), Err(CallError::NotFound(_))));
}

/// A server that passes on the heads of its requests and always gives the same answer.
fn server(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    server_of(&[], answer)
}

/// The same with other answers for the first requests.
fn server_of(first: &[&'static str], answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
    let mut first = Vec::from(first).into_iter();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && std::io::Read::read(&mut stream, &mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            if sender.send(String::from_utf8_lossy(&head).into_owned()).is_err() {
                return;
            }
            let answer = first.next().unwrap_or(answer);
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn only_the_server_of_a_token_gets_it_and_only_on_request() {
    const ASKS: &str = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, asked) = server(ASKS);
    let login = Login::new(Some(url.clone()), "ci", "t0ken-of-the-f0rge");
    let connection = RepositoryConfig { logins: vec![login.clone()], ..RepositoryConfig::default() };
    let told = RepositoryRun::on(&format!("{url}/shop/deploy"), connection.clone(), false).head("main");
    assert!(
        matches!(&told, Err(CallError::Unauthorized(text)) if text.contains("LOCKSTEP_FORGE_TOKEN")),
        "{told:?}"
    );
    assert!(!format!("{told:?}").contains("t0ken"));
    let requested: Vec<_> = asked.try_iter().collect();
    let shown = "Basic Y2k6dDBrZW4tb2YtdGhlLWYwcmdl";
    assert!(
        !requested[0].contains("Basic ") && requested.iter().any(|head| head.contains(shown)),
        "{requested:?}"
    );

    let (other, others) = server(ASKS);
    let told = RepositoryRun::on(&format!("{other}/shop/deploy"), connection.clone(), false).head("main");
    assert!(matches!(told, Err(CallError::Unauthorized(_))), "{told:?}");
    assert!(others.try_iter().all(|head| !head.to_ascii_lowercase().contains("authorization")));

    // The host follows no redirect to another server.
    let to: &'static str = Box::leak(
        format!("HTTP/1.1 302 Found\r\nlocation: {url}/shop/deploy/info/refs?service=git-upload-pack\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .into_boxed_str(),
    );
    let (sends, _asked) = server(to);
    let told = RepositoryRun::on(&format!("{sends}/shop/deploy"), connection, false).head("main");
    assert!(matches!(told, Err(CallError::Unavailable(_))), "{told:?}");
}
