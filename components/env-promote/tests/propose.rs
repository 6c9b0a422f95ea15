//! Whole runs with pull requests, against a model of a repository and its forge: one pull request however often it runs and
//! wherever it is cut off, and what others do to it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use common::shop::{BRANCH, DEV, FILE, PROD, code, inputs, shop, version};
use env_promote::host::Stand;
use env_promote::problem::Code;
use env_promote::promote::State;
use env_promote::settings::Inputs;

#[test]
fn there_is_one_pull_request_however_often_it_runs() {
    let mut model = shop();
    let done = model.run(&inputs()).unwrap();
    assert_eq!(model.log, ["commit 1", &format!("push {BRANCH}"), &format!("open {BRANCH}")]);
    assert_eq!(
        (done.state, done.changed, done.pull_request),
        (State::Open, true, Some((1, "https://forge/1".into())))
    );
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
    assert_eq!(model.text(FILE), PROD, "the base is as it was");
    let body = &model.requests[0].body;
    assert!(body.starts_with("Promotes what `envs/dev` has to `envs/prod`."), "{body}");
    assert!(
        body.contains("| `envs/prod/web.yaml` | `spec.image` | `shop/web:1.2.0` | `shop/web:1.3.0` |"),
        "{body}"
    );
    let head = model.branches[BRANCH].clone();
    for _ in 0..2 {
        let done = model.run(&inputs()).unwrap();
        assert_eq!((done.state, done.changed, done.pull_request.unwrap().0), (State::Open, false, 1));
        assert_eq!((model.log.len(), &model.branches[BRANCH]), (0, &head), "nothing is written");
    }
    // What others commit elsewhere changes nothing of it.
    model.edit(|tree| drop(tree.insert("other".into(), b"2".to_vec())));
    model.run(&inputs()).unwrap();
    assert_eq!((model.log.len(), &model.branches[BRANCH]), (0, &head));
}

#[test]
fn nothing_to_promote_writes_nothing() {
    let mut model = shop();
    model.edit(|tree| drop(tree.insert(FILE.into(), PROD.replace("1.2.0", "1.3.0").into_bytes())));
    let done = model.run(&inputs()).unwrap();
    assert_eq!((done.state, done.changed, done.pull_request), (State::None, false, None));
    assert!(model.log.is_empty() && model.branches.is_empty() && model.requests.is_empty());
}

#[test]
fn what_was_merged_once_is_no_word_about_another_version() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.merge(1);
    assert_eq!(model.run(&inputs()).unwrap().state, State::Merged);
    model.edit(|tree| {
        version(tree, "1.4.0");
        tree.insert(FILE.into(), PROD.replace("1.2.0", "1.4.0").into_bytes());
    });
    let done = model.run(&inputs()).unwrap();
    assert_eq!((done.state, done.pull_request), (State::None, None), "somebody else has promoted it");
}

#[test]
fn a_newer_version_takes_the_place_of_the_older_one() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit(|tree| version(tree, "1.4.0"));
    let done = model.run(&inputs()).unwrap();
    assert_eq!(done.pull_request.unwrap().0, 1);
    assert_eq!(model.log, ["commit 1", &*format!("push {BRANCH}"), "edit 1", "comment 1 superseded"]);
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.4.0"));
    let body = model.requests[0].body.clone();
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n"), "{body}");
    let said = &model.comments[&(1, "superseded".to_owned())];
    assert_eq!(said, "`shop/web:1.3.0` is superseded by `shop/web:1.4.0`.");
    model.run(&inputs()).unwrap();
    assert!(model.log.is_empty());
    model.edit(|tree| version(tree, "1.5.0"));
    model.run(&inputs()).unwrap();
    let body = &model.requests[0].body;
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n- `shop/web:1.4.0`\n"), "{body}");
    assert_eq!((model.requests.len(), model.comments.len()), (1, 1));
    // Back to one that was there before: it is superseded no longer.
    model.edit(|tree| version(tree, "1.4.0"));
    model.run(&inputs()).unwrap();
    let body = &model.requests[0].body;
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n- `shop/web:1.5.0`\n"), "{body}");
    // Another title is no other version.
    let titled = Inputs { title: Some("Ship it".into()), ..inputs() };
    model.comments.clear();
    model.run(&titled).unwrap();
    assert_eq!((&*model.requests[0].title, model.comments.len()), ("Ship it", 0));
}

