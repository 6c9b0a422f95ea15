//! Whole runs with pull requests on the fakes: one pull request per branch, also when runs are killed and others act.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use common::shop::{BRANCH, DEV, FILE, PROD, inputs, set_version, shop};
use env_promote::{Inputs, Mode, OnForeign, State};
use lockstep_sdk::forge::PullRequestState;

#[test]
fn repeated_runs_have_one_pull_request() {
    let mut model = shop();
    let ended = model.run(&inputs()).unwrap();
    assert_eq!(model.log, ["commit 1", &format!("push {BRANCH}"), &format!("open {BRANCH}")]);
    assert_eq!(
        (ended.state, ended.changed, ended.pull_request, &*ended.url),
        (State::Open, true, Some(1), "https://forge.example.com/1")
    );
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
    assert_eq!(model.text(FILE), PROD, "the base does not change");
    let body = model.pull_request(1).body.clone();
    assert!(body.starts_with("Promotes `envs/dev` to `envs/prod`."), "{body}");
    assert!(
        body.contains("| `envs/prod/web.yaml` | `spec.image` | `shop/web:1.2.0` | `shop/web:1.3.0` |"),
        "{body}"
    );
    let head = model.branch(BRANCH);
    for _ in 0..2 {
        let ended = model.run(&inputs()).unwrap();
        assert_eq!((ended.state, ended.changed, ended.pull_request.unwrap()), (State::Open, false, 1));
        assert_eq!((model.log.len(), &model.branch(BRANCH)), (0, &head), "the run writes nothing");
    }
    // A commit of somebody else to another file changes nothing.
    model.edit(|files| drop(files.insert("other".into(), b"2".to_vec())));
    model.run(&inputs()).unwrap();
    assert_eq!((model.log.len(), &model.branch(BRANCH)), (0, &head));
}

#[test]
fn nothing_to_promote_writes_nothing() {
    let mut model = shop();
    model.edit(|files| drop(files.insert(FILE.into(), PROD.replace("1.2.0", "1.3.0").into_bytes())));
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.state, ended.changed, ended.pull_request), (State::None, false, None));
    assert!(model.log.is_empty() && model.other_branches() == 0 && model.pull_requests() == 0);
}

#[test]
fn a_merged_pull_request_does_not_count_for_another_version() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.merge(1);
    assert_eq!(model.run(&inputs()).unwrap().state, State::Merged);
    model.edit(|files| {
        set_version(files, "1.4.0");
        files.insert(FILE.into(), PROD.replace("1.2.0", "1.4.0").into_bytes());
    });
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.state, ended.pull_request), (State::None, None), "somebody else promoted it");
}

#[test]
fn a_newer_version_replaces_the_older_one_in_the_pull_request() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit(|files| set_version(files, "1.4.0"));
    let ended = model.run(&inputs()).unwrap();
    assert_eq!(ended.pull_request.unwrap(), 1);
    assert_eq!(model.log, ["commit 1", &*format!("push {BRANCH}"), "update 1", "comment 1 superseded"]);
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.4.0"));
    let body = model.pull_request(1).body.clone();
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n"), "{body}");
    let said = model.forge.comments[&(1, "superseded".to_owned())].clone();
    assert_eq!(said, "`shop/web:1.3.0` is superseded by `shop/web:1.4.0`.");
    model.run(&inputs()).unwrap();
    assert!(model.log.is_empty());
    model.edit(|files| set_version(files, "1.5.0"));
    model.run(&inputs()).unwrap();
    let body = model.pull_request(1).body.clone();
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n- `shop/web:1.4.0`\n"), "{body}");
    assert_eq!((model.pull_requests(), model.forge.comments.len()), (1, 1));
    // A version that was superseded once is not any more.
    model.edit(|files| set_version(files, "1.4.0"));
    model.run(&inputs()).unwrap();
    let body = model.pull_request(1).body.clone();
    assert!(body.contains("Supersedes:\n- `shop/web:1.3.0`\n- `shop/web:1.5.0`\n"), "{body}");
    // Another title is not another version.
    let titled = Inputs { title: Some("Ship it".into()), ..inputs() };
    model.forge.comments.clear();
    model.run(&titled).unwrap();
    assert_eq!((&*model.pull_request(1).title.clone(), model.forge.comments.len()), ("Ship it", 0));
}

