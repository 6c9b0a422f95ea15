//! Whole runs with a commit on the base, on the fakes: what changes, what stays, and what others do during the run.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{Failed, Model, answer, default_inputs};
use env_promote::{Inputs, Mode, State};
use lockstep_sdk::report::Level;
use lockstep_sdk::types::{Error, UpstreamError};

const DEV: &str = "# dev\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  image: \"shop/web:1.3.0\" # newest\n";
const PROD: &str = "# prod, with care\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 5 # paid for\n  image: shop/web:1.2.0   # the one that runs\n  only: here\n";

fn shop() -> Model {
    Model::new(&[("envs/dev/web.yaml", DEV), ("envs/prod/web.yaml", PROD), ("envs/staging/web.yaml", PROD)])
}

fn image() -> Inputs {
    Inputs {
        from: "envs/dev".into(),
        to: vec!["envs/prod".into()],
        pick: vec![".spec.image".into()],
        ..default_inputs()
    }
}

/// The code of the only error, with its place.
fn place(failed: &Failed) -> (&str, Option<(&str, Option<u32>)>) {
    let location = failed.failure.location.as_ref();
    (failed.code(), location.map(|location| (&*location.path, location.line)))
}

#[test]
fn only_picked_values_change_byte_by_byte() {
    let mut model = shop();
    let ended = model.run(&image()).unwrap();
    assert!(ended.changed && ended.commit == model.head());
    assert_eq!(model.notes[0].1, format!("read `main` at {}", &ended.source[..12]));
    assert_eq!(model.text("envs/prod/web.yaml"), PROD.replace("shop/web:1.2.0", "shop/web:1.3.0"));
    assert_eq!(model.text("envs/staging/web.yaml"), PROD);
    let promoted: Vec<_> =
        ended.promoted.iter().map(|one| (&*one.file, &*one.path, &*one.before, &*one.after)).collect();
    assert_eq!(promoted, [("envs/prod/web.yaml", "spec.image", "shop/web:1.2.0", "shop/web:1.3.0")]);
    let message = &model.messages()[0];
    assert!(
        message.starts_with("Promote envs/dev to envs/prod\n\nenvs/prod/web.yaml spec.image: "),
        "{message}"
    );
    assert!(
        message.ends_with(&format!("\nPromoted-From: envs/dev@{}\nPromoted-To: envs/prod\n", ended.source))
    );
}

#[test]
fn a_run_without_anything_to_promote_writes_nothing() {
    let mut model = shop();
    model.run(&image()).unwrap();
    let head = model.head();
    let ended = model.run(&image()).unwrap();
    // It names the commit of the earlier run, which may have been killed.
    assert!(!ended.changed && ended.commit == head && model.log.is_empty() && model.head() == head);
    assert_eq!(ended.state, State::Pushed);
    model.edit(|files| drop(files.insert("readme".into(), b"x".to_vec())));
    assert_eq!(model.run(&image()).unwrap().commit, head, "others pushed since");
    // A value that somebody else set is not a promotion.
    model.edit(|files| drop(files.insert("envs/dev/web.yaml".into(), DEV.replace("1.3.0", "1.4.0").into())));
    model
        .edit(|files| drop(files.insert("envs/prod/web.yaml".into(), PROD.replace("1.2.0", "1.4.0").into())));
    let ended = model.run(&image()).unwrap();
    assert_eq!((ended.changed, &*ended.commit, ended.state), (false, "", State::None));
}

#[test]
fn the_next_run_names_the_commit_of_a_run_that_was_killed_after_its_push() {
    let mut model = shop();
    // The first change is the commit, the second one the push, which takes effect without an answer.
    model.cut = Some((1, true));
    model.run(&image()).unwrap_err();
    let pushed = model.head();
    assert_eq!(model.text("envs/prod/web.yaml"), PROD.replace("shop/web:1.2.0", "shop/web:1.3.0"));
    model.cut = None;
    let ended = model.run(&image()).unwrap();
    assert_eq!((&ended.commit, ended.state, ended.changed), (&pushed, State::Pushed, false));
}

