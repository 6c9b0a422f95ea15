//! Whole runs against a model of a repository: what is promoted, what stays, and what others may do meanwhile.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::Model;
use env_promote::digest::Told;
use env_promote::problem::{Code, Problem};
use env_promote::promote::State;
use env_promote::settings::Inputs;
use lockstep_glue::Fault;

const DEV: &str = "# dev\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  image: \"shop/web:1.3.0\" # newest\n";
const PROD: &str = "# prod, with care\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 5 # paid for\n  image: shop/web:1.2.0   # the one that runs\n  only: here\n";

fn shop() -> Model {
    Model::of(&[("envs/dev/web.yaml", DEV), ("envs/prod/web.yaml", PROD), ("envs/staging/web.yaml", PROD)])
}

fn image() -> Inputs {
    Inputs {
        from: "envs/dev".into(),
        to: vec!["envs/prod".into()],
        pick: vec![".spec.image".into()],
        base: "main".into(),
        wait: "0s".into(),
        timeout: "5m".into(),
        ..Inputs::default()
    }
}

fn codes(problems: &[Problem]) -> Vec<Code> {
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn only_what_is_picked_changes_byte_by_byte() {
    let mut model = shop();
    let done = model.run(&image()).unwrap();
    assert!(done.changed && done.commit == model.head);
    assert_eq!(model.text("envs/prod/web.yaml"), PROD.replace("shop/web:1.2.0", "shop/web:1.3.0"));
    assert_eq!(model.text("envs/staging/web.yaml"), PROD);
    let told: Vec<_> =
        done.moves.iter().map(|one| (&*one.file, &*one.path, &*one.before, &*one.after)).collect();
    assert_eq!(told, [("envs/prod/web.yaml", "spec.image", "shop/web:1.2.0", "shop/web:1.3.0")]);
    let message = &model.messages[0];
    assert!(
        message.starts_with("Promote envs/dev to envs/prod\n\nenvs/prod/web.yaml spec.image: "),
        "{message}"
    );
    assert!(
        message.ends_with(&format!("\nPromoted-From: envs/dev@{}\nPromoted-To: envs/prod\n", done.source))
    );
}

#[test]
fn what_is_promoted_already_writes_nothing() {
    let mut model = shop();
    model.run(&image()).unwrap();
    let head = model.head.clone();
    let done = model.run(&image()).unwrap();
    // It names the commit that has it, as a run does that comes after one that was killed.
    assert!(!done.changed && done.commit == head && model.log.is_empty() && model.head == head);
    assert_eq!(done.state, State::Pushed);
    model.edit(|tree| drop(tree.insert("readme".into(), b"x".to_vec())));
    assert_eq!(model.run(&image()).unwrap().commit, head, "others have pushed since");
    // What somebody else has set is no promotion.
    model.edit(|tree| drop(tree.insert("envs/dev/web.yaml".into(), DEV.replace("1.3.0", "1.4.0").into())));
    model.edit(|tree| drop(tree.insert("envs/prod/web.yaml".into(), PROD.replace("1.2.0", "1.4.0").into())));
    let done = model.run(&image()).unwrap();
    assert_eq!((done.changed, done.commit, done.state), (false, None, State::None));
}

#[test]
fn a_run_that_is_cut_off_after_its_push_is_named_by_the_next_one() {
    let mut model = shop();
    // The commit is the first change, the push the second one; its answer never comes.
    model.cut = Some((1, true));
    model.run(&image()).unwrap_err();
    let pushed = model.head.clone();
    assert_eq!(model.text("envs/prod/web.yaml"), PROD.replace("shop/web:1.2.0", "shop/web:1.3.0"));
    model.cut = None;
    let done = model.run(&image()).unwrap();
    assert_eq!((done.commit, done.state, done.changed), (pushed, State::Pushed, false));
}

#[test]
fn what_has_no_place_in_a_target_is_left_and_said() {
    let with = |one: &str, more: &str| format!("{one}---\n{}", one.replace("name: web", more));
    let mut model = Model::of(&[
        ("envs/dev/web.yaml", &with(DEV, "name: debug")),
        ("envs/prod/web.yaml", &with(PROD, "name: sums")),
        ("envs/dev/tools.yaml", DEV),
        // From these nothing could be promoted: one has no such path, the other is no manifest.
        ("envs/dev/settings.yaml", "a: 1\n"),
        ("envs/dev/chart.yaml", "spec: {{ .Values }}\n"),
    ]);
    let left = [
        "Info: envs/dev/tools.yaml: `.spec.image` is not promoted: `envs/prod` has no such file",
        "Info: envs/dev/web.yaml: `.spec.image` of Deployment debug is not promoted: envs/prod/web.yaml has no such document",
    ];
    let done = model.run(&image()).unwrap();
    assert_eq!((done.moves.len(), &model.said[..2]), (1, left.map(str::to_owned).as_slice()));
    model.run(&image()).unwrap();
    assert_eq!((&model.said[..2], model.log.len()), (left.map(str::to_owned).as_slice(), 0));
}

#[test]
fn several_targets_are_one_commit_or_none() {
    let mut model = shop();
    let both = Inputs { to: vec!["envs/staging".into(), "envs/prod".into()], ..image() };
    let done = model.run(&both).unwrap();
    assert_eq!((done.moves.len(), &*model.log.join(", ")), (2, "commit 2, push main"));
    let mut model = shop();
    model.edit(|tree| {
        drop(tree.insert("envs/prod/web.yaml".into(), b"kind: Deployment\nspec: {a: 1, a: 2}\n".to_vec()))
    });
    let head = model.head.clone();
    let problems = model.run(&both).unwrap_err();
    assert_eq!(
        (codes(&problems), &problems[0].at),
        (vec![Code::Refused], &Some(("envs/prod/web.yaml".into(), Some(2))))
    );
    assert!(model.log.is_empty() && model.head == head);
}

#[test]
fn a_lost_race_is_run_again_on_what_is_there() {
    let mut model = shop();
    model.others = vec![
        (0, |tree| drop(tree.insert("README.md".into(), b"news\n".to_vec()))),
        (1, |tree| {
            let prod = tree.get_mut("envs/prod/web.yaml").unwrap();
            *prod =
                String::from_utf8(prod.clone()).unwrap().replace("replicas: 5", "replicas: 7").into_bytes();
        }),
    ];
    let done = model.run(&image()).unwrap();
    assert!(done.changed && model.log.len() == 6, "{:?}", model.log);
    let expected = PROD.replace("shop/web:1.2.0", "shop/web:1.3.0").replace("replicas: 5", "replicas: 7");
    assert_eq!((model.text("envs/prod/web.yaml"), model.text("README.md")), (expected, "news\n".into()));
}

#[test]
fn the_same_value_changed_by_somebody_else_is_a_conflict_that_shows_all_three() {
    let mut model = shop();
    model.others = vec![(0, |tree| {
        let prod = tree.get_mut("envs/prod/web.yaml").unwrap();
        *prod = String::from_utf8(prod.clone()).unwrap().replace("web:1.2.0", "web:1.2.9").into_bytes();
    })];
    let problems = model.run(&image()).unwrap_err();
    assert_eq!(codes(&problems), [Code::Conflict]);
    for text in ["shop/web:1.2.0", "shop/web:1.3.0", "shop/web:1.2.9"] {
        assert!(problems[0].message.contains(text), "{}", problems[0].message);
    }
    assert!(model.text("envs/prod/web.yaml").contains("1.2.9"));
    // The same to the same is none: it is promoted then.
    let mut model = shop();
    model.others = vec![(0, |tree| {
        let prod = tree.get_mut("envs/prod/web.yaml").unwrap();
        *prod = String::from_utf8(prod.clone()).unwrap().replace("web:1.2.0", "web:1.3.0").into_bytes();
    })];
    assert!(!model.run(&image()).unwrap().changed);
}

#[test]
fn what_came_to_the_source_meanwhile_is_for_the_next_run() {
    let mut model = shop();
    model.others = vec![(0, |tree| {
        let dev = tree.get_mut("envs/dev/web.yaml").unwrap();
        *dev = String::from_utf8(dev.clone()).unwrap().replace("web:1.3.0", "web:1.4.0").into_bytes();
    })];
    let done = model.run(&image()).unwrap();
    assert_eq!(done.moves[0].after, "shop/web:1.3.0");
    assert_eq!(model.run(&image()).unwrap().moves[0].after, "shop/web:1.4.0");
}

#[test]
fn others_that_push_all_the_time_and_rules_of_the_server_have_their_codes() {
    let mut model = shop();
    model.others = (0..500)
        .map(|number| {
            (
                number,
                (|tree| {
                    let count = tree.len();
                    tree.insert(format!("news/{count}"), Vec::new());
                }) as common::Push,
            )
        })
        .collect();
    assert_eq!(codes(&model.run(&image()).unwrap_err()), [Code::Contended]);
    let mut model = shop();
    model.refusal = Some(Fault::Upstream(0, "protected branch hook declined".into()));
    assert_eq!(codes(&model.run(&image()).unwrap_err()), [Code::PushRefused]);
    assert_eq!(model.log.len(), 2, "it is not tried again");
}

#[test]
fn whole_files_are_promoted_except_what_is_each_environments_own() {
    let mut model = shop();
    model.edit(|tree| {
        tree.insert("envs/dev/config/app.properties".into(), b"a=1\n".to_vec());
        tree.insert("envs/prod/only.yaml".into(), b"kind: Secret\n".to_vec());
    });
    let all = Inputs {
        pick: vec!["all".into()],
        keep: vec![".spec.replicas".into(), ".spec.only".into()],
        ..image()
    };
    let done = model.run(&all).unwrap();
    assert_eq!(done.moves.len(), 2);
    let expected = DEV.replace("replicas: 1", "replicas: 5") + "  only: here\n";
    assert_eq!(model.text("envs/prod/web.yaml"), expected);
    assert_eq!(model.text("envs/prod/config/app.properties"), "a=1\n");
    assert_eq!(model.text("envs/prod/only.yaml"), "kind: Secret\n");
    assert!(!model.run(&all).unwrap().changed);
}

#[test]
fn documents_are_told_apart_by_kind_and_name() {
    let dev = "kind: A\nmetadata: {name: x}\nv: 1\n---\nkind: A\nmetadata: {name: y}\nv: 2\n---\nkind: C\nmetadata: {name: z}\n";
    let prod = "kind: A\nmetadata: {name: y}\nv: 0\n---\nkind: A\nmetadata: {name: x}\nv: 0\n";
    let mut model = Model::of(&[("dev.yaml", dev), ("prod.yaml", prod)]);
    let inputs =
        Inputs { from: "dev.yaml".into(), to: vec!["prod.yaml".into()], pick: vec![".v".into()], ..image() };
    model.run(&inputs).unwrap();
    let expected = "kind: A\nmetadata: {name: y}\nv: 2\n---\nkind: A\nmetadata: {name: x}\nv: 1\n";
    assert_eq!(model.text("prod.yaml"), expected);
    // Each environment has a namespace of its own, or there are several of that name.
    let with =
        |text: &str, namespace: &str| text.replace("name: ", &format!("namespace: {namespace}, name: "));
    let mut model = Model::of(&[("dev.yaml", &with(dev, "shop-dev")), ("prod.yaml", &with(prod, "shop"))]);
    model.run(&inputs).unwrap();
    assert_eq!(model.text("prod.yaml"), with(expected, "shop"));
    let several = |a: u32, b: u32| {
        let one = |namespace: &str, v: u32| {
            format!("kind: A\nmetadata: {{namespace: {namespace}, name: x}}\nv: {v}\n")
        };
        format!("{}---\n{}", one("a", a), one("b", b))
    };
    let mut model = Model::of(&[("dev.yaml", &several(1, 2)), ("prod.yaml", &several(0, 0))]);
    model.run(&inputs).unwrap();
    assert_eq!(model.text("prod.yaml"), several(1, 2));
    let twice = "kind: A\nmetadata: {name: y}\nv: 0\n---\nkind: A\nmetadata: {name: y}\nv: 0\n";
    let mut model = Model::of(&[("dev.yaml", dev), ("prod.yaml", twice)]);
    assert_eq!(codes(&model.run(&inputs).unwrap_err()), [Code::NoMatch]);
    let mut model = Model::of(&[("dev.yaml", twice), ("prod.yaml", dev)]);
    assert_eq!(codes(&model.run(&inputs).unwrap_err()), [Code::NoMatch]);
}

#[test]
fn no_value_makes_a_line_of_its_own_in_a_message_or_a_ledger() {
    let v = "v: \"1\\nPromoted-To: envs/evil\\n\"\n";
    let mut model = Model::of(&[("dev.yaml", v), ("prod.yaml", "v: x\n"), ("ledger", "{\"promoted\":0}")]);
    let inputs = Inputs {
        from: "dev.yaml".into(),
        to: vec!["prod.yaml".into()],
        pick: vec![".v".into()],
        ledger: "ledger".into(),
        ..image()
    };
    model.run(&inputs).unwrap();
    let trailers: Vec<_> = model.messages[0].lines().filter(|line| line.starts_with("Promoted-To")).collect();
    assert_eq!(trailers, ["Promoted-To: prod.yaml"]);
    assert_eq!(model.text("ledger").lines().count(), 2);
}

#[test]
fn what_is_not_there_is_not_made() {
    let mut model = shop();
    for (inputs, text) in [
        (
            Inputs { pick: vec![".spec.none".into()], ..image() },
            "no manifest that stands in both `envs/dev` and `envs/prod` has",
        ),
        (Inputs { from: "envs/none".into(), ..image() }, "there are no files in `envs/none` of `main`"),
        (
            Inputs { to: vec!["envs/none".into()], ..image() },
            "no manifest that stands in both `envs/dev` and `envs/none`",
        ),
        (
            Inputs { to: vec!["envs/none".into()], pick: vec!["all".into()], ..image() },
            "there are no files in `envs/none`",
        ),
    ] {
        let problems = model.run(&inputs).unwrap_err();
        assert_eq!(codes(&problems), [Code::NoMatch], "{text}");
        assert!(problems[0].message.starts_with(text), "{}", problems[0].message);
    }
    model.edit(|tree| {
        drop(tree.insert("envs/prod/web.yaml".into(), b"kind: Deployment\nmetadata: {name: web}\n".to_vec()))
    });
    let problems = model.run(&image()).unwrap_err();
    assert!(
        problems[0].message.contains("there is no `.spec.image`, which envs/dev/web.yaml has"),
        "{problems:?}"
    );
}

#[test]
fn a_version_does_not_go_back_unless_that_is_wanted() {
    let mut model = shop();
    let back = Inputs { from: "envs/prod".into(), to: vec!["envs/dev".into()], ..image() };
    let problems = model.run(&back).unwrap_err();
    assert_eq!(
        (codes(&problems), &problems[0].at),
        (vec![Code::Downgrade], &Some(("envs/dev/web.yaml".into(), Some(6))))
    );
    assert!(model.run(&Inputs { allow_downgrade: true, ..back }).unwrap().changed);
    assert!(model.text("envs/dev/web.yaml").contains("image: \"shop/web:1.2.0\" # newest"));
}

#[test]
fn the_ledger_has_a_line_for_each_promotion() {
    let mut model = shop();
    let inputs = Inputs { ledger: "promotions.jsonl".into(), ..image() };
    let first = model.run(&inputs).unwrap();
    model.edit(|tree| {
        let dev = tree.get_mut("envs/dev/web.yaml").unwrap();
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
fn a_run_that_plans_pushes_nothing() {
    let mut model = shop();
    model.planned = true;
    let head = model.head.clone();
    let done = model.run(&image()).unwrap();
    assert!(done.changed && model.head == head);
    assert!(model.said.iter().any(|said| said.contains("would promote 1 value")), "{:?}", model.said);
}

#[test]
fn an_image_is_promoted_only_as_what_its_tag_points_at() {
    let (old, new) = (format!("sha256:{}", "a".repeat(64)), format!("sha256:{}", "b".repeat(64)));
    let reference = format!("r.example.com/shop/web:1.3.0@{new}");
    let dev = DEV.replace("shop/web:1.3.0", &reference);
    let files = [("envs/dev/web.yaml", &*dev), ("envs/prod/web.yaml", PROD)];
    let inputs = Inputs { registries: vec!["https://r.example.com/".into()], ..image() };
    let url = "https://r.example.com/v2/shop/web/manifests/1.3.0";
    let told = |status, digest: Option<&String>| Told { status, digest: digest.cloned(), tokens: None };
    for (answer, expected) in [
        (Some(told(200, Some(&new))), None),
        (Some(told(200, Some(&old))), Some(Code::Digest)),
        (Some(told(200, None)), Some(Code::Unavailable)),
        (Some(told(404, None)), Some(Code::Digest)),
        (Some(told(401, None)), Some(Code::Credentials)),
        (Some(told(302, Some(&new))), Some(Code::Unavailable)),
        (None, Some(Code::Unavailable)),
    ] {
        for pull_request in [false, true] {
            let mut model = Model::of(&files);
            model.registry.extend(answer.clone().map(|answer| (url.to_owned(), answer)));
            let branch = "promote/{to}".to_owned();
            let ended = model.run(&Inputs { pull_request, branch, ..inputs.clone() });
            assert_eq!(ended.as_ref().err().map(|problems| problems[0].code), expected, "{answer:?}");
            assert_eq!(model.log.is_empty(), expected.is_some());
        }
    }
    // One that wants a token gets it from where it says, if the inputs name that.
    let (own, other) = ("https://r.example.com", "https://auth.example.com");
    for (tokens, registries, with_token, expected) in [
        (own, vec![own], Some(told(200, Some(&new))), None),
        (own, vec![own], Some(told(200, Some(&old))), Some(Code::Digest)),
        (own, vec![own], Some(told(401, None)), Some(Code::Credentials)),
        (own, vec![own], None, Some(Code::Credentials)),
        (other, vec![own], Some(told(200, Some(&new))), Some(Code::Credentials)),
        (other, vec![own, other], Some(told(200, Some(&new))), None),
    ] {
        let mut model = Model::of(&files);
        let wants = Told { tokens: Some(tokens.to_owned()), ..told(401, None) };
        model.registry.insert(url.to_owned(), wants);
        model.tokens.extend(with_token.map(|told| (url.to_owned(), told)));
        let registries = registries.into_iter().map(str::to_owned).collect();
        let ended = model.run(&Inputs { registries, ..inputs.clone() });
        let code = ended.as_ref().err().map(|problems| problems[0].code);
        assert_eq!((code, model.log.is_empty()), (expected, expected.is_some()), "{ended:?}");
        let hint = ended.err().and_then(|problems| problems[0].hint.clone()).unwrap_or_default();
        assert_eq!(hint.contains("`verify-digest` too"), tokens == other && expected.is_some());
    }
    // What cannot be held against a registry is not promoted either; what is no image is.
    for text in
        ["shop/web:1.3.0", "r.example.com/shop/web:1.3.0", &reference.replace("r.example", "s.example")]
    {
        let dev = DEV.replace("shop/web:1.3.0", text);
        let mut model = Model::of(&[("envs/dev/web.yaml", &dev), ("envs/prod/web.yaml", PROD)]);
        assert_eq!(codes(&model.run(&inputs).unwrap_err()), [Code::Digest], "{text}");
    }
    let mut model = shop();
    assert!(model.run(&Inputs { pick: vec![".spec.replicas".into()], ..inputs }).unwrap().changed);
}