#[test]
fn the_branch_has_what_a_new_promotion_would_have() {
    let more = [("envs/dev/b.yaml", DEV), ("envs/prod/b.yaml", PROD)];
    let all = [("envs/dev/web.yaml", DEV), (FILE, PROD), more[0], more[1]];
    // The base changed the same file in another place.
    let mut model = Model::new(&all);
    model.run(&inputs()).unwrap();
    model.edit(|files| drop(files.insert(FILE.into(), PROD.replace("5", "6").into_bytes())));
    model.run(&inputs()).unwrap();
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("5", "6").replace("1.2.0", "1.3.0"));
    // One of two files has nothing to promote any more: dev lost it, or somebody set it in the base.
    let gone: common::Edit = |files| drop(files.remove("envs/dev/b.yaml"));
    let by_hand: common::Edit = |files| {
        drop(files.insert("envs/prod/b.yaml".into(), PROD.replace("1.2.0", "1.3.0 # by hand").into_bytes()))
    };
    for edit in [gone, by_hand] {
        let mut model = Model::new(&all);
        model.run(&inputs()).unwrap();
        model.edit(edit);
        let base = model.text("envs/prod/b.yaml");
        model.run(&inputs()).unwrap();
        assert_eq!(model.text_on(BRANCH, "envs/prod/b.yaml"), base, "nothing is left of the older promotion");
        assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
    }
}

#[test]
fn the_step_waits_for_another_run_that_may_open_the_pull_request() {
    let mut model = shop();
    model.cut = Some((1, true));
    model.run(&inputs()).unwrap_err();
    model.cut = None;
    let mut other = model.clone();
    model.after_sleep = Some(|model| model.open(BRANCH, ""));
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.pull_request.unwrap(), model.pull_requests()), (1, 1));
    assert!(!model.log.iter().any(|call| call.starts_with("open")), "{:?}", model.log);
    let reads = model.notes.iter().filter(|(_, note)| note.starts_with("read `main` at ")).count();
    assert_eq!(reads, 1, "{:?}", model.notes);
    // A killed run never opens it, so this run does, on top of the current base.
    other.edit(|files| drop(files.insert("other".into(), b"2".to_vec())));
    other.run(&inputs()).unwrap();
    assert_eq!(other.log, ["commit 1", &*format!("push {BRANCH}"), &*format!("open {BRANCH}")]);
    let reads = other.notes.iter().filter(|(_, note)| note.starts_with("read `main` at ")).count();
    assert_eq!(reads, 1, "{:?}", other.notes);
    // The other run is faster.
    let mut model = shop();
    model.rival = true;
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.pull_request.unwrap(), model.pull_requests()), (1, 1));
}

#[test]
fn a_branch_that_the_host_does_not_replace_is_foreign() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit(|files| set_version(files, "1.4.0"));
    model.has_foreign_history = true;
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.code(), ended.pull_request), (Some("foreign"), Some(1)));
}

#[test]
fn a_closed_pull_request_declines_the_promotion_until_another_version() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.pull_request(1).state = PullRequestState::Closed;
    for deleted in [false, true] {
        if deleted {
            drop(model.forge.repository.branches.remove(BRANCH));
        }
        let ended = model.run(&inputs()).unwrap();
        assert_eq!((ended.code(), ended.state, ended.changed), (Some("declined"), State::Closed, false));
        assert!(model.log.is_empty());
    }
    // Values that are not picked do not make another version.
    model.edit(|files| drop(files.insert(FILE.into(), PROD.replace("5", "6").into_bytes())));
    assert_eq!(model.run(&inputs()).unwrap().code(), Some("declined"));
    model.edit(|files| set_version(files, "1.4.0"));
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.code(), ended.pull_request.unwrap(), model.pull_requests()), (None, 2, 2));
    assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("5", "6").replace("1.2.0", "1.4.0"));
    assert!(!model.pull_request(2).body.contains("Supersedes"));
    // Somebody reopens it.
    (model.pull_request(1).state, model.pull_request(2).state) =
        (PullRequestState::Closed, PullRequestState::Closed);
    model.pull_request(2).state = PullRequestState::Open;
    assert_eq!(model.run(&inputs()).unwrap().state, State::Open);
}

