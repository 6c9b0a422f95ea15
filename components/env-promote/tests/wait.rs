//! Pull requests that are waited for, against a model of a repository and its forge: how that ends, and how they are merged.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::shop::{BRANCH, FILE, PROD, code, inputs, shop};
use env_promote::host::{Hurdle, Merging, Stand};
use env_promote::problem::Code;
use env_promote::promote::State;
use env_promote::settings::Inputs;
use lockstep_glue::Fault;

#[test]
fn it_is_waited_until_it_is_merged_closed_or_time_is_up() {
    let waiting = Inputs { wait: "10m".into(), ..inputs() };
    let mut model = shop();
    model.looks = vec![|_| {}, |_| {}, |model| model.merge(1)];
    let done = model.run(&waiting).unwrap();
    assert_eq!((done.state, &done.commit, code(&done)), (State::Merged, &model.head, None), "squashed");
    let done = model.run(&waiting).unwrap();
    assert_eq!((done.state, done.changed, done.pull_request.unwrap().0), (State::Merged, false, 1));
    assert!(model.log.is_empty());

    // A forge that does not answer for a while is no end; while it is not waited, it is one.
    let mut model = shop();
    model.faults = 3;
    model.looks = vec![|_| {}, |model| model.merge(1)];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    let mut model = shop();
    model.faults = 3;
    let problems = model.run(&Inputs { auto_merge: true, ..inputs() }).unwrap_err();
    assert_eq!(problems[0].code, Code::Unavailable);

    let mut model = shop();
    model.looks = vec![|_| {}, |model| model.requests[0].stand = Stand::Closed];
    let done = model.run(&waiting).unwrap();
    assert_eq!((done.state, code(&done)), (State::Closed, Some(Code::Closed)));
    assert_eq!(code(&model.run(&waiting).unwrap()), Some(Code::Declined));

    let mut model = shop();
    model.hurdle = Some(Hurdle::Other("checks run"));
    let done = model.run(&waiting).unwrap();
    assert_eq!((done.state, code(&done)), (State::Open, Some(Code::TimedOut)));
    let problem = done.rejection.unwrap();
    assert!(
        problem.message.contains("checks run") && problem.message.contains("https://forge/1"),
        "{problem:?}"
    );
    // Another run goes on waiting, and writes nothing.
    model.looks = vec![|_| {}, |model| model.merge(1)];
    let done = model.run(&waiting).unwrap();
    assert_eq!((done.state, done.changed, model.log.len()), (State::Merged, false, 0));
}

#[test]
fn it_is_merged_as_soon_as_the_forge_lets() {
    let merging = Inputs { auto_merge: true, ..inputs() };
    let mut model = shop();
    let done = model.run(&merging).unwrap();
    assert_eq!((done.state, &done.commit), (State::Merged, &model.head));
    // Not yet, and it is not waited for.
    let mut model = shop();
    model.merging = Some(Ok(Merging::NotYet));
    let done = model.run(&merging).unwrap();
    assert_eq!((done.state, code(&done)), (State::Open, None));
    // The forge does it by itself: it is asked once.
    let waiting = Inputs { wait: "10m".into(), ..merging.clone() };
    let mut model = shop();
    model.merging = Some(Ok(Merging::Waiting));
    model.looks = vec![|_| {}, |_| {}, |_| {}, |model| model.merge(1)];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    assert_eq!(model.log.iter().filter(|call| call.starts_with("merge")).count(), 1);
    // It does not: it is asked again until it may.
    let mut model = shop();
    model.merging = Some(Ok(Merging::NotYet));
    model.looks = vec![|_| {}, |_| {}, |model| model.merging = None];
    assert_eq!(model.run(&waiting).unwrap().state, State::Merged);
    // A rule that is final ends it at once.
    let mut model = shop();
    model.merging = Some(Err(Fault::Upstream(422, "no".into())));
    let problems = model.run(&waiting).unwrap_err();
    assert_eq!(problems[0].code, Code::ForgeRefused);
}

#[test]
fn a_base_that_has_moved_on_has_the_promotion_made_again() {
    let waiting = Inputs { wait: "10m".into(), ..inputs() };
    for hurdle in [Hurdle::Behind, Hurdle::Conflicts] {
        let mut model = shop();
        model.hurdle = Some(hurdle);
        model.looks = vec![
            |model| model.edit(|tree| drop(tree.insert("other".into(), b"2".to_vec()))),
            |_| {},
            |_| {},
            |_| {},
            |model| model.merge(1),
        ];
        let done = model.run(&waiting).unwrap();
        assert_eq!((done.state, model.requests.len()), (State::Merged, 1));
        assert_eq!(model.text(FILE), PROD.replace("1.2.0", "1.3.0"), "{hurdle:?}");
        assert_eq!(model.messages.len(), 2, "made again on top of what the base has");
    }
    // While it has not moved, it is only waited.
    let mut model = shop();
    model.hurdle = Some(Hurdle::Behind);
    assert_eq!(code(&model.run(&waiting).unwrap()), Some(Code::TimedOut));
    assert_eq!(model.messages.len(), 1);
}

#[test]
fn somebody_who_commits_while_it_is_waited_for_stops_it() {
    let waiting = Inputs { wait: "10m".into(), auto_merge: true, ..inputs() };
    let mut model = shop();
    model.merging = Some(Ok(Merging::NotYet));
    model.looks = vec![|_| {}, |model| {
        model.edit_on(BRANCH, |tree| drop(tree.insert("fix".into(), b"theirs".to_vec())))
    }];
    let done = model.run(&waiting).unwrap();
    assert_eq!(code(&done), Some(Code::Foreign));
    assert_eq!(model.requests[0].stand, Stand::Open, "what nobody has looked at is not merged");
}
