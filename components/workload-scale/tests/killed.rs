//! Kills runs at every change that they make: the next run gives every object its right size.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use std::collections::BTreeMap;

use common::Model;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The fields that decide the number of pods.
fn sizes(model: &Model) -> BTreeMap<String, Value> {
    let objects = model.objects.iter().filter(|((kind, _), _)| kind != "ConfigMap");
    objects
        .map(|((kind, name), object)| {
            let annotations = &object["metadata"]["annotations"]["autoscaling.keda.sh/paused"];
            let suspend = object["spec"]["suspend"] == true;
            (format!("{kind}/{name}"), json!([object["spec"]["replicas"], suspend, annotations]))
        })
        .collect()
}

fn cluster(counts: &[u32], suspended: &[bool], scaled: bool, paused: bool) -> Model {
    let mut model = Model::default();
    for (at, count) in counts.iter().enumerate() {
        model = model.deployment(&format!("web-{at}"), *count);
    }
    for (at, suspended) in suspended.iter().enumerate() {
        model = model.with("CronJob.batch", &format!("job-{at}"), &json!({"spec": {"suspend": suspended}}));
    }
    if scaled {
        let annotations = if paused { json!({"autoscaling.keda.sh/paused": "true"}) } else { json!({}) };
        let scaled =
            json!({"metadata": {"annotations": annotations}, "spec": {"scaleTargetRef": {"name": "web-0"}}});
        model = model.with("ScaledObject.keda.sh", "web", &scaled);
    }
    model
}

/// Runs until the run is killed, then again to the end.
fn twice(model: &mut Model, to: &str, cut: usize) {
    model.cut_after = Some(cut);
    let first = model.run(&["--all"], to);
    model.cut_after = None;
    if first.is_err() {
        model.good(&["--all"], to);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn restore_after_an_interrupted_run_sets_the_original_sizes(
        counts in prop::collection::vec(0_u32..5, 1..4),
        suspended in prop::collection::vec(any::<bool>(), 0..3),
        (scaled, paused) in any::<(bool, bool)>(),
        cuts in prop::collection::vec((0_usize..9, 0_usize..9), 1..3),
        applied in any::<bool>(),
    ) {
        let mut model = cluster(&counts, &suspended, scaled, paused);
        let before = sizes(&model);
        for (sleep, wake) in cuts {
            twice(&mut model, "0", sleep);
            let asleep = sizes(&model);
            prop_assert!(asleep.iter().all(|(name, size)| !name.starts_with("Dep") || size[0] == 0), "{asleep:?}");
            prop_assert!(asleep.iter().all(|(name, size)| !name.starts_with("Cron") || size[1] == true), "{asleep:?}");
            if applied && counts[0] > 0 {
                // An apply of the manifest wakes one of them in the night.
                model = model.deployment("web-0", 1);
            }
            twice(&mut model, "restore", wake);
            prop_assert_eq!(&sizes(&model), &before);
            prop_assert!(model.saved().is_empty());
        }
    }

    #[test]
    fn restore_after_interrupted_runs_with_numbers_sets_the_original_sizes(
        counts in prop::collection::vec(0_u32..5, 1..4),
        (scaled, paused) in any::<(bool, bool)>(),
        goals in prop::collection::vec((prop::sample::select(vec!["0", "1", "3", "9"]), 0_usize..9), 1..5),
        wake in 0_usize..9,
    ) {
        let mut model = cluster(&counts, &[false], scaled, paused);
        let before = sizes(&model);
        for (to, cut) in goals {
            model.cut_after = Some(cut);
            let _ = model.run(&["--all"], to);
            model.cut_after = None;
        }
        twice(&mut model, "restore", wake);
        prop_assert_eq!(&sizes(&model), &before);
        prop_assert!(model.saved().is_empty());
    }
}