#[test]
fn the_step_skips_and_names_values_without_a_place_in_a_target() {
    let with = |one: &str, more: &str| format!("{one}---\n{}", one.replace("name: web", more));
    let mut model = Model::new(&[
        ("envs/dev/web.yaml", &with(DEV, "name: debug")),
        ("envs/prod/web.yaml", &with(PROD, "name: sums")),
        ("envs/dev/tools.yaml", DEV),
        // These have nothing to promote: one has no such path, the other one is not a manifest.
        ("envs/dev/settings.yaml", "a: 1\n"),
        ("envs/dev/chart.yaml", "spec: {{ .Values }}\n"),
    ]);
    let skipped = [
        "envs/dev/tools.yaml: `.spec.image` is not promoted: `envs/prod` has no such file",
        "envs/dev/web.yaml: `.spec.image` of Deployment debug is not promoted: envs/prod/web.yaml has no such document",
    ];
    let skipped = skipped.map(|message| (Level::Info, message.to_owned()));
    let ended = model.run(&image()).unwrap();
    assert_eq!((ended.promoted.len(), &model.notes[1..3]), (1, &skipped[..]));
    model.run(&image()).unwrap();
    assert_eq!((&model.notes[1..3], model.log.len()), (&skipped[..], 0));
}

#[test]
fn several_targets_get_one_commit_or_none() {
    let mut model = shop();
    let both = Inputs { to: vec!["envs/staging".into(), "envs/prod".into()], ..image() };
    let ended = model.run(&both).unwrap();
    assert_eq!((ended.promoted.len(), &*model.log.join(", ")), (2, "commit 2, push main"));
    let mut model = shop();
    model.edit(|files| {
        drop(files.insert("envs/prod/web.yaml".into(), b"kind: Deployment\nspec: {a: 1, a: 2}\n".to_vec()))
    });
    let head = model.head();
    let failed = model.run(&both).unwrap_err();
    assert_eq!(place(&failed), ("refused", Some(("envs/prod/web.yaml", Some(2)))));
    assert!(model.log.is_empty() && model.head() == head);
}

#[test]
fn after_a_lost_race_the_step_promotes_on_top_of_the_other_push() {
    let mut model = shop();
    model.others = vec![
        (0, |files| drop(files.insert("README.md".into(), b"news\n".to_vec()))),
        (1, |files| {
            let prod = files.get_mut("envs/prod/web.yaml").unwrap();
            *prod =
                String::from_utf8(prod.clone()).unwrap().replace("replicas: 5", "replicas: 7").into_bytes();
        }),
    ];
    let ended = model.run(&image()).unwrap();
    assert!(ended.changed && model.log.len() == 6, "{:?}", model.log);
    let expected = PROD.replace("shop/web:1.2.0", "shop/web:1.3.0").replace("replicas: 5", "replicas: 7");
    assert_eq!((model.text("envs/prod/web.yaml"), model.text("README.md")), (expected, "news\n".into()));
}

#[test]
fn a_conflict_shows_all_three_values() {
    let mut model = shop();
    model.others = vec![(0, |files| {
        let prod = files.get_mut("envs/prod/web.yaml").unwrap();
        *prod = String::from_utf8(prod.clone()).unwrap().replace("web:1.2.0", "web:1.2.9").into_bytes();
    })];
    let failed = model.run(&image()).unwrap_err();
    assert_eq!(failed.code(), "conflict");
    for text in ["shop/web:1.2.0", "shop/web:1.3.0", "shop/web:1.2.9"] {
        assert!(failed.failure.message.contains(text), "{}", failed.failure.message);
    }
    assert!(model.text("envs/prod/web.yaml").contains("1.2.9"));
    // Somebody else set the same value: there is nothing left to promote.
    let mut model = shop();
    model.others = vec![(0, |files| {
        let prod = files.get_mut("envs/prod/web.yaml").unwrap();
        *prod = String::from_utf8(prod.clone()).unwrap().replace("web:1.2.0", "web:1.3.0").into_bytes();
    })];
    assert!(!model.run(&image()).unwrap().changed);
}

