//! What is committed and pushed, and what is not.

use super::*;

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

#[test]
fn a_commit_in_its_own_place_changes_nothing() {
    let place = Place::new();
    let mut run = Run::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a.yaml", Some("one\n")).unwrap();
    run.push("promote/web", &made, None).unwrap();
    // As a second run makes it within the same second.
    assert_eq!(run.replace("promote/web", &made, &made), Ok(Effect::Made));
    assert_eq!(place.at("promote/web"), Some(made.clone()));
    let theirs =
        git(&place.path("bare"), &["commit-tree", &format!("{made}^{{tree}}"), "-p", &made, "-m", "theirs"]);
    git(&place.path("bare"), &["update-ref", "refs/heads/promote/web", theirs.trim()]);
    assert!(matches!(run.replace("promote/web", &made, &made), Err(CallError::Conflict(_))));
}

#[test]
fn a_commit_is_signed_in_the_host_with_a_key_that_no_file_holds() {
    let place = Place::new();
    let key = place.path("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ci", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let public = fs::read_to_string(place.path("key.pub")).unwrap();
    fs::write(place.path("allowed"), format!("ci@example.com {public}")).unwrap();
    let signing = Signing::Key(fs::read_to_string(&key).unwrap());
    fs::remove_file(&key).unwrap();
    let connection =
        Connection { author: Some("Ci <ci@example.com>".into()), signing, ..Connection::default() };
    let mut run = Run::on(&place.url(), connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a.yaml", Some("one\n")).unwrap();
    run.push("main", &made, Some(&head)).unwrap();
    let allowed = format!("gpg.ssh.allowedSignersFile={}", place.path("allowed").display());
    git(&place.path("bare"), &["-c", &allowed, "verify-commit", &made]);
    // It is sealed as others are, and a key that is none is said to be one.
    let connection = Connection { signing: Signing::Key("no-key".into()), ..Connection::default() };
    let mut run = Run::on(&place.url(), connection, false);
    run.head("main").unwrap();
    let refused = run.commit(&made, "a.yaml", Some("two\n"));
    let is =
        |error: &CallError| matches!(error, CallError::Unauthorized(why) if why.contains("cannot be signed"));
    assert!(refused.as_ref().is_err_and(is), "{refused:?}");
}
