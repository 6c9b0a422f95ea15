//! Repositories in folders, with the git that is installed: what is read, committed and pushed, and what is not.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;
use lockstep_model::call::{Capability, RawPart, RawTarget, Request};
use lockstep_model::gate::Gate;
use lockstep_model::grant::{Grant, Right, Scope};
use lockstep_model::limits::Limits;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// A repository with some files on `main`, and a checkout of it.
struct Place {
    folder: TempDir,
}

impl Place {
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

    /// Commits what is in the checkout, as somebody else, and pushes it. Gives the commit.
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

/// The repositories of a run that may do everything with one of them.
struct Run {
    gate: Gate,
    repositories: Repositories,
    url: String,
}

impl Run {
    fn on(url: &str, connection: Connection, planned: bool) -> Self {
        let path = std::env::var_os("PATH").unwrap();
        let connection = Connection { variables: vec![("PATH".to_owned(), path)], ..connection };
        let right = Right {
            capability: Capability::Repository,
            verbs: ["read", "commit", "push"].map(str::to_owned).to_vec(),
            scope: Scope::parse(Capability::Repository, url).unwrap(),
        };
        let gate = Gate::new(Grant { asked: vec![right], ceilings: vec![] }, Limits::default());
        Self { gate, repositories: Repositories::new(connection, planned), url: url.to_owned() }
    }

    fn of(place: &Place) -> Self {
        Self::on(&place.url(), Connection::default(), false)
    }

    fn call<T>(
        &mut self,
        right: &'static str,
        part: RawPart<'_>,
        act: impl FnOnce(&mut Repositories, &Permit) -> Result<Answer<T>, CallError>,
    ) -> Result<T, CallError> {
        let target = RawTarget::Repository(&self.url, part);
        let (capability, verb) = (Capability::Repository, right);
        let request = Request { capability, verb, right: Some(right), target, source: None };
        self.gate.call(request, |permit| act(&mut self.repositories, permit))
    }

    fn head(&mut self, branch: &str) -> Result<Option<String>, CallError> {
        self.call("read", RawPart::Whole, |all, permit| all.head(permit, branch))
    }

    fn read(&mut self, commit: &str, path: &str) -> Result<String, CallError> {
        let paths = [path.to_owned()];
        let read = self.call("read", RawPart::Files(&paths), |all, permit| all.read(permit, commit))?;
        Ok(String::from_utf8(read[0].clone()).unwrap())
    }

    fn commit(&mut self, parent: &str, path: &str, content: Option<&str>) -> Result<String, CallError> {
        let paths = [path.to_owned()];
        let contents = [content.map(|content| content.as_bytes().to_vec())];
        let part = RawPart::Files(&paths);
        self.call("commit", part, |all, permit| {
            all.commit(permit, parent, &contents, "Promote\n\nBy: a run\n")
        })
    }

    fn push(&mut self, branch: &str, commit: &str, expected: Option<&str>) -> Result<Effect, CallError> {
        self.call("push", RawPart::Branch(branch), |all, permit| all.push(permit, commit, expected))
    }

