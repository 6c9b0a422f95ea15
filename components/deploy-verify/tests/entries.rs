//! Each entry of the inputs must find something, whatever the others find.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{Model, deployment, several, updated};
use deploy_verify::Verdict;
use serde_json::json;

#[test]
fn each_entry_must_find_something_in_each_namespace() {
    let web = |selection: u32| {
        let mut web = deployment("web", 1, 1);
        if selection >= 4 {
            (web["metadata"]["namespace"], web["metadata"]["uid"]) = (json!("other"), json!("uid-other"));
        }
        updated(&web)
    };
    let nothing = "finds nothing in the namespace of the context";
    // The selections that deliver `web`, and what the message says; nothing for a run that passes.
    for (resources, namespaces, delivered, message) in [
        (&["deployment/web", "deployment -l app=no"][..], &["."][..], &[0][..], Some(nothing)),
        (&["deployment/web", "-l app=web"], &["."], &[0, 1], None),
        // One kind of four is enough, and the other entry is still a mistake.
        (&["-l app=web"], &["."], &[0], None),
        (&["-l app=web", "-l app=wbe"], &["."], &[0], Some("`-l app=wbe` finds nothing")),
        (&["deployment -l app=web", "sts -l app=web"], &["."], &[0], Some("`sts -l app=web` finds nothing")),
        (&["-l app=web"], &["shop", "no-such"], &[0], Some("finds nothing in the namespace `no-such`")),
        (&["-l app=web"], &["shop", "other"], &[0, 4], None),
        // Two entries that select the same share a selection.
        (&["-l app=web", "deployment -l app=web"], &["."], &[0], None),
    ] {
        let mut model = Model::default();
        for selection in delivered {
            model.at(0, *selection, web(*selection));
        }
        let result = model.synced().run(&several(resources, namespaces));
        match message {
            None => assert_eq!(result.unwrap().verdict, Verdict::Passed, "{resources:?} {namespaces:?}"),
            Some(message) => {
                let failure = result.expect_err(message);
                assert_eq!((failure.code.as_str(), model.now), ("no-match", 0));
                assert!(failure.message.contains(message), "{failure:?}");
            }
        }
    }
}

#[test]
fn all_entries_that_find_nothing_are_told_at_once() {
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 1)));
    let failure =
        model.synced().run(&several(&["deployment/web", "-l a=b", "job -l c=d"], &["."])).unwrap_err();
    assert_eq!(failure.code, "no-match");
    let told = model.reporter.text();
    assert!(told.contains("`-l a=b` finds nothing") && told.contains("`job -l c=d` finds nothing"), "{told}");
}

#[test]
fn a_name_must_exist_in_each_namespace() {
    let mut model = Model::default();
    model.at(0, 0, updated(&deployment("web", 1, 1)));
    let done = model.synced().run(&several(&["deployment/web"], &["shop", "other"])).unwrap();
    assert_eq!((done.verdict, model.rejection()), (Verdict::Failed, "rollout-failed"));
    let rejection = model.reporter.rejection.unwrap();
    assert_eq!(rejection.message, "deployment/web: missing: is not in the namespace `other`");
    let hint =
        "apply it before this step, or correct its name: see `kubectl get deployments --namespace other`";
    assert_eq!(rejection.hint.as_deref(), Some(hint));
}
