//! A hostile component that follows objects of a cluster with handles it was never given, with those that are over, and
//! without end. A forged handle traps, every budget ends the run, and the cluster is asked for nothing else.

use lockstep_tests::stand_in::{empty, end, json_of, run};
use lockstep_tests::support::{self, ProgramOutput, Scene};
use lockstep_tests::web::{Web, WebReply};
use serde_json::json;
use std::time::Duration;

/// The most memory that the host may have in RAM, whatever a component does.
const MOST_BYTES: u64 = 400 * 1024 * 1024;

fn attack(scene: &Scene, cluster: &Web, limits: &str, act: &str, word: &str) -> ProgramOutput {
    let ended = end(scene, run(scene, cluster, (&["read shop/Pod"], limits), act, &[word]));
    assert!(ended.peak_bytes < MOST_BYTES, "the host had {} MiB in RAM", ended.peak_bytes >> 20);
    ended
}

/// A cluster that takes its time: lists have these objects, and watches say nothing. The objects are text: what this process
/// holds would count as the next run's peak.
fn slow(items: &str) -> Web {
    let list = format!(
        r#"{{"kind": "PodList", "apiVersion": "v1", "metadata": {{"resourceVersion": "1"}}, "items": [{items}]}}"#
    );
    Web::new(move |asked, _| {
        if asked.target.contains("watch=") {
            WebReply::raw("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")
                .then(Duration::from_secs(20), "")
        } else {
            json_of(200, &list)
        }
    })
}

#[test]
fn attack_16_no_handle_of_a_watch_can_be_forged() {
    for handle in ["0", "1", "2", "3", "4", "1000", "4294967295"] {
        let (scene, cluster) = (Scene::new(), empty());
        attack(&scene, &cluster, "", "forged", handle).expect(7, "limit-exceeded");
        assert_eq!(support::calls(&scene), [], "no call is made on such a handle");
        assert!(cluster.log().is_empty(), "{:?}", cluster.log());
    }
}

#[test]
fn attack_16_a_dropped_watch_has_ended() {
    let (scene, cluster) = (Scene::new(), slow(""));
    attack(&scene, &cluster, "", "dropped", "").expect(7, "limit-exceeded");
    let calls = support::calls(&scene);
    let watch = ("cluster.watch".to_owned(), "shop/Pod/*".to_owned(), "allowed".to_owned());
    assert_eq!(calls, [watch]);
    // It may have been begun before it was dropped, once.
    let log = cluster.log();
    assert!(log.len() <= 2 && log.iter().all(|asked| asked.target.contains("/shop/pods?")), "{log:?}");
}

#[test]
fn attack_28_a_run_watches_a_limited_number_of_selections_at_once() {
    for (act, count) in [("hold", "101"), ("hold", "20000"), ("crowd", "2"), ("crowd", "100")] {
        let (scene, cluster) = (Scene::new(), slow(""));
        attack(&scene, &cluster, "calls: 300000, seconds: 30", act, count).expect(7, "limit-exceeded");
        let first = &support::calls(&scene)[0];
        assert_eq!((&*first.0, &*first.2), ("cluster.watch", "allowed"), "{act} {count}");
        // A list and a watch for each.
        assert!(cluster.log().len() <= 200, "{act} {count}: {}", cluster.log().len());
    }
    let (scene, cluster) = (Scene::new(), slow(""));
    let ended = attack(&scene, &cluster, "", "hold", "100");
    assert_eq!(ended.expect(0, "done")["outputs"]["said"], json!(["100"]));
}

#[test]
fn attack_28_too_many_watched_objects_end_the_run() {
    let pod = |number: usize| {
        format!(r#"{{"metadata": {{"name": "web", "uid": "{number}", "resourceVersion": "1"}}}}"#)
    };
    let (scene, cluster) = (Scene::new(), slow(&(0..100_001).map(pod).collect::<Vec<_>>().join(",")));
    let ended = attack(&scene, &cluster, "memory-mb: 256, seconds: 60", "endless", "");
    let message = ended.expect(7, "limit-exceeded")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the run watches more than 100000 objects"), "{message}");
    let last = support::calls(&scene).pop().unwrap();
    assert_eq!((&*last.0, &*last.2), ("cluster.next", "limit-exceeded"));
}