    fn replace(&mut self, branch: &str, commit: &str, expected: &str) -> Result<Effect, CallError> {
        self.call("push", RawPart::Branch(branch), |all, permit| all.replace(permit, commit, expected))
    }
}

#[test]
fn a_repository_is_read_without_a_checkout() {
    let place = Place::new();
    let mut run = Run::of(&place);
    let branch = run.call("read", RawPart::Whole, Repositories::default_branch);
    assert_eq!(branch, Ok("main".to_owned()));
    let head = run.head("main").unwrap().unwrap();
    assert_eq!((Some(&head), run.head("none")), (place.at("main").as_ref(), Ok(None)));
    let files = run.call("read", RawPart::Pattern("**"), |all, permit| all.files(permit, &head)).unwrap();
    let files: Vec<_> = files.iter().map(|file| (&*file.path, file.executable)).collect();
    assert_eq!(files, [("envs/dev/web.yaml", false), ("run.sh", true)]);
    assert_eq!(run.read(&head, "envs/dev/web.yaml"), Ok("image: web:2\n".to_owned()));
    // Nothing else was fetched of the contents.
    let own = run.repositories.folder.as_ref().unwrap().path().join("0");
    let offline = ["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"];
    let here = git(&own, &offline);
    assert_eq!(here.lines().filter(|of| *of == "blob").count(), 1, "{here}");
    assert!(matches!(run.read(&head, "envs/dev/none.yaml"), Err(CallError::NotFound(_))));
    assert!(matches!(run.read(&head, "link.yaml"), Err(CallError::Invalid(_))));
    place.push("second");
    let head = run.head("main").unwrap().unwrap();
    let history = run.call("read", RawPart::Whole, |all, permit| all.history(permit, &head, 10)).unwrap();
    let told: Vec<_> = history.iter().map(|one| (&*one.message, &*one.author, one.parents.len())).collect();
    assert_eq!(told, [("second", "Eva <eva@example.com>", 1), ("first", "Eva <eva@example.com>", 0)]);
    for bad in ["main", "--all", "HEAD", "", "HEAD~0", "-0000000000000000000000000000000000000000"] {
        assert!(matches!(run.read(bad, "run.sh"), Err(CallError::Invalid(_))), "{bad}");
    }
    assert!(run.read("0000000000000000000000000000000000000000", "run.sh").is_err());
}

#[test]
fn a_commit_changes_what_it_says_and_is_pushed_on_top() {
    let place = Place::new();
    let trailers = [("CI-Run", "https://ci.example.com/7"), ("By", "the host")];
    let connection = Connection {
        author: Some("Ci Bot <ci@example.com>".into()),
        trailers: trailers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..Connection::default()
    };
    let mut run = Run::on(&place.url(), connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n")).unwrap();
    assert_eq!(place.at("main"), Some(head.clone()), "nobody sees it yet");
    assert_eq!(run.read(&made, "run.sh"), Ok("#!/bin/sh\necho\n".to_owned()));
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Effect::Made));
    assert_eq!(place.at("main"), Some(made.clone()));
    let told = place.show(&made);
    assert!(told.contains("Author: Ci Bot <ci@example.com>") && !told.contains("By: a run"), "{told}");
    let trailers = git(&place.path("bare"), &["log", "-1", "--format=%(trailers)", &made]);
    assert!(
        trailers.starts_with("CI-Run: https://ci.example.com/7\nBy: the host\nLockstep-Seal: "),
        "{trailers}"
    );
    assert!(!told.contains("old mode") && told.matches("diff --git").count() == 1, "{told}");
    // One on top of that, which adds, and one that removes.
    let more = run.commit(&made, "envs/prod/web.yaml", Some("image: web:1\n")).unwrap();
    assert_eq!(run.push("main", &more, Some(&made)), Ok(Effect::Made));
    let less = run.commit(&more, "envs/dev/web.yaml", None).unwrap();
    assert_eq!(run.push("main", &less, Some(&more)), Ok(Effect::Made));
    assert!(!git(&place.path("bare"), &["ls-tree", "-r", "--name-only", "main"]).contains("envs/dev"));
    assert_eq!(run.repositories.into_changes().0.len(), 3);
}

