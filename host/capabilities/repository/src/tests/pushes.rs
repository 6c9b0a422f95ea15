//! Tests: commits and pushes.

use super::*;

#[test]
fn a_commit_changes_only_its_files_and_is_pushed_on_top() {
    let place = TestRepository::new();
    let trailers = [("CI-Run", "https://ci.example.com/7"), ("By", "the host")];
    let connection = RepositoryConfig {
        author: Some("Ci Bot <ci@example.com>".into()),
        trailers: trailers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..RepositoryConfig::default()
    };
    let mut run = RepositoryRun::on(&place.url(), connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "run.sh", Some("#!/bin/sh\necho\n")).unwrap();
    assert_eq!(place.at("main"), Some(head.clone()), "nobody sees it yet");
    assert_eq!(run.read(&made, "run.sh"), Ok("#!/bin/sh\necho\n".to_owned()));
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert_eq!(place.at("main"), Some(made.clone()));
    let told = place.show(&made);
    assert!(told.contains("Author: Ci Bot <ci@example.com>") && !told.contains("By: a run"), "{told}");
    let trailers = git(&place.path("bare"), &["log", "-1", "--format=%(trailers)", &made]);
    assert!(
        trailers.starts_with("CI-Run: https://ci.example.com/7\nBy: the host\nLockstep-Seal: "),
        "{trailers}"
    );
    assert!(!told.contains("old mode") && told.matches("diff --git").count() == 1, "{told}");
    // A commit on top that adds a file, and one that removes a file.
    let more = run.commit(&made, "envs/prod/web.yaml", Some("image: web:1\n")).unwrap();
    assert_eq!(run.push("main", &more, Some(&made)), Ok(Outcome::Applied));
    let less = run.commit(&more, "envs/dev/web.yaml", None).unwrap();
    assert_eq!(run.push("main", &less, Some(&more)), Ok(Outcome::Applied));
    assert!(!git(&place.path("bare"), &["ls-tree", "-r", "--name-only", "main"]).contains("envs/dev"));
    assert_eq!(run.repositories.into_changes().0.len(), 3);
}

#[test]
fn a_push_never_overwrites_commits_of_others() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    let theirs = place.push("theirs");
    let lost = run.push("main", &made, Some(&head));
    assert!(matches!(lost, Err(CallError::Conflict(_))), "{lost:?}");
    assert_eq!(place.at("main"), Some(theirs.clone()));
    // The wrong parent, no parent, or a commit that this run has not created.
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
    // A new branch must start at a head: the parent of this commit is not pushed.
    let deeper = run.commit(&made, "a", Some("b")).unwrap();
    assert!(matches!(run.push("new", &deeper, None), Err(CallError::Invalid(_))));
    // The host creates a branch once.
    assert_eq!(run.push("new", &made, None), Ok(Outcome::Applied));
    assert_eq!(place.at("new"), Some(made));
    let again = run.commit(&theirs, "b", Some("b")).unwrap();
    assert!(matches!(run.push("new", &again, None), Err(CallError::Invalid(_) | CallError::Conflict(_))));
}

#[test]
fn a_rejection_is_an_error_and_a_lost_answer_is_none() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    // The branch has not moved, so the text of the hook does not count as a conflict.
    place.hook("update", "echo 'fetch first (non-fast-forward), not found' >&2; exit 1");
    let refused = run.push("main", &made, Some(&head));
    assert!(matches!(refused, Err(CallError::Upstream { .. } | CallError::NotFound(_))), "{refused:?}");
    assert!(refused.unwrap_err().message().contains("fetch first"));
    assert_eq!(place.at("main"), Some(head.clone()));
    fs::remove_file(place.path("bare/hooks/update")).unwrap();
    place.hook("post-update", "kill -9 $PPID");
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::Applied));
    assert_eq!(place.at("main"), Some(made));
}

#[test]
fn a_dry_run_pushes_nothing() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::on(&place.url(), RepositoryConfig::default(), true);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a", Some("a")).unwrap();
    assert_eq!(run.push("main", &made, Some(&head)), Ok(Outcome::DryRun));
    assert_eq!(place.at("main"), Some(head.clone()));
    place.push("theirs");
    assert!(matches!(run.push("main", &made, Some(&head)), Err(CallError::Conflict(_))));
    let (changes, diff) = run.repositories.into_changes();
    assert!(changes.len() == 1 && diff.contains("+++ b/a\n@@ -0,0 +1 @@\n+a\n"), "{diff}");
}

#[test]
fn a_push_replaces_only_commits_of_runs() {
    let place = TestRepository::new();
    let first = place.at("main").unwrap();
    let mut run = RepositoryRun::of(&place);
    run.head("main").unwrap();
    let made = run.commit(&first, "a.yaml", Some("one\n")).unwrap();
    run.push("promote/web", &made, None).unwrap();
    // Another run, on top of the new head of `main`.
    let second = place.push("second");
    let mut run = RepositoryRun::of(&place);
    run.head("main").unwrap();
    let next = run.commit(&second, "a.yaml", Some("two\n")).unwrap();
    assert!(matches!(run.replace("promote/web", &next, &first), Err(CallError::Conflict(_))));
    assert_eq!(run.replace("promote/web", &next, &made), Ok(Outcome::Applied));
    assert_eq!(place.at("promote/web").as_deref(), Some(&*next));
    // A commit of somebody else on top of it, in its place, or below it.
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
        let mut run = RepositoryRun::of(&place);
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
    let mut run = RepositoryRun::of(&place);
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
fn a_push_of_the_commit_that_the_branch_has_changes_nothing() {
    let place = TestRepository::new();
    let mut run = RepositoryRun::of(&place);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a.yaml", Some("one\n")).unwrap();
    run.push("promote/web", &made, None).unwrap();
    // A second run creates the same commit within the same second.
    assert_eq!(run.replace("promote/web", &made, &made), Ok(Outcome::Unchanged));
    assert_eq!(place.at("promote/web"), Some(made.clone()));
    let theirs =
        git(&place.path("bare"), &["commit-tree", &format!("{made}^{{tree}}"), "-p", &made, "-m", "theirs"]);
    git(&place.path("bare"), &["update-ref", "refs/heads/promote/web", theirs.trim()]);
    assert!(matches!(run.replace("promote/web", &made, &made), Err(CallError::Conflict(_))));
}

#[test]
fn the_host_signs_commits_with_a_key_that_is_in_no_file() {
    let place = TestRepository::new();
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
    let connection = RepositoryConfig {
        author: Some("Ci <ci@example.com>".into()),
        signing,
        ..RepositoryConfig::default()
    };
    let mut run = RepositoryRun::on(&place.url(), connection, false);
    let head = run.head("main").unwrap().unwrap();
    let made = run.commit(&head, "a.yaml", Some("one\n")).unwrap();
    run.push("main", &made, Some(&head)).unwrap();
    let allowed = format!("gpg.ssh.allowedSignersFile={}", place.path("allowed").display());
    git(&place.path("bare"), &["-c", &allowed, "verify-commit", &made]);
    // An invalid key is an error.
    let connection =
        RepositoryConfig { signing: Signing::Key("no-key".into()), ..RepositoryConfig::default() };
    let mut run = RepositoryRun::on(&place.url(), connection, false);
    run.head("main").unwrap();
    let refused = run.commit(&made, "a.yaml", Some("two\n"));
    let is = |error: &CallError| matches!(error, CallError::Unauthorized(why) if why.contains("cannot sign the commit"));
    assert!(refused.as_ref().is_err_and(is), "{refused:?}");
}