#[test]
fn a_change_of_the_source_during_the_run_is_for_the_next_run() {
    let mut model = shop();
    model.others = vec![(0, |files| {
        let dev = files.get_mut("envs/dev/web.yaml").unwrap();
        *dev = String::from_utf8(dev.clone()).unwrap().replace("web:1.3.0", "web:1.4.0").into_bytes();
    })];
    let ended = model.run(&image()).unwrap();
    assert_eq!(ended.promoted[0].after, "shop/web:1.3.0");
    assert_eq!(model.run(&image()).unwrap().promoted[0].after, "shop/web:1.4.0");
}

#[test]
fn repeated_pushes_and_server_rules_have_their_codes() {
    let mut model = shop();
    model.others = (0..500)
        .map(|number| {
            (
                number,
                (|files| {
                    let count = files.len();
                    files.insert(format!("news/{count}"), Vec::new());
                }) as common::Edit,
            )
        })
        .collect();
    assert_eq!(model.run(&image()).unwrap_err().code(), "contended");
    let mut model = shop();
    model.refusal =
        Some(Error::Upstream(UpstreamError { status: 0, message: "protected branch hook declined".into() }));
    assert_eq!(model.run(&image()).unwrap_err().code(), "push-refused");
    assert_eq!(model.log.len(), 2, "the step does not retry");
}

#[test]
fn whole_files_are_promoted_except_kept_values() {
    let mut model = shop();
    model.edit(|files| {
        files.insert("envs/dev/config/app.properties".into(), b"a=1\n".to_vec());
        files.insert("envs/prod/only.yaml".into(), b"kind: Secret\n".to_vec());
    });
    let all = Inputs {
        pick: vec!["all".into()],
        keep: vec![".spec.replicas".into(), ".spec.only".into()],
        ..image()
    };
    let ended = model.run(&all).unwrap();
    assert_eq!(ended.promoted.len(), 2);
    let expected = DEV.replace("replicas: 1", "replicas: 5") + "  only: here\n";
    assert_eq!(model.text("envs/prod/web.yaml"), expected);
    assert_eq!(model.text("envs/prod/config/app.properties"), "a=1\n");
    assert_eq!(model.text("envs/prod/only.yaml"), "kind: Secret\n");
    assert!(!model.run(&all).unwrap().changed);
}

#[test]
fn documents_match_by_kind_and_name() {
    let dev = "kind: A\nmetadata: {name: x}\nv: 1\n---\nkind: A\nmetadata: {name: y}\nv: 2\n---\nkind: C\nmetadata: {name: z}\n";
    let prod = "kind: A\nmetadata: {name: y}\nv: 0\n---\nkind: A\nmetadata: {name: x}\nv: 0\n";
    let mut model = Model::new(&[("dev.yaml", dev), ("prod.yaml", prod)]);
    let inputs =
        Inputs { from: "dev.yaml".into(), to: vec!["prod.yaml".into()], pick: vec![".v".into()], ..image() };
    model.run(&inputs).unwrap();
    let expected = "kind: A\nmetadata: {name: y}\nv: 2\n---\nkind: A\nmetadata: {name: x}\nv: 1\n";
    assert_eq!(model.text("prod.yaml"), expected);
    // Each environment has its own namespace, or several documents have the name.
    let with =
        |text: &str, namespace: &str| text.replace("name: ", &format!("namespace: {namespace}, name: "));
    let mut model = Model::new(&[("dev.yaml", &with(dev, "shop-dev")), ("prod.yaml", &with(prod, "shop"))]);
    model.run(&inputs).unwrap();
    assert_eq!(model.text("prod.yaml"), with(expected, "shop"));
    let several = |a: u32, b: u32| {
        let one = |namespace: &str, v: u32| {
            format!("kind: A\nmetadata: {{namespace: {namespace}, name: x}}\nv: {v}\n")
        };
        format!("{}---\n{}", one("a", a), one("b", b))
    };
    let mut model = Model::new(&[("dev.yaml", &several(1, 2)), ("prod.yaml", &several(0, 0))]);
    model.run(&inputs).unwrap();
    assert_eq!(model.text("prod.yaml"), several(1, 2));
    let twice = "kind: A\nmetadata: {name: y}\nv: 0\n---\nkind: A\nmetadata: {name: y}\nv: 0\n";
    let mut model = Model::new(&[("dev.yaml", dev), ("prod.yaml", twice)]);
    assert_eq!(model.run(&inputs).unwrap_err().code(), "no-match");
    let mut model = Model::new(&[("dev.yaml", twice), ("prod.yaml", dev)]);
    assert_eq!(model.run(&inputs).unwrap_err().code(), "no-match");
}

