//! What others can set around a run through the finished program: variables beside a document of inputs, and lines that
//! come into a list with a value of the event that started a job.

use lockstep_tests::shim::root;
use lockstep_tests::support::{self, ProgramOutput, Run, Scene};
use serde_json::{Value, json};
use std::os::unix::ffi::OsStringExt as _;
use std::process::Command;

const IMAGES: &str = "containers:\n  - name: web\n    image: registry.example.com/shop/web:v1\n  - name: envoy\n    \
                      image: envoyproxy/envoy:v1\n";
/// What a pull request or a dispatched workflow brings as a tag.
const TAG: &str = "v2\nenvoyproxy/envoy=evil.example.com/e:v6";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.put("workspace/deploy/web.yaml", IMAGES);
    scene
}

fn patch(scene: &Scene) -> Run<'_> {
    scene.run("manifest-patch")
}

/// The notes of a run.
fn notes(ended: &ProgramOutput) -> String {
    let notes = ended.result()["notes"].as_array().cloned().unwrap_or_default();
    notes.iter().filter_map(|note| note["message"].as_str()).collect::<Vec<_>>().join("\n")
}

fn typed(scene: &Scene) -> Value {
    support::receipt(scene)["predicate"]["record"]["inputs"].clone()
}

#[test]
fn a_file_of_inputs_overrides_variables() {
    let document =
        json!({"files": ["deploy/*.yaml"], "image": ["registry.example.com/shop/web:v2"]}).to_string();
    for (name, value) in [
        ("LOCKSTEP_INPUT_SET_JSON", ".containers[0].image=\"evil\""),
        ("LOCKSTEP_INPUT_IMAGE", "envoyproxy/envoy=evil:v6"),
        ("LOCKSTEP_INPUT_NOTHING", "x"),
        ("LOCKSTEP_INPUTS", r#"{"set-json": [".containers[0].image=\"evil\""]}"#),
        ("LOCKSTEP_INPUTS", "{"),
    ] {
        for path in ["-", "own/in.json"] {
            let scene = scene();
            scene.put("own/in.json", &document);
            let path = if path == "-" { path.into() } else { scene.path(path).into_os_string() };
            let ended = patch(&scene).arg("--inputs").arg(path).stdin(&document).env(name, value).end();
            ended.expect(0, "done");
            let changed = scene.text("workspace/deploy/web.yaml");
            assert!(changed.contains("web:v2") && !changed.contains("evil"), "{name}: {changed}");
            assert_eq!(typed(&scene)["set-json"], json!([]));
            assert!(notes(&ended).contains(&format!("{name}: ignored, since --inputs")), "{ended:#?}");
        }
    }
}

#[test]
fn a_document_of_inputs_overrides_single_variables() {
    let scene = scene();
    let document = r#"{"files": "deploy/*.yaml", "image": "registry.example.com/shop/web:v2"}"#;
    let mut run = patch(&scene).env("LOCKSTEP_INPUTS", document);
    for number in 10..30 {
        run = run.env(&format!("LOCKSTEP_INPUT_X{number}"), "x");
    }
    let ended = run.env("LOCKSTEP_INPUT_SET_JSON", ".a=1").env("LOCKSTEP_INPUT_EMPTY", "").end();
    ended.expect(0, "done");
    let notes = notes(&ended);
    assert!(notes.contains("LOCKSTEP_INPUT_SET_JSON, LOCKSTEP_INPUT_X10, "), "{notes}");
    assert!(notes.contains(" and 9 more: ignored") && !notes.contains("EMPTY"), "{notes}");
    // Without anything to ignore there is no note.
    let ended = patch(&scene).env("LOCKSTEP_INPUTS", document).end();
    assert!(!ended.stdout.contains("ignored"), "{ended:#?}");
}

#[test]
fn the_shim_passes_only_the_document() {
    let scene = scene();
    let document = r#"{"files": ["deploy/*.yaml"], "image": ["registry.example.com/shop/web:v2"]}"#;
    let mut command = Command::new("/bin/sh");
    command.arg(root().join("ci/run.sh")).current_dir(scene.path("workspace")).env_clear();
    command.args(["--receipt"]).arg(scene.path("own/receipt.json"));
    command
        .env("PATH", "/usr/bin:/bin")
        .env("LOCKSTEP_BIN", support::slim())
        .env("LOCKSTEP_ALLOW_BUILD", "true");
    command.env("LOCKSTEP_STEP", "manifest-patch").env("LOCKSTEP_DOCUMENT", document);
    command.env("LOCKSTEP_INPUTS", r#"{"set-json": [".containers[0].image=\"evil\""]}"#);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("LOCKSTEP_INPUTS: ignored"), "{output:?}");
    assert!(!scene.text("workspace/deploy/web.yaml").contains("evil"));
}

#[test]
fn a_variable_that_is_not_utf_8_is_an_error() {
    for name in ["LOCKSTEP_POLICY", "LOCKSTEP_INPUT_SET", "LOCKSTEP_INPUTS", "LOCKSTEP_PLATFORM"] {
        let scene = scene();
        let unreadable = std::ffi::OsString::from_vec(b"own/\xff.yaml".to_vec());
        let run =
            patch(&scene).args(["--files", "deploy/*.yaml", "--image", "registry.example.com/shop/web:v2"]);
        let ended = run.env(name, unreadable).end();
        assert_eq!(ended.exit, Some(2), "{ended:#?}");
        assert!(ended.stdout.contains(&format!("the variable {name} is not UTF-8")), "{ended:#?}");
        assert_eq!(scene.text("workspace/deploy/web.yaml"), IMAGES);
    }
}

/// A run as the action of the step starts it, with this text for the input `image`, in a job that this event started.
fn action(scene: &Scene, image: &str, event: Option<&str>) -> ProgramOutput {
    let document =
        json!({"files": "deploy/*.yaml", "image": image, "expect": "", "own-build": ""}).to_string();
    let run = patch(scene).env("GITHUB_ACTIONS", "true").env("LOCKSTEP_INPUTS", document);
    let run = run.env("GITHUB_EVENT_PATH", scene.path("own/event.json"));
    if let Some(event) = event {
        scene.put("own/event.json", event);
    }
    run.end()
}

#[test]
fn a_tag_with_a_line_end_changes_no_other_image() {
    let event = json!({"inputs": {"tag": TAG}}).to_string();
    let scene = scene();
    // As the example gives it: one item, which is then no image.
    let image = json!(format!("registry.example.com/shop/web:{TAG}")).to_string();
    assert_eq!(action(&scene, &image, Some(&event)).exit, Some(2));
    assert_eq!(scene.text("workspace/deploy/web.yaml"), IMAGES);
    // As text: the line that came with the tag is seen.
    for image in [
        format!("registry.example.com/shop/web:{TAG}"),
        format!("a=b:c\nregistry.example.com/shop/web:{TAG}\n"),
    ] {
        let ended = action(&scene, &image, Some(&event));
        ended.expect(2, "bad-input");
        assert!(ended.stdout.contains("`inputs.tag` of the event"), "{ended:#?}");
        assert_eq!(scene.text("workspace/deploy/web.yaml"), IMAGES);
    }
    // A tag without a line end, and lines of the author's own.
    let event = json!({"inputs": {"tag": "v2"}, "body": "one\ntwo"}).to_string();
    let image = "registry.example.com/shop/web:v2\nenvoyproxy/envoy:v2\n";
    action(&scene, image, Some(&event)).expect(0, "done");
    assert_eq!(scene.text("workspace/deploy/web.yaml"), IMAGES.replace(":v1", ":v2"));
}

#[test]
fn an_unreadable_event_gives_a_note() {
    for event in [None, Some("{"), Some("")] {
        let scene = scene();
        let ended = action(&scene, "registry.example.com/shop/web:v2\nenvoyproxy/envoy:v2", event);
        assert_eq!(ended.exit, Some(0), "{ended:#?}");
        assert!(notes(&ended).contains("no list was searched for lines"), "{ended:#?}");
        // One line can hold no second one.
        let ended = action(&scene, "registry.example.com/shop/web:v2", event);
        assert!(!notes(&ended).contains("searched"), "{ended:#?}");
    }
}

#[test]
fn the_examples_pass_outside_values_as_json() {
    let examples = root().join("examples/github");
    for example in std::fs::read_dir(examples).unwrap().flatten() {
        let text = std::fs::read_to_string(example.path()).unwrap();
        for line in text.lines().map(str::trim).filter(|line| line.contains("${{") && !line.starts_with('#'))
        {
            let (name, value) = line.split_once(": ").unwrap_or(("", line));
            let is_variable = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            // `to` of workload-scale is one text; all else that is no variable may be a list.
            assert!(
                is_variable || name == "to" || value.starts_with("${{ toJSON("),
                "{:?}: {line}",
                example.path()
            );
        }
    }
}
