//! Whole runs that wait for a pull request on the fakes: how the wait ends, and who merges.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::shop::{BRANCH, FILE, PROD, inputs, shop};
use env_promote::{Inputs, State};
use lockstep_sdk::forge::{MergeBlocker, MergeResult, PullRequestState};
use lockstep_sdk::types::{Error, UpstreamError};

#[test]
fn a_wait_ends_with_a_merge_a_close_or_the_timeout() {
    let waiting = Inputs { wait: "10m".into(), ..inputs() };
    let mut model = shop();
    model.status_events = vec![|_| {}, |_| {}, |model| model.merge(1)];
    let ended = model.run(&waiting).unwrap();
    assert_eq!(
        (ended.state, &ended.commit, ended.code()),
        (State::Merged, &model.head(), None),
        "the squash commit"
    );
    let ended = model.run(&waiting).unwrap();
    assert_eq!((ended.state, ended.changed, ended.pull_request.unwrap()), (State::Merged, false, 1));
    assert!(model.log.is_empty());

    // An outage of the forge ends a run only if it does not wait.
    let mut model = shop();
    model.outages = 3;
    model.status_events = vec![|_| {}, |model| model.merge(1)];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    let mut model = shop();
    model.outages = 3;
    let failed = model.run(&Inputs { auto_merge: true, ..inputs() }).unwrap_err();
    assert_eq!(failed.code(), "unavailable");

    let mut model = shop();
    model.status_events = vec![|_| {}, |model| model.pull_request(1).state = PullRequestState::Closed];
    let ended = model.run(&waiting).unwrap();
    assert_eq!((ended.state, ended.code()), (State::Closed, Some("closed")));
    assert_eq!(model.run(&waiting).unwrap().code(), Some("declined"));

    let mut model = shop();
    model.forge.blocker = MergeBlocker::ChecksPending;
    let ended = model.run(&waiting).unwrap();
    assert_eq!((ended.state, ended.code()), (State::Open, Some("timed-out")));
    let failure = ended.rejection.unwrap();
    assert!(
        failure.message.contains("checks run") && failure.message.contains("https://forge.example.com/1"),
        "{failure:?}"
    );
    // Another run waits on, and writes nothing.
    model.status_events = vec![|_| {}, |model| model.merge(1)];
    let ended = model.run(&waiting).unwrap();
    assert_eq!((ended.state, ended.changed, model.log.len()), (State::Merged, false, 0));
}

#[test]
fn the_step_merges_as_soon_as_the_forge_allows() {
    let merging = Inputs { auto_merge: true, ..inputs() };
    let mut model = shop();
    let ended = model.run(&merging).unwrap();
    assert_eq!((ended.state, &ended.commit), (State::Merged, &model.head()));
    // The forge does not merge yet, and the step does not wait.
    let mut model = shop();
    model.forge.merge_answer = Some(Ok(MergeResult::NotReady));
    let ended = model.run(&merging).unwrap();
    assert_eq!((ended.state, ended.code()), (State::Open, None));
    // The forge merges by itself: the step asks once.
    let waiting = Inputs { wait: "10m".into(), ..merging.clone() };
    let mut model = shop();
    model.forge.merge_answer = Some(Ok(MergeResult::AutoMergeEnabled));
    model.status_events = vec![|_| {}, |_| {}, |_| {}, |model| model.merge(1)];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    assert_eq!(model.log.iter().filter(|call| call.starts_with("merge")).count(), 1);
    // The forge does not: the step asks until it may.
    let mut model = shop();
    model.forge.merge_answer = Some(Ok(MergeResult::NotReady));
    model.status_events = vec![|_| {}, |_| {}, |model| model.forge.merge_answer = None];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    // A final refusal ends the run at once.
    let mut model = shop();
    model.forge.merge_answer =
        Some(Err(Error::Upstream(UpstreamError { status: 422, message: "no".into() })));
    let failed = model.run(&waiting).unwrap_err();
    assert_eq!(failed.code(), "forge-refused");
}

#[test]
fn a_moved_base_gets_the_promotion_again() {
    let waiting = Inputs { wait: "10m".into(), ..inputs() };
    for blocker in [MergeBlocker::Behind, MergeBlocker::Conflicts] {
        let mut model = shop();
        model.forge.blocker = blocker;
        model.status_events = vec![
            |model| model.edit(|files| drop(files.insert("other".into(), b"2".to_vec()))),
            |_| {},
            |_| {},
            |_| {},
            |model| model.merge(1),
        ];
        let ended = model.run(&waiting).unwrap();
        assert_eq!((ended.state, model.pull_requests()), (State::Merged, 1));
        assert_eq!(model.text(FILE), PROD.replace("1.2.0", "1.3.0"), "{blocker:?}");
        assert_eq!(model.messages().len(), 2, "a second commit on top of the base");
    }
    // While the base does not move, the step only waits.
    let mut model = shop();
    model.forge.blocker = MergeBlocker::Behind;
    assert_eq!(model.run(&waiting).unwrap().code(), Some("timed-out"));
    assert_eq!(model.messages().len(), 1);
}

#[test]
fn a_commit_of_somebody_else_during_the_wait_stops_the_run() {
    let waiting = Inputs { wait: "10m".into(), auto_merge: true, ..inputs() };
    let mut model = shop();
    model.forge.merge_answer = Some(Ok(MergeResult::NotReady));
    model.status_events = vec![|_| {}, |model| {
        model.edit_on(BRANCH, |files| drop(files.insert("fix".into(), b"theirs".to_vec())))
    }];
    let ended = model.run(&waiting).unwrap();
    assert_eq!(ended.code(), Some("foreign"));
    assert_eq!(
        model.pull_request(1).state,
        PullRequestState::Open,
        "the step does not merge the commit of somebody else"
    );
}