#[test]
fn what_the_branch_has_is_what_would_be_promoted_now() {
    let more = [("envs/dev/b.yaml", DEV), ("envs/prod/b.yaml", PROD)];
    let all = [("envs/dev/web.yaml", DEV), (FILE, PROD), more[0], more[1]];
    // The same file has changed in another place of the base.
    let mut model = Model::of(&all);
    model.run(&inputs()).unwrap();
    model.edit(|tree| drop(tree.insert(FILE.into(), PROD.replace("5", "6").into_bytes())));
    model.run(&inputs()).unwrap();
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("5", "6").replace("1.2.0", "1.3.0"));
    // One of two files is not promoted any more: it was taken from dev, or set in the base by hand.
    let gone: common::Push = |tree| drop(tree.remove("envs/dev/b.yaml"));
    let by_hand: common::Push = |tree| {
        drop(tree.insert("envs/prod/b.yaml".into(), PROD.replace("1.2.0", "1.3.0 # by hand").into_bytes()))
    };
    for edit in [gone, by_hand] {
        let mut model = Model::of(&all);
        model.run(&inputs()).unwrap();
        model.edit(edit);
        let base = model.text("envs/prod/b.yaml");
        model.run(&inputs()).unwrap();
        assert_eq!(model.text_on(BRANCH, "envs/prod/b.yaml"), base, "no trace of the older promotion");
        assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
    }
}

#[test]
fn another_run_that_is_about_to_open_it_is_waited_for() {
    let mut model = shop();
    model.cut = Some((1, true));
    model.run(&inputs()).unwrap_err();
    model.cut = None;
    let mut other = model.clone();
    model.later = Some(|model| model.open(BRANCH, ""));
    let done = model.run(&inputs()).unwrap();
    assert_eq!((done.pull_request.unwrap().0, model.requests.len()), (1, 1));
    assert!(!model.log.iter().any(|call| call.starts_with("open")), "{:?}", model.log);
    // One that was killed never comes: then this run opens it, on top of what the base has by now.
    other.edit(|tree| drop(tree.insert("other".into(), b"2".to_vec())));
    other.run(&inputs()).unwrap();
    assert_eq!(other.log, ["commit 1", &*format!("push {BRANCH}"), &*format!("open {BRANCH}")]);
    // One that was faster after all.
    let mut model = shop();
    model.rival = true;
    let done = model.run(&inputs()).unwrap();
    assert_eq!((done.pull_request.unwrap().0, model.requests.len()), (1, 1));
}

#[test]
fn what_the_host_does_not_drop_is_somebody_elses() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit(|tree| version(tree, "1.4.0"));
    model.rests = true;
    let done = model.run(&inputs()).unwrap();
    assert_eq!((code(&done), done.pull_request.map(|one| one.0)), (Some(Code::Foreign), Some(1)));
}

#[test]
fn what_somebody_has_closed_stays_declined_until_there_is_another_version() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.requests[0].stand = Stand::Closed;
    for deleted in [false, true] {
        if deleted {
            model.branches.clear();
        }
        let done = model.run(&inputs()).unwrap();
        assert_eq!((code(&done), done.state, done.changed), (Some(Code::Declined), State::Closed, false));
        assert!(model.log.is_empty());
    }
    // Values that were not picked make no other version.
    model.edit(|tree| drop(tree.insert(FILE.into(), PROD.replace("5", "6").into_bytes())));
    assert_eq!(code(&model.run(&inputs()).unwrap()), Some(Code::Declined));
    model.edit(|tree| version(tree, "1.4.0"));
    let done = model.run(&inputs()).unwrap();
    assert_eq!((code(&done), done.pull_request.unwrap().0, model.requests.len()), (None, 2, 2));
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("5", "6").replace("1.2.0", "1.4.0"));
    assert!(!model.requests[1].body.contains("Supersedes"));
    // One that is opened again is open.
    (model.requests[0].stand, model.requests[1].stand) = (Stand::Closed, Stand::Closed);
    model.requests[1].stand = Stand::Open;
    assert_eq!(model.run(&inputs()).unwrap().state, State::Open);
}

