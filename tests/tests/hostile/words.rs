//! Hostile components that use what a step may say about its words, its files and its end: masks, Markdown, private
//! files, standard input, an end of its own choice.

use lockstep_tests::support::{self, SECRETS, Scene, assert_no_secret};

/// The most memory that the host may have in RAM, whatever a component does.
const MOST_BYTES: u64 = 400 * 1024 * 1024;

#[test]
fn attack_30_no_secret_can_be_guessed() {
    let scene = Scene::new();
    let ended = scene.attack("speaker", "guess", &[SECRETS[0], SECRETS[1], "innocent"]).end();
    let said = ended.expect(0, "done")["outputs"]["said"].clone();
    assert_eq!(said, serde_json::json!(["true", "true", "true"]), "a secret looks like any other word");
    assert_no_secret(&scene, &ended);
}

#[test]
fn attack_30_a_mask_redacts_nothing_that_the_host_says() {
    let scene = Scene::new();
    let words =
        ["deploy/new.yaml", "workspace", "workspace.write", "allowed", "done", "speaker.wasm", "sha256:"];
    let ended = scene.attack("speaker", "mask", &words).end();
    let result = ended.expect(0, "done");
    assert_eq!(result["changed"], serde_json::json!(["deploy/new.yaml"]));
    assert_eq!(
        support::calls(&scene),
        [("workspace.write".to_owned(), "deploy/new.yaml".to_owned(), "allowed".to_owned())]
    );
    let receipt = support::receipt(&scene);
    assert_eq!(receipt["subject"][0]["name"], "deploy/new.yaml");

    let words = ["other/file", "denied", "read", "workspace.read"];
    let ended = scene.attack("speaker", "mask-denial", &words).end();
    ended.expect(3, "denied");
    assert_eq!(
        support::calls(&scene),
        [("workspace.read".to_owned(), "other/file".to_owned(), "denied".to_owned())]
    );
}

#[test]
fn attack_31_masks_and_markdown_have_budgets() {
    let scene = Scene::new();
    for act in ["flood", "flood-small"] {
        let ended = scene.attack("speaker", act, &["said after the flood"]).end();
        let result = ended.expect(7, "limit-exceeded");
        assert!(
            result["message"].as_str().unwrap().starts_with("the component masked more than"),
            "{result}"
        );
        assert_eq!(result["notes"], serde_json::json!([]), "what could not be masked could be in it");
        assert!(!ended.stderr.contains("said after the flood"), "{}", ended.stderr);
        assert!(ended.peak_bytes < MOST_BYTES, "the host had {} MiB in RAM", ended.peak_bytes >> 20);
    }
    let ended = scene.attack("speaker", "flood-markdown", &[]).end();
    ended.expect(7, "limit-exceeded");
    assert!(ended.peak_bytes < MOST_BYTES);
}

#[test]
fn attack_31_no_failure_of_a_component_hides_a_denial() {
    let scene = Scene::new();
    let before = scene.files();
    scene.attack("speaker", "reject-then-reach", &[]).end().expect(3, "denied");
    scene.attack("speaker", "reject-then-fail", &[]).end().expect(1, "returned");
    assert_eq!(scene.files(), before, "a step that fails changes nothing");
    let ended = scene.attack("speaker", "reject-twice", &[]).end();
    let result = ended.expect(1, "first");
    assert_eq!(result["changed"], serde_json::json!(["deploy/new.yaml"]), "the work is kept");
    assert_eq!(result["outputs"]["said"], serde_json::json!([]));
    assert_eq!(support::receipt(&scene)["predicate"]["record"]["exit-code"], 1);
}

#[test]
fn attacks_2_and_6_a_private_file_needs_its_grant() {
    let scene = Scene::new();
    let before = scene.files();
    for path in ["other/file", "../outside/new", "/tmp/x", "deploy/../.git/config", "-"] {
        let ended = scene.attack("speaker", "write-private", &[path]).end();
        ended.expect(3, "denied");
        assert_eq!(
            support::calls(&scene),
            [("workspace.write-private".to_owned(), path.to_owned(), "denied".to_owned())]
        );
    }
    let everything = ["read,write,remove **", "read,write .git/**", "write .github/**"];
    for path in [".git/config", ".github/workflows/ci.yml", "Jenkinsfile", ".lockstep-journal"] {
        let run = scene.attack_with("speaker", "write-private", &[path], &everything, "");
        run.end().expect(3, "denied");
    }
    assert_eq!(scene.files(), before);
}

#[test]
fn attack_8_only_a_grant_that_names_it_opens_standard_input() {
    let scene = Scene::new();
    for rights in [&["read deploy/**"][..], &["read **"], &["read ?", "read *", "read [-]"]] {
        let run = scene.attack_with("speaker", "read", &["-"], rights, "").stdin(SECRETS[3]);
        let ended = run.end();
        ended.expect(3, "denied");
        assert_no_secret(&scene, &ended);
    }
    let ended = scene.attack_with("speaker", "read", &["-"], &["read -"], "").stdin("hello").end();
    assert_eq!(ended.expect(0, "done")["outputs"]["said"][0], format!("{:?}", b"hello"));
}

#[test]
fn standard_input_with_the_inputs_is_closed_to_the_step() {
    let scene = Scene::new();
    let inputs = r#"{"act": "read", "words": ["-"]}"#;
    let run = scene.component(&support::hostile("speaker"), &["read -"], "");
    let ended = run.args(["--inputs", "-"]).stdin(inputs).end();
    assert_eq!(ended.expect(0, "done")["outputs"]["said"][0], "invalid");
}