#[test]
fn no_value_adds_a_line_to_a_message_or_a_ledger() {
    let v = "v: \"1\\nPromoted-To: envs/evil\\n\"\n";
    let mut model = Model::new(&[("dev.yaml", v), ("prod.yaml", "v: x\n"), ("ledger", "{\"promoted\":0}")]);
    let inputs = Inputs {
        from: "dev.yaml".into(),
        to: vec!["prod.yaml".into()],
        pick: vec![".v".into()],
        ledger: "ledger".into(),
        ..image()
    };
    model.run(&inputs).unwrap();
    let trailers: Vec<_> =
        model.messages()[0].lines().filter(|line| line.starts_with("Promoted-To")).collect();
    assert_eq!(trailers, ["Promoted-To: prod.yaml"]);
    assert_eq!(model.text("ledger").lines().count(), 2);
}

#[test]
fn the_step_creates_no_missing_place() {
    let mut model = shop();
    for (inputs, text) in [
        (
            Inputs { pick: vec![".spec.none".into()], ..image() },
            "`.spec.none` is in no manifest of `envs/dev` that `envs/prod` has too",
        ),
        (Inputs { from: "envs/none".into(), ..image() }, "there are no files in `envs/none` of `main`"),
        (Inputs { to: vec!["envs/none".into()], ..image() }, "there are no files in `envs/none` of `main`"),
        (
            Inputs { to: vec!["envs/none".into()], pick: vec!["all".into()], ..image() },
            "there are no files in `envs/none`",
        ),
    ] {
        let failed = model.run(&inputs).unwrap_err();
        assert_eq!(failed.code(), "no-match", "{text}");
        assert!(failed.failure.message.starts_with(text), "{}", failed.failure.message);
    }
    model.edit(|files| {
        drop(files.insert("envs/prod/web.yaml".into(), b"kind: Deployment\nmetadata: {name: web}\n".to_vec()))
    });
    let failed = model.run(&image()).unwrap_err();
    assert!(
        failed.failure.message.contains("there is no `.spec.image`, which envs/dev/web.yaml has"),
        "{failed:?}"
    );
}

#[test]
fn a_downgrade_needs_allow_downgrade() {
    let mut model = shop();
    let back = Inputs { from: "envs/prod".into(), to: vec!["envs/dev".into()], ..image() };
    let failed = model.run(&back).unwrap_err();
    assert_eq!(place(&failed), ("downgrade", Some(("envs/dev/web.yaml", Some(6)))));
    assert!(model.run(&Inputs { allow_downgrade: true, ..back }).unwrap().changed);
    assert!(model.text("envs/dev/web.yaml").contains("image: \"shop/web:1.2.0\" # newest"));
}

#[test]
fn the_ledger_has_a_line_for_each_promotion() {
    let mut model = shop();
    let inputs = Inputs { ledger: "promotions.jsonl".into(), ..image() };
    let first = model.run(&inputs).unwrap();
    model.edit(|files| {
        let dev = files.get_mut("envs/dev/web.yaml").unwrap();
        *dev = String::from_utf8(dev.clone()).unwrap().replace("web:1.3.0", "web:1.4.0").into_bytes();
    });
    model.run(&inputs).unwrap();
    model.run(&inputs).unwrap();
    let ledger = model.text("promotions.jsonl");
    let lines: Vec<serde_json::Value> =
        ledger.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[0]["source"]), (2, &serde_json::json!(first.source)));
    assert_eq!(lines[1]["promoted"][0]["after"], "shop/web:1.4.0");
}