#[test]
fn what_would_change_nothing_or_follow_a_link_is_no_commit() {
    let place = Place::new();
    let mut run = Run::of(&place);
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
fn what_others_have_pushed_is_never_overwritten() {
    let place = Place::new();
    let mut run = Run::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    let theirs = place.push("theirs");
    let lost = run.push("main", &made, Some(&head));
    assert!(matches!(lost, Err(CallError::Conflict(_))), "{lost:?}");
    assert_eq!(place.at("main"), Some(theirs.clone()));
    // On top of something else than it says, of nothing, or made by nobody of this run.
    for (branch, commit, expected) in [
        ("main", &*made, Some(&*theirs)),
        ("main", &theirs, Some(&*theirs)),
        ("main", &made, None),
        ("new", &made, Some(&*head)),
    ] {
        let pushed = run.push(branch, commit, expected);
        assert!(
            matches!(pushed, Err(CallError::Invalid(_) | CallError::Conflict(_))),
            "{branch}: {pushed:?}"
        );
    }
    assert_eq!((place.at("main"), place.at("new")), (Some(theirs.clone()), None));
    // A branch that is new begins at a head: this commit is on top of one that has not been pushed.
    let deeper = run.commit(&made, "a", Some("b")).unwrap();
    assert!(matches!(run.push("new", &deeper, None), Err(CallError::Invalid(_))));
    // And it is there once.
    assert_eq!(run.push("new", &made, None), Ok(Effect::Made));
    assert_eq!(place.at("new"), Some(made));
    let again = run.commit(&theirs, "b", Some("b")).unwrap();
    assert!(matches!(run.push("new", &again, None), Err(CallError::Invalid(_) | CallError::Conflict(_))));
}

#[test]
fn a_refusal_of_the_server_is_one_and_a_lost_answer_is_none() {
    let place = Place::new();
    let mut run = Run::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    // Whatever words it has: the branch is where it was, so nobody else was faster.
    place.hook("update", "echo 'fetch first (non-fast-forward), not found' >&2; exit 1");
    let refused = run.push("main", &made, Some(&head));
    assert!(matches!(refused, Err(CallError::Upstream { .. } | CallError::NotFound(_))), "{refused:?}");
    assert!(refused.unwrap_err().message().contains("fetch first"));
    assert_eq!(place.at("main"), Some(head.clone()));
    fs::remove_file(place.path("bare/hooks/update")).unwrap();
    place.hook("post-update", "kill -9 $PPID");
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Effect::Made));
    assert_eq!(place.at("main"), Some(made));
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let place = Place::new();
    let large = 16 * 1024 * 1024;
    fs::write(place.path("work/large"), vec![0; large + 1]).unwrap();
    fs::write(place.path("work/just"), vec![0; large]).unwrap();
    place.push("large");
    let mut run = Run::of(&place);
    let head = run.head("main").unwrap().unwrap();
    assert!(matches!(run.read(&head, "large"), Err(CallError::Limit(_))));
    assert_eq!(run.read(&head, "just").map(|text| text.len()), Ok(large));
}

#[test]
fn a_run_that_plans_pushes_nothing() {
    let place = Place::new();
    let mut run = Run::on(&place.url(), Connection::default(), true);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Effect::Planned));
    assert_eq!(place.at("main"), Some(head.clone()));
    place.push("theirs");
    assert!(matches!(run.push("main", &made, Some(&head)), Err(CallError::Conflict(_))));
    let (changes, diff) = run.repositories.into_changes();
    assert!(changes.len() == 1 && diff.contains("+++ b/a\n@@ -0,0 +1 @@\n+a\n"), "{diff}");
}

#[test]
fn the_workspace_says_where_its_repository_is_and_nothing_else() {
    let place = Place::new();
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
    let connection = Connection { workspace: work.join("envs"), ..Connection::default() };
    let mut run = Run::on(".", connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Effect::Made));
    assert!(!evil.exists());
    git(&work, &["remote", "set-url", "origin", "ext::sh -c id"]);
    let mut run = Run::on(".", Connection { workspace: work, ..Connection::default() }, false);
    assert!(matches!(run.head("main"), Err(CallError::Invalid(_))));
    let nowhere = Connection { workspace: place.path("bare"), ..Connection::default() };
    assert!(matches!(Run::on(".", nowhere, false).head("main"), Err(CallError::NotFound(_))));
}

/// A server that says what it was asked, and gives everybody the same answer.
fn server(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
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
            let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
        }
    });
    (url, asked)
}