#[test]
fn the_step_never_drops_commits_of_others() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    model.edit_on(BRANCH, |files| drop(files.insert("fix".into(), b"theirs".to_vec())));
    let theirs = model.branch(BRANCH);
    for newer in ["1.3.0", "1.4.0"] {
        if newer == "1.4.0" {
            model.edit(|files| set_version(files, "1.4.0"));
        }
        let ended = model.run(&inputs()).unwrap();
        assert_eq!((ended.code(), ended.pull_request), (Some("foreign"), Some(1)));
        assert!(ended.rejection.unwrap().message.contains("Eva <eva@example.com>"));
        assert!(model.log.is_empty() && model.branch(BRANCH) == theirs);
    }
    let another = Inputs { on_foreign: OnForeign::NewBranch, ..inputs() };
    let ended = model.run(&another).unwrap();
    assert_eq!((ended.code(), &*ended.branch), (None, "promote/web-envs-prod-2"));
    assert_eq!((model.pull_requests(), &model.branch(BRANCH)), (2, &theirs));
    let again = model.run(&another).unwrap();
    assert_eq!((model.log.len(), again.pull_request.unwrap()), (0, 2));
}

#[test]
fn a_branch_of_somebody_else_is_foreign() {
    let mut model = shop();
    model.forge.repository.branches.insert(BRANCH.into(), model.head());
    assert_eq!(model.run(&inputs()).unwrap().code(), Some("foreign"));
    assert!(model.log.is_empty());
}

#[test]
fn the_next_run_finishes_a_run_that_was_killed() {
    // A first version, then a newer one, each killed at every change, before or after its effect.
    for at in 0..3 {
        for made in [false, true] {
            let mut model = shop();
            model.cut = Some((at, made));
            model.run(&inputs()).unwrap_err();
            model.cut = None;
            model.run(&inputs()).unwrap();
            assert_eq!((model.pull_requests(), model.other_branches()), (1, 1), "{at} {made}");
            assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.3.0"));
            let commits = model.messages().len();
            assert!(commits <= 2 && (at < 1 || !made || commits == 1), "{at} {made}: {commits}");
            model.run(&inputs()).unwrap();
            assert!(model.log.is_empty(), "{at} {made}: {:?}", model.log);
        }
    }
    for at in 0..4 {
        for made in [false, true] {
            let mut model = shop();
            model.run(&inputs()).unwrap();
            model.edit(|files| set_version(files, "1.4.0"));
            model.cut = Some((at, made));
            model.run(&inputs()).unwrap_err();
            model.cut = None;
            model.run(&inputs()).unwrap();
            assert_eq!((model.pull_requests(), model.other_branches()), (1, 1), "{at} {made}");
            assert_eq!(model.text_on(BRANCH, FILE), PROD.replace("1.2.0", "1.4.0"));
            assert!(model.pull_request(1).body.contains("Supersedes:\n- `shop/web:1.3.0`\n"), "{at} {made}");
            model.run(&inputs()).unwrap();
            assert!(model.log.is_empty(), "{at} {made}: {:?}", model.log);
        }
    }
}

#[test]
fn of_two_pull_requests_opened_at_the_same_time_one_stays() {
    // The forge lists the other one at once, or later.
    for shown in [PullRequestState::Open, PullRequestState::Closed] {
        let mut model = shop();
        model.duplicate = Some(shown);
        model.after_sleep = Some(|model| model.pull_request(1).state = PullRequestState::Open);
        let ended = model.run(&inputs()).unwrap();
        assert_eq!((ended.state, ended.pull_request.unwrap(), model.pull_requests()), (State::Open, 1, 2));
        assert!(ended.changed);
        assert_eq!(
            (model.pull_request(1).state, model.pull_request(2).state),
            (PullRequestState::Open, PullRequestState::Closed)
        );
        assert!(model.pull_request(2).body.contains("#1"));
        // The duplicate that the run closed does not decline anything.
        model.pull_request(1).state = PullRequestState::Merged;
        assert_eq!(model.run(&inputs()).unwrap().code(), None);
    }
}