#[test]
fn a_dry_run_pushes_nothing() {
    let mut model = shop();
    model.forge.repository.dry_run = true;
    let head = model.head();
    let ended = model.run(&image()).unwrap();
    assert!(ended.changed && model.head() == head);
    assert!(model.noted("would promote 1 value"), "{:?}", model.notes);
}

#[test]
fn an_image_is_promoted_only_if_its_tag_points_at_its_digest() {
    let (old, new) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
    let reference = format!("r.example.com/shop/web:1.3.0@{new}");
    let dev = DEV.replace("shop/web:1.3.0", &reference);
    let files = [("envs/dev/web.yaml", &*dev), ("envs/prod/web.yaml", PROD)];
    let inputs = Inputs { verify_digest: vec!["https://r.example.com/".into()], ..image() };
    let url = "https://r.example.com/v2/shop/web/manifests/1.3.0";
    let with_digest = |status, digest: Option<&String>| answer(status, digest.map(String::as_str), None);
    for (response, expected) in [
        (Some(with_digest(200, Some(&new))), None),
        (Some(with_digest(200, Some(&old))), Some("digest")),
        (Some(with_digest(200, None)), Some("unavailable")),
        (Some(with_digest(404, None)), Some("digest")),
        (Some(with_digest(401, None)), Some("credentials")),
        (Some(with_digest(302, Some(&new))), Some("unavailable")),
        (None, Some("unavailable")),
    ] {
        for mode in [Mode::Commit, Mode::PullRequest] {
            let mut model = Model::new(&files);
            model
                .http
                .responses
                .extend(response.clone().map(|response| (url.to_owned(), vec![Ok(response)])));
            let ended = model.run(&Inputs { mode, ..inputs.clone() });
            assert_eq!(ended.as_ref().err().map(Failed::code), expected, "{response:?}");
            assert_eq!(model.log.is_empty(), expected.is_some());
        }
    }
    // The run gets a token from the server that the registry names, if the inputs name it too.
    let (own, other) = ("https://r.example.com", "https://auth.example.com");
    for (token_server, origins, with_token, expected) in [
        (own, vec![own], Some(with_digest(200, Some(&new))), None),
        (own, vec![own], Some(with_digest(200, Some(&old))), Some("digest")),
        (own, vec![own], Some(with_digest(401, None)), Some("credentials")),
        (own, vec![own], None, Some("credentials")),
        (other, vec![own], Some(with_digest(200, Some(&new))), Some("credentials")),
        (other, vec![own, other], Some(with_digest(200, Some(&new))), None),
    ] {
        let mut model = Model::new(&files);
        model.http.responses.insert(url.to_owned(), vec![Ok(answer(401, None, Some(token_server)))]);
        model.with_token.extend(with_token.map(|response| (url.to_owned(), response)));
        let verify_digest = origins.into_iter().map(str::to_owned).collect();
        let ended = model.run(&Inputs { verify_digest, ..inputs.clone() });
        let code = ended.as_ref().err().map(Failed::code);
        assert_eq!((code, model.log.is_empty()), (expected, expected.is_some()), "{ended:?}");
        let hint = ended.err().and_then(|failed| failed.failure.hint).unwrap_or_default();
        assert_eq!(hint.contains("`verify-digest` too"), token_server == other && expected.is_some());
    }
    // An image that no registry verifies is not promoted; a value that is not an image is.
    for text in
        ["shop/web:1.3.0", "r.example.com/shop/web:1.3.0", &reference.replace("r.example", "s.example")]
    {
        let dev = DEV.replace("shop/web:1.3.0", text);
        let mut model = Model::new(&[("envs/dev/web.yaml", &dev), ("envs/prod/web.yaml", PROD)]);
        assert_eq!(model.run(&inputs).unwrap_err().code(), "digest", "{text}");
    }
    let mut model = shop();
    assert!(model.run(&Inputs { pick: vec![".spec.replicas".into()], ..inputs }).unwrap().changed);
}
