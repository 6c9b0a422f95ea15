//! Files that searches skip, through the program: the log, the result, the manifest and the receipt name them, and no run
//! loses one in silence.

use lockstep_tests::support::{ProgramOutput, Scene};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

fn upload(scene: &Scene, args: &[&str]) -> ProgramOutput {
    let to = format!("file://{}/", scene.path("outside/store").display());
    scene.run("artifact-upload").args(["--to", &to]).args(args).end()
}

fn stored(scene: &Scene, key: &str) -> bool {
    scene.path("outside/store").join(key).is_file()
}

fn site(scene: &Scene) {
    for path in ["index.html", ".well-known/security.txt", ".env", ".cache/x", "js/app.js.map"] {
        scene.put(&format!("workspace/dist/{path}"), path);
    }
}

#[test]
fn an_upload_names_each_file_that_it_skips_or_excludes() {
    let scene = Scene::new();
    site(&scene);
    symlink("index.html", scene.path("workspace/dist/home.html")).unwrap();
    mknodat(CWD, scene.path("workspace/dist/pipe"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let ended = upload(&scene, &["--source", "dist", "--exclude", "*.map", "--manifest", "m.json"]);
    ended.expect(0, "done");
    assert!(stored(&scene, "index.html") && stored(&scene, ".well-known/security.txt"));
    let expected = json!([
        {"path": "dist/.cache", "reason": "hidden"},
        {"path": "dist/.env", "reason": "hidden"},
        {"path": "dist/home.html", "reason": "symbolic link"},
        {"path": "dist/js/app.js.map", "reason": "excluded"},
        {"path": "dist/pipe", "reason": "pipe, socket or device"},
    ]);
    assert_eq!(ended.result()["outputs"]["skipped-files"], expected);
    for line in [
        "skipped 1 symbolic link: `dist/home.html`",
        "skipped 1 file whose name begins with a dot: `dist/.env`",
        "skipped 1 folder whose name begins with a dot: `dist/.cache`",
        "skipped 1 pipe, socket or device: `dist/pipe`",
        "excluded 1 file: `dist/js/app.js.map`",
    ] {
        assert!(ended.stderr.contains(line), "{line}: {ended:#?}");
    }
    let manifest: Value =
        serde_json::from_slice(&fs::read(scene.path("outside/store/m.json")).unwrap()).unwrap();
    assert_eq!(manifest["skipped"].as_array().unwrap().len(), 4, "{manifest}");
    let receipt = fs::read_to_string(scene.path("own/receipt.json")).unwrap();
    assert!(receipt.contains("\"count\": 4"), "{receipt}");

    let ended = upload(&scene, &["--source", "dist", "--dotfiles=true"]);
    ended.expect(0, "done");
    assert!(stored(&scene, ".env") && stored(&scene, ".cache/x"));
    assert_eq!(ended.result()["outputs"]["skipped-files"].as_array().unwrap().len(), 2);
}

#[test]
fn names_of_scripts_and_emoji_are_uploaded_and_others_are_refused_by_name() {
    let scene = Scene::new();
    let names = [
        "heart-\u{2764}\u{fe0f}.svg",
        "\u{645}\u{6cc}\u{200c}\u{62e}.html",
        "\u{1f469}\u{200d}\u{1f4bb}.txt",
    ];
    for name in names {
        scene.put(&format!("workspace/dist/{name}"), "x");
    }
    upload(&scene, &["--source", "dist"]).expect(0, "done");
    assert!(names.iter().all(|name| stored(&scene, name)));
    for (name, shown) in [
        (&b"new\nline.txt"[..], "dist/new\\nline.txt"),
        (b"back\\slash.txt", "dist/back\\\\slash.txt"),
        (b"latin\xe9.txt", "dist/latin\\xe9.txt"),
        ("turn\u{202e}txt.exe".as_bytes(), "dist/turn\\u{202e}txt.exe"),
    ] {
        let path = scene.path("workspace/dist").join(OsStr::from_bytes(name));
        fs::write(&path, "x").unwrap();
        let ended = upload(&scene, &["--source", "dist"]);
        ended.expect(2, "bad-input");
        assert!(ended.stderr.contains(shown), "{shown}: {ended:#?}");
        upload(&scene, &["--source", "dist", "--exclude", "*.txt", "--exclude", "*.exe"]).expect(0, "done");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn delete_keeps_what_the_source_has_and_the_run_skips() {
    let scene = Scene::new();
    site(&scene);
    upload(&scene, &["--source", "dist", "--dotfiles=true"]).expect(0, "done");
    scene.put("outside/store/old.js", "old");
    let ended = upload(&scene, &["--source", "dist", "--exclude", "*.map", "--delete=true"]);
    ended.expect(0, "done");
    assert_eq!(ended.result()["outputs"]["deleted"], 1);
    assert!(!stored(&scene, "old.js"));
    assert!([".env", ".cache/x", "js/app.js.map"].iter().all(|key| stored(&scene, key)));
    assert!(ended.stderr.contains("kept 3 objects"), "{ended:#?}");
}

#[test]
fn a_path_that_exists_is_that_path_and_one_file_gets_another_name() {
    let scene = Scene::new();
    scene.put("workspace/out/[slug]/index.html", "slug");
    scene.put("workspace/out/s/other.html", "s");
    upload(&scene, &["--source", "out/[slug]"]).expect(0, "done");
    assert!(stored(&scene, "index.html") && !stored(&scene, "other.html"));
    let to = format!("file://{}", scene.path("outside/store/latest/page.html").display());
    scene.run("artifact-upload").args(["--source", "out/s/*.html", "--to", &to]).end().expect(0, "done");
    assert!(stored(&scene, "latest/page.html"));
}

#[test]
fn each_step_that_finds_files_says_what_it_skips() {
    let scene = Scene::new();
    scene.put("workspace/deploy/web.yaml", "image: web:v1\n");
    scene.put("workspace/deploy/.old.yaml", "image: web:v1\n");
    symlink("web.yaml", scene.path("workspace/deploy/link.yaml")).unwrap();
    fs::write(scene.path("workspace/deploy").join("new\nline.yaml"), "image: web:v1\n").unwrap();
    let ended = scene
        .run("manifest-patch")
        .args(["--files", "deploy/*.yaml", "--set", "image=web:v2", "--dry-run"])
        .end();
    ended.expect(0, "done");
    for line in [
        "skipped 1 symbolic link: `deploy/link.yaml`",
        "skipped 1 file whose name begins with a dot: `deploy/.old.yaml`",
        "no UTF-8 in the name: `deploy/new\\nline.yaml`",
    ] {
        assert!(ended.stderr.contains(line), "{line}: {ended:#?}");
    }
}

#[test]
fn a_credential_in_clear_text_is_starred_and_named() {
    let scene = Scene::new();
    let smoke = r#"{"url":"http://127.0.0.1:1/?api_key=qwertz-99","send":["CF-Access-Client-Secret: topsecretvalue123"],"retry":"0s"}"#;
    let run = scene.run("deploy-verify").args(["--resources", "deployment/web", "--namespace", "shop"]);
    let ended = run.args(["--smoke", smoke, "--timeout", "1s"]).end();
    let receipt = fs::read_to_string(scene.path("own/receipt.json")).unwrap();
    let result = fs::read_to_string(scene.path("own/result.json")).unwrap_or_default();
    for text in [&receipt, &result, &ended.stdout, &ended.stderr] {
        assert!(!text.contains("topsecretvalue123") && !text.contains("qwertz-99"), "{text}");
    }
    assert!(receipt.contains("CF-Access-Client-Secret: ***"), "{receipt}");
    assert!(ended.stderr.contains("inputs with a credential in clear text: `smoke`"), "{ended:#?}");
}
