//! If a run is killed at any request, before or after its effect, the next run resumes it.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use artifact_upload::Inputs;
use common::{Call, Data, Killed, MIB, Model, Reaction, TO, inputs};
use lockstep_sdk::types::Error;
use proptest::prelude::*;

const KEYS: [(&str, &str); 5] =
    [("d/a", "a"), ("d/b", "b"), ("d/big", "big"), ("d/huge", "huge"), ("d/z", "z")];

fn model() -> Model {
    let mut model = Model::new(&[
        ("d/a", 1, 10),
        ("d/b", 2, 20),
        ("d/big", 3, 40 * MIB),
        ("d/huge", 4, 41 * MIB),
        ("d/z", 5, 0),
    ]);
    model.place("old", Data::new(6, 1));
    model
}

fn given(immutable: bool) -> Inputs {
    let mut given = inputs(&["d"]);
    (given.delete, given.manifest, given.immutable) = (true, "m.json".into(), immutable);
    given
}

/// Whether the run ended by itself.
fn ends(model: &mut Model, given: &Inputs) -> bool {
    match catch_unwind(AssertUnwindSafe(|| drop(model.run(given)))) {
        Ok(()) => true,
        Err(panic) if panic.is::<Killed>() => false,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn all_there(model: &Model) -> bool {
    KEYS.iter().all(|(path, key)| {
        model.objects.get(&format!("{TO}{key}")).map(|object| &object.data) == model.files.get(*path)
    })
}

/// Asserts what holds at every moment of every run.
fn assert_order(model: &Model) {
    let gone = !model.keys().contains(&"old");
    assert!(!gone || all_there(model), "deleted before everything was there");
    assert!(!model.keys().contains(&"m.json") || gone && all_there(model), "a manifest before its files");
}

#[test]
fn the_next_run_sends_only_what_is_missing() {
    for immutable in [false, true] {
        for after in [false, true] {
            for at in 1.. {
                let mut model = model();
                model.kill = Some((at, after));
                if ends(&mut model, &given(immutable)) {
                    assert!(at > 20, "only {at} requests");
                    break;
                }
                assert_order(&model);
                assert!(model.uploads.len() <= 1, "{at}: at most one upload is open");
                let held: Vec<(u32, u32)> = (model.uploads.iter())
                    .flat_map(|(id, open)| open.parts.keys().map(|part| (*id, *part)))
                    .collect();
                let name = model.uploads.values().next().map(|open| open.name.clone());
                (model.kill, model.log) = (None, Vec::new());
                let done = model.run(&given(immutable)).unwrap();
                assert_eq!(done.rejection, None, "{at}");
                assert!(
                    all_there(&model) && model.keys().contains(&"m.json") && !model.keys().contains(&"old")
                );
                assert!(model.uploads.is_empty(), "{at}");
                let begun = |call: &Call| matches!((call, &name), (Call::CreateUpload(own), Some(name)) if own == name);
                let again =
                    |call: &Call| matches!(call, Call::UploadPart(id, part) if held.contains(&(*id, *part)));
                let goes_on = !held.is_empty();
                assert!(
                    !model.log.iter().any(|call| goes_on && begun(call) || again(call)),
                    "{at}: sent twice"
                );
                model.log.clear();
                model.run(&given(immutable)).unwrap();
                assert!(model.writes().is_empty(), "{at}: {:?}", model.writes());
            }
        }
    }
}

#[test]
fn the_next_run_aborts_open_uploads_of_a_killed_conditional_run() {
    let mut model = model();
    let same = model.files["d/big"].clone();
    model.hook = Some(Box::new(move |model, call| {
        if matches!(call, Call::Complete(_)) && !model.keys().contains(&"big") {
            model.place("big", same.clone());
            model.kill = Some((model.log.len(), true));
        }
        Reaction::Succeed
    }));
    assert!(!ends(&mut model, &given(true)));
    assert_eq!(model.uploads.len(), 1);
    (model.kill, model.hook) = (None, None);
    model.run(&given(true)).unwrap();
    assert!(all_there(&model) && model.uploads.is_empty());
}

#[derive(Clone, Copy, Debug)]
enum Mishap {
    Lost,
    Unavailable,
    Race,
    Ended,
    Killed(bool),
    Conflict,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        Just(Mishap::Lost),
        Just(Mishap::Unavailable),
        Just(Mishap::Race),
        Just(Mishap::Ended),
        any::<bool>().prop_map(Mishap::Killed),
        Just(Mishap::Conflict),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn one_complete_run_finishes_any_interrupted_runs(
        runs in prop::collection::vec(prop::collection::btree_map(1_usize..50, mishap(), 0..4), 1..4),
        immutable in any::<bool>(),
        md5 in any::<bool>(),
    ) {
        let mut model = Model { md5, ..model() };
        for mishaps in runs {
            model.log.clear();
            model.kill = mishaps.iter().find_map(|(at, mishap)| match mishap {
                Mishap::Killed(after) => Some((*at, *after)),
                _ => None,
            });
            let same = model.files["d/big"].clone();
            model.hook = Some(Box::new(move |model, call| match mishaps.get(&model.log.len()) {
                Some(Mishap::Lost) => Reaction::LoseReply,
                Some(Mishap::Unavailable) => Reaction::Fail(Error::Unavailable("off".into())),
                Some(Mishap::Race) if !model.keys().contains(&"big") => {
                    model.place("big", same.clone());
                    Reaction::Succeed
                }
                Some(Mishap::Ended) => {
                    model.uploads.clear();
                    Reaction::Succeed
                }
                Some(Mishap::Conflict) if matches!(call, Call::Put(_) | Call::Complete(_)) => {
                    Reaction::Fail(Error::Conflict("409".into()))
                }
                _ => Reaction::Succeed,
            }));
            ends(&mut model, &given(immutable));
            assert_order(&model);
        }
        (model.kill, model.hook, model.log) = (None, None, Vec::new());
        let done = model.run(&given(immutable)).unwrap();
        prop_assert_eq!(done.rejection, None);
        prop_assert!(all_there(&model) && model.keys().contains(&"m.json") && !model.keys().contains(&"old"));
        model.log.clear();
        model.run(&given(immutable)).unwrap();
        prop_assert!(model.writes().is_empty(), "{:?}", model.writes());
    }
}