#[test]
fn what_somebody_else_has_committed_is_never_dropped() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit_on(BRANCH, |tree| drop(tree.insert("fix".into(), b"theirs".to_vec())));
    let theirs = model.branches[BRANCH].clone();
    for newer in ["1.3.0", "1.4.0"] {
        if newer == "1.4.0" {
            model.edit(|tree| version(tree, "1.4.0"));
        }
        let done = model.run(&inputs()).unwrap();
        assert_eq!((code(&done), done.pull_request.map(|one| one.0)), (Some(Code::Foreign), Some(1)));
        assert!(done.rejection.unwrap().message.contains("Eva <eva@example.com>"));
        assert!(model.log.is_empty() && model.branches[BRANCH] == theirs);
    }
    let another = Inputs { new_branch: true, ..inputs() };
    let done = model.run(&another).unwrap();
    assert_eq!((code(&done), &*done.branch), (None, "promote/web-envs-prod-2"));
    assert_eq!((model.requests.len(), &model.branches[BRANCH]), (2, &theirs));
    let again = model.run(&another).unwrap();
    assert_eq!((model.log.len(), again.pull_request.unwrap().0), (0, 2));
}

#[test]
fn a_branch_that_was_begun_by_somebody_else_is_theirs() {
    let mut model = shop();
    model.branches.insert(BRANCH.into(), model.head.clone().unwrap());
    assert_eq!(code(&model.run(&inputs()).unwrap()), Some(Code::Foreign));
    assert!(model.log.is_empty());
}

#[test]
fn a_run_that_was_cut_off_is_finished_by_the_next_one() {
    // A first version, then a newer one, each cut off at every change, made or not.
    for at in 0..3 {
        for made in [false, true] {
            let mut model = shop();
            model.cut = Some((at, made));
            model.run(&inputs()).unwrap_err();
            model.cut = None;
            model.run(&inputs()).unwrap();
            assert_eq!((model.requests.len(), model.branches.len()), (1, 1), "{at} {made}");
            assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
            let commits = model.messages.len();
            assert!(commits <= 2 && (at < 1 || !made || commits == 1), "{at} {made}: {commits}");
            model.run(&inputs()).unwrap();
            assert!(model.log.is_empty(), "{at} {made}: {:?}", model.log);
        }
    }
    for at in 0..4 {
        for made in [false, true] {
            let mut model = shop();
            model.run(&inputs()).unwrap();
            model.edit(|tree| version(tree, "1.4.0"));
            model.cut = Some((at, made));
            model.run(&inputs()).unwrap_err();
            model.cut = None;
            model.run(&inputs()).unwrap();
            assert_eq!((model.requests.len(), model.branches.len()), (1, 1), "{at} {made}");
            assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.4.0"));
            assert!(model.requests[0].body.contains("Supersedes:\n- `shop/web:1.3.0`\n"), "{at} {made}");
            model.run(&inputs()).unwrap();
            assert!(model.log.is_empty(), "{at} {made}: {:?}", model.log);
        }
    }
}

#[test]
fn of_two_that_were_opened_at_the_same_moment_one_stays() {
    // The forge shows the other one at once, or a moment later.
    for shown in [Stand::Open, Stand::Closed] {
        let mut model = shop();
        model.careless = Some(shown);
        model.later = Some(|model| model.requests[0].stand = Stand::Open);
        let done = model.run(&inputs()).unwrap();
        assert_eq!((done.state, done.pull_request.unwrap().0, model.requests.len()), (State::Open, 1, 2));
        assert!(done.changed);
        assert_eq!((model.requests[0].stand, model.requests[1].stand), (Stand::Open, Stand::Closed));
        assert!(model.requests[1].body.contains("#1"));
        // The one that was withdrawn is nobody's no.
        model.requests[0].stand = Stand::Merged;
        assert_eq!(code(&model.run(&inputs()).unwrap()), None);
    }
}

