//! Random edits in random files full of anchors, aliases and merges, against a model: everything but what is
//! edited must mean what it did.

mod common;

use common::generate::Choices;
use common::model::{Model, Refused, file, steps};
use common::{remove_all, set_through};
use lockstep_yaml::{AliasMode, RefusalReason};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn an_edit_changes_only_the_values_that_the_model_changes(
        source in vec(any::<u8>(), 0..80), pick in any::<prop::sample::Index>(),
    ) {
        let text = file(&mut Choices::new(&source));
        let model = Model::read(&text);
        let before = model.leaves();
        let places: Vec<&String> = before.keys().filter(|path| !path.ends_with(['}', '[']) && !path.ends_with("[]")).collect();
        if places.is_empty() {
            return Ok(());
        }
        let path = *pick.get(&places);
        for alias in [AliasMode::Refuse, AliasMode::Expand, AliasMode::Follow] {
            let mut wanted = model.clone();
            let expected = wanted.set(&steps(path), "new", alias);
            let after = set_through(&text, path.trim_start_matches('.'), "\"new\"", alias);
            match (expected, after) {
                (Ok(()), Ok(after)) => prop_assert_eq!(
                    Model::read(&after).leaves(), wanted.leaves(), "{} {:?}:\n{}\n{}", path, alias, text, after
                ),
                (Err(Refused), Err(refusal)) => prop_assert!(
                    matches!(refusal.reason, RefusalReason::Alias { .. } | RefusalReason::Merge { .. }), "{}", refusal
                ),
                (expected, after) => prop_assert!(false, "{path} {alias:?}: {expected:?} {after:?}\n{text}"),
            }
        }
        let mut wanted = model.clone();
        if wanted.remove(&steps(path)).is_ok() {
            match remove_all(&text, &[path.trim_start_matches('.')]) {
                Ok(after) => prop_assert_eq!(
                    Model::read(&after).leaves(), wanted.leaves(), "{}:\n{}\n{}", path, text, after
                ),
                Err(refusal) => prop_assert!(matches!(refusal.reason, RefusalReason::Anchor { .. }), "{refusal}\n{text}"),
            }
        }
    }
}

/// Shows that the files above are what they are meant to be.
#[test]
fn the_model_resolves_aliases_and_merges() {
    let model = Model::read("a: &a {p: 1, q: &q 2}\nb: {<<: [*a], p: *q}\nc: [*a]\n");
    let leaves = model.leaves();
    assert_eq!(
        (leaves[".b.p"].as_str(), leaves[".b.q"].as_str(), leaves[".c[0].p"].as_str()),
        ("2", "2", "1")
    );
    let files: Vec<String> = (0..200_u8)
        .map(|seed| {
            let bytes: Vec<u8> =
                (0..60_u8).map(|at| seed.wrapping_mul(31).wrapping_add(at.wrapping_mul(seed | 1))).collect();
            file(&mut Choices::new(&bytes))
        })
        .collect();
    let with = |part: &str| files.iter().filter(|text| text.contains(part)).count();
    assert!(
        with("<<: *") > 10 && with("<<: [") > 10 && with(" *a") > 50,
        "{} {} {}",
        with("<<: *"),
        with("<<: ["),
        with(" *a")
    );
}