#[test]
fn of_several_open_pull_requests_the_first_counts() {
    let mut model = shop();
    model.run(&inputs()).unwrap();
    let mut other = model.forge.pull_requests[0].clone();
    other.pull_request.number = 2;
    model.forge.pull_requests.push(other);
    let ended = model.run(&inputs()).unwrap();
    assert_eq!((ended.pull_request.unwrap(), model.log.len()), (1, 0), "{:?}", model.log);
}

#[test]
fn a_dry_run_changes_nothing_and_notes_what_it_would_do() {
    let mut model = shop();
    model.forge.repository.dry_run = true;
    let ended = model.run(&Inputs { auto_merge: true, wait: "10m".into(), ..inputs() }).unwrap();
    assert!(ended.changed && model.other_branches() == 0 && model.pull_requests() == 0);
    assert!(model.noted("would open a pull request"), "{:?}", model.notes);
}

#[test]
fn inputs_of_pull_requests_are_invalid_with_a_commit() {
    let wrong = Inputs {
        mode: Mode::Commit,
        auto_merge: true,
        wait: "5m".into(),
        on_foreign: OnForeign::NewBranch,
        labels: vec!["a".into()],
        body: Some("x".into()),
        ..inputs()
    };
    let failed = shop().run(&wrong).unwrap_err();
    assert_eq!((failed.noted.len(), &*failed.failure.code), (5, "bad-input"), "{failed:?}");
    for (branch, base) in [("promote/{app}", "main"), ("promote/{env}-{to}", "main"), ("{to}", "envs-prod")] {
        let wrong = Inputs { branch: branch.into(), base: base.into(), ..inputs() };
        let failure = shop().run(&wrong).unwrap_err().failure;
        assert!(failure.code == "bad-input" && failure.message.contains("`branch`"), "{failure:?}");
    }
}

#[test]
fn from_ref_can_be_a_branch_a_tag_or_a_commit() {
    let mut model = shop();
    model.forge.repository.branches.insert("staging".into(), model.head());
    model.edit_on("staging", |files| {
        drop(files.insert(FILE.into(), PROD.replace("1.2.0", "2.0.0").into_bytes()))
    });
    let place = "envs/prod".to_owned();
    let inputs = Inputs { from: place.clone(), to: vec![place], from_ref: "staging".into(), ..inputs() };
    let ended = model.run(&Inputs { mode: Mode::Commit, ..inputs.clone() }).unwrap();
    assert_eq!((ended.state, ended.source == model.branch("staging")), (State::Pushed, true));
    assert_eq!(model.text(FILE), PROD.replace("1.2.0", "2.0.0"));
    let short = |id: &str| id.chars().take(12).collect::<String>();
    let read = format!("read `staging` at {}, and `main` at ", short(&model.branch("staging")));
    assert!(model.noted(&read), "{:?}", model.notes);
    // A tag and a commit do not move with the branch.
    let tagged = model.branch("staging");
    model.forge.repository.tags.insert("v2".into(), tagged.clone());
    model.edit_on("staging", |files| {
        drop(files.insert(FILE.into(), PROD.replace("1.2.0", "3.0.0").into_bytes()))
    });
    for name in ["v2", &*tagged] {
        let at = Inputs { from_ref: name.into(), mode: Mode::Commit, ..inputs.clone() };
        let ended = model.run(&at).unwrap();
        assert_eq!((ended.changed, &*ended.source), (false, &*tagged), "{name}");
        let read = if name == "v2" { "`v2` at" } else { "commit" };
        assert!(model.noted(&format!("read {read} {}", short(&tagged))), "{:?}", model.notes);
    }
    let at = Inputs { from_ref: "v2".into(), ..inputs.clone() };
    model.edit(|files| drop(files.insert(FILE.into(), PROD.as_bytes().to_vec())));
    assert_eq!(model.run(&at).unwrap().source, tagged);
    let none = Inputs { from_ref: "v3".into(), ..inputs.clone() };
    let failure = model.run(&none).unwrap_err().failure;
    assert!(
        failure.code == "bad-input" && failure.message.contains("no branch and no tag `v3`"),
        "{failure:?}"
    );
    let same = Inputs { from_ref: String::new(), ..inputs };
    assert_eq!(model.run(&same).unwrap_err().code(), "bad-input", "they overlap");
}