#[test]
fn of_several_that_are_open_the_first_is_it() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    let other = model.requests[0].clone();
    model.requests.push(other);
    let done = model.run(&inputs()).unwrap();
    assert_eq!((done.pull_request.unwrap().0, model.log.len()), (1, 0), "{:?}", model.log);
}

#[test]
fn a_plan_changes_nothing_and_says_what_it_would_do() {
    let mut model = shop();
    model.planned = true;
    let done = model.run(&Inputs { auto_merge: true, wait: "10m".into(), ..inputs() }).unwrap();
    assert!(done.changed && model.branches.is_empty() && model.requests.is_empty());
    assert!(model.said.iter().any(|said| said.contains("would open a pull request")), "{:?}", model.said);
}

#[test]
fn what_goes_with_pull_requests_only_is_said_so() {
    let wrong = Inputs {
        pull_request: false,
        auto_merge: true,
        wait: "5m".into(),
        new_branch: true,
        labels: vec!["a".into()],
        body: Some("x".into()),
        ..inputs()
    };
    let problems = shop().run(&wrong).unwrap_err();
    assert_eq!(problems.len(), 5, "{problems:?}");
    for (branch, base) in [("promote/{app}", "main"), ("promote/{env}-{to}", "main"), ("{to}", "envs-prod")] {
        let wrong = Inputs { branch: branch.into(), base: base.into(), ..inputs() };
        let problem = &shop().run(&wrong).unwrap_err()[0];
        assert!(problem.code == Code::BadInput && problem.message.contains("`branch`"), "{problem:?}");
    }
}

#[test]
fn a_branch_a_tag_or_a_commit_can_be_an_environment() {
    let mut model = shop();
    model.branches.insert("staging".into(), model.head.clone().unwrap());
    model.edit_on("staging", |tree| {
        drop(tree.insert(FILE.into(), PROD.replace("1.2.0", "2.0.0").into_bytes()))
    });
    let place = "envs/prod".to_owned();
    let inputs = Inputs { from: place.clone(), to: vec![place], from_ref: "staging".into(), ..inputs() };
    let done = model.run(&Inputs { pull_request: false, ..inputs.clone() }).unwrap();
    assert_eq!((done.state, done.source == model.branches["staging"]), (State::Pushed, true));
    assert_eq!(model.text(FILE), PROD.replace("1.2.0", "2.0.0"));
    // A tag and a commit stay where they are, whatever the branch becomes.
    let tagged = model.branches["staging"].clone();
    model.tags.insert("v2".into(), tagged.clone());
    model.edit_on("staging", |tree| {
        drop(tree.insert(FILE.into(), PROD.replace("1.2.0", "3.0.0").into_bytes()))
    });
    for name in ["v2", &*tagged] {
        let at = Inputs { from_ref: name.into(), pull_request: false, ..inputs.clone() };
        let done = model.run(&at).unwrap();
        assert_eq!((done.changed, &*done.source), (false, &*tagged), "{name}");
    }
    let at = Inputs { from_ref: "v2".into(), ..inputs.clone() };
    model.edit(|tree| drop(tree.insert(FILE.into(), PROD.as_bytes().to_vec())));
    assert_eq!(model.run(&at).unwrap().source, tagged);
    let none = Inputs { from_ref: "v3".into(), ..inputs.clone() };
    let problem = &model.run(&none).unwrap_err()[0];
    assert!(
        problem.code == Code::BadInput && problem.message.contains("no branch and no tag `v3`"),
        "{problem:?}"
    );
    let same = Inputs { from_ref: String::new(), ..inputs };
    assert_eq!(model.run(&same).unwrap_err()[0].code, Code::BadInput, "one within the other");
}