#[test]
fn a_token_is_shown_to_its_server_when_that_asks_for_it_and_to_no_other() {
    const ASKS: &str = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (url, asked) = server(ASKS);
    let login = Login::new(Some(url.clone()), "ci", "t0ken-of-the-f0rge");
    let connection = Connection { logins: vec![login.clone()], ..Connection::default() };
    let told = Run::on(&format!("{url}/shop/deploy"), connection.clone(), false).head("main");
    assert!(
        matches!(&told, Err(CallError::Unauthorized(text)) if text.contains("LOCKSTEP_FORGE_TOKEN")),
        "{told:?}"
    );
    assert!(!format!("{told:?}").contains("t0ken"));
    let asked: Vec<_> = asked.try_iter().collect();
    let shown = "Basic Y2k6dDBrZW4tb2YtdGhlLWYwcmdl";
    assert!(!asked[0].contains("Basic ") && asked.iter().any(|head| head.contains(shown)), "{asked:?}");

    let (other, others) = server(ASKS);
    let told = Run::on(&format!("{other}/shop/deploy"), connection.clone(), false).head("main");
    assert!(matches!(told, Err(CallError::Unauthorized(_))), "{told:?}");
    assert!(others.try_iter().all(|head| !head.to_ascii_lowercase().contains("authorization")));

    // One that sends on to another server is not followed.
    let to: &'static str = Box::leak(
        format!("HTTP/1.1 302 Found\r\nlocation: {url}/shop/deploy/info/refs?service=git-upload-pack\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .into_boxed_str(),
    );
    let (sends, _asked) = server(to);
    let told = Run::on(&format!("{sends}/shop/deploy"), connection, false).head("main");
    assert!(matches!(told, Err(CallError::Unavailable(_))), "{told:?}");
}

#[test]
fn only_what_a_run_has_made_is_replaced() {
    let place = Place::new();
    let first = place.at("main").unwrap();
    let mut run = Run::of(&place);
    run.head("main").unwrap();
    let made = run.commit(&first, "a.yaml", Some("one\n")).unwrap();
    run.push("promote/web", &made, None).unwrap();
    // Another run, on top of what main has become.
    let second = place.push("second");
    let mut run = Run::of(&place);
    run.head("main").unwrap();
    let next = run.commit(&second, "a.yaml", Some("two\n")).unwrap();
    assert!(matches!(run.replace("promote/web", &next, &first), Err(CallError::Conflict(_))));
    assert_eq!(run.replace("promote/web", &next, &made), Ok(Effect::Made));
    assert_eq!(place.at("promote/web").as_deref(), Some(&*next));
    // A commit on top of it, one that has taken its place, and one below it.
    let work = place.path("work");
    git(&work, &["fetch", "--quiet", "origin"]);
    let theirs = |what: &dyn Fn()| {
        git(&work, &["checkout", "--quiet", "-B", "theirs", &next]);
        what();
        git(&work, &["push", "--quiet", "--force", "origin", "HEAD:promote/web"]);
        git(&work, &["rev-parse", "HEAD"])
    };
    let own = |name: &str| {
        fs::write(work.join(name), "theirs\n").unwrap();
        git(&work, &["add", "--all"]);
    };
    let on_top = || {
        own("b.yaml");
        git(&work, &["commit", "--quiet", "--message", "theirs"]);
    };
    let amended = || {
        own("a.yaml");
        git(&work, &["commit", "--quiet", "--amend", "--no-edit"]);
    };
    let renamed = || drop(git(&work, &["commit", "--quiet", "--amend", "--message", "Lockstep-Seal: x"]));
    for what in [&on_top as &dyn Fn(), &amended, &renamed] {
        let head = theirs(what);
        let mut run = Run::of(&place);
        run.head("main").unwrap();
        let made = run.commit(&second, "a.yaml", Some("three\n")).unwrap();
        let refused = run.replace("promote/web", &made, &head);
        assert!(
            matches!(&refused, Err(CallError::Invalid(why)) if why.contains("somebody else")),
            "{refused:?}"
        );
        assert_eq!(place.at("promote/web"), Some(head));
    }
    let theirs = theirs(&on_top);
    let mut run = Run::of(&place);
    run.head("promote/web").unwrap();
    let above = run.commit(&theirs, "a.yaml", Some("three\n")).unwrap();
    run.push("promote/web", &above, Some(&theirs)).unwrap();
    run.head("main").unwrap();
    let made = run.commit(&second, "a.yaml", Some("four\n")).unwrap();
    let refused = run.replace("promote/web", &made, &above);
    assert!(
        matches!(&refused, Err(CallError::Invalid(why)) if why.contains("rests on commits")),
        "{refused:?}"
    );
    assert_eq!(place.at("promote/web"), Some(above));
}
