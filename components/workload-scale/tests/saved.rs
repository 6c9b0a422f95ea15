//! Which saved sizes stay, which a newer size replaces, and which the step drops.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use serde_json::{Value, json};
use workload_scale::object::Size;
use workload_scale::saved::{CONFIG_MAP, SavedSize};

const WEB: &[&str] = &["deployment/web"];

/// A Deployment as `kubectl apply` leaves it.
fn applied(replicas: u32, image: &str) -> Value {
    let template = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
    let manifest = json!({"spec": {"replicas": replicas, "template": template}});
    json!({
        "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": manifest.to_string()}},
        "spec": {"replicas": replicas, "template": template},
    })
}

/// A Deployment without a trace of its manifest, as Helm and server-side apply leave it.
fn released(replicas: u32, image: &str) -> Value {
    let template = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
    json!({"spec": {"replicas": replicas, "template": template}})
}

fn web(model: Model, object: &Value) -> Model {
    model.with("Deployment.apps", "web", object)
}

fn entries(model: &mut Model) -> &mut serde_json::Map<String, Value> {
    let object = model.objects.get_mut(&("ConfigMap".to_owned(), CONFIG_MAP.to_owned())).unwrap();
    object["data"].as_object_mut().unwrap()
}

#[test]
fn a_saved_size_belongs_to_the_object_with_its_uid() {
    // Uninstalled while it sleeps, and installed again with another number.
    let mut model = Model::default().deployment("web", 2);
    model.good(WEB, "0");
    model.delete("Deployment.apps", "web");
    model = model.created_again("Deployment.apps", "web", &json!({"spec": {"replicas": 5}}));
    model.good(WEB, "0");
    let note =
        "Notice: the step drops 1 saved size, because another object has the name now: deployment/web (2)";
    assert!(model.has_note(note), "{:?}", model.notes);
    model.good(WEB, "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (5, 0));

    // Restored without a second sleep: the number is that of the new object.
    model.good(WEB, "0");
    model = model.created_again("Deployment.apps", "web", &json!({"spec": {"replicas": 3}}));
    model.good(WEB, "restore");
    assert!(model.has_note("another object has the name now: deployment/web (5)"), "{:?}", model.notes);
    assert_eq!((model.replicas("web"), model.saved().len()), (3, 0));

    // It also sleeps: nobody knows its number.
    model.good(WEB, "0");
    model = model.created_again("Deployment.apps", "web", &json!({"spec": {"replicas": 0}}));
    model.good(WEB, "restore");
    assert!(model.has_note("Warning: there is no saved size of deployment/web"), "{:?}", model.notes);
    assert_eq!((model.replicas("web"), model.saved().len()), (0, 0));
}

#[test]
fn an_entry_without_a_uid_belongs_to_the_object_of_its_name() {
    let mut model = Model::default().deployment("web", 2);
    model.good(WEB, "0");
    entries(&mut model)["Deployment.apps_web"] = json!("replicas: 4");
    model.good(WEB, "0");
    assert!(model.log.is_empty(), "{:?}", model.log);
    model.good(WEB, "restore");
    assert_eq!(model.replicas("web"), 4);
}

#[test]
fn saved_sizes_of_objects_that_no_longer_exist_are_dropped() {
    for to in ["0", "1", "restore"] {
        let mut model = Model::default().deployment("old", 3).deployment("api", 2).deployment("web", 1);
        model = model.with("CronJob.batch", "report", &json!({}));
        model.good(&["--all"], "0");
        model.delete("Deployment.apps", "old");
        model.delete("CronJob.batch", "report");
        model.good(WEB, to);
        let note = "Notice: the step drops 2 saved sizes, because the object no longer exists: cronjob/report (active), \
                    deployment/old (3)";
        assert!(model.has_note(note), "{:?}", model.notes);
        // An object that is no target of this run keeps its size.
        let kept: Vec<_> = model.saved().into_keys().collect();
        let web: &[&str] = if to == "restore" { &[] } else { &["Deployment.apps_web"] };
        assert_eq!(kept, [&["Deployment.apps_api"], web].concat(), "{to}");
        model.good(WEB, to);
        assert!(model.log.is_empty() && !model.has_note("drops"), "{:?} {:?}", model.log, model.notes);
    }
}

#[test]
fn saved_sizes_stay_if_the_step_cannot_tell_whether_their_objects_exist() {
    let stateful = json!({"spec": {"replicas": 2}});
    let mut model = Model::default().deployment("web", 1).with("StatefulSet.apps", "db", &stateful);
    model = model.with("ScaledObject.keda.sh", "web", &json!({"spec": {"scaleTargetRef": {"name": "web"}}}));
    model.good(&["--all"], "0");
    // KEDA is uninstalled, and a right is missing.
    model.delete("ScaledObject.keda.sh", "web");
    model.unlisted = Some("StatefulSet.apps");
    model.good(WEB, "0");
    assert!(model.has_note("Warning: StatefulSet.apps may not be listed; the step keeps 1 saved size of objects that may be gone: statefulset/db"), "{:?}", model.notes);
    assert!(
        model.has_note("the step keeps 1 saved size of objects that may be gone: scaledobject/web"),
        "{:?}",
        model.notes
    );
    assert_eq!(model.saved().len(), 3);
    model.unlisted = None;
    model.good(&["--all"], "restore");
    assert_eq!(model.objects[&("StatefulSet.apps".to_owned(), "db".to_owned())]["spec"]["replicas"], 2);
}

#[test]
fn an_entry_that_names_no_object_of_this_step_stays() {
    let mut model = Model::default().deployment("web", 1);
    model.good(WEB, "0");
    for key in ["Widget.example.com_web", "Deployment.apps_", "note"] {
        entries(&mut model).insert(key.to_owned(), json!("replicas: 1"));
    }
    model.good(WEB, "restore");
    assert!(model.has_note("Warning: `note` in the ConfigMap"), "{:?}", model.notes);
    assert_eq!(entries(&mut model).len(), 3);
}

#[test]
fn a_number_keeps_the_earlier_size_as_sleep_does() {
    let mut model = Model::default().deployment("web", 5);
    assert_eq!(model.good(WEB, "1").changed, 1);
    assert_eq!(model.log, ["keep Deployment.apps_web=5", "scale web to 1"]);
    model.good(WEB, "1");
    assert!(model.log.is_empty(), "{:?}", model.log);
    model.good(WEB, "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (5, 0));
    // In any order, and also above the earlier size: what the step itself has set is not a newer size.
    for numbers in [&["0", "2"][..], &["2", "0"], &["20", "0"], &["0", "20", "3"], &["20", "9", "0", "1"]] {
        for number in numbers {
            model.good(WEB, number);
            assert_eq!(model.replicas("web").to_string(), *number);
            assert!(!model.has_note("meanwhile"), "{numbers:?}: {:?}", model.notes);
        }
        model.good(WEB, "restore");
        assert_eq!((model.replicas("web"), model.saved().len()), (5, 0), "{numbers:?}");
    }
}

#[test]
fn a_run_that_is_killed_before_it_sets_another_number_keeps_the_earlier_size() {
    let mut model = Model::default().deployment("web", 3);
    model.good(WEB, "20");
    for to in ["10", "0"] {
        let mut killed = model.clone();
        killed.cut_after = Some(usize::from(to == "10"));
        assert!(killed.run(WEB, to).is_err());
        killed.cut_after = None;
        assert_eq!(killed.replicas("web"), 20);
        killed.good(WEB, "0");
        killed.good(WEB, "restore");
        assert_eq!(killed.replicas("web"), 3, "{to}");
    }
}

#[test]
fn a_number_resumes_what_sleep_paused_and_deletes_its_entry() {
    let keda = json!({"spec": {"scaleTargetRef": {"name": "web"}, "maxReplicaCount": 10}});
    let mut model = Model::default().deployment("web", 5).with("ScaledObject.keda.sh", "web", &keda);
    model.good(WEB, "0");
    model.good(WEB, "2");
    assert_eq!(
        model.log,
        ["keep Deployment.apps_web=5", "scale web to 2", "resume web", "keep ScaledObject.keda.sh_web-"]
    );
    model.good(WEB, "restore");
    assert_eq!((model.replicas("web"), model.saved().len()), (5, 0));
    // Another run saves something in between: the next plan obeys that before it deletes the entry.
    model.good(WEB, "0");
    model.meddling = vec![(1, ("ConfigMap", CONFIG_MAP), |object| {
        object["data"]["ScaledObject.keda.sh_web"] = json!("suspended: true");
    })];
    model.good(WEB, "2");
    assert_eq!(model.log[2..], ["resume web", "suspend web", "keep ScaledObject.keda.sh_web-"]);
}

/// Sleeps, is changed, sleeps again and is restored. The saved size after the second sleep, and a note of that.
#[track_caller]
fn second_sleep(before: &Value, after: &Value) -> (String, String) {
    let mut model = web(Model::default(), before);
    model.good(WEB, "0");
    model = web(model, after);
    let mut restored = model.clone();
    model.good(WEB, "0");
    let saved = model.saved()["Deployment.apps_web"].clone();
    let notes: Vec<_> = model.notes.iter().filter(|note| note.starts_with("Notice")).cloned().collect();
    assert_eq!(model.replicas("web"), 0);
    model.good(WEB, "0");
    assert!(model.log.is_empty(), "{:?}", model.log);
    model.good(WEB, "restore");
    assert_eq!(model.replicas("web").to_string(), saved);
    // Without the second sleep, the same size counts.
    restored.good(WEB, "restore");
    assert_eq!(restored.replicas("web").to_string(), saved);
    (saved, notes.join("; "))
}

#[test]
fn the_number_of_a_newer_release_replaces_the_saved_one() {
    let second = |before: &Value, after: &Value| second_sleep(before, after);
    let expect = |saved: &str, text: &str| (saved.to_owned(), format!("Notice: deployment/web{text}"));
    // The manifest has another number, which may be smaller.
    let says = |number: u32, saved: u32| {
        format!(": the manifest that was applied last says {number}: that replaces the saved size {saved}")
    };
    assert_eq!(second(&applied(3, "a:1"), &applied(6, "a:1")), expect("6", &says(6, 3)));
    assert_eq!(second(&applied(6, "a:1"), &applied(2, "a:1")), expect("2", &says(2, 6)));
    // Only the number is larger.
    let text = " was scaled up meanwhile and has 6: that replaces the saved size 3";
    assert_eq!(second(&released(3, "a:1"), &released(6, "a:1")), expect("6", text));
    // A release without a trace of its manifest.
    let text = " has a new pod template and 2 replicas: that replaces the saved size 5";
    assert_eq!(second(&released(5, "a:1"), &released(2, "a:2")), expect("2", text));
    // It was at 0 before.
    let text = " was scaled up meanwhile and has 3: that replaces the saved size 0";
    assert_eq!(second(&released(0, "a:1"), &released(3, "a:1")), expect("3", text));
}

#[test]
fn the_same_manifest_and_a_person_who_wakes_a_target_do_not_replace_the_saved_size() {
    // Somebody had scaled it to 5 by hand before; at night the same manifest is applied again.
    let mut before = applied(2, "a:1");
    before["spec"]["replicas"] = json!(5);
    let text = "Notice: deployment/web was scaled up meanwhile and has 2; the saved size stays 5".to_owned();
    assert_eq!(second_sleep(&before, &applied(2, "a:1")), ("5".to_owned(), text));
    let mut restarted = released(1, "a:1");
    restarted["spec"]["template"]["metadata"] =
        json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-03-01T02:00:00Z"}});
    let text = "Notice: deployment/web was scaled up meanwhile and has 1; the saved size stays 5".to_owned();
    assert_eq!(second_sleep(&released(5, "a:1"), &restarted), ("5".to_owned(), text));
    // The same number is nothing to mention.
    assert_eq!(second_sleep(&applied(3, "a:1"), &applied(3, "a:2")), ("3".to_owned(), String::new()));
}

#[test]
fn a_release_without_a_number_keeps_the_saved_size() {
    for to in ["0", "1"] {
        let mut model = web(Model::default(), &released(5, "a:1"));
        model.good(WEB, to);
        // Server-side apply of a manifest without `replicas`.
        model.change_object("Deployment.apps", "web", |web| {
            web["spec"]["template"]["spec"]["containers"][0]["image"] = json!("a:2");
        });
        model.good(WEB, "0");
        model.good(WEB, "restore");
        assert_eq!(model.replicas("web"), 5, "{to}");
    }
}

#[test]
fn the_manifest_of_a_cron_job_counts_too() {
    let manifest = |suspend: bool| {
        let manifest = json!({"spec": {"suspend": suspend}}).to_string();
        json!({
            "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": manifest}},
            "spec": {"suspend": suspend},
        })
    };
    let mut model = Model::default().with("CronJob.batch", "report", &manifest(false));
    model.good(&["--all"], "0");
    model = model.with("CronJob.batch", "report", &manifest(true));
    model.good(&["--all"], "restore");
    let note = "cronjob/report: the manifest that was applied last says suspended: that replaces the saved size active";
    assert!(model.has_note(note), "{:?}", model.notes);
    assert_eq!(model.objects[&("CronJob.batch".to_owned(), "report".to_owned())]["spec"]["suspend"], true);
}

#[test]
fn an_entry_is_read_as_it_was_written() {
    let saved = SavedSize {
        size: Size::Replicas(3),
        uid: Some("0b2f-1".into()),
        manifest: Some(Size::Replicas(2)),
        template: Some("00ff".into()),
        set: [1, 20].into(),
    };
    let text = "replicas: 3, uid: 0b2f-1, manifest: 2, template: 00ff, set: 1, set: 20";
    assert_eq!((saved.to_entry(), SavedSize::parse(text)), (text.to_owned(), Some(saved)));
    let text = "suspended: false, uid: 0b2f-1, manifest: true";
    assert_eq!(SavedSize::parse(text).unwrap().to_entry(), text);
    assert_eq!(SavedSize::parse(" replicas: 3,later: x ").unwrap().to_entry(), "replicas: 3");
    for text in
        ["", "replicas", "replicas: -1", "replicas: 3, set: x", "suspended: 1", "uid: x", "replicas: 3,"]
    {
        assert_eq!(SavedSize::parse(text), None, "{text}");
    }
}
